// Commands about the reassembly of fragments: dpctl/ipf-*.

import Dpif

extension VirtualSwitch {
    var fragmentCommands: [CommandDefinition] {
        [
            dpctl("ipf-set-enabled", "[dp] v4|v6", 1...2, most: 3) {
                [unowned self] arguments throws(CommandFailure) in
                try enable(arguments.rest.last ?? "", true)
            },
            dpctl("ipf-set-disabled", "[dp] v4|v6", 1...2, most: 3) {
                [unowned self] arguments throws(CommandFailure) in
                try enable(arguments.rest.last ?? "", false)
            },
            dpctl("ipf-set-min-frag", "[dp] v4|v6 minfragment", 2...3, most: 3) {
                [unowned self] arguments throws(CommandFailure) in
                try setLeastFragment(arguments.rest)
            },
            dpctl("ipf-set-max-nfrags", "[dp] maxfrags", 1...2, most: 2) {
                [unowned self] arguments throws(CommandFailure) in
                let most = arguments.rest.last.flatMap { CInteger.scan($0, as: UInt32.self) }
                guard let most else {
                    throw Self.dpctlError("parameter missing for maximum fragments")
                }
                guard setFragments({ $0.fragmentsMax = most }) else {
                    throw Self.dpctlError(
                        "setting maximum fragments failed", reason: "Operation not permitted")
                }
                return "setting maximum fragments successful"
            },
            dpctl("ipf-get-status", "[dp]", 0...1, most: 1) { [unowned self] arguments in
                fragmentStatus(isVerbose: arguments.isVerbose)
            },
        ]
    }

    private func enable(_ family: String, _ isEnabled: Bool) throws(CommandFailure) -> String {
        if family.hasPrefix("v4") {
            setFragments { $0.ipv4.isEnabled = isEnabled }
        } else if family.hasPrefix("v6") {
            setFragments { $0.ipv6.isEnabled = isEnabled }
        } else {
            throw Self.dpctlError("parameter missing: 'v4' for IPv4 or 'v6' for IPv6")
        }
        return "\(isEnabled ? "enabling" : "disabling") fragmentation reassembly successful"
    }

    private func setLeastFragment(_ words: [String]) throws(CommandFailure) -> String {
        guard words.count == 2, words[0].hasPrefix("v4") || words[0].hasPrefix("v6") else {
            throw Self.dpctlError("parameter missing: v4 for IPv4 or v6 for IPv6")
        }
        guard let least = CInteger.scan(words[1], as: UInt32.self) else {
            throw Self.dpctlError("parameter missing for minimum fragment size")
        }
        let isSet = setFragments {
            if words[0].hasPrefix("v4") {
                $0.ipv4.bytesMin = least
            } else {
                $0.ipv6.bytesMin = least
            }
        }
        guard isSet else {
            throw Self.dpctlError(
                "requested minimum fragment size too small; see documentation",
                reason: "Operation not permitted")
        }
        return "setting minimum fragment size successful"
    }

    /// Changes the settings of the datapath; false, and nothing done, when it does not take them.
    @discardableResult
    private func setFragments(_ change: (inout FragmentSettings) -> Void) -> Bool {
        var settings = fragments
        change(&settings)
        guard datapath.setFragments(settings) else { return false }
        fragments = settings
        return true
    }

    private func fragmentStatus(isVerbose: Bool) -> String {
        let statistics = datapath.fragmentStatistics()
        var lines = [
            "Fragmentation Module Status", "---------------------------",
            "v4 enabled: \(fragments.ipv4.isEnabled ? 1 : 0)",
            "v6 enabled: \(fragments.ipv6.isEnabled ? 1 : 0)",
            "max num frags (v4/v6): \(fragments.fragmentsMax)", "num frag: \(statistics.held)",
        ]
        for (name, settings, counts) in [
            ("v4", fragments.ipv4, statistics.ipv4), ("v6", fragments.ipv6, statistics.ipv6),
        ] {
            lines += [
                "min \(name) frag size: \(settings.bytesMin)",
                "\(name) frags accepted: \(counts.accepted)",
                "\(name) frags completed: \(counts.completed)",
                "\(name) frags expired: \(counts.expired)",
                "\(name) frags too small: \(counts.tooSmall)",
                "\(name) frags overlapped: \(counts.overlapping)",
                "\(name) frags purged: \(counts.purged)",
            ]
        }
        let status = lines.map { "        \($0)\n" }.joined()
        guard isVerbose else { return status }
        return status + "\n        Fragment Lists:\n\n"
            + statistics.datagrams.map { Self.text($0) + "\n" }.joined()
    }

    private static func text(_ datagram: FragmentStatistics.Datagram) -> String {
        let state =
            switch (datagram.isComplete, datagram.hasFirst, datagram.hasLast) {
            case (true, _, _): "complete"
            case (_, true, true): "first/last frag"
            case (_, true, false): "first frag"
            case (_, false, true): "last frag"
            case (_, false, false): "other frag"
            }
        let type = datagram.source.count == 4 ? "0x800" : "0x86dd"
        let source = AddressText.text(datagram.source)
        let destination = AddressText.text(datagram.destination)
        return "(src=\(source),dst=\(destination),recirc_id=\(datagram.recirculation),"
            + "ip_id=\(datagram.identification),dl_type=\(type),zone=\(datagram.zone),"
            + "nw_proto=\(datagram.protocolNumber),num_fragments=\(datagram.fragments),"
            + "state=\(state))"
    }
}
