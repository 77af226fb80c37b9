// Reading actions that write or move fields.

import Flow

extension ActionDecoder {
    func decodeFieldAction(
        _ wire: ActionWire, _ body: inout ByteReader
    ) throws(OpenFlowError) -> Action? {
        switch wire {
        case .setField12: return .setField(try setField(&body, mayMask: false).action)
        case .setField15:
            let set = try setField(&body, mayMask: true)
            return set.isLoad ? .registerLoad(set.action) : .setField(set.action)
        case .regLoad: return .registerLoad(try registerLoad(&body))
        case .regLoad2: return .setField(try registerLoad2(&body))
        case .copyField15, .copyField13, .regMove: return try move(wire, &body)
        case .stackPush:
            let field = try stackField(&body)
            try oxm.checkSource(field)
            return .stackPush(field)
        case .stackPop:
            let field = try stackField(&body)
            try oxm.checkDestination(field)
            return .stackPop(field)
        case .deleteField: return .deleteField(try oxm.readField(&body))
        case .setTunnel: return .setTunnel(UInt64(try argument32(&body)), wide: false)
        case .setTunnel64:
            try body.skip(6)
            return .setTunnel(try body.u64(), wide: true)
        case .checkPacketLarger:
            let length = try body.u16()
            let offset = Int(try body.u16())
            let field = try oxm.readField(&body)
            try body.zeros(body.remaining, else: .nxbrcMustBeZero)
            let destination = Subfield(field, offset: offset, bitCount: 1)
            try oxm.checkDestination(destination)
            return .checkPacketLarger(to: destination, length: length)
        default: return nil
        }
    }

    /// The action, and whether a mask that covers the field says that it was a load.
    private func setField(
        _ body: inout ByteReader, mayMask: Bool
    ) throws(OpenFlowError) -> (action: SetFieldAction, isLoad: Bool) {
        let (field, value, mask) = try oxm.readActionEntry(&body)
        if mask != nil && !mayMask { throw OpenFlowError(.ofpbacBadSetMask) }
        try body.zeros(body.remaining, else: .ofpbacBadSetArgument)
        guard field != .inPort, field.info.writable, MatchCodec.isValid(value, for: field) else {
            throw OpenFlowError(.ofpbacBadSetArgument, field.info.name)
        }
        let action = whole(field, value, mask)
        if field == .vlanVID {
            guard value.low64 & 0x1000 != 0, action.mask.low64 & 0x1000 != 0 else {
                throw OpenFlowError(.ofpbacBadSetArgument, "vlan_vid without its present bit")
            }
        }
        return (action, mask.map { !$0.isAllOnes && oxm.isExact($0, field) } ?? false)
    }

    private func registerLoad2(_ body: inout ByteReader) throws(OpenFlowError) -> SetFieldAction {
        let (field, value, mask) = try oxm.readActionEntry(&body)
        try body.zeros(body.remaining, else: .ofpbacBadSetArgument)
        guard field.info.writable else {
            throw OpenFlowError(.ofpbacBadSetArgument, field.info.name)
        }
        return whole(field, value, mask)
    }

    /// The action with its mask spelled out and within the field's bits.
    private func whole(_ field: Field, _ value: FieldValue, _ mask: FieldValue?) -> SetFieldAction {
        let count = value.bytes.count
        let exact =
            field.tunnelMetadataIndex == nil
            ? FieldValue.exactMask(of: field)
            : FieldValue.ones(bitCount: count * 8, byteCount: count)
        guard let mask else { return SetFieldAction(field: field, value: value, mask: exact) }
        return SetFieldAction(field: field, value: value, mask: mask & exact)
    }

    private func registerLoad(_ body: inout ByteReader) throws(OpenFlowError) -> SetFieldAction {
        let range = try body.u16()
        let field = try oxm.field(fromHeader: try body.u32())
        let number = try body.u64()
        let target = Subfield(field, packed: range)
        try oxm.checkDestination(target)
        if target.bitCount < 64, number >> UInt64(target.bitCount) != 0 {
            throw OpenFlowError(.ofpbacBadArgument, "load of too wide a value")
        }
        let count = oxm.byteCount(of: field)
        var value = FieldValue(0, byteCount: count)
        var mask = value
        value.setBits(
            at: target.offset, count: target.bitCount, from: FieldValue(number, byteCount: 8))
        mask.setBits(
            at: target.offset, count: target.bitCount, from: .ones(bitCount: 64, byteCount: 8))
        return SetFieldAction(field: field, value: value, mask: mask)
    }

    private func move(
        _ wire: ActionWire, _ body: inout ByteReader
    ) throws(OpenFlowError) -> Action {
        if wire == .copyField13 { try body.skip(2) }
        let count = Int(try body.u16())
        let sourceOffset = Int(try body.u16())
        let destinationOffset = Int(try body.u16())
        if wire != .regMove { try body.skip(2) }
        let source = Subfield(
            try oxm.readField(&body), offset: sourceOffset, bitCount: count)
        let destination = Subfield(
            try oxm.readField(&body), offset: destinationOffset, bitCount: count)
        try body.zeros(body.remaining, else: .nxbrcMustBeZero)
        try oxm.checkSource(source)
        try oxm.checkDestination(destination)
        return .registerMove(from: source, to: destination)
    }

    private func stackField(_ body: inout ByteReader) throws(OpenFlowError) -> Subfield {
        let offset = Int(try body.u16())
        let field = try oxm.readField(&body)
        let count = Int(try body.u16())
        try body.zeros(body.remaining, else: .nxbrcMustBeZero)
        return Subfield(field, offset: offset, bitCount: count)
    }
}
