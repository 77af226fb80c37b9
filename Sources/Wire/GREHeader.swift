// GRE with its optional checksum, key and sequence number.

/// A view of a GRE header of version 0.
///
/// **Source**: RFC 2784, RFC 2890.
@frozen public struct GREHeader: @unchecked Sendable {
    @inlinable public static var checksumBit: UInt16 { 0x8000 }
    @inlinable public static var keyBit: UInt16 { 0x2000 }
    @inlinable public static var sequenceBit: UInt16 { 0x1000 }
    public let base: UnsafeMutableRawPointer

    /// The header at `base`, or nil when it does not fit, has another version or uses routing.
    @inlinable
    public init?(_ base: UnsafeMutableRawPointer, available: Int) {
        guard available >= 4, base.network16(at: 0) & 0x4007 == 0 else { return nil }
        self.base = base
        guard headerBytes <= available else { return nil }
    }
    @inlinable public var flags: UInt16 { base.network16(at: 0) }
    /// The Ethertype of the payload.
    @inlinable public var type: UInt16 { base.network16(at: 2) }
    @inlinable public var hasChecksum: Bool { flags & GREHeader.checksumBit != 0 }
    @inlinable public var hasKey: Bool { flags & GREHeader.keyBit != 0 }
    @inlinable public var hasSequence: Bool { flags & GREHeader.sequenceBit != 0 }
    @inlinable public var headerBytes: Int {
        4 &+ (hasChecksum ? 4 : 0) &+ (hasKey ? 4 : 0) &+ (hasSequence ? 4 : 0)
    }
    @inlinable public var key: UInt32 {
        hasKey ? base.network32(at: hasChecksum ? 8 : 4) : 0
    }
    @inlinable public var sequence: UInt32 {
        hasSequence ? base.network32(at: headerBytes &- 4) : 0
    }
}
