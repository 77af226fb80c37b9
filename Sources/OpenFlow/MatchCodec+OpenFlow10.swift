// The fixed 40-byte match of OpenFlow 1.0 with its wildcard bits.

import Flow

/// Wildcard bits of `ofp_match`: a set bit frees the field.
private enum Wildcard10 {
    static let inPort: UInt32 = 1 << 0
    static let vlan: UInt32 = 1 << 1
    static let ethSource: UInt32 = 1 << 2
    static let ethDestination: UInt32 = 1 << 3
    static let ethType: UInt32 = 1 << 4
    static let ipProtocol: UInt32 = 1 << 5
    static let l4Source: UInt32 = 1 << 6
    static let l4Destination: UInt32 = 1 << 7
    static let sourceShift: UInt32 = 8
    static let destinationShift: UInt32 = 14
    static let vlanPCP: UInt32 = 1 << 20
    static let ipTOS: UInt32 = 1 << 21
}

extension MatchCodec {
    /// Reads the structure; fields whose prerequisites it lacks are freed.
    ///
    /// **Source**: OpenFlow 1.0, section 5.2.3.
    func decodeOpenFlow10(_ reader: inout ByteReader) throws(OpenFlowError) -> FlowMatch {
        guard reader.remaining >= 40 else { throw OpenFlowError(.ofpbmcBadLen) }
        let wildcards = try reader.u32()
        func isSet(_ bit: UInt32) -> Bool { wildcards & bit == 0 }
        var match = FlowMatch()
        let inPort = try reader.u16()
        let ethSource = try reader.u48()
        let ethDestination = try reader.u48()
        let vlan = try reader.u16()
        let pcp = try reader.u8()
        try reader.skip(1)
        if isSet(Wildcard10.inPort) { match.set(.inPort16, to: UInt64(inPort)) }
        if isSet(Wildcard10.ethSource) { match.set(.ethSource, to: ethSource) }
        if isSet(Wildcard10.ethDestination) { match.set(.ethDestination, to: ethDestination) }
        if isSet(Wildcard10.vlan) && vlan == 0xffff {
            match.set(.vlanTCI, to: 0)
        } else {
            if isSet(Wildcard10.vlan) { match.set(.dlVLAN, to: UInt64(vlan & 0xfff)) }
            if isSet(Wildcard10.vlanPCP) { match.set(.dlVLANPCP, to: UInt64(pcp & 7)) }
        }
        let ethType = try reader.u16()
        if isSet(Wildcard10.ethType) { match.set(.ethType, to: UInt64(ethType)) }
        let tos = try reader.u8()
        let number = try reader.u8()
        try reader.skip(2)
        if isSet(Wildcard10.ipTOS) { match.set(.ipTOS, to: UInt64(tos)) }
        if isSet(Wildcard10.ipProtocol) { match.set(.ipProtocol, to: UInt64(number)) }
        let source = try reader.u32()
        let destination = try reader.u32()
        match.setBits(
            Field.ipv4Source.info.location, value: UInt64(source),
            mask: UInt64(netmask(wildcards >> Wildcard10.sourceShift)))
        match.setBits(
            Field.ipv4Destination.info.location, value: UInt64(destination),
            mask: UInt64(netmask(wildcards >> Wildcard10.destinationShift)))
        let l4Source = try reader.u16()
        let l4Destination = try reader.u16()
        let isICMP = MatchCodec.isICMP(match)
        if isSet(Wildcard10.l4Source) {
            match.set(isICMP && l4Source < 256 ? .icmpType : .tcpSource, to: UInt64(l4Source))
        }
        if isSet(Wildcard10.l4Destination) {
            let isCode = isICMP && l4Destination < 256
            match.set(isCode ? .icmpCode : .tcpDestination, to: UInt64(l4Destination))
        }
        match.dropUnmetFields()
        return match
    }

    /// Writes what the structure can say of `match`.
    func encodeOpenFlow10(_ match: FlowMatch, into writer: inout ByteWriter) {
        func bits(_ field: Field) -> UInt64 { match.bits(of: field).value }
        func free(_ field: Field, _ bit: UInt32) -> UInt32 {
            match.bits(of: field).mask == 0 ? bit : 0
        }
        var wildcards = free(.inPort, Wildcard10.inPort) | free(.ethType, Wildcard10.ethType)
        wildcards |= free(.ipProtocol, Wildcard10.ipProtocol) | free(.ipDSCP, Wildcard10.ipTOS)
        wildcards |= free(.tcpSource, Wildcard10.l4Source)
        wildcards |= free(.tcpDestination, Wildcard10.l4Destination)
        wildcards |= free(.ethSource, Wildcard10.ethSource)
        wildcards |= free(.ethDestination, Wildcard10.ethDestination)
        wildcards |= freeBits(match, .ipv4Source) << Wildcard10.sourceShift
        wildcards |= freeBits(match, .ipv4Destination) << Wildcard10.destinationShift
        var vlan: UInt16 = 0
        var pcp: UInt8 = 0
        let tci = match.bits(of: .vlanTCI)
        if tci.mask == 0 {
            wildcards |= Wildcard10.vlan | Wildcard10.vlanPCP
        } else if tci.mask & 0x1000 != 0 && tci.value & 0x1000 == 0 {
            vlan = 0xffff
        } else {
            if tci.mask & 0xfff == 0 { wildcards |= Wildcard10.vlan }
            if tci.mask & 0xe000 == 0 { wildcards |= Wildcard10.vlanPCP }
            vlan = UInt16(tci.value & 0xfff)
            pcp = UInt8(tci.value >> 13 & 7)
        }
        writer.u32(wildcards)
        writer.u16(ReservedPort.narrow(UInt32(bits(.inPort))) ?? 0xffff)
        writer.u48(bits(.ethSource))
        writer.u48(bits(.ethDestination))
        writer.u16(vlan)
        writer.u8(pcp)
        writer.zeros(1)
        writer.u16(UInt16(bits(.ethType)))
        writer.u8(UInt8(bits(.ipDSCP) << 2))
        writer.u8(UInt8(bits(.ipProtocol)))
        writer.zeros(2)
        writer.u32(UInt32(bits(.ipv4Source)))
        writer.u32(UInt32(bits(.ipv4Destination)))
        writer.u16(UInt16(bits(.tcpSource)))
        writer.u16(UInt16(bits(.tcpDestination)))
    }

    /// Whether the ports are an ICMP type and code.
    private static func isICMP(_ match: FlowMatch) -> Bool {
        let context = FieldContext(match)
        return context.isICMPv6 || context.meets(.icmpv4)
    }

    /// The mask for a count of low bits to ignore, in the low six bits of `wildcards`.
    private func netmask(_ wildcards: UInt32) -> UInt32 {
        let count = wildcards & 0x3f
        return count < 32 ? ~(1 << count - 1) : 0
    }

    /// How many low bits of an address are free.
    private func freeBits(_ match: FlowMatch, _ field: Field) -> UInt32 {
        let mask = UInt32(match.bits(of: field).mask)
        return mask == 0 ? 32 : UInt32(mask.trailingZeroBitCount)
    }
}
