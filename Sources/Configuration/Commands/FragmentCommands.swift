// Commands about the reassembly of fragments: dpctl/ipf-*. The tracker's own bounds are fixed; what
// the commands set is remembered and shown.

/// What the ipf commands have set.
struct FragmentSettings {
    var isV4Enabled = true
    var isV6Enabled = true
    var fragmentsMax: UInt32 = 1000
    var v4BytesMin: UInt32 = 1200
    var v6BytesMin: UInt32 = 1280
}

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
                guard let text = arguments.rest.last,
                    let most = CInteger.scan(text, as: UInt32.self), most <= 5000
                else { throw Self.dpctlError("setting maximum fragments failed") }
                fragments.fragmentsMax = most
                return "setting maximum fragments successful"
            },
            dpctl("ipf-get-status", "[dp]", 0...1, most: 1) { [unowned self] _ in
                fragmentStatus
            },
        ]
    }

    private func enable(_ family: String, _ isEnabled: Bool) throws(CommandFailure) -> String {
        switch family {
        case "v4": fragments.isV4Enabled = isEnabled
        case "v6": fragments.isV6Enabled = isEnabled
        default:
            throw Self.dpctlError("parameter missing: 'v4' for IPv4 or 'v6' for IPv6")
        }
        return "\(isEnabled ? "enabling" : "disabling") fragmentation reassembly successful"
    }

    private func setLeastFragment(_ words: [String]) throws(CommandFailure) -> String {
        guard words.count == 2, words[0] == "v4" || words[0] == "v6",
            let least = CInteger.scan(words[1], as: UInt32.self)
        else { throw Self.dpctlError("parameter missing: 'v4' for IPv4 or 'v6' for IPv6") }
        // What OVS takes: at least 400 for IPv4, at least 1280 for IPv6.
        guard least >= (words[0] == "v4" ? 400 : 1280) else {
            throw Self.dpctlError("setting minimum fragment size failed")
        }
        if words[0] == "v4" { fragments.v4BytesMin = least } else { fragments.v6BytesMin = least }
        return "setting minimum fragment size successful"
    }

    private var fragmentStatus: String {
        var lines = [
            "Fragmentation Module Status", "---------------------------",
            "v4 enabled: \(fragments.isV4Enabled ? 1 : 0)",
            "v6 enabled: \(fragments.isV6Enabled ? 1 : 0)",
            "max num frags (v4/v6): \(fragments.fragmentsMax)", "num frag: 0",
        ]
        for (family, least) in [("v4", fragments.v4BytesMin), ("v6", fragments.v6BytesMin)] {
            lines.append("min \(family) frag size: \(least)")
            for count in ["accepted", "completed", "expired", "too small", "overlapped", "purged"] {
                lines.append("\(family) frags \(count): 0")
            }
        }
        return lines.map { "        \($0)\n" }.joined()
    }
}
