// Reading OXM and NXM entries into a match.

import Flow

extension MatchCodec {
    func decodeEntries(
        _ reader: inout ByteReader, _ strictness: MatchStrictness, allowingCookie: Bool,
        cookie: inout CookieMatch?
    ) throws(OpenFlowError) -> FlowMatch {
        var match = FlowMatch()
        while !reader.isAtEnd {
            let entry = try oxm.readHeader(&reader)
            if let field = entry.field, oxm.isUnmapped(field) || oxm.tunnelOptions == nil
                && field.tunnelMetadataIndex != nil
            {
                throw OpenFlowError(.nxfmfcInvalidTlvField)
            }
            let (value, mask) = try oxm.readPayload(&reader, entry)
            if let field = entry.field {
                try add(field, value, mask, to: &match, strictness)
            } else if allowingCookie && entry.isCookie {
                guard cookie == nil else { throw OpenFlowError(.ofpbmcDupField, "cookie") }
                let bits = mask?.low64 ?? .max
                if bits != 0 { cookie = CookieMatch(value: value.low64, mask: bits) }
            } else if !strictness.contains(.loose) {
                throw OpenFlowError(.ofpbmcBadField)
            }
        }
        match.dropImpliedPacketType()
        return match
    }

    /// Checks one entry against what came before it and adds it.
    private func add(
        _ field: Field, _ value: FieldValue, _ mask: FieldValue?, to match: inout FlowMatch,
        _ strictness: MatchStrictness
    ) throws(OpenFlowError) {
        let info = field.info
        if let mask, !info.maskable, !mask.isZero, !mask.isAllOnes {
            throw OpenFlowError(.ofpbmcBadMask, info.name)
        }
        guard MatchCodec.isValid(value, for: field) else {
            throw OpenFlowError(.ofpbmcBadValue, info.name)
        }
        if !strictness.contains(.loose), info.prerequisite != .none,
            !FieldContext(match).meets(info.prerequisite)
        {
            throw OpenFlowError(.ofpbmcBadPrereq, info.name)
        }
        if isConstrained(field, in: match) { throw OpenFlowError(.ofpbmcDupField, info.name) }
        if strictness.contains(.pipelineFieldsOnly), !MatchCodec.isPipelineField(field) {
            throw OpenFlowError(.ofpbrcPipelineFieldsOnly, info.name)
        }
        if let index = field.tunnelMetadataIndex {
            guard let mapping = oxm.tunnelOptions?.mapping(index) else { return }
            let all = FieldValue.ones(bitCount: mapping.byteCount * 8, byteCount: mapping.byteCount)
            match.setTunnelOption(mapping, value: value, mask: mask ?? all)
            return
        }
        if let mask, mask.isZero { return }
        match.set(field, value: value, mask: mask ?? .exactMask(of: field))
    }

    private func isConstrained(_ field: Field, in match: FlowMatch) -> Bool {
        if let index = field.tunnelMetadataIndex {
            return match.tunnelOptionsUsed >> UInt64(index) & 1 == 1
        }
        if field == .packetType {
            var probe = match
            probe.set(.packetType, to: 0)
            probe.dropImpliedPacketType()
            if !probe.constrains(.packetType) { return true }
        }
        return match.constrains(field)
    }

    /// Whether a match or a set-field may give `field` that value.
    static func isValid(_ value: FieldValue, for field: Field) -> Bool {
        func fits(_ bits: Int) -> Bool {
            guard value.bytes.count <= 8 else { return true }
            return value.low64 >> UInt64(bits) == 0
        }
        switch field {
        case .inPort, .actsetOutput:
            return ReservedPort.narrow(UInt32(truncatingIfNeeded: value.low64)) != nil
        case .ipTOS: return value.low64 & 3 == 0
        case .arpOpcode, .ctState: return fits(8)
        case .vlanVID: return fits(13)
        case .ipDSCP, .ipECN, .ipFragment, .tcpFlags, .dlVLAN, .dlVLANPCP, .vlanPCP, .ipv6Label,
            .mplsLabel, .mplsTC, .mplsBOS, .tunnelFlags:
            return fits(field.info.bitCount)
        default: return true
        }
    }

    /// Whether `field` is part of the pipeline's state rather than of the packet.
    static func isPipelineField(_ field: Field) -> Bool {
        switch field {
        case .tunnelTTL, .tunnelTOS: return false
        case .metadata, .inPort16, .inPort, .packetType: return true
        default:
            let tunnel = Field.tunnelID.rawValue...Field.tunnelMetadata63.rawValue
            let registers = Field.reg0.rawValue...Field.xxreg3.rawValue
            return tunnel.contains(field.rawValue) || registers.contains(field.rawValue)
        }
    }
}
