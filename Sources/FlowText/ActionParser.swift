// Parses actions and instructions. The nested ones (ct, learn, clone, write_actions) are in the
// extensions. Text is bounded by the caller, nesting here.

import Flow
import OpenFlow

/// Parses the text behind `actions=`.
struct ActionParser {
    /// Within what an action is nested.
    enum Outer: Sendable {
        case none, ct, clone, writeActions

        /// How errors call it.
        var name: String {
            switch self {
            case .none: return ""
            case .ct: return "ct"
            case .clone: return "clone"
            case .writeActions: return "write_actions"
            }
        }
    }

    let context: FlowTextContext
    private var depth = 0

    init(_ context: FlowTextContext) { self.context = context }

    /// All actions of a text, in an order that OpenFlow allows.
    mutating func parse(
        _ text: String, instructions: Bool, outer: Outer
    ) throws(FlowTextError) -> [Action] {
        guard depth < FlowTextError.nestingMax else {
            throw FlowTextError("Action nested too deeply")
        }
        depth += 1
        defer { depth -= 1 }
        var reader = KeyValueReader(text)
        var actions: [Action] = []
        var drop = false
        while let pair = reader.next() {
            let name = pair.key.lowercased()
            if name == "drop" {
                drop = true
            } else if name == "apply_actions" {
                throw FlowTextError("apply_actions is the default instruction")
            } else if let action = try parse(name, pair.value) {
                actions.append(action)
            } else if let port = context.port(pair.key) {
                actions.append(.output(port: port, maxLength: 0))
            } else {
                throw FlowTextError("unknown action \(pair.key)")
            }
        }
        if drop, !actions.isEmpty {
            throw FlowTextError(
                "\"drop\" must not be accompanied by any other action or instruction")
        }
        try ActionOrder.verify(actions, instructions: instructions, outer: outer)
        return actions
    }

    /// One action, or nil if no action has this name.
    private mutating func parse(
        _ name: String, _ value: String
    ) throws(FlowTextError) -> Action? {
        if let action = try parseOutput(name, value) { return action }
        if let action = try parseHeader(name, value) { return action }
        if let action = try parseField(name, value) { return action }
        if let action = try parseSimple(name, value) { return action }
        return try parseNested(name, value)
    }

    // MARK: Groups of actions

    private func parseHeader(_ name: String, _ value: String) throws(FlowTextError) -> Action? {
        switch name {
        case "set_vlan_vid", "mod_vlan_vid":
            let vid = try CNumber.u16(value, "VLAN VID")
            guard vid <= 0xfff else { throw FlowTextError("\(value): not a valid VLAN VID") }
            return .setVLANVID(vid, pushIfNeeded: name == "mod_vlan_vid")
        case "set_vlan_pcp", "mod_vlan_pcp":
            let pcp = try CNumber.u8(value, "VLAN PCP")
            guard pcp <= 7 else { throw FlowTextError("\(value): not a valid VLAN PCP") }
            return .setVLANPCP(pcp, pushIfNeeded: name == "mod_vlan_pcp")
        case "strip_vlan", "pop_vlan": return .stripVLAN
        case "push_vlan":
            let type = try CNumber.u16(value, "ethertype")
            guard EthType.isVLAN(type) else {
                throw FlowTextError("\(value): not a valid VLAN ethertype")
            }
            return .pushVLAN(ethType: type)
        case "mod_dl_src": return .setEthSource(try macAddress(value))
        case "mod_dl_dst": return .setEthDestination(try macAddress(value))
        case "mod_nw_src": return .setIPv4Source(try ipv4Address(value))
        case "mod_nw_dst": return .setIPv4Destination(try ipv4Address(value))
        case "mod_nw_tos":
            let tos = try CNumber.u8(value, "TOS")
            guard tos & 3 == 0 else { throw FlowTextError("\(value): not a valid TOS") }
            return .setIPDSCP(tos)
        case "mod_nw_ecn":
            let ecn = try CNumber.u8(value, "ECN")
            guard ecn <= 3 else { throw FlowTextError("\(value): not a valid ECN") }
            return .setIPECN(ecn)
        case "mod_nw_ttl", "set_nw_ttl": return .setIPTTL(try CNumber.u8(value, "TTL"))
        case "mod_tp_src": return .setL4SourcePort(try CNumber.u16(value, "source port"))
        case "mod_tp_dst":
            return .setL4DestinationPort(try CNumber.u16(value, "destination port"))
        case "dec_ttl": return try decrementTTL(value)
        default: return try parseMPLS(name, value)
        }
    }

    private func parseMPLS(_ name: String, _ value: String) throws(FlowTextError) -> Action? {
        switch name {
        case "set_mpls_label":
            guard !value.isEmpty else { throw FlowTextError("set_mpls_label: expected label.") }
            let label = try CNumber.u32(value)
            guard label <= 0xfffff else { throw FlowTextError("\(value): not a valid MPLS label") }
            return .setMPLSLabel(label)
        case "set_mpls_tc":
            guard !value.isEmpty else { throw FlowTextError("set_mpls_tc: expected tc.") }
            let tc = try CNumber.u8(value, "MPLS TC")
            guard tc <= 7 else { throw FlowTextError("\(value): not a valid MPLS TC") }
            return .setMPLSTC(tc)
        case "set_mpls_ttl":
            guard !value.isEmpty else { throw FlowTextError("set_mpls_ttl: expected ttl.") }
            return .setMPLSTTL(try CNumber.u8(value, "MPLS TTL"))
        case "dec_mpls_ttl": return .decrementMPLSTTL
        case "push_mpls": return .pushMPLS(ethType: try CNumber.u16(value, "push_mpls"))
        case "pop_mpls": return .popMPLS(ethType: try CNumber.u16(value, "pop_mpls"))
        default: return nil
        }
    }

    private func parseSimple(_ name: String, _ value: String) throws(FlowTextError) -> Action? {
        switch name {
        case "set_tunnel": return .setTunnel(try CNumber.u64(value), wide: false)
        case "set_tunnel64": return .setTunnel(try CNumber.u64(value), wide: true)
        case "set_queue": return .setQueue(try CNumber.u32(value))
        case "pop_queue": return .popQueue
        case "fin_timeout": return try finTimeout(value)
        case "resubmit": return .resubmit(try resubmit(value))
        case "conjunction": return try conjunction(value)
        case "multipath": return .multipath(try HashActionText.parseMultipath(value))
        case "note":
            guard let bytes = HexBytes.parse(value) else {
                throw FlowTextError("bad hex digit in `note' argument")
            }
            return .note(bytes)
        case "exit": return .exit
        case "ct_clear": return .ctClear
        case "check_pkt_larger": return try checkPacketLarger(value)
        case "meter": return .meter(try CNumber.u32(value))
        case "clear_actions": return .clearActions
        case "write_metadata": return try writeMetadata(value)
        case "goto_table":
            guard let table = context.table(value) else {
                throw FlowTextError("unknown table \"\(value)\"")
            }
            return .gotoTable(table)
        default: return nil
        }
    }

    private mutating func parseNested(
        _ name: String, _ value: String
    ) throws(FlowTextError) -> Action? {
        switch name {
        case "ct": return .ct(try parseConntrack(value))
        case "nat": return .nat(try parseNAT(value))
        case "learn": return .learn(try parseLearn(value))
        case "clone": return .clone(try parse(value, instructions: false, outer: .clone))
        case "write_actions":
            return .writeActions(try parse(value, instructions: false, outer: .writeActions))
        default: return nil
        }
    }

    // MARK: Single actions

    private func macAddress(_ text: String) throws(FlowTextError) -> MACAddressValue {
        var scanner = TextScanner(text)
        guard let address = scanner.scanEthernet() else {
            throw FlowTextError("invalid mac address \(text)")
        }
        return MACAddressValue(address)
    }

    private func ipv4Address(_ text: String) throws(FlowTextError) -> UInt32 {
        var scanner = TextScanner(text)
        let strict = scanner.bytes.allSatisfy { $0.isDigit || $0 == UInt8(ascii: ".") }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard strict, parts.count == 4, parts.allSatisfy({ UInt8($0) != nil && $0.count <= 3 }),
            parts.allSatisfy({ $0.count == 1 || !$0.hasPrefix("0") }),
            let address = scanner.scanIPv4()
        else { throw FlowTextError("\(text): could not convert to IP address") }
        return address
    }

    private func decrementTTL(_ text: String) throws(FlowTextError) -> Action {
        guard !text.isEmpty else { return .decrementTTL(controllers: []) }
        var tokens = Tokens(text)
        var controllers: [UInt16] = []
        while let token = tokens.next(", ") {
            controllers.append(UInt16(truncatingIfNeeded: CNumber.prefixInt(token)))
        }
        guard !controllers.isEmpty else {
            throw FlowTextError("dec_ttl_cnt_ids: expected at least one controller id.")
        }
        return .decrementTTL(controllers: controllers)
    }

    private func finTimeout(_ text: String) throws(FlowTextError) -> Action {
        var reader = KeyValueReader(text)
        var idle: UInt16 = 0
        var hard: UInt16 = 0
        while let pair = reader.next() {
            switch pair.key {
            case "idle_timeout": idle = try CNumber.u16(pair.value, pair.key)
            case "hard_timeout": hard = try CNumber.u16(pair.value, pair.key)
            default:
                throw FlowTextError("invalid key '\(pair.key)' in 'fin_timeout' argument")
            }
        }
        return .finTimeout(idleSeconds: idle, hardSeconds: hard)
    }

    private func resubmit(_ text: String) throws(FlowTextError) -> ResubmitAction {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { String($0) }
        var action = ResubmitAction(inPort: ReservedPort.inPort, table: 255)
        if let part = parts.first, !part.isEmpty {
            guard let port = context.port(part) else {
                throw FlowTextError("\(part): resubmit to unknown port")
            }
            action.inPort = port
        }
        if parts.count > 1, !parts[1].isEmpty {
            guard let table = context.table(parts[1]) else {
                throw FlowTextError("\(parts[1]): resubmit to unknown table")
            }
            action.table = table
        }
        if parts.count > 2, !parts[2].isEmpty {
            guard parts[2] == "ct" else { throw FlowTextError("\(parts[2]): unknown parameter") }
            action.withConntrackTuple = true
        }
        if action.inPort == ReservedPort.inPort, action.table == 255 {
            throw FlowTextError(
                "at least one \"in_port\" or \"table\" must be specified on resubmit")
        }
        return action
    }

    private func conjunction(_ text: String) throws(FlowTextError) -> Action {
        var scanner = TextScanner(text)
        let syntax = FlowTextError("\"conjunction\" syntax is \"conjunction(id,i/n)\"")
        guard let id = scanner.scanInt(base: 0) else { throw syntax }
        scanner.skipSpace()
        guard scanner.take(","), let clause = scanner.scanInt(base: 10) else { throw syntax }
        scanner.skipSpace()
        guard scanner.take("/"), let clauses = scanner.scanInt(base: 10) else { throw syntax }
        scanner.skipSpace()
        guard scanner.isAtEnd else { throw syntax }
        let index = UInt8(truncatingIfNeeded: clause)
        let count = UInt8(truncatingIfNeeded: clauses)
        if count < 2 { throw FlowTextError("conjunction must have at least 2 clauses") }
        if count > 64 { throw FlowTextError("conjunction must have at most 64 clauses") }
        if index < 1 { throw FlowTextError("clause index must be positive") }
        if index > count {
            throw FlowTextError(
                "clause index must be less than or equal to number of clauses")
        }
        return .conjunction(
            id: UInt32(truncatingIfNeeded: id), clause: index - 1, clauses: count)
    }

    private func checkPacketLarger(_ text: String) throws(FlowTextError) -> Action {
        var (value, key) = try SetFieldSyntax.split(text)
        if value.hasSuffix(")") { value.removeLast() }
        let destination = try SubfieldText.parse(key)
        guard destination.bitCount == 1 else {
            throw FlowTextError("Only 1-bit destination field is allowed")
        }
        let length = try CNumber.u16(value, "(null)")
        return .checkPacketLarger(to: destination, length: length)
    }

    private func writeMetadata(_ text: String) throws(FlowTextError) -> Action {
        guard let slash = text.firstIndex(of: "/") else {
            return .writeMetadata(value: try CNumber.u64(text), mask: .max)
        }
        let mask = try CNumber.u64(String(text[text.index(after: slash)...]))
        return .writeMetadata(value: try CNumber.u64(String(text[..<slash])), mask: mask)
    }
}

/// Bytes in hexadecimal, two digits each, with dots or white space between.
enum HexBytes {
    static func parse(_ text: String) -> [UInt8]? {
        var scanner = TextScanner(text)
        var bytes: [UInt8] = []
        while true {
            scanner.skip(" .\t\r\n")
            guard let high = scanner.current.hexDigit, let low = scanner[1].hexDigit else {
                return scanner.isAtEnd ? bytes : nil
            }
            bytes.append(UInt8(high << 4 | low))
            scanner.index += 2
        }
    }
}
