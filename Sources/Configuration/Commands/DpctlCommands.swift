// Commands about the datapath as a whole: dpctl/show, dump-dps, dump-flows, del-flows and their
// like.

import Dpif
import Flow
import FlowText

extension VirtualSwitch {
    var dpctlCommands: [CommandDefinition] {
        [
            CommandDefinition("dpctl/dump-dps", "", 0...0) { [unowned self] _ in
                datapathNames.map { $0 + "\n" }.joined()
            },
            CommandDefinition("dpctl/show", "[-s] [dp...]", 0...Int.max) {
                [unowned self] words throws(CommandFailure) in
                try showDatapath(words)
            },
            CommandDefinition(
                "dpctl/dump-flows", "[-m] [--names] [dp] [filter=..] [type=..] [pmd=..]", 0...6
            ) { [unowned self] words throws(CommandFailure) in
                try dumpRecords(words)
            },
            dpctl("del-flows", "[dp] [file]", 0...2, most: 1) { [unowned self] _ in
                datapath.flushRecords()
                return ""
            },
            dpctl("offload-stats-show", "[dp]", 0...1, most: 1) { _ in "" },
            dpctl("cache-get-size", "[dp]", 0...1, most: 1) { _ in "" },
            CommandDefinition("dpctl/list-commands", "", 0...Int.max) { [unowned self] _ in
                var text = "The available commands are:\n"
                for command in commands.sorted(by: { $0.name < $1.name })
                where command.name.hasPrefix("dpctl/") {
                    text += "  \(command.name.padding(28))  \(command.usage ?? "")\n"
                }
                return text
            },
        ]
    }

    private func showDatapath(_ words: [String]) throws(CommandFailure) -> String {
        let arguments = try DpctlArguments(words)
        var types: [String] = []
        for name in arguments.rest {
            guard let type = type(ofDatapath: name), typesInUse.contains(type) else {
                throw CommandFailure(
                    "ovs-vswitchd: opening datapath \(name) failed (No such device)\n")
            }
            types.append(type)
        }
        if arguments.rest.isEmpty { types = typesInUse }
        return types.map { showDatapath($0, arguments.showsStatistics) }.joined()
    }

    private func showDatapath(_ type: String, _ showsStatistics: Bool) -> String {
        let lookups = lookups
        var text = "\(type)@ovs-\(type):\n  lookups: hit:\(lookups.hits) missed:\(lookups.misses) "
        text += "lost:0\n  flows: \(lookups.records)\n"
        var ports: [(number: UInt32, line: String)] = [
            (0, "ovs-\(type) (\(type == "dummy" ? "dummy-internal" : "tap"))")
        ]
        var counters: [UInt32: PortStatistics] = [:]
        for bridge in bridges(ofType: type) {
            for interface in bridge.ordered {
                guard let number = interface.datapathPort else { continue }
                let kind = deviceType(interface, of: bridge)
                ports.append((number, interface.name + settings(interface, kind)))
                counters[number] = datapath.portStatistics(number)
            }
        }
        for (number, line) in ports.sorted(by: { $0.number < $1.number }) {
            text += "  port \(number): \(line)\n"
            if showsStatistics { text += statistics(counters[number] ?? PortStatistics()) }
        }
        return text
    }

    /// A device's type and how it was set up, in parentheses.
    private func settings(_ interface: OpenInterface, _ kind: String) -> String {
        let pairs = interface.info.configuration.sorted { $0.key < $1.key }
        guard !pairs.isEmpty else { return kind == "system" ? "" : " (\(kind))" }
        return " (\(kind): " + pairs.map { "\($0.key)=\($0.value)" }.joined(separator: ", ") + ")"
    }

    private func statistics(_ counters: PortStatistics) -> String {
        func extra(_ name: String) -> String { counters.extra[name].map(String.init) ?? "?" }
        return """
                RX packets:\(counters.rxPackets) errors:\(counters.rxErrors) \
            dropped:\(counters.rxDropped) overruns:\(extra("rx_over_err")) \
            frame:\(extra("rx_frame_err"))
                TX packets:\(counters.txPackets) errors:\(counters.txErrors) \
            dropped:\(counters.txDropped) aborted:? carrier:?
                collisions:\(extra("collisions"))
                RX bytes:\(counters.rxBytes)\(humanSize(counters.rxBytes))  \
            TX bytes:\(counters.txBytes)\(humanSize(counters.txBytes))

            """
    }

    private func humanSize(_ value: UInt64) -> String {
        for (power, unit) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")]
        where value >= 1 << UInt64(power) {
            return " (\(Decimal.text(Double(value) / Double(1 << UInt64(power)), 1)) \(unit))"
        }
        return ""
    }

    private func dumpRecords(_ words: [String]) throws(CommandFailure) -> String {
        var arguments = try DpctlArguments(words)
        var filter: FlowMatch?
        var core: Int?
        while let last = arguments.rest.last {
            if last.hasPrefix("filter=") {
                filter = try recordFilter(String(last.dropFirst(7)))
            } else if last.hasPrefix("pmd=") {
                core = Int(CInteger.leading(String(last.dropFirst(4))))
            } else if !last.hasPrefix("type=") {
                break
            }
            arguments.rest.removeLast()
        }
        try takeDatapath(&arguments, most: 1)
        var style = RecordText.Style()
        style.isVerbose = arguments.isVerbose
        style.showsNames = arguments.showsNames
        style.filter = filter
        return records(style, core: core, showsCores: core == nil) { _ in true }
    }

    private func recordFilter(_ text: String) throws(CommandFailure) -> FlowMatch {
        var context = FlowTextContext()
        for bridge in bridges.values {
            for interface in bridge.interfaces.values {
                guard let port = interface.datapathPort else { continue }
                context.ports.insert(interface.name, number: port)
            }
        }
        do throws(FlowTextError) {
            return try FlowParser.match(text, context: context)
        } catch {
            throw CommandFailure("ovs-vswitchd: Failed to parse filter (\(error.message))\n")
        }
    }
}
