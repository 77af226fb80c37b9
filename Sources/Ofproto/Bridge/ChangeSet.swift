// Changes that take effect together: what was put in and taken out since the change began, in
// order, so that it can be published under one version or undone in reverse.

import Flow
import OpenFlow
import Pipeline

/// On whose behalf a change is made; flow monitors tell it shortly what it did itself.
struct Requester {
    unowned let session: OpenFlowSession
    let xid: UInt32
}

/// One change.
enum ChangeStep {
    case added(OFRule)
    case removed(OFRule, FlowRemovedReason)
    /// `new` took the place of `old`; `byAdd` where a flow was added over one that existed.
    case replaced(old: OFRule, new: OFRule, byAdd: Bool)
    case groupAdded(OFGroup)
    case groupReplaced(old: OFGroup, new: OFGroup)
    case groupRemoved(OFGroup)
}

/// The changes under one version.
///
/// **Owner**: the control loop; at most one at a time in a datapath, as versions are shared.
final class ChangeSet {
    /// The version under which the changes will be seen.
    let version: UInt64
    private(set) var steps: [(step: ChangeStep, requester: Requester?)] = []
    /// Whether groups are among the changes.
    private(set) var touchesGroups = false

    init(version: UInt64) { self.version = version }

    func note(_ step: ChangeStep, _ requester: Requester?) {
        switch step {
        case .groupAdded, .groupReplaced, .groupRemoved: touchesGroups = true
        case .added, .removed, .replaced: break
        }
        steps.append((step, requester))
    }

    /// Takes the steps after the first `count` off, latest first.
    func takeBack(to count: Int) -> [ChangeStep] {
        let undone = steps[count...].reversed().map(\.step)
        steps.removeSubrange(count...)
        return undone
    }
}
