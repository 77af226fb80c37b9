// Reading `learn`: the fixed part, then a list of specifications up to a zero header.

import Flow

/// Bits of a learn action's flags and of a specification's header.
enum LearnBits {
    static let sendFlowRemoved: UInt16 = 1
    static let deleteLearned: UInt16 = 2
    static let writeResult: UInt16 = 4
    static let countMask: UInt16 = 0x3ff
    static let immediate: UInt16 = 1 << 13
    static let targetMask: UInt16 = 3 << 11
    static let match: UInt16 = 0 << 11
    static let load: UInt16 = 1 << 11
    static let output: UInt16 = 2 << 11
}

extension ActionDecoder {
    func learn(
        _ body: inout ByteReader, isSecond: Bool
    ) throws(OpenFlowError) -> LearnAction {
        let bad = OpenFlowError(.ofpbacBadArgument, "learn")
        var action = LearnAction()
        action.idleTimeout = try body.u16()
        action.hardTimeout = try body.u16()
        action.priority = try body.u16()
        action.cookie = try body.u64()
        let flags = try body.u16()
        action.table = try body.u8()
        let pad = try body.u8()
        action.finIdleTimeout = try body.u16()
        action.finHardTimeout = try body.u16()
        if isSecond, try body.peek16(6) != 0 { throw OpenFlowError(.nxbacMustBeZero, "learn") }
        let known =
            LearnBits.sendFlowRemoved | LearnBits.deleteLearned
            | (isSecond ? LearnBits.writeResult : 0)
        guard pad == 0, action.table != 255, flags & ~known == 0 else { throw bad }
        action.sendFlowRemoved = flags & LearnBits.sendFlowRemoved != 0
        action.deleteLearned = flags & LearnBits.deleteLearned != 0
        if isSecond {
            action.limit = try body.u32()
            let offset = Int(try body.u16())
            try body.skip(2)
            if flags & LearnBits.writeResult != 0 {
                let field = try oxm.readField(&body)
                let destination = Subfield(field, offset: offset, bitCount: 1)
                try oxm.checkDestination(destination)
                action.resultDestination = destination
            } else if offset != 0 {
                throw bad
            }
        }
        action.specifications = try specifications(&body)
        return action
    }

    private func specifications(
        _ body: inout ByteReader
    ) throws(OpenFlowError) -> [LearnAction.Specification] {
        var specifications: [LearnAction.Specification] = []
        while body.remaining >= 2 {
            let header = try body.u16()
            if header == 0 { break }
            specifications.append(try specification(&body, header))
        }
        try body.zeros(body.remaining, else: .ofpbacBadArgument)
        return specifications
    }

    private func specification(
        _ body: inout ByteReader, _ header: UInt16
    ) throws(OpenFlowError) -> LearnAction.Specification {
        let count = Int(header & LearnBits.countMask)
        let isImmediate = header & LearnBits.immediate != 0
        let target = header & LearnBits.targetMask
        guard target == LearnBits.match || target == LearnBits.load
            || target == LearnBits.output && !isImmediate
        else { throw OpenFlowError(.ofpbacBadArgument, "learn specification") }
        let source: LearnAction.Source
        if isImmediate {
            let bytes = try body.take((count + 15) / 16 * 2)
            source = .immediate(FieldValue(bytes: Array(bytes.suffix((count + 7) / 8))))
        } else {
            let field = try subfield(&body, count)
            try oxm.checkSource(field)
            source = .field(field)
        }
        let destination: LearnAction.Destination
        switch target {
        case LearnBits.output: destination = .output
        default:
            let field = try subfield(&body, count)
            if target == LearnBits.load {
                try oxm.checkDestination(field)
                destination = .load(field)
            } else {
                try oxm.checkSource(field)
                destination = .match(field)
            }
        }
        return LearnAction.Specification(
            bitCount: count, source: source, destination: destination)
    }

    private func subfield(
        _ body: inout ByteReader, _ count: Int
    ) throws(OpenFlowError) -> Subfield {
        let field = try oxm.field(fromHeader: try body.u32())
        return Subfield(field, offset: Int(try body.u16()), bitCount: count)
    }
}
