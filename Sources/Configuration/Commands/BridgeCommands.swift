// Commands about bridges and their OpenFlow flows: ofproto/list, ofproto/list-tunnels,
// bridge/dump-flows, bridge/reconnect.

import FlowText
import Ofproto
import OpenFlow

extension VirtualSwitch {
    var bridgeCommands: [CommandDefinition] {
        [
            CommandDefinition("ofproto/list", "", 0...0) { [unowned self] _ in
                orderedBridges.map { $0.name + "\n" }.joined()
            },
            CommandDefinition("ofproto/list-tunnels", "", 0...0) { _ in "" },
            CommandDefinition("bridge/dump-flows", "[--offload-stats] bridge", 1...2) {
                [unowned self] arguments throws(CommandFailure) in
                try dumpFlows(arguments)
            },
            CommandDefinition("bridge/reconnect", "[bridge]", 0...1) {
                [unowned self] arguments throws(CommandFailure) in
                guard let name = arguments.first else {
                    for bridge in orderedBridges { bridge.controllers?.reconnect() }
                    return ""
                }
                try bridge(name, orFail: "Unknown bridge").controllers?.reconnect()
                return ""
            },
        ]
    }

    private func dumpFlows(_ arguments: [String]) throws(CommandFailure) -> String {
        let bridge = try bridge(arguments.last ?? "", orFail: "Unknown bridge").ofproto
        let showsOffload = arguments.dropLast().contains("--offload-stats")
        datapath.flushCounters()
        var text = ""
        for rule in bridge.allRules(includingHidden: true) {
            text += dumpLine(rule, bridge, showsOffload) + "\n"
        }
        return text
    }

    private func dumpLine(
        _ rule: OFRule, _ bridge: OfprotoBridge, _ showsOffload: Bool
    ) -> String {
        let context = bridge.textContext
        var text = ""
        if rule.table != 0 { text += "table_id=\(rule.table), " }
        text += "duration=\((datapath.nowMilliseconds &- rule.created) / 1000)s, "
        text += "n_packets=\(rule.packetCount), n_bytes=\(rule.byteCount), "
        if showsOffload { text += "n_offload_packets=0, n_offload_bytes=0, " }
        text += rule.matchText(context)
        return text + ",actions=" + ActionPrinter.text(rule.actions, context: context)
    }
}

extension OFRule {
    /// Priority and match as dumps show them, also for the switch's own rules, whose priority is
    /// beyond OpenFlow's.
    func matchText(_ context: FlowTextContext) -> String {
        guard let small = UInt16(exactly: priority) else {
            let match = MatchPrinter.text(
                match, priority: MatchPrinter.defaultPriority, context: context)
            return "priority=\(priority)" + (match.isEmpty ? "" : ",\(match)")
        }
        return MatchPrinter.text(match, priority: small, context: context)
    }
}

extension OfprotoBridge {
    /// Where the bridge's tunnel options lie; ports by number, as the daemon's own commands print.
    var textContext: FlowTextContext {
        FlowTextContext(tunnelOptions: TunnelOptionLayout(tunnelOptions))
    }

    /// Ports by name too.
    var namedTextContext: FlowTextContext {
        var context = textContext
        for port in ports.values { context.ports.insert(port.name, number: port.number) }
        return context
    }
}
