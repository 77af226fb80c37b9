// Compares parser and printers with the installed ovs-ofctl on generated flows: what the tool
// prints must come out of our printers unchanged, and our normal form of the original text must be
// the tool's.

import Flow
import OpenFlow
import Testing

@testable import FlowText

@Suite struct OracleFlowTests {
    /// The normal form of a flow text as `ovs-ofctl parse-flow` writes it, from the table on.
    static func normal(_ text: String) throws(FlowTextError) -> String {
        let flow = try FlowParser.flow(text)
        let context = FlowTextContext(tunnelOptions: flow.tunnelOptions)
        var result = flow.table != 255 ? "table:\(flow.table) " : ""
        let match = MatchPrinter.text(flow.match, priority: flow.priority, context: context)
        if !match.isEmpty { result += match + " " }
        return result + "actions=" + ActionPrinter.text(flow.actions, context: context)
    }

    static func normalOrError(_ text: String) -> String {
        do throws(FlowTextError) { return try normal(text) } catch {
            return "ERROR " + error.message
        }
    }

    /// Every flow that the tool prints is printed the same by us.
    @Test(.enabled(if: Oracle.isInstalled, "needs ovs-ofctl"), arguments: 0..<4)
    func toolOutputIsAFixedPoint(round: Int) throws {
        var generator = FlowTextGenerator(seed: UInt64(1000 + round))
        var accepted = 0
        for _ in 0..<60 {
            let (match, profile) = generator.match()
            let actions = generator.actions(profile) + generator.instructions()
            let text = "\(match) actions=\(actions)"
            for version in ["OpenFlow10", "OpenFlow15"] {
                guard case .text(let output) = try Oracle.flow(text, version: version) else {
                    continue
                }
                accepted += 1
                let ours = OracleFlowTests.normalOrError(output.replacing("table:", with: "table="))
                #expect(ours == output, "from \(text) in \(version)")
            }
        }
        #expect(accepted > 40)
    }

    /// Our reading of a match is the tool's reading.
    @Test(.enabled(if: Oracle.isInstalled, "needs ovs-ofctl"), arguments: 0..<4)
    func matchesNormalizeAlike(round: Int) throws {
        var generator = FlowTextGenerator(seed: UInt64(2000 + round))
        var accepted = 0
        for _ in 0..<60 {
            let (match, _) = generator.match()
            let text = "\(match) actions=drop"
            // NXM carries `vlan_tci` as it is; OXM does not.
            guard case .text(let output) = try Oracle.flow(text, version: "OpenFlow10") else {
                continue
            }
            accepted += 1
            #expect(OracleFlowTests.normalOrError(text) == output, "from \(text)")
        }
        #expect(accepted > 40)
    }

    /// Our reading of actions is the tool's reading.
    @Test(.enabled(if: Oracle.isInstalled, "needs ovs-ofctl"), arguments: 0..<4)
    func actionsNormalizeAlike(round: Int) throws {
        var generator = FlowTextGenerator(seed: UInt64(3000 + round))
        var accepted = 0
        for _ in 0..<60 {
            let (_, profile) = generator.match()
            let actions = generator.actions(profile) + generator.instructions()
            let prefix = profile.name.isEmpty ? "" : profile.name + " "
            let text = "\(prefix)actions=\(actions)"
            let answer = try Oracle.flow(text, version: "OpenFlow15")
            let ours = OracleFlowTests.normalOrError(text)
            switch answer {
            case .text(let output):
                accepted += 1
                // OpenFlow 1.5 has set_field and other forms in place of these.
                let changed = ["mod_", "set_tunnel", "load:", "enqueue", "set_mpls"]
                if changed.contains(where: { text.contains($0) }) { continue }
                #expect(ours == output, "from \(text)")
            case .error("no usable protocol"):
                break  // Only because of the version that was asked for.
            case .error(let message):
                #expect(ours == "ERROR " + message, "from \(text)")
            }
        }
        #expect(accepted > 20)
    }
}
