// Reading actions: the common header, then a switch over the layouts. Layouts with more than a
// few fields are in the files `ActionDecoder+Fields.swift`, `+Output.swift`, `+Nicira.swift`,
// `+Conntrack.swift` and `+Learn.swift`.

import Flow

/// The state of reading one message's actions.
struct ActionDecoder {
    let version: OpenFlowVersion
    let oxm: OXMCodec
    /// How deep the list being read is nested; bounded, for the stack's sake.
    private(set) var depth = 0
    static let depthMax = 32

    init(version: OpenFlowVersion, oxm: OXMCodec) {
        self.version = version
        self.oxm = oxm
    }

    /// **Errors**: OFPBRC_BAD_LEN unless `byteCount` is a multiple of 8 that the message has.
    mutating func decodeList(
        _ reader: inout ByteReader, byteCount: Int
    ) throws(OpenFlowError) -> [Action] {
        guard byteCount >= 0, byteCount % 8 == 0, byteCount <= reader.remaining else {
            throw OpenFlowError(.ofpbrcBadLen, "actions")
        }
        var list = try reader.sub(byteCount, lengthError: .ofpbacBadLen)
        return try decodeAll(&list)
    }

    /// Reads a list nested in an action.
    mutating func decodeNested(
        _ reader: inout ByteReader, outer: ActionOrderRules.Outer
    ) throws(OpenFlowError) -> [Action] {
        guard depth < ActionDecoder.depthMax else {
            throw OpenFlowError(.ofpbacTooMany, "nested too deep")
        }
        depth += 1
        defer { depth -= 1 }
        let actions = try decodeList(&reader, byteCount: reader.remaining)
        try ActionOrderRules.verify(actions, version: version, .nested, outer: outer)
        return actions
    }

    private mutating func decodeAll(
        _ reader: inout ByteReader
    ) throws(OpenFlowError) -> [Action] {
        var actions: [Action] = []
        while !reader.isAtEnd {
            let wire = try identify(reader)
            let length = Int(try reader.peek16(2))
            let row = wire.row
            let isOwn = wire.form(in: version)?.vendor == 0
            // Where Nicira's form stands in for OpenFlow's own, its header takes 8 bytes more.
            let minimum = isOwn ? row.length : max(row.length, 16)
            guard length <= reader.remaining, length >= minimum,
                row.extends || length == minimum, length % 8 == 0
            else { throw OpenFlowError(.ofpbacBadLen, "\(wire) of \(length) bytes") }
            var body = try reader.sub(length, lengthError: .ofpbacBadLen)
            try body.skip(isOwn ? 4 : 10)
            actions.append(try decode(wire, &body))
        }
        return actions
    }

    /// The layout that the header names.
    private func identify(_ reader: ByteReader) throws(OpenFlowError) -> ActionWire {
        guard reader.remaining >= 8 else { throw OpenFlowError(.ofpbacBadLen) }
        let type = try reader.peek16(0)
        guard type == 0xffff else {
            guard let wire = ActionWire.find(vendor: 0, number: type, version: version) else {
                throw OpenFlowError(.ofpbacBadType, "type \(type)")
            }
            return wire
        }
        let vendor = try reader.peek32(4)
        guard vendor == VendorID.nicira || vendor == VendorID.onf else {
            throw OpenFlowError(.ofpbacBadVendor, "vendor \(vendor)")
        }
        guard reader.remaining >= 16 else { throw OpenFlowError(.ofpbacBadLen) }
        let number = try reader.peek16(8)
        guard let wire = ActionWire.find(vendor: vendor, number: number, version: version) else {
            throw OpenFlowError(.ofpbacBadVendorType, "subtype \(number)")
        }
        return wire
    }

    private mutating func decode(
        _ wire: ActionWire, _ body: inout ByteReader
    ) throws(OpenFlowError) -> Action {
        if let action = try decodeHeaderChange(wire, &body) { return action }
        if let action = try decodeFieldAction(wire, &body) { return action }
        if let action = try decodeOutput(wire, &body) { return action }
        switch wire {
        case .ct: return .ct(try conntrack(&body))
        case .nat: return .nat(try nat(&body))
        case .learn: return .learn(try learn(&body, isSecond: false))
        case .learn2: return .learn(try learn(&body, isSecond: true))
        case .clone:
            try body.skip(6)
            return .clone(try decodeNested(&body, outer: .clone))
        default: return try decodePipeline(wire, &body)
        }
    }

    /// Changes of one header field, an argument each.
    private func decodeHeaderChange(
        _ wire: ActionWire, _ body: inout ByteReader
    ) throws(OpenFlowError) -> Action? {
        switch wire {
        case .setVLANVID10, .setVLANVID11:
            let vid = try body.u16()
            guard vid < 0x1000 else { throw OpenFlowError(.ofpbacBadArgument, "vlan_vid") }
            return .setVLANVID(vid, pushIfNeeded: wire == .setVLANVID10)
        case .setVLANPCP10, .setVLANPCP11:
            let pcp = try body.u8()
            guard pcp < 8 else { throw OpenFlowError(.ofpbacBadArgument, "vlan_pcp") }
            return .setVLANPCP(pcp, pushIfNeeded: wire == .setVLANPCP10)
        case .stripVLAN10, .popVLAN11: return .stripVLAN
        case .pushVLAN:
            let type = try body.u16()
            guard type == 0x8100 || type == 0x88a8 else {
                throw OpenFlowError(.ofpbacBadArgument, "push_vlan")
            }
            return .pushVLAN(ethType: type)
        case .setEthSource: return .setEthSource(MACAddressValue(try body.u48()))
        case .setEthDestination: return .setEthDestination(MACAddressValue(try body.u48()))
        case .setIPv4Source: return .setIPv4Source(try body.u32())
        case .setIPv4Destination: return .setIPv4Destination(try body.u32())
        case .setIPTOS:
            let tos = try body.u8()
            guard tos & 3 == 0 else { throw OpenFlowError(.ofpbacBadArgument, "nw_tos") }
            return .setIPDSCP(tos)
        case .setIPECN:
            let ecn = try body.u8()
            guard ecn < 4 else { throw OpenFlowError(.ofpbacBadArgument, "nw_ecn") }
            return .setIPECN(ecn)
        case .setIPTTL: return .setIPTTL(try body.u8())
        case .setL4Source: return .setL4SourcePort(try body.u16())
        case .setL4Destination: return .setL4DestinationPort(try body.u16())
        default: return try decodeLabelChange(wire, &body)
        }
    }

    /// Changes of TTLs and MPLS labels. The argument follows the header, which for Nicira's form
    /// is followed by padding where the argument has 32 bits.
    private func decodeLabelChange(
        _ wire: ActionWire, _ body: inout ByteReader
    ) throws(OpenFlowError) -> Action? {
        switch wire {
        case .decIPTTL: return .decrementTTL(controllers: [])
        case .decTTLControllers: return .decrementTTL(controllers: try controllers(&body))
        case .setMPLSLabel:
            let label = try argument32(&body)
            guard label < 1 << 20 else { throw OpenFlowError(.ofpbacBadArgument, "mpls_label") }
            return .setMPLSLabel(label)
        case .setMPLSTC:
            let tc = try body.u8()
            guard tc < 8 else { throw OpenFlowError(.ofpbacBadArgument, "mpls_tc") }
            return .setMPLSTC(tc)
        case .setMPLSTTL: return .setMPLSTTL(try body.u8())
        case .decMPLSTTL: return .decrementMPLSTTL
        case .pushMPLS:
            let type = try body.u16()
            guard type == 0x8847 || type == 0x8848 else {
                throw OpenFlowError(.ofpbacBadArgument, "push_mpls")
            }
            return .pushMPLS(ethType: type)
        case .popMPLS: return .popMPLS(ethType: try body.u16())
        default: return nil
        }
    }

    /// A 32-bit argument, aligned to its size from the action's start.
    func argument32(_ body: inout ByteReader) throws(OpenFlowError) -> UInt32 {
        if body.offset % 4 != 0 { try body.skip(4 - body.offset % 4) }
        return try body.u32()
    }

    private func controllers(_ body: inout ByteReader) throws(OpenFlowError) -> [UInt16] {
        let count = Int(try body.u16())
        try body.zeros(4, else: .nxbrcMustBeZero)
        guard body.remaining >= count * 2 else { throw OpenFlowError(.ofpbacBadLen, "dec_ttl") }
        var ids: [UInt16] = []
        for _ in 0..<count { ids.append(try body.u16()) }
        return ids
    }
}
