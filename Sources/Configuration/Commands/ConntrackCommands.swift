// Commands about connections: dpctl/dump-conntrack, flush-conntrack and ct-*.

import Dpif

extension VirtualSwitch {
    var conntrackCommands: [CommandDefinition] {
        [
            CommandDefinition("dpctl/dump-conntrack", "[-m] [-s] [dp] [zone=N]", 0...4) {
                [unowned self] words throws(CommandFailure) in
                try dumpConnections(words)
            },
            CommandDefinition(
                "dpctl/flush-conntrack", "[dp] [zone=N] [ct-orig-tuple] [ct-reply-tuple]", 0...4
            ) { [unowned self] words throws(CommandFailure) in
                try flushConnections(words)
            },
            CommandDefinition("dpctl/ct-stats-show", "[dp] [zone=N]", 0...3) {
                [unowned self] words throws(CommandFailure) in
                try showConnectionStatistics(words)
            },
            CommandDefinition("dpctl/ct-bkts", "[dp] [gt=N]", 0...2) {
                [unowned self] words throws(CommandFailure) in
                try showBuckets(words)
            },
        ] + limitCommands + sequenceCommands
    }

    /// Connections that one dump shows at most.
    private static var connectionsMax: Int { 4_000_000 }

    /// Takes `zone=N` off the end of the arguments.
    private func takeZone(_ arguments: inout DpctlArguments) -> UInt16? {
        guard let last = arguments.rest.last,
            let zone = CInteger.scan(last, after: "zone=", as: UInt16.self)
        else { return nil }
        arguments.rest.removeLast()
        return zone
    }

    private func dumpConnections(_ words: [String]) throws(CommandFailure) -> String {
        var arguments = try DpctlArguments(words)
        let zone = takeZone(&arguments)
        try takeDatapath(&arguments, most: 1)
        var text = ""
        for connection in datapath.dumpConnections(zone: zone, limit: Self.connectionsMax) {
            text += ConntrackText.line(
                connection, isVerbose: arguments.isVerbose,
                showsStatistics: arguments.showsStatistics)
            text += "\n"
        }
        return text
    }

    private func flushConnections(_ words: [String]) throws(CommandFailure) -> String {
        var arguments = try DpctlArguments(words)
        if let first = arguments.rest.first, type(ofDatapath: first) != nil {
            arguments.rest.removeFirst()
        }
        var zone: UInt16?
        if let first = arguments.rest.first, first.hasPrefix("zone=") {
            zone = CInteger.scan(first, after: "zone=", as: UInt16.self)
            guard zone != nil else { throw Self.dpctlError("failed to parse zone") }
            arguments.rest.removeFirst()
        }
        guard arguments.rest.count <= 2 else { throw Self.dpctlError("invalid arguments") }
        var pattern = ConntrackPattern()
        if let text = arguments.rest.first { try pattern.read(text, into: \.original) }
        if arguments.rest.count > 1 { try pattern.read(arguments.rest[1], into: \.reply) }
        arguments.rest = []
        try takeDatapath(&arguments, most: 1)
        if pattern.isEmpty {
            datapath.flushConnections(zone: zone)
            return ""
        }
        for connection in datapath.dumpConnections(zone: zone, limit: Self.connectionsMax)
        where pattern.matches(connection) {
            _ = datapath.flushConnection(
                zone: connection.zone, proto: connection.proto, tuple: connection.original)
        }
        return ""
    }

    private func showConnectionStatistics(_ words: [String]) throws(CommandFailure) -> String {
        var arguments = try DpctlArguments(words)
        var zone: UInt16?
        var isVerbose = arguments.isVerbose
        while let last = arguments.rest.last {
            if last.hasPrefix("verbose") {
                isVerbose = true
                arguments.rest.removeLast()
            } else if let found = takeZone(&arguments) {
                zone = found
            } else {
                break
            }
        }
        try takeDatapath(&arguments, most: 1)
        var states: [String: Int] = [:]
        var protocols: [UInt8: Int] = [:]
        let connections = datapath.dumpConnections(zone: zone, limit: Self.connectionsMax)
        for connection in connections {
            protocols[connection.proto, default: 0] += 1
            if let state = connection.protocolState, connection.proto == 6 {
                states[ConntrackText.coalesced(state), default: 0] += 1
            }
        }
        var text = "Connections Stats:\n    Total: \(connections.count)\n"
        let named: [(UInt8, String)] = [
            (6, "TCP"), (17, "UDP"), (136, "UDPLITE"), (132, "SCTP"), (1, "ICMP"), (33, "DCCP"),
            (2, "IGMP"),
        ]
        for (number, name) in named {
            guard let count = protocols.removeValue(forKey: number) else { continue }
            text += "  \(name): \(count)\n"
            guard number == 6, isVerbose else { continue }
            text += "    Conn per TCP states:\n"
            for state in ConntrackText.states {
                if let count = states[state] { text += "\t  [\(state)]=\(count)\n" }
            }
        }
        // OVS counts ICMPv6 but does not print it by name.
        protocols[58] = nil
        let others = protocols.values.reduce(0, +)
        if others > 0 { text += "  Other: \(others)\n" }
        return text
    }

    /// There is one table, so there is one bucket, as in OVS's userspace tracker.
    private func showBuckets(_ words: [String]) throws(CommandFailure) -> String {
        var arguments = try DpctlArguments(words)
        var threshold = 0
        if let last = arguments.rest.last,
            let found = CInteger.scan(last, after: "gt=", as: Int.self)
        {
            threshold = found
            arguments.rest.removeLast()
        }
        try takeDatapath(&arguments, most: 1)
        let count = datapath.connectionCount
        var text = "Total Buckets: 1\nCurrent Connections: \(count)\n\n"
        guard count > 0 else { return text }
        let rule = "+-----------+-----------------------------------------+"
        text += "\(rule)\n|  Buckets  |         Connections per Buckets         |\n\(rule)"
        text += "\n   0..  7   | "
        text += (count > threshold ? String(count) : ".").leftPadding(5)
        return text + "\n\n"
    }

    // MARK: Limits

    private var limitCommands: [CommandDefinition] {
        [
            dpctl("ct-set-maxconns", "[dp] maxconns", 1...2, most: 2) {
                [unowned self] arguments throws(CommandFailure) in
                guard let text = arguments.rest.last,
                    let limit = CInteger.scan(text, as: UInt32.self)
                else { throw Self.dpctlError("maxconns missing or malformed") }
                datapath.connectionLimit = Int(limit)
                return "setting maxconns successful"
            },
            dpctl("ct-get-maxconns", "[dp]", 0...1, most: 1) { [unowned self] _ in
                "\(datapath.connectionLimit)\n"
            },
            dpctl("ct-get-nconns", "[dp]", 0...1, most: 1) { [unowned self] _ in
                "\(datapath.connectionCount)\n"
            },
            dpctl(
                "ct-set-limits", "[dp] [default=L] [zone=N,limit=L]...", 1...Int.max, most: .max
            ) { [unowned self] arguments throws(CommandFailure) in
                try setLimits(arguments.rest)
            },
            dpctl("ct-del-limits", "[dp] zone=N1[,N2]...", 1...2, most: 2) {
                [unowned self] arguments throws(CommandFailure) in
                for zone in try zones(arguments.rest.first ?? "") {
                    datapath.removeZoneLimit(zone: zone)
                }
                return ""
            },
            dpctl("ct-get-limits", "[dp] [zone=N1[,N2]...]", 0...2, most: 2) {
                [unowned self] arguments throws(CommandFailure) in
                try showLimits(arguments.rest.first)
            },
        ]
    }

    private func setLimits(_ words: [String]) throws(CommandFailure) -> String {
        var defaultLimit: UInt32?
        var limits: [(UInt16, UInt32)] = []
        for (place, word) in words.enumerated() {
            if place == 0, word.hasPrefix("default=") {
                defaultLimit = CInteger.scan(word, after: "default=", as: UInt32.self)
                guard defaultLimit != nil else { throw Self.dpctlError("invalid default limit") }
                continue
            }
            limits.append(try zoneLimit(word))
        }
        if let defaultLimit { datapath.setZoneLimit(zone: nil, limit: defaultLimit) }
        for (zone, limit) in limits { datapath.setZoneLimit(zone: zone, limit: limit) }
        return ""
    }

    private func zoneLimit(_ word: String) throws(CommandFailure) -> (UInt16, UInt32) {
        var zone: UInt16?
        var limit: UInt32?
        for pair in word.split(separator: ",") {
            let parts = pair.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else {
                throw Self.dpctlError("field \(parts[0]) missing value")
            }
            switch parts[0] {
            case "zone": zone = UInt16(parts[1])
            case "limit": limit = UInt32(parts[1])
            default: throw Self.dpctlError("invalid zone limit field: \(parts[0])")
            }
            if parts[0] == "zone" ? zone == nil : limit == nil {
                throw Self.dpctlError("failed to parse field \(parts[0])")
            }
        }
        guard let zone, let limit else { throw Self.dpctlError("failed to parse zone limit") }
        return (zone, limit)
    }

    private func zones(_ word: String) throws(CommandFailure) -> [UInt16] {
        guard word.hasPrefix("zone=") else { throw Self.dpctlError("invalid argument \(word)") }
        var zones: [UInt16] = []
        for part in word.dropFirst(5).split(separator: ",") {
            guard let zone = CInteger.scan(part, as: UInt16.self) else {
                throw Self.dpctlError("invalid zone")
            }
            zones.append(zone)
        }
        return zones
    }

    private func showLimits(_ word: String?) throws(CommandFailure) -> String {
        let known = datapath.zoneLimits()
        var text = "default limit=\(known.defaultLimit)"
        var shown = known.zones
        if let word {
            shown = try zones(word).map { zone in
                known.zones.first { $0.zone == zone } ?? (zone, known.defaultLimit, 0)
            }
        }
        for entry in shown {
            text += "\nzone=\(entry.zone),limit=\(entry.limit),count=\(entry.count)"
        }
        return text + "\n"
    }

    // MARK: Sequence numbers

    private var sequenceCommands: [CommandDefinition] {
        [
            dpctl("ct-enable-tcp-seq-chk", "[dp]", 0...1, most: 2) { [unowned self] _ in
                datapath.checksTCPSequence = true
                return "enabling TCP sequence checking successful"
            },
            dpctl("ct-disable-tcp-seq-chk", "[dp]", 0...1, most: 2) { [unowned self] _ in
                datapath.checksTCPSequence = false
                return "disabling TCP sequence checking successful"
            },
            dpctl("ct-get-tcp-seq-chk", "[dp]", 0...1, most: 1) { [unowned self] _ in
                "TCP sequence checking: "
                    + (datapath.checksTCPSequence ? "enabled\n" : "disabled\n")
            },
        ]
    }
}
