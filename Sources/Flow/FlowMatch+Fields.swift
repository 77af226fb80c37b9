// Reading and writing a match by field or by place in the flow key. Short places go through
// integers, the longer ones (addresses, labels, tunnel options) byte by byte.

extension FlowMatch {
    /// Constrains the bits of `mask` at `location` to `value`; earlier constraints on those bits
    /// are replaced, others stay. Bits that do not fit the location are dropped.
    public mutating func set(_ location: FieldLocation, value: FieldValue, mask: FieldValue) {
        if location.bitCount <= 64 && location.bitCount + location.shift <= 64 {
            setBits(location, value: value.low64, mask: mask.low64)
            return
        }
        // Only whole bytes lie at a place of more than 64 bits.
        let count = min(location.byteCount, (location.bitCount + 7) / 8)
        var pending = MatchWord(index: 0, value: 0, mask: 0)
        for step in 0..<count {
            let offset = location.offset + location.byteCount - 1 - step
            let index = UInt8(truncatingIfNeeded: offset / 8)
            if index != pending.index {
                merge(pending.index, value: pending.value, mask: pending.mask)
                pending = MatchWord(index: index, value: 0, mask: 0)
            }
            let shift = UInt64(offset % 8) * 8
            pending.mask |= UInt64(mask.byte(step)) << shift
            pending.value |= UInt64(value.byte(step)) << shift
        }
        merge(pending.index, value: pending.value, mask: pending.mask)
    }

    /// The same for a place of at most 64 bits.
    public mutating func setBits(_ location: FieldLocation, value: UInt64, mask: UInt64) {
        let limit: UInt64 =
            location.bitCount >= 64 ? .max : 1 << UInt64(location.bitCount) - 1
        FlowMatch.eachWord(
            of: location, value: (value & limit) << UInt64(location.shift),
            mask: (mask & limit) << UInt64(location.shift)
        ) { index, value, mask in
            merge(index, value: value, mask: mask)
        }
    }

    /// Constrains a field that has a fixed place (all but `tun_metadata<n>`) as ovs-fields(7)
    /// says: a VLAN priority implies a tag, `dl_vlan` 0xffff means none, `in_port` is widened,
    /// `nw_tos` is its DSCP.
    public mutating func set(_ field: Field, value: FieldValue, mask: FieldValue) {
        switch field {
        case .inPort16, .dlVLAN, .dlVLANPCP, .vlanPCP, .ipTOS:
            if !mask.isZero { setIndirect(field, value.low64) }
        default: set(FlowMatch.location(of: field), value: value, mask: mask)
        }
    }

    /// Constrains a field exactly to an integer.
    public mutating func set(_ field: Field, to value: UInt64) {
        let location = FlowMatch.location(of: field)
        switch field {
        case .inPort16, .dlVLAN, .dlVLANPCP, .vlanPCP, .ipTOS: setIndirect(field, value)
        default:
            if location.bitCount <= 64 {
                setBits(location, value: value, mask: .max)
            } else {
                set(
                    location, value: FieldValue(value, byteCount: field.info.byteCount),
                    mask: .exactMask(of: field))
            }
        }
    }

    /// Fields whose value constrains more or other bits than their own place.
    private mutating func setIndirect(_ field: Field, _ value: UInt64) {
        let tci = Field.vlanTCI.info.location
        switch field {
        case .inPort16:
            let port = value & 0xffff
            set(.inPort, to: port >= 0xff00 ? port | 0xffff_0000 : port)
        case .dlVLAN:
            if value == 0xffff {
                setBits(tci, value: 0, mask: 0xffff)
            } else {
                setBits(tci, value: value | 0x1000, mask: 0x1fff)
            }
        case .dlVLANPCP, .vlanPCP: setBits(tci, value: value << 13 | 0x1000, mask: 0xf000)
        default: setBits(Field.ipDSCP.info.location, value: value >> 2, mask: 0x3f)
        }
    }

    /// Removes any constraint on a field's bits.
    public mutating func clear(_ field: Field) { clear(FlowMatch.location(of: field)) }

    /// Removes any constraint on the bits at `location`.
    public mutating func clear(_ location: FieldLocation) {
        if location.bitCount <= 64 && location.bitCount + location.shift <= 64 {
            let ones: UInt64 =
                location.bitCount >= 64 ? .max : 1 << UInt64(location.bitCount) - 1
            FlowMatch.eachWord(
                of: location, value: 0, mask: ones << UInt64(location.shift)
            ) { index, _, mask in
                release(index, mask: mask)
            }
            return
        }
        for step in 0..<min(location.byteCount, (location.bitCount + 7) / 8) {
            let offset = location.offset + location.byteCount - 1 - step
            release(
                UInt8(truncatingIfNeeded: offset / 8), mask: 0xff << (UInt64(offset % 8) * 8))
        }
    }

    /// Value and mask of a field; a mask of zeros means unconstrained.
    public func get(_ field: Field) -> (value: FieldValue, mask: FieldValue) {
        var (value, mask) = get(FlowMatch.location(of: field), byteCount: field.byteCount)
        if field == .arpOpcode && mask.bytes[1] == 0xff { mask.bytes[0] = 0xff }
        return (value, mask)
    }

    /// Value and mask of the bits at `location`, in `byteCount` bytes.
    public func get(
        _ location: FieldLocation, byteCount: Int
    ) -> (value: FieldValue, mask: FieldValue) {
        if location.bitCount <= 64 && location.bitCount + location.shift <= 64 {
            let bits = getBits(location)
            return (
                FieldValue(bits.value, byteCount: byteCount),
                FieldValue(bits.mask, byteCount: byteCount)
            )
        }
        var value = [UInt8](repeating: 0, count: byteCount)
        var mask = value
        let count = min(byteCount, min(location.byteCount, (location.bitCount + 7) / 8))
        var current = MatchWord(index: .max, value: 0, mask: 0)
        for step in 0..<count {
            let offset = location.offset + location.byteCount - 1 - step
            let index = UInt8(truncatingIfNeeded: offset / 8)
            if index != current.index { current = word(at: index) }
            let shift = UInt64(offset % 8) * 8
            value[byteCount - 1 - step] = UInt8(truncatingIfNeeded: current.value >> shift)
            mask[byteCount - 1 - step] = UInt8(truncatingIfNeeded: current.mask >> shift)
        }
        return (FieldValue(bytes: value), FieldValue(bytes: mask))
    }

    /// Value and mask at a place of at most 64 bits.
    public func getBits(_ location: FieldLocation) -> (value: UInt64, mask: UInt64) {
        let limit: UInt64 =
            location.bitCount >= 64 ? .max : 1 << UInt64(location.bitCount) - 1
        var value: UInt64 = 0
        var mask: UInt64 = 0
        var current = MatchWord(index: .max, value: 0, mask: 0)
        for step in 0..<min(location.byteCount, 8) {
            let offset = location.offset + location.byteCount - 1 - step
            let index = UInt8(truncatingIfNeeded: offset / 8)
            if index != current.index { current = word(at: index) }
            let shift = UInt64(offset % 8) * 8
            value |= (current.value >> shift & 0xff) << UInt64(step * 8)
            mask |= (current.mask >> shift & 0xff) << UInt64(step * 8)
        }
        let down = UInt64(location.shift)
        return (value >> down & limit, mask >> down & limit)
    }

    /// Value and mask of a field of at most 64 bits.
    public func bits(of field: Field) -> (value: UInt64, mask: UInt64) {
        getBits(FlowMatch.location(of: field))
    }

    /// Whether `mask`, of a field of at most 64 bits, covers all its bits.
    public func isExact(_ field: Field, mask: UInt64) -> Bool {
        let count = FlowMatch.location(of: field).bitCount
        return mask == (count >= 64 ? .max : 1 << UInt64(count) - 1)
    }

    /// The exact integer a field is constrained to (its low 64 bits), if it is wholly exact.
    public func exact(_ field: Field) -> UInt64? {
        let (value, mask) = get(field)
        guard mask == .exactMask(of: field) else { return nil }
        return value.low64
    }

    /// Whether the match has a word in which `field` lies: false means that it is free.
    ///
    /// **Cost**: a scan of the words, without allocation.
    public func touches(_ field: Field) -> Bool {
        let range = FlowMatch.wordRanges[Int(field.rawValue)]
        return words.contains { $0.index >= range.first && $0.index <= range.last }
    }

    /// The words of the key in which each field lies, by raw value.
    private static let wordRanges: [(first: UInt8, last: UInt8)] = Field.allCases.map {
        let location = location(of: $0)
        return (
            UInt8(location.offset / 8), UInt8((location.offset + location.byteCount - 1) / 8)
        )
    }

    /// Whether any bit of `field` is constrained.
    public func constrains(_ field: Field) -> Bool {
        guard touches(field) else { return false }
        return field.byteCount <= 8 ? bits(of: field).mask != 0 : !get(field).mask.isZero
    }

    /// Where a field's match bits lie; `vlan_vid` includes the presence bit 0x1000.
    static func location(of field: Field) -> FieldLocation { locations[Int(field.rawValue)] }

    private static let locations: [FieldLocation] = Field.allCases.map {
        guard $0 == .vlanVID else { return $0.info.location }
        return FieldLocation(offset: FlowLayout.vlanTCI, byteCount: 2, shift: 0, bitCount: 13)
    }

    /// Calls `body` with each word of the key that the big-endian container at `location` touches
    /// and the bits of `value` and `mask` in it, in memory order.
    private static func eachWord(
        of location: FieldLocation, value: UInt64, mask: UInt64,
        _ body: (UInt8, UInt64, UInt64) -> Void
    ) {
        var word = MatchWord(index: 0, value: 0, mask: 0)
        for step in 0..<min(location.byteCount, 8) {
            let offset = location.offset + location.byteCount - 1 - step
            let index = UInt8(truncatingIfNeeded: offset / 8)
            if index != word.index {
                if word.mask != 0 { body(word.index, word.value, word.mask) }
                word = MatchWord(index: index, value: 0, mask: 0)
            }
            let up = UInt64(offset % 8) * 8
            word.value |= (value >> UInt64(step * 8) & 0xff) << up
            word.mask |= (mask >> UInt64(step * 8) & 0xff) << up
        }
        if word.mask != 0 { body(word.index, word.value, word.mask) }
    }
}
