// Geneve: eight bytes and up to 252 bytes of options behind UDP.

/// A view of a Geneve header with its options.
///
/// **Source**: RFC 8926.
@frozen public struct GeneveHeader: @unchecked Sendable {
    @inlinable public static var byteCountMin: Int { 8 }
    @inlinable public static var port: UInt16 { 6081 }
    public let base: UnsafeMutableRawPointer

    /// The header at `base`, or nil when it or its options do not fit or the version is not 0.
    @inlinable
    public init?(_ base: UnsafeMutableRawPointer, available: Int) {
        guard available >= 8, base.network8(at: 0) &>> 6 == 0,
            8 &+ Int(base.network8(at: 0) & 0x3f) &* 4 <= available
        else { return nil }
        self.base = base
    }
    @inlinable public var optionBytes: Int { Int(base.network8(at: 0) & 0x3f) &* 4 }
    @inlinable public var headerBytes: Int { 8 &+ optionBytes }
    @inlinable public var isControl: Bool { base.network8(at: 1) & 0x80 != 0 }
    @inlinable public var isCritical: Bool { base.network8(at: 1) & 0x40 != 0 }
    @inlinable public var type: UInt16 { base.network16(at: 2) }
    @inlinable public var vni: UInt32 { base.network32(at: 4) &>> 8 }
    @inlinable public var options: UnsafeMutableRawPointer { base + 8 }

    /// The option at `offset` within the options: class, type, offset of its data from `base` and
    /// length of the data; nil when it does not fit. The next option begins at `offset + 4 +
    /// dataBytes`.
    @inlinable
    public func option(
        at offset: Int
    ) -> (optionClass: UInt16, type: UInt8, dataOffset: Int, dataBytes: Int)? {
        guard offset >= 0, offset <= optionBytes &- 4 else { return nil }
        let option = base + (8 &+ offset)
        let size = Int(option.network8(at: 3) & 0x1f) &* 4
        guard offset &+ 4 &+ size <= optionBytes else { return nil }
        return (option.network16(at: 0), option.network8(at: 2), 12 &+ offset, size)
    }
}
