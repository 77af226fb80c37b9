// Whether a flow's actions fit its match, told as the tools tell it. The rules are OpenFlow's
// `ActionCheck`; here is only which version to ask for: OpenFlow 1.0 tolerates actions that do not
// suit the packet, unless something in the flow needs a later version.

import Flow
import OpenFlow

enum FlowConsistency {
    /// **Errors**: "actions are invalid with specified match" and the name of OpenFlow's error.
    static func check(_ flow: ParsedFlow) throws(FlowTextError) {
        let newFlags: FlowFlags = [.resetCounts, .noPacketCounts, .noByteCounts]
        let needsNewVersion =
            !flow.flags.isDisjoint(with: newFlags) || needsNewVersion(flow.actions)
        var check = ActionCheck(version: needsNewVersion ? .v1_3 : .v1_0, match: flow.match)
        check.table = flow.table
        do throws(OpenFlowError) {
            try check.check(flow.actions)
        } catch {
            throw invalid(error.code)
        }
        // A bundle has no room for the length that an output to the controller needs.
        for case .bundle(let bundle) in flow.actions
        where bundle.members.contains(ReservedPort.controller) {
            throw invalid(.ofpbacBadOutPort)
        }
        // No version of OpenFlow carries these fields.
        let unsendable: [Field] = [.skbPriority, .tunnelTTL, .tunnelTOS]
        if unsendable.contains(where: { flow.match.constrains($0) }) {
            throw invalid(.ofpbacMatchInconsistent)
        }
    }

    private static func invalid(_ code: OpenFlowErrorCode) -> FlowTextError {
        FlowTextError("actions are invalid with specified match (\(code.name))")
    }

    /// Whether some action does not exist in OpenFlow 1.0. A clone forgets what came before it.
    private static func needsNewVersion(_ actions: [Action]) -> Bool {
        var needed = false
        for action in actions {
            switch action {
            case .pushVLAN, .meter: needed = true
            case .clone(let inner): needed = needsNewVersion(inner)
            case .writeActions(let inner): needed = needed || needsNewVersion(inner)
            case .ct(let ct): needed = needed || needsNewVersion(ct.exec)
            default: break
            }
        }
        return needed
    }
}
