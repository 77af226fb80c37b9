// An IPv4 or IPv6 address as conntrack keeps it: sixteen bytes in packet order, an IPv4 address in
// the first four and zeros behind.

import Wire

/// An address of either family in packet order.
@frozen public struct ConntrackAddress: Equatable, Sendable {
    /// The first eight bytes, as memory holds them.
    public var word0: UInt64
    /// The last eight bytes, as memory holds them.
    public var word1: UInt64

    @inlinable @inline(always)
    public init() {
        word0 = 0
        word1 = 0
    }

    /// An IPv4 address in host order.
    @inlinable @inline(always)
    public init(ipv4: UInt32) {
        word0 = UInt64(ipv4.bigEndian)
        word1 = 0
    }

    /// The 16 bytes at `bytes`.
    @inlinable @inline(always)
    public init(ipv6 bytes: UnsafeRawPointer) {
        word0 = bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
        word1 = bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
    }

    /// An IPv6 address as two numbers in host order.
    @inlinable @inline(always)
    public init(high: UInt64, low: UInt64) {
        word0 = high.bigEndian
        word1 = low.bigEndian
    }

    /// The IPv4 address in host order.
    @inlinable public var ipv4: UInt32 {
        @inline(always) get { UInt32(bigEndian: UInt32(truncatingIfNeeded: word0)) }
    }
    /// The first half of an IPv6 address in host order.
    @inlinable public var high: UInt64 { UInt64(bigEndian: word0) }
    /// The second half of an IPv6 address in host order.
    @inlinable public var low: UInt64 { UInt64(bigEndian: word1) }
    @inlinable public var isZero: Bool { word0 | word1 == 0 }

    /// Writes the 16 bytes of an IPv6 address.
    @inlinable @inline(always)
    public func storeIPv6(to bytes: UnsafeMutableRawPointer) {
        bytes.storeBytes(of: word0, as: UInt64.self)
        bytes.storeBytes(of: word1, toByteOffset: 8, as: UInt64.self)
    }
}
