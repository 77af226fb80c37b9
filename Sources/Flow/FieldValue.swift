// A field's value or mask outside the flow key: big-endian bytes of the field's wire width. The
// control room's currency for matches, set-field operands and learned values.

/// A value of up to 124 bytes, most significant byte first, right aligned.
public struct FieldValue: Hashable, Sendable {
    public var bytes: [UInt8]

    public init(bytes: [UInt8]) { self.bytes = bytes }

    /// The integer `value` in `byteCount` bytes; higher bits that do not fit are dropped.
    public init(_ value: UInt64, byteCount: Int) {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        var rest = value
        var index = byteCount - 1
        while index >= 0 && rest != 0 {
            bytes[index] = UInt8(truncatingIfNeeded: rest)
            rest >>= 8
            index -= 1
        }
        self.bytes = bytes
    }

    /// All ones in the low `bitCount` bits of `byteCount` bytes.
    public static func ones(bitCount: Int, byteCount: Int) -> FieldValue {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        let count = max(0, min(bitCount, byteCount * 8))
        for step in 0..<count / 8 { bytes[byteCount - 1 - step] = 0xff }
        if count % 8 != 0 { bytes[byteCount - 1 - count / 8] = 1 << UInt8(count % 8) - 1 }
        return FieldValue(bytes: bytes)
    }

    /// The exact mask of `field`: its significant bits. `vlan_vid` includes the presence bit.
    public static func exactMask(of field: Field) -> FieldValue {
        exactMasks[Int(field.rawValue)]
    }

    private static let exactMasks: [FieldValue] = Field.allCases.map {
        let bits = $0 == .vlanVID ? 13 : $0.info.bitCount
        return ones(bitCount: bits, byteCount: $0.info.byteCount)
    }

    /// The low 64 bits.
    public var low64: UInt64 {
        var value: UInt64 = 0
        for byte in bytes.suffix(8) { value = value << 8 | UInt64(byte) }
        return value
    }

    /// The 64 bits above the low 64.
    public var high64: UInt64 {
        var value: UInt64 = 0
        for byte in bytes.dropLast(min(8, bytes.count)).suffix(8) {
            value = value << 8 | UInt64(byte)
        }
        return value
    }

    /// The byte `step` places above the least significant one; 0 beyond the first.
    func byte(_ step: Int) -> UInt8 {
        let index = bytes.count - 1 - step
        return index >= 0 ? bytes[index] : 0
    }

    public var isZero: Bool { bytes.allSatisfy { $0 == 0 } }

    /// The bit at `position`, counted from the least significant.
    public func bit(_ position: Int) -> Bool {
        let index = bytes.count - 1 - position / 8
        guard index >= 0 else { return false }
        return bytes[index] >> UInt8(position % 8) & 1 == 1
    }

    /// Whether every bit is 1.
    public var isAllOnes: Bool { bytes.allSatisfy { $0 == 0xff } }

    /// The same number in `byteCount` bytes: zeros are put before it, or high bytes dropped.
    public func resized(to byteCount: Int) -> FieldValue {
        if bytes.count == byteCount { return self }
        if bytes.count > byteCount { return FieldValue(bytes: Array(bytes.suffix(byteCount))) }
        return FieldValue(
            bytes: [UInt8](repeating: 0, count: byteCount - bytes.count) + bytes)
    }

    /// The `count` bits from `offset` on, as a number; at most 64.
    public func bits(at offset: Int, count: Int) -> UInt64 {
        var result: UInt64 = 0
        for position in 0..<min(count, 64) where bit(offset + position) {
            result |= 1 << UInt64(position)
        }
        return result
    }

    /// Overwrites the `count` bits from `offset` on with the low bits of `source`.
    public mutating func setBits(at offset: Int, count: Int, from source: FieldValue) {
        for position in 0..<count {
            let index = bytes.count - 1 - (offset + position) / 8
            guard index >= 0 else { return }
            let one: UInt8 = 1 << UInt8((offset + position) % 8)
            if source.bit(position) { bytes[index] |= one } else { bytes[index] &= ~one }
        }
    }

    public static func & (left: FieldValue, right: FieldValue) -> FieldValue {
        FieldValue(bytes: zip(left.bytes, right.bytes).map { $0 & $1 })
    }

    public static func | (left: FieldValue, right: FieldValue) -> FieldValue {
        FieldValue(bytes: zip(left.bytes, right.bytes).map { $0 | $1 })
    }

    public static prefix func ~ (value: FieldValue) -> FieldValue {
        FieldValue(bytes: value.bytes.map { ~$0 })
    }
}
