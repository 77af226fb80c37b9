// TCP: 20 to 60 bytes.

/// A view of a TCP header whose lengths were checked.
///
/// **Source**: RFC 9293.
@frozen public struct TCPHeader: @unchecked Sendable {
    @inlinable public static var byteCountMin: Int { 20 }
    public let base: UnsafeMutableRawPointer

    /// The header at `base`, or nil when it or its options do not fit into `available`.
    @inlinable @inline(always)
    public init?(_ base: UnsafeMutableRawPointer, available: Int) {
        guard available >= 20 else { return nil }
        let header = Int(base.network8(at: 12) &>> 4) &* 4
        guard header >= 20, header <= available else { return nil }
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
    @inlinable public var sequence: UInt32 {
        get { base.network32(at: 4) }
        nonmutating set { base.setNetwork32(newValue, at: 4) }
    }
    @inlinable public var acknowledgement: UInt32 {
        get { base.network32(at: 8) }
        nonmutating set { base.setNetwork32(newValue, at: 8) }
    }
    @inlinable public var headerBytes: Int { Int(base.network8(at: 12) &>> 4) &* 4 }
    /// The low 12 bits of data offset and flags.
    @inlinable public var flags: UInt16 {
        get { base.network16(at: 12) & 0x0fff }
        nonmutating set {
            base.setNetwork16((base.network16(at: 12) & 0xf000) | (newValue & 0xfff), at: 12)
        }
    }
    @inlinable public var window: UInt16 {
        get { base.network16(at: 14) }
        nonmutating set { base.setNetwork16(newValue, at: 14) }
    }
    @inlinable public var checksum: UInt16 {
        get { base.network16(at: 16) }
        nonmutating set { base.setNetwork16(newValue, at: 16) }
    }
    @inlinable public var payload: UnsafeMutableRawPointer { base + headerBytes }

    /// Writes a header without options at `base`, which has room for 20 bytes, with a zero
    /// checksum.
    @inlinable @discardableResult
    public static func write(
        to base: UnsafeMutableRawPointer, sourcePort: UInt16, destinationPort: UInt16,
        sequence: UInt32, acknowledgement: UInt32, flags: UInt16, window: UInt16,
        headerBytes: Int = 20
    ) -> TCPHeader {
        base.setNetwork16(sourcePort, at: 0)
        base.setNetwork16(destinationPort, at: 2)
        base.setNetwork32(sequence, at: 4)
        base.setNetwork32(acknowledgement, at: 8)
        let offset = UInt16(truncatingIfNeeded: headerBytes / 4) << 12
        base.setNetwork16(offset | (flags & 0xfff), at: 12)
        base.setNetwork16(window, at: 14)
        base.setNetwork32(0, at: 16)
        return TCPHeader(unchecked: base)
    }
}

/// Bits of `TCPHeader.flags`.
@frozen public enum TCPFlags {
    @inlinable public static var fin: UInt16 { 0x001 }
    @inlinable public static var syn: UInt16 { 0x002 }
    @inlinable public static var rst: UInt16 { 0x004 }
    @inlinable public static var psh: UInt16 { 0x008 }
    @inlinable public static var ack: UInt16 { 0x010 }
    @inlinable public static var urg: UInt16 { 0x020 }
    @inlinable public static var ece: UInt16 { 0x040 }
    @inlinable public static var cwr: UInt16 { 0x080 }
    @inlinable public static var ns: UInt16 { 0x100 }
}
