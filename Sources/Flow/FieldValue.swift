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
        for bit in 0..<min(bitCount, byteCount * 8) {
            bytes[byteCount - 1 - bit / 8] |= 1 << UInt8(bit % 8)
        }
        return FieldValue(bytes: bytes)
    }

    /// The exact mask of `field`: its significant bits. `vlan_vid` includes the presence bit.
    public static func exactMask(of field: Field) -> FieldValue {
        let info = field.info
        let bits = field == .vlanVID ? 13 : info.bitCount
        return ones(bitCount: bits, byteCount: info.byteCount)
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

    public var isZero: Bool { bytes.allSatisfy { $0 == 0 } }

    /// The bit at `position`, counted from the least significant.
    public func bit(_ position: Int) -> Bool {
        let index = bytes.count - 1 - position / 8
        guard index >= 0 else { return false }
        return bytes[index] >> UInt8(position % 8) & 1 == 1
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
