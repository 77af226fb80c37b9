// Ethernet II: 14 bytes.

/// A view of an Ethernet header.
///
/// **Shape**: destination (6), source (6), Ethertype (2). **Source**: IEEE 802.3.
@frozen public struct EthernetHeader: @unchecked Sendable {
    @inlinable public static var byteCount: Int { 14 }
    public let base: UnsafeMutableRawPointer

    /// The header at `base`, or nil when fewer than 14 of `available` bytes are there.
    @inlinable @inline(always)
    public init?(_ base: UnsafeMutableRawPointer, available: Int) {
        guard available >= 14 else { return nil }
        self.base = base
    }

    /// 48 bits, first byte most significant.
    @inlinable public var destination: UInt64 {
        @inline(always) get { EthernetHeader.address(at: base) }
        @inline(always) nonmutating set { EthernetHeader.setAddress(newValue, at: base) }
    }
    /// 48 bits, first byte most significant.
    @inlinable public var source: UInt64 {
        @inline(always) get { EthernetHeader.address(at: base + 6) }
        @inline(always) nonmutating set { EthernetHeader.setAddress(newValue, at: base + 6) }
    }
    /// The field behind the addresses: an Ethertype, a TPID or an IEEE 802.3 length.
    @inlinable public var type: UInt16 {
        @inline(always) get { base.network16(at: 12) }
        @inline(always) nonmutating set { base.setNetwork16(newValue, at: 12) }
    }

    /// Writes a whole header at `base`, which has room for 14 bytes.
    @inlinable
    public static func write(
        to base: UnsafeMutableRawPointer, destination: UInt64, source: UInt64, type: UInt16
    ) {
        setAddress(destination, at: base)
        setAddress(source, at: base + 6)
        base.setNetwork16(type, at: 12)
    }

    /// Six bytes as an integer.
    @inlinable @inline(always)
    public static func address(at base: UnsafeRawPointer) -> UInt64 {
        UInt64(base.network32(at: 0)) << 16 | UInt64(base.network16(at: 4))
    }
    @inlinable @inline(always)
    public static func setAddress(_ address: UInt64, at base: UnsafeMutableRawPointer) {
        base.setNetwork32(UInt32(truncatingIfNeeded: address &>> 16), at: 0)
        base.setNetwork16(UInt16(truncatingIfNeeded: address), at: 4)
    }
}
