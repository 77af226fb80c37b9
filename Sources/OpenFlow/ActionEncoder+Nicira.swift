// Writing Nicira's actions on the pipeline's state and flow of control, nested ones among them.

import Flow

extension ActionEncoder {
    mutating func encodePipeline(_ action: Action) {
        switch action {
        case .setQueue(let queue): put32(.setQueue, queue)
        case .popQueue: put(.popQueue)
        case .exit: put(.exit)
        case .ctClear: put(.ctClear)
        case .meter(let meter): if version >= .v1_5 { put32(.meter15, meter) }
        case .note(let bytes): put(.note) { $0.writer.put(bytes) }
        case .finTimeout(let idle, let hard):
            put(.finTimeout) { encoder in
                encoder.writer.u16(idle)
                encoder.writer.u16(hard)
            }
        case .resubmit(let resubmit): putResubmit(resubmit)
        case .learn(let learn): putLearn(learn)
        case .conjunction(let id, let clause, let clauses):
            put(.conjunction) { encoder in
                encoder.writer.u8(clause)
                encoder.writer.u8(clauses)
                encoder.writer.u32(id)
            }
        case .multipath(let multipath): putMultipath(multipath)
        case .ct(let ct): putConntrack(ct)
        case .nat(let nat): putNAT(nat)
        case .clone(let actions):
            put(.clone) { encoder in
                encoder.writer.zeros(6)
                encoder.putNested(actions)
            }
        case .writeMetadata(let value, let mask):
            guard version == .v1_0 else { return }
            put(.writeMetadata) { encoder in
                encoder.writer.zeros(6)
                encoder.writer.u64(value)
                encoder.writer.u64(mask)
            }
        case .gotoTable(let table):
            guard version == .v1_0 else { return }
            putResubmit(ResubmitAction(inPort: ReservedPort.inPort, table: table), isPlain: false)
        default: break
        }
    }

    /// Nested lists see the packet as it is here, and do not change what follows.
    private mutating func putNested(_ actions: [Action]) {
        let outer = context
        encode(actions)
        context = outer
    }

    private mutating func putResubmit(_ resubmit: ResubmitAction, isPlain: Bool = true) {
        let port = ActionEncoder.narrow(resubmit.inPort)
        let isShort =
            isPlain && resubmit.table == 255 && !resubmit.withConntrackTuple
            && resubmit.inPort != ReservedPort.inPort
        guard !isShort else {
            put16(.resubmit, port)
            return
        }
        put(resubmit.withConntrackTuple ? .resubmitTableCT : .resubmitTable) { encoder in
            encoder.writer.u16(port)
            encoder.writer.u8(resubmit.table)
        }
    }

    private mutating func putMultipath(_ multipath: MultipathAction) {
        put(.multipath) { encoder in
            encoder.writer.u16(multipath.fields.rawValue)
            encoder.writer.u16(multipath.basis)
            encoder.writer.zeros(2)
            encoder.writer.u16(multipath.algorithm.rawValue)
            encoder.writer.u16(UInt16(truncatingIfNeeded: max(multipath.links, 1) - 1))
            encoder.writer.u32(multipath.argument)
            encoder.writer.zeros(2)
            encoder.writer.u16(multipath.destination.packed)
            encoder.writer.u32(encoder.oxm.header32(of: multipath.destination.field))
        }
    }

    private mutating func putConntrack(_ ct: ConntrackAction) {
        put(.ct) { encoder in
            encoder.writer.u16(
                (ct.commit ? ConntrackFlags.commit : 0) | (ct.force ? ConntrackFlags.force : 0))
            encoder.writer.u32(ct.zoneField.map { encoder.oxm.header32(of: $0.field) } ?? 0)
            encoder.writer.u16(ct.zoneField?.packed ?? ct.zone)
            encoder.writer.u8(ct.recircTable)
            encoder.writer.zeros(3)
            encoder.writer.u16(ct.alg)
            encoder.putNested((ct.nat.map { [.nat($0)] } ?? []) + ct.exec)
        }
    }

    private mutating func putNAT(_ nat: NATAction) {
        var flags: UInt16 = 0
        if nat.kind == .source { flags |= ConntrackFlags.natSource }
        if nat.kind == .destination { flags |= ConntrackFlags.natDestination }
        if nat.persistent { flags |= ConntrackFlags.natPersistent }
        if nat.hash { flags |= ConntrackFlags.natHash }
        if nat.random { flags |= ConntrackFlags.natRandom }
        var range: UInt16 = 0
        var options = ByteWriter()
        if let low = nat.ipv4Min {
            range |= ConntrackFlags.rangeIPv4Min
            options.u32(low)
            if let high = nat.ipv4Max {
                range |= ConntrackFlags.rangeIPv4Max
                options.u32(high)
            }
        } else if let low = nat.ipv6Min {
            range |= ConntrackFlags.rangeIPv6Min
            options.put(low.resized(to: 16).bytes)
            if let high = nat.ipv6Max {
                range |= ConntrackFlags.rangeIPv6Max
                options.put(high.resized(to: 16).bytes)
            }
        }
        if range != 0, let low = nat.portMin {
            range |= ConntrackFlags.rangePortMin
            options.u16(low)
            if let high = nat.portMax {
                range |= ConntrackFlags.rangePortMax
                options.u16(high)
            }
        }
        put(.nat) { encoder in
            encoder.writer.zeros(2)
            encoder.writer.u16(flags)
            encoder.writer.u16(range)
            encoder.writer.put(options.bytes)
        }
    }

    private mutating func putLearn(_ learn: LearnAction) {
        let isSecond = learn.limit != 0 || learn.resultDestination != nil
        put(isSecond ? .learn2 : .learn) { encoder in
            encoder.writer.u16(learn.idleTimeout)
            encoder.writer.u16(learn.hardTimeout)
            encoder.writer.u16(learn.priority)
            encoder.writer.u64(learn.cookie)
            encoder.writer.u16(
                (learn.sendFlowRemoved ? LearnBits.sendFlowRemoved : 0)
                    | (learn.deleteLearned ? LearnBits.deleteLearned : 0)
                    | (learn.resultDestination == nil ? 0 : LearnBits.writeResult))
            encoder.writer.u8(learn.table)
            encoder.writer.zeros(1)
            encoder.writer.u16(learn.finIdleTimeout)
            encoder.writer.u16(learn.finHardTimeout)
            if isSecond {
                encoder.writer.u32(learn.limit)
                encoder.writer.u16(
                    UInt16(truncatingIfNeeded: learn.resultDestination?.offset ?? 0))
                encoder.writer.zeros(2)
                if let field = learn.resultDestination?.field {
                    encoder.oxm.writeHeader(field, version: nil, into: &encoder.writer)
                }
            }
            for specification in learn.specifications { encoder.putSpecification(specification) }
        }
    }

    private mutating func putSpecification(_ specification: LearnAction.Specification) {
        var header = UInt16(truncatingIfNeeded: specification.bitCount) & LearnBits.countMask
        if case .immediate = specification.source { header |= LearnBits.immediate }
        switch specification.destination {
        case .match: header |= LearnBits.match
        case .load: header |= LearnBits.load
        case .output: header |= LearnBits.output
        }
        writer.u16(header)
        switch specification.source {
        case .field(let field): putSubfield(field)
        case .immediate(let value):
            writer.put(value.resized(to: (specification.bitCount + 15) / 16 * 2).bytes)
        }
        switch specification.destination {
        case .match(let field), .load(let field): putSubfield(field)
        case .output: break
        }
    }

    private mutating func putSubfield(_ field: Subfield) {
        writer.u32(oxm.header32(of: field.field))
        writer.u16(UInt16(truncatingIfNeeded: field.offset))
    }
}
