// Field writes as masked writes of key words, with the condition under which the field exists.

import Flow
import OpenFlow
import Pipeline

extension ActionCompiler {
    /// Writes an integer to a whole field.
    func write(
        _ field: Field, _ value: UInt64, guard condition: FieldGuard? = nil,
        to list: inout [Instruction]
    ) {
        var match = FlowMatch()
        match.setBits(field.info.location, value: value, mask: .max)
        append(match, condition ?? fieldGuard(field), to: &list)
    }

    /// Writes the masked bits of a field.
    func write(
        _ field: Field, value: FieldValue, mask: FieldValue, to list: inout [Instruction]
    ) {
        guard let location = resolver.tunnelOptions.location(of: field) else { return }
        var match = FlowMatch()
        if field.tunnelMetadataIndex == nil && mask == .exactMask(of: field) {
            match.set(field, value: value, mask: mask)
        } else {
            match.set(location, value: value, mask: mask)
        }
        append(match, fieldGuard(field), to: &list)
        markPresent(field, to: &list)
    }

    private func append(
        _ match: FlowMatch, _ condition: FieldGuard, to list: inout [Instruction]
    ) {
        for word in match.words {
            list.append(
                Instruction(
                    .setWord, a: word.index, b: condition.rawValue, x: word.value, y: word.mask))
        }
    }

    /// Notes that a tunnel option is on the packet from here on.
    func markPresent(_ field: Field, to list: inout [Instruction]) {
        guard let index = field.tunnelMetadataIndex else { return }
        var match = FlowMatch()
        match.setBits(TunnelOptionTable.presence(ofIndex: index), value: 1, mask: 1)
        append(match, .none, to: &list)
    }

    /// The bits of a subfield in the key; nil for a tunnel option that is not mapped.
    func range(_ subfield: Subfield) -> BitRange? {
        guard let location = resolver.tunnelOptions.location(of: subfield.field) else {
            return nil
        }
        return BitRange(location, offset: subfield.offset, count: subfield.bitCount)
    }

    /// The condition under which a field may be read or written.
    func fieldGuard(_ field: Field) -> FieldGuard {
        switch field.info.prerequisite {
        case .none, .ct, .ethernet: return .none
        case .vlanVID: return .vlan
        case .mpls: return .mpls
        case .ipv4: return .ipv4
        case .ipv6: return .ipv6
        case .ip: return .ip
        case .arp: return .arp
        case .tcp: return .tcp
        case .udp: return .udp
        case .sctp: return .sctp
        case .icmpv4: return .icmpv4
        case .icmpv6: return .icmpv6
        case .nd: return .nd
        case .ndSolicit: return .ndSolicit
        case .ndAdvert: return .ndAdvert
        }
    }
}
