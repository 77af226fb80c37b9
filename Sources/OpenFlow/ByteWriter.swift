// An append-only buffer for messages being built, with the patching that length fields need.

/// Appends big-endian integers and bytes.
public struct ByteWriter: Sendable {
    public private(set) var bytes: [UInt8] = []

    public init() {}
    public init(reserving capacity: Int) { bytes.reserveCapacity(capacity) }

    public var count: Int { bytes.count }

    public mutating func u8(_ value: UInt8) { bytes.append(value) }
    public mutating func u16(_ value: UInt16) {
        bytes.append(UInt8(truncatingIfNeeded: value >> 8))
        bytes.append(UInt8(truncatingIfNeeded: value))
    }
    public mutating func u32(_ value: UInt32) {
        u16(UInt16(truncatingIfNeeded: value >> 16))
        u16(UInt16(truncatingIfNeeded: value))
    }
    /// The low 48 bits, most significant byte first.
    public mutating func u48(_ value: UInt64) {
        u16(UInt16(truncatingIfNeeded: value >> 32))
        u32(UInt32(truncatingIfNeeded: value))
    }
    public mutating func u64(_ value: UInt64) {
        u32(UInt32(truncatingIfNeeded: value >> 32))
        u32(UInt32(truncatingIfNeeded: value))
    }
    public mutating func put<Bytes: Sequence>(_ more: Bytes) where Bytes.Element == UInt8 {
        bytes.append(contentsOf: more)
    }
    public mutating func zeros(_ count: Int) {
        if count > 0 { bytes.append(contentsOf: repeatElement(0, count: count)) }
    }

    /// Pads with zeros until `count - start` is a multiple of `multiple`.
    public mutating func pad(to multiple: Int, from start: Int = 0) {
        let excess = (bytes.count - start) % multiple
        if excess != 0 { zeros(multiple - excess) }
    }

    /// Overwrites the two bytes at `offset`; used for lengths known only later.
    public mutating func patch16(_ value: UInt16, at offset: Int) {
        bytes[offset] = UInt8(truncatingIfNeeded: value >> 8)
        bytes[offset + 1] = UInt8(truncatingIfNeeded: value)
    }

    /// Overwrites the two bytes at `offset` with the byte count since `start`.
    public mutating func patchLength(at offset: Int, from start: Int) {
        patch16(UInt16(truncatingIfNeeded: bytes.count - start), at: offset)
    }

    /// Drops everything from `count` on.
    public mutating func truncate(to count: Int) {
        if count < bytes.count { bytes.removeSubrange(count...) }
    }
}
