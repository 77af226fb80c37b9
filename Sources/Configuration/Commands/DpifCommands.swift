// Commands about the datapath by bridge: dpif/*.

import Dpif
import Flow
import FlowText
import Ofproto

extension VirtualSwitch {
    var dpifCommands: [CommandDefinition] {
        [
            CommandDefinition("dpif/show", "", 0...0) { [unowned self] _ in showDatapaths() },
            CommandDefinition("dpif/dump-dps", "", 0...0) { [unowned self] _ in
                orderedBridges.map { "\($0.datapathType)@\($0.name)\n" }.joined()
            },
            CommandDefinition(
                "dpif/dump-flows", "[-m] [--names | --no-names] bridge", 1...Int.max
            ) { [unowned self] arguments throws(CommandFailure) in
                try dumpRecords(ofBridge: arguments)
            },
            CommandDefinition("dpif/show-dp-features", "bridge", 1...1) {
                [unowned self] arguments throws(CommandFailure) in
                _ = try bridge(arguments[0])
                return features.map { "\($0.title): \($0.value)\n" }.joined()
            },
            CommandDefinition("dpif/set-dp-features", "bridge", 1...3) {
                [unowned self] arguments throws(CommandFailure) in
                _ = try bridge(arguments[0])
                return setFeature(Array(arguments.dropFirst()))
            },
        ]
    }

    private func showDatapaths() -> String {
        let lookups = lookups
        var text = ""
        for type in typesInUse {
            text += "\(type)@ovs-\(type): hit:\(lookups.hits) missed:\(lookups.misses)\n"
            for bridge in bridges(ofType: type) {
                text += "  \(bridge.name):\n"
                for interface in bridge.interfaces.values.sorted(by: { $0.name < $1.name }) {
                    let port = interface.datapathPort.map(String.init) ?? "none"
                    text += "    \(interface.name) \(interface.number & 0xffff)/\(port): "
                    text += "(\(deviceType(interface, of: bridge))"
                    if case .patch(let peer) = interface.settings.kind { text += ": peer=\(peer)" }
                    text += ")\n"
                }
            }
        }
        return text
    }

    private func dumpRecords(ofBridge arguments: [String]) throws(CommandFailure) -> String {
        let bridge = try bridge(arguments.last ?? "")
        var style = RecordText.Style()
        for option in arguments.dropLast() {
            switch option {
            case "-m": style.isVerbose = true
            case "--names": style.showsNames = true
            case "--no-names": style.showsNames = false
            default: break
            }
        }
        let ports = Set(bridge.interfaces.values.compactMap(\.datapathPort))
        return records(style) { ports.contains($0) }
    }

    /// The flow records whose datapath port passes, one on a line, of all poll threads or of that
    /// on `core`; with `showsCores`, each thread's below a line that names its core.
    func records(
        _ style: RecordText.Style, core: Int? = nil, showsCores: Bool = false,
        where isWanted: (UInt32) -> Bool
    ) -> String {
        var printer = RecordText(style: style)
        for bridge in bridges.values {
            for interface in bridge.interfaces.values {
                guard let port = interface.datapathPort else { continue }
                printer.names.insert(interface.name, number: port)
                printer.options[port] = bridge.ofproto.tunnelOptions
            }
        }
        var text = ""
        var last: Int?
        for record in datapath.dumpRecords(limit: Self.recordsMax) {
            if let core, record.cpu ?? 0 != core { continue }
            guard let line = printer.line(record, where: isWanted) else { continue }
            if showsCores, let cpu = record.cpu, cpu != last {
                text += "flow-dump from pmd on cpu core: \(cpu)\n"
                last = cpu
            }
            text += line + "\n"
        }
        return text
    }

    /// Records that one dump shows at most.
    static var recordsMax: Int { 200_000 }

    // MARK: Features

    private var features: [(name: String, title: String, value: String)] {
        [
            ("masked_set_action", "Masked set action", "Yes"),
            ("tnl_push_pop", "Tunnel push pop", "Yes"), ("ufid", "Ufid", "Yes"),
            ("trunc", "Truncate action", "Yes"), ("clone", "Clone action", "Yes"),
            ("sample_nesting", "Sample nesting", "10"),
            ("ct_eventmask", "Conntrack eventmask", "Yes"),
            ("ct_clear", "Conntrack clear", "Yes"),
            ("max_hash_alg", "Max dp_hash algorithm", "1"),
            ("check_pkt_len", "Check pkt length action", "Yes"),
            ("ct_timeout", "Conntrack timeout policy", "Yes"),
            ("explicit_drop_action", "Explicit Drop action", "Yes"),
            ("lb_output_action", "Optimized Balance TCP mode", "Yes"),
            ("ct_zero_snat", "Conntrack all-zero IP SNAT", "Yes"),
            ("add_mpls", "MPLS Label add", "Yes"),
            ("max_vlan_headers", "Max VLAN headers", String(vlanLimit)),
            ("max_mpls_depth", "Max MPLS depth", "3"), ("recirc", "Recirc", "Yes"),
            ("ct_state", "CT state", "Yes"), ("ct_zone", "CT zone", "Yes"),
            ("ct_mark", "CT mark", "Yes"), ("ct_label", "CT label", "Yes"),
            ("ct_state_nat", "CT state NAT", "Yes"), ("ct_orig_tuple", "CT orig tuple", "Yes"),
            ("ct_orig_tuple6", "CT orig tuple for IPv6", "Yes"),
            ("nd_ext", "IPv6 ND Extension", "Yes"),
        ]
    }

    /// Features are what they are here: there is no slower way that could be chosen instead.
    private func setFeature(_ arguments: [String]) -> String {
        guard let name = arguments.first else {
            return features.map { "\($0.title): \($0.value)\n" }.joined()
        }
        guard let feature = features.first(where: { $0.name == name }) else {
            return "Unexpected support field"
        }
        guard arguments.count > 1 else { return "\(feature.title): \(feature.value)\n" }
        let wanted = arguments[1].lowercased()
        if feature.value == "Yes" {
            guard wanted == "true" || wanted == "false" else { return "Boolean value expected" }
            return wanted == "true" ? "" : "Can not disable features of this datapath"
        }
        guard let number = Int(wanted) else { return "Integer number expected" }
        if number < 0 { return "Negative number not expected" }
        return number <= Int(feature.value) ?? 0
            ? "" : "Can not set value beyond the datapath capability"
    }
}
