// ARP for Ethernet and IPv4: 28 bytes.

/// A view of an ARP packet for IPv4 over Ethernet.
///
/// **Source**: RFC 826.
@frozen public struct ARPHeader: @unchecked Sendable {
    @inlinable public static var byteCount: Int { 28 }
    @inlinable public static var request: UInt16 { 1 }
    @inlinable public static var reply: UInt16 { 2 }
    public let base: UnsafeMutableRawPointer

    /// The packet at `base`, or nil when it is short or not for IPv4 over Ethernet.
    @inlinable @inline(always)
    public init?(_ base: UnsafeMutableRawPointer, available: Int) {
        guard available >= 28, base.network16(at: 0) == 1,
            base.network16(at: 2) == EtherType.ipv4, base.network16(at: 4) == 0x0604
        else { return nil }
        self.base = base
    }

    @inlinable public var operation: UInt16 {
        get { base.network16(at: 6) }
        nonmutating set { base.setNetwork16(newValue, at: 6) }
    }
    @inlinable public var senderHardware: UInt64 {
        get { EthernetHeader.address(at: base + 8) }
        nonmutating set { EthernetHeader.setAddress(newValue, at: base + 8) }
    }
    @inlinable public var senderProtocol: UInt32 {
        get { base.network32(at: 14) }
        nonmutating set { base.setNetwork32(newValue, at: 14) }
    }
    @inlinable public var targetHardware: UInt64 {
        get { EthernetHeader.address(at: base + 18) }
        nonmutating set { EthernetHeader.setAddress(newValue, at: base + 18) }
    }
    @inlinable public var targetProtocol: UInt32 {
        get { base.network32(at: 24) }
        nonmutating set { base.setNetwork32(newValue, at: 24) }
    }

    /// Writes a whole packet at `base`, which has room for 28 bytes.
    @inlinable
    public static func write(
        to base: UnsafeMutableRawPointer, operation: UInt16, senderHardware: UInt64,
        senderProtocol: UInt32, targetHardware: UInt64, targetProtocol: UInt32
    ) {
        base.setNetwork16(1, at: 0)
        base.setNetwork16(EtherType.ipv4, at: 2)
        base.setNetwork16(0x0604, at: 4)
        base.setNetwork16(operation, at: 6)
        EthernetHeader.setAddress(senderHardware, at: base + 8)
        base.setNetwork32(senderProtocol, at: 14)
        EthernetHeader.setAddress(targetHardware, at: base + 18)
        base.setNetwork32(targetProtocol, at: 24)
    }
}
