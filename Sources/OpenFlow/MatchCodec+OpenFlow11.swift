// The fixed 88-byte match of OpenFlow 1.1; its masks say which bits to ignore.

import Flow

/// Wildcard bits of the 1.1 structure.
private enum Wildcard11 {
    static let inPort: UInt32 = 1 << 0
    static let vlan: UInt32 = 1 << 1
    static let vlanPCP: UInt32 = 1 << 2
    static let ethType: UInt32 = 1 << 3
    static let ipTOS: UInt32 = 1 << 4
    static let ipProtocol: UInt32 = 1 << 5
    static let l4Source: UInt32 = 1 << 6
    static let l4Destination: UInt32 = 1 << 7
    static let mplsLabel: UInt32 = 1 << 8
    static let mplsTC: UInt32 = 1 << 9
}

/// The structure's fields as they lie on the wire.
private struct Match11 {
    var inPort: UInt32 = 0
    var wildcards: UInt32 = 0
    var ethSource: UInt64 = 0
    var ethSourceIgnored: UInt64 = 0
    var ethDestination: UInt64 = 0
    var ethDestinationIgnored: UInt64 = 0
    var vlan: UInt16 = 0
    var vlanPCP: UInt8 = 0
    var ethType: UInt16 = 0
    var ipTOS: UInt8 = 0
    var ipProtocol: UInt8 = 0
    var ipSource: UInt32 = 0
    var ipSourceIgnored: UInt32 = 0
    var ipDestination: UInt32 = 0
    var ipDestinationIgnored: UInt32 = 0
    var l4Source: UInt16 = 0
    var l4Destination: UInt16 = 0
    var mplsLabel: UInt32 = 0
    var mplsTC: UInt8 = 0
    var metadata: UInt64 = 0
    var metadataIgnored: UInt64 = 0

    init() {}

    init(_ reader: inout ByteReader) throws(OpenFlowError) {
        try reader.skip(4)
        inPort = try reader.u32()
        wildcards = try reader.u32()
        ethSource = try reader.u48()
        ethSourceIgnored = try reader.u48()
        ethDestination = try reader.u48()
        ethDestinationIgnored = try reader.u48()
        vlan = try reader.u16()
        vlanPCP = try reader.u8()
        try reader.skip(1)
        ethType = try reader.u16()
        ipTOS = try reader.u8()
        ipProtocol = try reader.u8()
        ipSource = try reader.u32()
        ipSourceIgnored = try reader.u32()
        ipDestination = try reader.u32()
        ipDestinationIgnored = try reader.u32()
        l4Source = try reader.u16()
        l4Destination = try reader.u16()
        mplsLabel = try reader.u32()
        mplsTC = try reader.u8()
        try reader.skip(3)
        metadata = try reader.u64()
        metadataIgnored = try reader.u64()
    }

    func write(into writer: inout ByteWriter) {
        writer.u16(0)
        writer.u16(88)
        writer.u32(inPort)
        writer.u32(wildcards)
        writer.u48(ethSource)
        writer.u48(ethSourceIgnored)
        writer.u48(ethDestination)
        writer.u48(ethDestinationIgnored)
        writer.u16(vlan)
        writer.u8(vlanPCP)
        writer.zeros(1)
        writer.u16(ethType)
        writer.u8(ipTOS)
        writer.u8(ipProtocol)
        writer.u32(ipSource)
        writer.u32(ipSourceIgnored)
        writer.u32(ipDestination)
        writer.u32(ipDestinationIgnored)
        writer.u16(l4Source)
        writer.u16(l4Destination)
        writer.u32(mplsLabel)
        writer.u8(mplsTC)
        writer.zeros(3)
        writer.u64(metadata)
        writer.u64(metadataIgnored)
    }

    func names(_ bit: UInt32) -> Bool { wildcards & bit == 0 }
}

extension MatchCodec {
    /// **Source**: OpenFlow 1.1, section A.2.3.
    func decodeOpenFlow11(_ reader: inout ByteReader) throws(OpenFlowError) -> FlowMatch {
        let raw = try Match11(&reader)
        var match = FlowMatch()
        if raw.names(Wildcard11.inPort) {
            guard ReservedPort.narrow(raw.inPort) != nil else {
                throw OpenFlowError(.ofpbmcBadValue, "in_port")
            }
            match.set(.inPort, to: UInt64(raw.inPort))
        }
        func masked(_ field: Field, _ value: UInt64, ignoring bits: UInt64) {
            match.setBits(field.info.location, value: value, mask: ~bits)
        }
        masked(.ethSource, raw.ethSource, ignoring: raw.ethSourceIgnored)
        masked(.ethDestination, raw.ethDestination, ignoring: raw.ethDestinationIgnored)
        if raw.names(Wildcard11.vlan) { try setVLAN(raw, &match) }
        if raw.names(Wildcard11.ethType) { match.set(.ethType, to: UInt64(raw.ethType)) }
        let context = FieldContext(match)
        if context.isIPv4 && raw.names(Wildcard11.ipTOS) {
            guard raw.ipTOS & 3 == 0 else { throw OpenFlowError(.ofpbmcBadValue, "nw_tos") }
            match.set(.ipTOS, to: UInt64(raw.ipTOS))
        }
        if context.isIPv4 || context.isARP {
            if raw.names(Wildcard11.ipProtocol) {
                match.set(.ipProtocol, to: UInt64(raw.ipProtocol))
            }
            masked(.ipv4Source, UInt64(raw.ipSource), ignoring: UInt64(raw.ipSourceIgnored))
            masked(
                .ipv4Destination, UInt64(raw.ipDestination),
                ignoring: UInt64(raw.ipDestinationIgnored))
        }
        if context.isIPv4 { try setPorts(raw, &match) }
        if context.isMPLS {
            if raw.names(Wildcard11.mplsLabel) { match.set(.mplsLabel, to: UInt64(raw.mplsLabel)) }
            if raw.names(Wildcard11.mplsTC) { match.set(.mplsTC, to: UInt64(raw.mplsTC)) }
        }
        masked(.metadata, raw.metadata, ignoring: raw.metadataIgnored)
        return match
    }

    private func setVLAN(_ raw: Match11, _ match: inout FlowMatch) throws(OpenFlowError) {
        switch raw.vlan {
        case 0xffff:
            match.set(.vlanTCI, to: 0)
            return
        case 0xfffe: match.setBits(Field.vlanTCI.info.location, value: 0x1000, mask: 0x1000)
        case 0..<4096: match.set(.dlVLAN, to: UInt64(raw.vlan))
        default: throw OpenFlowError(.ofpbmcBadValue, "dl_vlan")
        }
        guard raw.names(Wildcard11.vlanPCP) else { return }
        guard raw.vlanPCP <= 7 else { throw OpenFlowError(.ofpbmcBadValue, "dl_vlan_pcp") }
        match.set(.dlVLANPCP, to: UInt64(raw.vlanPCP))
    }

    private func setPorts(_ raw: Match11, _ match: inout FlowMatch) throws(OpenFlowError) {
        let namesSource = raw.names(Wildcard11.l4Source)
        let namesDestination = raw.names(Wildcard11.l4Destination)
        switch match.bits(of: .ipProtocol).value {
        case 1:
            if namesSource && raw.l4Source > 0xff || namesDestination && raw.l4Destination > 0xff {
                throw OpenFlowError(.ofpbmcBadField, "icmp")
            }
            if namesSource { match.set(.icmpType, to: UInt64(raw.l4Source)) }
            if namesDestination { match.set(.icmpCode, to: UInt64(raw.l4Destination)) }
        case 6, 17, 132:
            if namesSource { match.set(.tcpSource, to: UInt64(raw.l4Source)) }
            if namesDestination { match.set(.tcpDestination, to: UInt64(raw.l4Destination)) }
        default: break
        }
    }

    /// Writes what the structure can say of `match`.
    func encodeOpenFlow11(_ match: FlowMatch, into writer: inout ByteWriter) {
        var raw = Match11()
        func take(_ field: Field, _ bit: UInt32) -> UInt64 {
            let (value, mask) = match.bits(of: field)
            if mask == 0 { raw.wildcards |= bit }
            return value
        }
        raw.inPort = UInt32(take(.inPort, Wildcard11.inPort))
        raw.ethSource = take(.ethSource, 0)
        raw.ethSourceIgnored = ~match.bits(of: .ethSource).mask
        raw.ethDestination = take(.ethDestination, 0)
        raw.ethDestinationIgnored = ~match.bits(of: .ethDestination).mask
        let tci = match.bits(of: .vlanTCI)
        if tci.mask == 0 {
            raw.wildcards |= Wildcard11.vlan | Wildcard11.vlanPCP
        } else if tci.mask & 0x1000 != 0 && tci.value & 0x1000 == 0 {
            raw.vlan = 0xffff
            raw.wildcards |= Wildcard11.vlanPCP
        } else {
            raw.vlan = tci.mask & 0xfff == 0 ? 0xfffe : UInt16(tci.value & 0xfff)
            raw.vlanPCP = UInt8(tci.value >> 13 & 7)
            if tci.mask & 0xe000 == 0 { raw.wildcards |= Wildcard11.vlanPCP }
        }
        raw.ethType = UInt16(take(.ethType, Wildcard11.ethType))
        raw.ipTOS = UInt8(take(.ipDSCP, Wildcard11.ipTOS) << 2)
        raw.ipProtocol = UInt8(take(.ipProtocol, Wildcard11.ipProtocol))
        raw.ipSource = UInt32(take(.ipv4Source, 0))
        raw.ipSourceIgnored = ~UInt32(match.bits(of: .ipv4Source).mask)
        raw.ipDestination = UInt32(take(.ipv4Destination, 0))
        raw.ipDestinationIgnored = ~UInt32(match.bits(of: .ipv4Destination).mask)
        raw.l4Source = UInt16(take(.tcpSource, Wildcard11.l4Source))
        raw.l4Destination = UInt16(take(.tcpDestination, Wildcard11.l4Destination))
        raw.mplsLabel = UInt32(take(.mplsLabel, Wildcard11.mplsLabel))
        raw.mplsTC = UInt8(take(.mplsTC, Wildcard11.mplsTC))
        raw.metadata = take(.metadata, 0)
        raw.metadataIgnored = ~match.bits(of: .metadata).mask
        raw.write(into: &writer)
    }
}
