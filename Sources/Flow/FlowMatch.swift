// What a rule matches: a sparse list of 64-bit words of the flow key with value and mask. Small,
// hashable, ordered; it is at once the control room's match and the classifier's compiled form.

/// One 64-bit word of a flow key that a match constrains. Value and mask are in memory order:
/// they compare directly against the word loaded from the key.
@frozen public struct MatchWord: Hashable, Sendable {
    /// Index of the word in the flow key (byte offset / 8).
    public var index: UInt8
    public var value: UInt64
    public var mask: UInt64

    @inlinable public init(index: UInt8, value: UInt64, mask: UInt64) {
        self.index = index
        self.value = value
        self.mask = mask
    }
}

/// A match on a flow key.
///
/// **Shape**: words sorted by index, each mask non-zero, no value bit outside its mask; so equal
/// matches are equal values.
public struct FlowMatch: Hashable, Sendable {
    public private(set) var words: [MatchWord] = []

    /// Matches every packet.
    public init() {}

    public var isCatchAll: Bool { words.isEmpty }

    /// Constrains the bits of `mask` at `location` to `value`; earlier constraints on those bits
    /// are replaced, others stay.
    public mutating func set(_ location: FieldLocation, value: FieldValue, mask: FieldValue) {
        FlowMatch.eachByte(of: location, value: value, mask: mask) { offset, value, mask in
            setByte(at: offset, value: value, mask: mask)
        }
    }

    /// Constrains a field that has a fixed place (all but `tun_metadata<n>`).
    public mutating func set(_ field: Field, value: FieldValue, mask: FieldValue) {
        set(FlowMatch.location(of: field), value: value, mask: mask)
    }

    /// Constrains a field exactly to an integer.
    public mutating func set(_ field: Field, to value: UInt64) {
        set(
            field, value: FieldValue(value, byteCount: field.info.byteCount),
            mask: .exactMask(of: field))
    }

    /// Removes any constraint on a field's bits.
    public mutating func clear(_ field: Field) { clear(FlowMatch.location(of: field)) }

    /// Removes any constraint on the bits at `location`.
    public mutating func clear(_ location: FieldLocation) {
        let count = max((location.bitCount + location.shift + 7) / 8, 1)
        let all = FieldValue.ones(bitCount: location.bitCount, byteCount: min(count, 124))
        FlowMatch.eachByte(of: location, value: all, mask: all) { offset, _, mask in
            clearByte(at: offset, bits: mask)
        }
    }

    /// Value and mask of a field; a mask of zeros means unconstrained.
    public func get(_ field: Field) -> (value: FieldValue, mask: FieldValue) {
        get(FlowMatch.location(of: field), byteCount: field.info.byteCount)
    }

    /// Value and mask of the bits at `location`, in `byteCount` bytes.
    public func get(
        _ location: FieldLocation, byteCount: Int
    ) -> (value: FieldValue, mask: FieldValue) {
        var value = [UInt8](repeating: 0, count: byteCount)
        var mask = value
        for bit in 0..<min(location.bitCount, byteCount * 8) {
            let position = bit + location.shift
            let (byteValue, byteMask) = byte(
                at: location.offset + location.byteCount - 1 - position / 8)
            let inByte = UInt8(position % 8)
            let outByte = byteCount - 1 - bit / 8
            value[outByte] |= (byteValue >> inByte & 1) << UInt8(bit % 8)
            mask[outByte] |= (byteMask >> inByte & 1) << UInt8(bit % 8)
        }
        return (FieldValue(bytes: value), FieldValue(bytes: mask))
    }

    /// The exact integer a field is constrained to (its low 64 bits), if it is wholly exact.
    public func exact(_ field: Field) -> UInt64? {
        let (value, mask) = get(field)
        guard mask == .exactMask(of: field) else { return nil }
        return value.low64
    }

    /// Whether any bit of `field` is constrained.
    public func constrains(_ field: Field) -> Bool { !get(field).mask.isZero }

    /// Whether every packet that `other` matches is matched by this one: the test of a non-strict
    /// flow-mod or a flow-stats request.
    public func covers(_ other: FlowMatch) -> Bool {
        var position = 0
        for word in words {
            while position < other.words.count && other.words[position].index < word.index {
                position += 1
            }
            guard position < other.words.count, other.words[position].index == word.index,
                other.words[position].mask & word.mask == word.mask,
                (other.words[position].value ^ word.value) & word.mask == 0
            else { return false }
        }
        return true
    }

    /// Whether some packet could match both: the test of OpenFlow's overlap check.
    public func overlaps(_ other: FlowMatch) -> Bool {
        var position = 0
        for word in words {
            while position < other.words.count && other.words[position].index < word.index {
                position += 1
            }
            guard position < other.words.count else { return true }
            guard other.words[position].index == word.index else { continue }
            let common = other.words[position].mask & word.mask
            if (other.words[position].value ^ word.value) & common != 0 { return false }
        }
        return true
    }

    /// Where a field's match bits lie; `vlan_vid` includes the presence bit 0x1000.
    static func location(of field: Field) -> FieldLocation {
        let location = field.info.location
        guard field == .vlanVID else { return location }
        return FieldLocation(
            offset: location.offset, byteCount: location.byteCount, shift: 0, bitCount: 13)
    }

    /// Calls `body` with key offset, value and mask of each key byte that the field touches.
    private static func eachByte(
        of location: FieldLocation, value: FieldValue, mask: FieldValue,
        _ body: (Int, UInt8, UInt8) -> Void
    ) {
        let bytes = (location.bitCount + location.shift + 7) / 8
        var carryValue: UInt16 = 0
        var carryMask: UInt16 = 0
        let shift = UInt16(location.shift % 8)
        let skip = location.shift / 8
        let limit = FieldValue.ones(bitCount: location.bitCount, byteCount: bytes)
        for step in 0..<max(bytes - skip, 0) {
            let source = mask.bytes.count - 1 - step
            let limitByte = UInt16(limit.bytes[bytes - 1 - step])
            let maskByte = source >= 0 ? UInt16(mask.bytes[source]) & limitByte : 0
            let valueSource = value.bytes.count - 1 - step
            let valueByte = (valueSource >= 0 ? UInt16(value.bytes[valueSource]) : 0) & maskByte
            let shiftedValue = valueByte << shift | carryValue
            let shiftedMask = maskByte << shift | carryMask
            carryValue = shiftedValue >> 8
            carryMask = shiftedMask >> 8
            let offset = location.offset + location.byteCount - 1 - skip - step
            if shiftedMask & 0xff != 0 {
                body(offset, UInt8(shiftedValue & 0xff), UInt8(shiftedMask & 0xff))
            }
        }
    }

    private func byte(at offset: Int) -> (UInt8, UInt8) {
        guard let word = words.first(where: { Int($0.index) == offset / 8 }) else { return (0, 0) }
        let shift = UInt64(offset % 8) * 8
        return (
            UInt8(truncatingIfNeeded: word.value >> shift),
            UInt8(truncatingIfNeeded: word.mask >> shift)
        )
    }

    private mutating func setByte(at offset: Int, value: UInt8, mask: UInt8) {
        let index = UInt8(offset / 8)
        let shift = UInt64(offset % 8) * 8
        let wideMask = UInt64(mask) << shift
        let wideValue = UInt64(value & mask) << shift
        let position = words.firstIndex { $0.index >= index } ?? words.count
        if position < words.count && words[position].index == index {
            words[position].value = words[position].value & ~wideMask | wideValue
            words[position].mask |= wideMask
        } else {
            words.insert(MatchWord(index: index, value: wideValue, mask: wideMask), at: position)
        }
    }

    private mutating func clearByte(at offset: Int, bits: UInt8) {
        let index = UInt8(offset / 8)
        guard let position = words.firstIndex(where: { $0.index == index }) else { return }
        let wide = UInt64(bits) << (UInt64(offset % 8) * 8)
        words[position].mask &= ~wide
        words[position].value &= ~wide
        if words[position].mask == 0 { words.remove(at: position) }
    }
}
