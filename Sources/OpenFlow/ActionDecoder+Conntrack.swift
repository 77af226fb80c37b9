// Reading `ct` with what nests in it, and `nat`.

import Flow

/// Flag bits of the two actions.
enum ConntrackFlags {
    static let commit: UInt16 = 1
    static let force: UInt16 = 2
    static let natSource: UInt16 = 1
    static let natDestination: UInt16 = 2
    static let natPersistent: UInt16 = 4
    static let natHash: UInt16 = 8
    static let natRandom: UInt16 = 16
    static let rangeIPv4Min: UInt16 = 1
    static let rangeIPv4Max: UInt16 = 2
    static let rangeIPv6Min: UInt16 = 4
    static let rangeIPv6Max: UInt16 = 8
    static let rangePortMin: UInt16 = 16
    static let rangePortMax: UInt16 = 32
}

extension ActionDecoder {
    mutating func conntrack(
        _ body: inout ByteReader
    ) throws(OpenFlowError) -> ConntrackAction {
        var action = ConntrackAction()
        let flags = try body.u16()
        action.commit = flags & ConntrackFlags.commit != 0
        action.force = flags & ConntrackFlags.force != 0
        if action.force && !action.commit { throw OpenFlowError(.ofpbacBadArgument, "ct force") }
        let zoneHeader = try body.u32()
        let zone = try body.u16()
        if zoneHeader == 0 {
            action.zone = zone
        } else {
            let source = Subfield(try oxm.field(fromHeader: zoneHeader), packed: zone)
            try oxm.checkSource(source)
            guard source.bitCount == 16 else { throw OpenFlowError(.ofpbacBadSetLen, "ct zone") }
            action.zoneField = source
        }
        action.recircTable = try body.u8()
        try body.skip(3)
        action.alg = try body.u16()
        for nested in try decodeNested(&body, outer: .ct) {
            if case .nat(let nat) = nested {
                action.nat = nat
            } else {
                action.exec.append(nested)
            }
        }
        if !action.commit, !action.exec.isEmpty || action.nat.map({ $0 != NATAction() }) ?? false {
            throw OpenFlowError(.ofpbacBadArgument, "ct without commit")
        }
        return action
    }

    func nat(_ body: inout ByteReader) throws(OpenFlowError) -> NATAction {
        let bad = OpenFlowError(.ofpbacBadArgument, "nat")
        try body.skip(2)
        let flags = try body.u16()
        let range = try body.u16()
        body.lengthError = .ofpbacBadArgument
        var action = NATAction()
        switch flags & 3 {
        case 0: action.kind = .existing
        case 1: action.kind = .source
        case 2: action.kind = .destination
        default: throw bad
        }
        action.persistent = flags & ConntrackFlags.natPersistent != 0
        action.hash = flags & ConntrackFlags.natHash != 0
        action.random = flags & ConntrackFlags.natRandom != 0
        guard flags & ~0x1f == 0, !(action.hash && action.random) else { throw bad }
        try natAddresses(&body, range, &action)
        let hasAddress = action.ipv4Min != nil || action.ipv6Min != nil
        if range & ConntrackFlags.rangePortMin != 0 {
            let low = try body.u16()
            guard hasAddress, low != 0 else { throw bad }
            action.portMin = low
            if range & ConntrackFlags.rangePortMax != 0 {
                let high = try body.u16()
                guard high >= low else { throw bad }
                action.portMax = high
            }
        } else if range & ConntrackFlags.rangePortMax != 0 {
            throw bad
        }
        return action
    }

    private func natAddresses(
        _ body: inout ByteReader, _ range: UInt16, _ action: inout NATAction
    ) throws(OpenFlowError) {
        let bad = OpenFlowError(.ofpbacBadArgument, "nat")
        let six = ConntrackFlags.rangeIPv6Min | ConntrackFlags.rangeIPv6Max
        if range & ConntrackFlags.rangeIPv4Min != 0 {
            let low = try body.u32()
            guard range & six == 0, low != 0 else { throw bad }
            action.ipv4Min = low
            if range & ConntrackFlags.rangeIPv4Max != 0 {
                let high = try body.u32()
                guard high >= low else { throw bad }
                action.ipv4Max = high
            }
        } else if range & ConntrackFlags.rangeIPv4Max != 0 {
            throw bad
        } else if range & ConntrackFlags.rangeIPv6Min != 0 {
            let low = FieldValue(bytes: try body.take(16))
            guard !low.isZero else { throw bad }
            action.ipv6Min = low
            if range & ConntrackFlags.rangeIPv6Max != 0 {
                let high = FieldValue(bytes: try body.take(16))
                guard !high.bytes.lexicographicallyPrecedes(low.bytes) else { throw bad }
                action.ipv6Max = high
            }
        } else if range & ConntrackFlags.rangeIPv6Max != 0 {
            throw bad
        }
    }
}
