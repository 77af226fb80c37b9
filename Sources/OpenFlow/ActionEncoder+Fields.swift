// Writing set-field, load, move and the other actions on fields.

import Flow

extension ActionEncoder {
    mutating func encodeFieldAction(_ action: Action) -> Bool {
        switch action {
        case .setField(let set): putSet(set, isLoad: false)
        case .registerLoad(let set): putSet(set, isLoad: true)
        case .registerMove(let source, let destination): putMove(source, destination)
        case .stackPush(let field): putStack(.stackPush, field)
        case .stackPop(let field): putStack(.stackPop, field)
        case .deleteField(let field):
            put(.deleteField) { $0.oxm.writeHeader(field, version: nil, into: &$0.writer) }
        case .setTunnel(let id, let wide):
            if version.usesOXM {
                putSetField(.tunnelID, id)
            } else if wide || id > UInt64(UInt32.max) {
                put(.setTunnel64) { encoder in
                    encoder.writer.zeros(6)
                    encoder.writer.u64(id)
                }
            } else {
                put32(.setTunnel, UInt32(id))
            }
        case .checkPacketLarger(let destination, let length):
            put(.checkPacketLarger) { encoder in
                encoder.writer.u16(length)
                encoder.writer.u16(UInt16(truncatingIfNeeded: destination.offset))
                encoder.oxm.writeHeader(destination.field, version: nil, into: &encoder.writer)
            }
        default: return false
        }
        return true
    }

    /// OpenFlow 1.5's set-field covers loads too, which show as such by their mask where a field
    /// has bits to spare; before that a part of a field is a load.
    private mutating func putSet(_ set: SetFieldAction, isLoad: Bool) {
        let isWhole = oxm.isExact(set.mask, set.field)
        if version >= .v1_5 {
            putSetField(set.field, set.value, mask: set.mask, keepsWholeMask: isLoad)
        } else if isLoad || !isWhole {
            putLoads(set)
        } else if version.usesOXM {
            putSetField(set.field, set.value, mask: nil)
        } else if !putLegacy(set) {
            putLoads(set)
        }
    }

    /// As Nicira's loads, one for each run of at most 64 bits; as the second form of load where
    /// the field has no 32-bit header or no fixed length.
    private mutating func putLoads(_ set: SetFieldAction) {
        guard oxm.header32(of: set.field) != 0, set.field.tunnelMetadataIndex == nil else {
            put(.regLoad2) { encoder in
                encoder.oxm.writeEntry(
                    set.field, version: nil, value: set.value, mask: set.mask,
                    into: &encoder.writer)
            }
            return
        }
        let width = set.field.info.bitCount
        var start = 0
        while start < width {
            guard set.mask.bit(start) else {
                start += 1
                continue
            }
            var end = start + 1
            while end < width, end - start < 64, set.mask.bit(end) { end += 1 }
            putRegisterLoad(
                Subfield(set.field, offset: start, bitCount: end - start),
                set.value.bits(at: start, count: end - start))
            start = end
        }
    }

    /// As an action of OpenFlow 1.0 or 1.1, for the fields that have one.
    private mutating func putLegacy(_ set: SetFieldAction) -> Bool {
        let value = set.value.low64
        switch set.field {
        case .vlanTCI: putVLANTCI(UInt16(truncatingIfNeeded: value))
        case .vlanVID:
            put16(version == .v1_0 ? .setVLANVID10 : .setVLANVID11, UInt16(value & 0xfff))
        case .vlanPCP: put8(version == .v1_0 ? .setVLANPCP10 : .setVLANPCP11, UInt8(value & 7))
        case .ethSource: put(.setEthSource) { $0.writer.u48(value) }
        case .ethDestination: put(.setEthDestination) { $0.writer.u48(value) }
        case .ipv4Source: put32(.setIPv4Source, UInt32(truncatingIfNeeded: value))
        case .ipv4Destination: put32(.setIPv4Destination, UInt32(truncatingIfNeeded: value))
        case .ipTOS: put8(.setIPTOS, UInt8(truncatingIfNeeded: value))
        case .ipDSCP: put8(.setIPTOS, UInt8(truncatingIfNeeded: value << 2))
        case .ipECN: putECN(UInt8(truncatingIfNeeded: value))
        case .tcpSource, .udpSource: put16(.setL4Source, UInt16(truncatingIfNeeded: value))
        case .tcpDestination, .udpDestination:
            put16(.setL4Destination, UInt16(truncatingIfNeeded: value))
        default: return false
        }
        return true
    }

    /// A tag with its present bit is set, one without is taken off.
    private mutating func putVLANTCI(_ tci: UInt16) {
        let isFirst = version == .v1_0
        guard tci & 0x1000 != 0 else {
            put(isFirst ? .stripVLAN10 : .popVLAN11)
            return
        }
        if !isFirst && !context.hasVLAN { put16(.pushVLAN, 0x8100) }
        put16(isFirst ? .setVLANVID10 : .setVLANVID11, tci & 0xfff)
        put8(isFirst ? .setVLANPCP10 : .setVLANPCP11, UInt8(tci >> 13))
    }

    private mutating func putMove(_ source: Subfield, _ destination: Subfield) {
        let isStandard = version >= .v1_5
        put(isStandard ? .copyField15 : .regMove) { encoder in
            encoder.writer.u16(UInt16(truncatingIfNeeded: destination.bitCount))
            encoder.writer.u16(UInt16(truncatingIfNeeded: source.offset))
            encoder.writer.u16(UInt16(truncatingIfNeeded: destination.offset))
            if isStandard { encoder.writer.zeros(2) }
            let format = isStandard ? encoder.version : nil
            encoder.oxm.writeHeader(source.field, version: format, into: &encoder.writer)
            encoder.oxm.writeHeader(destination.field, version: format, into: &encoder.writer)
        }
    }

    private mutating func putStack(_ wire: ActionWire, _ field: Subfield) {
        put(wire) { encoder in
            encoder.writer.u16(UInt16(truncatingIfNeeded: field.offset))
            encoder.oxm.writeHeader(field.field, version: nil, into: &encoder.writer)
            encoder.writer.u16(UInt16(truncatingIfNeeded: field.bitCount))
        }
    }
}
