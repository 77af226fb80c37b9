// The operations of a path as datapath actions: `set(eth(…)),ct(…),2`. Pure; used by the dumps of
// flow records and by traces.

import Flow
import FlowText

/// Prints datapath operations.
///
/// **Source**: ovs-actions(7) and ovs-dpctl(8) for the syntax.
struct OperationText {
    /// Names of datapath ports; empty for numbers.
    var names = NameMap()

    /// The operations as one line; `drop` where there are none that do anything.
    func text(_ operations: some Sequence<DatapathOperation>) -> String {
        var parts: [String] = []
        var depth = 0
        var opened: [Int] = []
        for operation in operations {
            switch operation.code {
            case .clone:
                opened.append(parts.count)
                depth += 1
                parts.append("clone(")
            case .cloneEnd:
                guard let start = opened.popLast() else { continue }
                depth -= 1
                let inner = parts[(start + 1)...].joined(separator: ",")
                parts.removeSubrange(start...)
                if !inner.isEmpty { parts.append("clone(\(inner))") }
            case .drop: if depth == 0 && parts.isEmpty { parts.append("drop") }
            default: parts.append(action(operation))
            }
        }
        while let start = opened.popLast() {
            let inner = parts[(start + 1)...].joined(separator: ",")
            parts.removeSubrange(start...)
            parts.append("clone(\(inner))")
        }
        if parts.count > 1 { parts.removeAll { $0 == "drop" } }
        return parts.isEmpty ? "drop" : parts.joined(separator: ",")
    }

    private func action(_ operation: DatapathOperation) -> String {
        if let text = headerAction(operation) { return text }
        switch operation.code {
        case .output: return names.name(of: operation.b) ?? String(operation.b)
        case .conntrack: return conntrack(operation)
        case .truncate: return "trunc(\(operation.b))"
        case .meter: return "meter(\(operation.b > 0 ? operation.b - 1 : 0))"
        case .userspace:
            return "userspace(pid=0,controller(reason=\(operation.a),"
                + "dont_send=0,continuation=0,recirc_id=0,rule_cookie=0,"
                + "controller_id=\(operation.b),max_len=65535))"
        case .setPriority: return "set(skb_priority(\(hex(UInt64(operation.b)))))"
        case .setMark: return "set(skb_mark(\(hex(UInt64(operation.b)))))"
        case .tunnel: return "tnl_push(\(operation.b))"
        default: return "drop"
        }
    }

    /// Actions that change or move headers; nil for others.
    private func headerAction(_ operation: DatapathOperation) -> String? {
        switch operation.code {
        case .setEthernet: set("eth", ethernet(operation))
        case .pushVLAN: pushVLAN(operation)
        case .popVLAN: "pop_vlan"
        case .setIPv4: set("ipv4", ipv4(operation))
        case .setIPv6Source: set("ipv6", "src=\(AddressText.ipv6(operation.c, operation.d))")
        case .setIPv6Destination:
            set("ipv6", "dst=\(AddressText.ipv6(operation.c, operation.d))")
        case .setIPv6: set("ipv6", ipv6(operation))
        case .setL4: set("tcp", ports(operation))
        case .setICMP: set("icmp", icmp(operation))
        case .setARP: set("arp", arp(operation))
        case .setARPHardware:
            set("arp", hardware(operation, "sha", "tha"))
        case .setNDTarget: set("nd", "target=\(AddressText.ipv6(operation.c, operation.d))")
        case .setNDLinkLayer: set("nd", hardware(operation, "sll", "tll"))
        case .setNDExtension: set("nd_ext", "nd_reserved=\(hex(UInt64(operation.b)))")
        case .pushMPLS: "push_mpls(\(label(operation.b)),eth_type=\(ethType(operation.a)))"
        case .popMPLS: "pop_mpls(eth_type=\(ethType(operation.a)))"
        case .setMPLS: set("mpls", label(operation.b))
        default: nil
        }
    }

    private func set(_ header: String, _ fields: String) -> String { "set(\(header)(\(fields)))" }

    private func list(_ fields: [(flag: UInt8, text: String)], _ flags: UInt8) -> String {
        fields.filter { flags & $0.flag != 0 }.map(\.text).joined(separator: ",")
    }

    private func ethernet(_ operation: DatapathOperation) -> String {
        list(
            [
                (2, "src=\(EthernetText.text(operation.d))"),
                (1, "dst=\(EthernetText.text(operation.c))"),
            ], operation.flags)
    }

    private func pushVLAN(_ operation: DatapathOperation) -> String {
        let tci = operation.b
        let type = operation.a == 0x8100 ? "" : "tpid=\(ethType(operation.a)),"
        return "push_vlan(\(type)vid=\(tci & 0xfff),pcp=\(tci >> 13 & 7))"
    }

    private func ipv4(_ operation: DatapathOperation) -> String {
        list(
            [
                (1, "src=\(AddressText.ipv4(UInt32(truncatingIfNeeded: operation.c >> 32)))"),
                (2, "dst=\(AddressText.ipv4(UInt32(truncatingIfNeeded: operation.c)))"),
                (4, "tos=\(hex(UInt64(operation.a >> 8)))/0xfc"),
                (8, "ttl=\(operation.a & 0xff)"),
            ], operation.flags)
    }

    private func ipv6(_ operation: DatapathOperation) -> String {
        list(
            [
                (16, "label=\(hex(UInt64(operation.b)))"),
                (4, "tclass=\(hex(UInt64(operation.a >> 8)))/0xfc"),
                (8, "hlimit=\(operation.a & 0xff)"),
            ], operation.flags)
    }

    private func ports(_ operation: DatapathOperation) -> String {
        list([(1, "src=\(operation.b >> 16)"), (2, "dst=\(operation.b & 0xffff)")], operation.flags)
    }

    private func icmp(_ operation: DatapathOperation) -> String {
        list([(1, "type=\(operation.a >> 8)"), (2, "code=\(operation.a & 0xff)")], operation.flags)
    }

    private func arp(_ operation: DatapathOperation) -> String {
        list(
            [
                (2, "sip=\(AddressText.ipv4(UInt32(truncatingIfNeeded: operation.c >> 32)))"),
                (4, "tip=\(AddressText.ipv4(UInt32(truncatingIfNeeded: operation.c)))"),
                (1, "op=\(operation.a)"),
            ], operation.flags)
    }

    private func hardware(
        _ operation: DatapathOperation, _ first: String, _ second: String
    ) -> String {
        list(
            [
                (1, "\(first)=\(EthernetText.text(operation.c))"),
                (2, "\(second)=\(EthernetText.text(operation.d))"),
            ], operation.flags)
    }

    private func label(_ entry: UInt32) -> String {
        "label=\(entry >> 12),tc=\(entry >> 9 & 7),ttl=\(entry & 0xff),bos=\(entry >> 8 & 1)"
    }

    private func conntrack(_ operation: DatapathOperation) -> String {
        if operation.flags & 8 != 0 { return "ct_clear" }
        var parts: [String] = []
        if operation.flags & 2 != 0 {
            parts.append("force_commit")
        } else if operation.flags & 1 != 0 {
            parts.append("commit")
        }
        if operation.a != 0 { parts.append("zone=\(operation.a)") }
        if operation.flags & 4 != 0 { parts.append("nat") }
        return parts.isEmpty ? "ct" : "ct(\(parts.joined(separator: ",")))"
    }

    private func ethType(_ value: UInt16) -> String {
        "0x" + EthernetText.hex(UInt64(value), digits: 4)
    }

    private func hex(_ value: UInt64) -> String {
        value == 0 ? "0" : "0x" + String(value, radix: 16)
    }
}
