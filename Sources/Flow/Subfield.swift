// A range of bits of a field, as actions name it: `reg0[5..9]`.

/// Bits `offset ..< offset + bitCount` of `field`, counted from the least significant.
public struct Subfield: Hashable, Sendable {
    public var field: Field
    public var offset: Int
    public var bitCount: Int

    public init(_ field: Field, offset: Int, bitCount: Int) {
        self.field = field
        self.offset = offset
        self.bitCount = bitCount
    }

    /// The whole field.
    public init(_ field: Field) {
        self.init(field, offset: 0, bitCount: field.info.bitCount)
    }

    /// Whether it covers the field wholly.
    public var isWhole: Bool { offset == 0 && bitCount == field.info.bitCount }
    /// Whether it lies within the field's bits.
    public var isValid: Bool {
        offset >= 0 && bitCount > 0 && offset + bitCount <= field.info.bitCount
    }
}
