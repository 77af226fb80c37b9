// Reading OpenFlow 1.1's instructions into actions, in their order of execution.

import Flow

extension ActionDecoder {
    /// **Errors**: OFPBIC_BAD_LEN, UNKNOWN_INST, DUP_INST, BAD_EXPERIMENTER.
    mutating func decodeInstructions(
        _ reader: inout ByteReader, byteCount: Int
    ) throws(OpenFlowError) -> [Action] {
        guard byteCount >= 0, byteCount % 8 == 0, byteCount <= reader.remaining else {
            throw OpenFlowError(.ofpbicBadLen, "instructions")
        }
        var list = try reader.sub(byteCount, lengthError: .ofpbicBadLen)
        var found = [ByteReader?](repeating: nil, count: InstructionKind.allCases.count)
        while !list.isAtEnd {
            let length = Int(try list.peek16(2))
            guard length % 8 == 0, length >= 8, length <= list.remaining else {
                throw OpenFlowError(.ofpbicBadLen)
            }
            let kind = try kind(of: try list.peek16(0), length: length)
            guard found[Int(kind.rawValue)] == nil else { throw OpenFlowError(.ofpbicDupInst) }
            var body = try list.sub(length, lengthError: .ofpbicBadLen)
            try body.skip(4)
            found[Int(kind.rawValue)] = body
        }
        var actions: [Action] = []
        for kind in InstructionKind.allCases {
            guard var body = found[Int(kind.rawValue)] else { continue }
            try append(kind, &body, to: &actions)
        }
        return actions
    }

    private func kind(
        of number: UInt16, length: Int
    ) throws(OpenFlowError) -> InstructionKind {
        if number == 0xffff { throw OpenFlowError(.ofpbicBadExperimenter) }
        guard let kind = InstructionKind(number: number) else {
            throw OpenFlowError(.ofpbicUnknownInst)
        }
        switch kind {
        case .meter, .clearActions, .gotoTable:
            guard length == 8 else { throw OpenFlowError(.ofpbicBadLen) }
        case .writeMetadata: guard length == 24 else { throw OpenFlowError(.ofpbicBadLen) }
        case .applyActions, .writeActions: break
        }
        if kind == .meter && version >= .v1_5 { throw OpenFlowError(.ofpbicUnknownInst) }
        return kind
    }

    private mutating func append(
        _ kind: InstructionKind, _ body: inout ByteReader, to actions: inout [Action]
    ) throws(OpenFlowError) {
        switch kind {
        case .meter: actions.append(.meter(try body.u32()))
        case .clearActions: actions.append(.clearActions)
        case .applyActions:
            try body.skip(4)
            actions += try decodeList(&body, byteCount: body.remaining)
        case .writeActions:
            try body.skip(4)
            let set = try decodeList(&body, byteCount: body.remaining)
            guard set.allSatisfy(\.isAllowedInActionSet) else {
                throw OpenFlowError(.ofpbacBadType, "not allowed in an action set")
            }
            actions.append(.writeActions(set))
        case .writeMetadata:
            try body.skip(4)
            let value = try body.u64()
            actions.append(.writeMetadata(value: value, mask: try body.u64()))
        case .gotoTable: actions.append(.gotoTable(try body.u8()))
        }
    }
}
