// UDP: eight bytes.

/// A view of a UDP header.
///
/// **Source**: RFC 768.
@frozen public struct UDPHeader: @unchecked Sendable {
    @inlinable public static var byteCount: Int { 8 }
    public let base: UnsafeMutableRawPointer

    /// The header at `base`, or nil when fewer than eight of `available` bytes are there.
    @inlinable @inline(always)
    public init?(_ base: UnsafeMutableRawPointer, available: Int) {
        guard available >= 8 else { return nil }
        self.base = base
    }
    @inlinable @inline(always)
    public init(unchecked base: UnsafeMutableRawPointer) { self.base = base }

    @inlinable public var sourcePort: UInt16 {
        get { base.network16(at: 0) }
        nonmutating set { base.setNetwork16(newValue, at: 0) }
    }
    @inlinable public var destinationPort: UInt16 {
        get { base.network16(at: 2) }
        nonmutating set { base.setNetwork16(newValue, at: 2) }
    }
    @inlinable public var length: Int {
        get { Int(base.network16(at: 4)) }
        nonmutating set { base.setNetwork16(UInt16(truncatingIfNeeded: newValue), at: 4) }
    }
    /// Zero means "not computed" on IPv4.
    @inlinable public var checksum: UInt16 {
        get { base.network16(at: 6) }
        nonmutating set { base.setNetwork16(newValue, at: 6) }
    }
    @inlinable public var payload: UnsafeMutableRawPointer { base + 8 }

    @inlinable @discardableResult
    public static func write(
        to base: UnsafeMutableRawPointer, sourcePort: UInt16, destinationPort: UInt16, length: Int
    ) -> UDPHeader {
        base.setNetwork16(sourcePort, at: 0)
        base.setNetwork16(destinationPort, at: 2)
        base.setNetwork16(UInt16(truncatingIfNeeded: length), at: 4)
        base.setNetwork16(0, at: 6)
        return UDPHeader(unchecked: base)
    }
}
