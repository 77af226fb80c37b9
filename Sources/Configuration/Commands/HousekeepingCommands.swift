// Commands about the process: coverage, memory, revalidation.

import Dpif

extension VirtualSwitch {
    var housekeepingCommands: [CommandDefinition] {
        [
            CommandDefinition("coverage/show", "", 0...0) { [unowned self] _ in
                refreshCoverage()
                return coverage.text
            },
            CommandDefinition("coverage/read-counter", "COUNTER", 1...1) {
                [unowned self] arguments throws(CommandFailure) in
                refreshCoverage()
                guard let total = coverage.total(arguments[0]) else {
                    throw CommandFailure("No such counter")
                }
                return "\(total)\n"
            },
            CommandDefinition("memory/show", "", 0...0) { [unowned self] _ in memoryUsage },
            CommandDefinition("revalidator/wait", "", 0...0) { _ in "" },
            CommandDefinition("revalidator/purge", "", 0...0) { [unowned self] _ in
                datapath.flushRecords()
                return ""
            },
            CommandDefinition("upcall/show", "", 0...0) { [unowned self] _ in showUpcalls() },
        ] + ["disable-megaflows", "enable-megaflows", "disable-ufid", "enable-ufid"].map { verb in
            CommandDefinition("upcall/" + verb, "", 0...0) { _ in
                let words = verb.split(separator: "-")
                return words[1] == "megaflows"
                    ? "megaflows \(words[0])d" : "Datapath dumping tersely using UFID \(words[0])d"
            }
        } + [
            CommandDefinition("upcall/set-flow-limit", "flow-limit-number", 1...1) { arguments in
                "set flow_limit to \(CInteger.leading(arguments[0]))\n"
            }
        ]
    }

    /// Takes over what the engine counts.
    private func refreshCoverage() {
        let lookups = lookups
        coverage.set("datapath_record_hit", to: lookups.hits)
        coverage.set("datapath_judged", to: lookups.misses)
        for (reason, count) in inspection?.drops() ?? [:] {
            coverage.set("drop_\(Self.snakeCase("\(reason)"))", to: count)
        }
    }

    private static func snakeCase(_ name: String) -> String {
        var text = ""
        var wasUpper = true
        for character in name {
            if character.isUppercase, !wasUpper { text += "_" }
            wasUpper = character.isUppercase
            text += character.lowercased()
        }
        return text
    }

    private var memoryUsage: String {
        var usage: [(String, Int)] = []
        usage.append(("handlers", 0))
        usage.append(("idl-cells-Open_vSwitch", cellCount))
        let connections = bridges.values.reduce(0) { $0 + $1.ofproto.sessions.count }
        if connections > 0 { usage.append(("ofconns", connections)) }
        let ports = bridges.values.reduce(0) { $0 + $1.interfaces.count }
        if ports > 0 { usage.append(("ports", ports)) }
        usage.append(("poll-threads", inspection?.threadStatistics().count ?? 0))
        let rules = bridges.values.reduce(0) {
            $0 + $1.ofproto.allRules(includingHidden: true).count
        }
        if rules > 0 { usage.append(("rules", rules)) }
        let records = lookups.records
        if records > 0 { usage.append(("udpif keys", records)) }
        return usage.filter { $0.1 > 0 }.map { "\($0.0):\($0.1)" }.joined(separator: " ") + "\n"
    }

    private var cellCount: Int {
        database.session.replica?.tables.values.reduce(0) { total, rows in
            total + rows.values.reduce(0) { $0 + $1.columns.count }
        } ?? 0
    }

    private func showUpcalls() -> String {
        let records = lookups.records
        return datapathNames.map {
            "\($0):\n  flows         : (current \(records)) (avg \(records)) (max \(records)) "
                + "(limit 200000)\n  dump duration : 1ms\n  ufid enabled : true\n\n"
        }.joined()
    }
}
