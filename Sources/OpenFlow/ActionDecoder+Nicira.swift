// Reading Nicira's actions on the pipeline's state and flow of control.

import Flow

extension ActionDecoder {
    func decodePipeline(
        _ wire: ActionWire, _ body: inout ByteReader
    ) throws(OpenFlowError) -> Action {
        switch wire {
        case .setQueue: return .setQueue(try argument32(&body))
        case .popQueue: return .popQueue
        case .exit: return .exit
        case .ctClear: return .ctClear
        case .meter15: return .meter(try body.u32())
        case .note: return .note(Array(body.rest))
        case .finTimeout:
            let idle = try body.u16()
            return .finTimeout(idleSeconds: idle, hardSeconds: try body.u16())
        case .resubmit, .resubmitTable, .resubmitTableCT: return try resubmit(wire, &body)
        case .conjunction:
            let clause = try body.u8()
            let clauses = try body.u8()
            guard (2...64).contains(clauses), clause < clauses else {
                throw OpenFlowError(.nxbacBadConjunction)
            }
            return .conjunction(id: try body.u32(), clause: clause, clauses: clauses)
        case .multipath: return .multipath(try multipath(&body))
        case .writeMetadata:
            try body.zeros(6, else: .nxbrcMustBeZero)
            let value = try body.u64()
            return .writeMetadata(value: value, mask: try body.u64())
        default: throw OpenFlowError(.ofpbacBadType, "\(wire)")
        }
    }

    private func resubmit(
        _ wire: ActionWire, _ body: inout ByteReader
    ) throws(OpenFlowError) -> Action {
        let port = ReservedPort.widen(try body.u16())
        guard wire != .resubmit else {
            return .resubmit(ResubmitAction(inPort: port, table: 255))
        }
        let table = try body.u8()
        try body.zeros(3, else: .ofpbacBadArgument)
        return .resubmit(
            ResubmitAction(
                inPort: port, table: table, withConntrackTuple: wire == .resubmitTableCT))
    }

    private func multipath(_ body: inout ByteReader) throws(OpenFlowError) -> MultipathAction {
        let fields = HashFields(rawValue: try body.u16())
        let basis = try body.u16()
        try body.skip(2)
        let algorithm = MultipathAction.Algorithm(rawValue: try body.u16())
        let links = UInt32(try body.u16()) + 1
        let argument = try body.u32()
        try body.skip(2)
        let range = try body.u16()
        let destination = Subfield(
            try oxm.field(fromHeader: try body.u32()), packed: range)
        guard let fields, let algorithm else {
            throw OpenFlowError(.ofpbacBadArgument, "multipath")
        }
        if destination.bitCount < 32, links > 1 << UInt32(destination.bitCount) {
            throw OpenFlowError(.ofpbacBadArgument, "multipath into too few bits")
        }
        try oxm.checkDestination(destination)
        return MultipathAction(
            fields: fields, basis: basis, algorithm: algorithm, links: links,
            argument: argument, destination: destination)
    }
}
