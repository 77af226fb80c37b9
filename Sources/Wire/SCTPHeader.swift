// SCTP: the common header of twelve bytes and the chunk headers behind it.

/// A view of an SCTP common header.
///
/// **Source**: RFC 9260.
@frozen public struct SCTPHeader: @unchecked Sendable {
    @inlinable public static var byteCount: Int { 12 }
    public let base: UnsafeMutableRawPointer

    @inlinable @inline(always)
    public init?(_ base: UnsafeMutableRawPointer, available: Int) {
        guard available >= 12 else { return nil }
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
    @inlinable public var verificationTag: UInt32 { base.network32(at: 4) }
    /// The CRC-32C, least significant byte first on the wire.
    @inlinable public var checksum: UInt32 {
        get { UInt32(littleEndian: base.loadUnaligned(fromByteOffset: 8, as: UInt32.self)) }
        nonmutating set {
            base.storeBytes(of: newValue.littleEndian, toByteOffset: 8, as: UInt32.self)
        }
    }

    /// Whether the checksum of the packet of `length` bytes is right.
    @inlinable
    public func isChecksumValid(length: Int) -> Bool {
        CRC32C.sctp(base, count: length) == checksum
    }
}

/// Types of SCTP chunks.
@frozen public enum SCTPChunk {
    @inlinable public static var data: UInt8 { 0 }
    @inlinable public static var initiation: UInt8 { 1 }
    @inlinable public static var initiationAck: UInt8 { 2 }
    @inlinable public static var sack: UInt8 { 3 }
    @inlinable public static var heartbeat: UInt8 { 4 }
    @inlinable public static var heartbeatAck: UInt8 { 5 }
    @inlinable public static var abort: UInt8 { 6 }
    @inlinable public static var shutdown: UInt8 { 7 }
    @inlinable public static var shutdownAck: UInt8 { 8 }
    @inlinable public static var error: UInt8 { 9 }
    @inlinable public static var cookieEcho: UInt8 { 10 }
    @inlinable public static var cookieAck: UInt8 { 11 }
    @inlinable public static var shutdownComplete: UInt8 { 14 }
}
