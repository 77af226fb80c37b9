// Numbers of Ethertypes and IP protocols that the switch knows.

/// Ethertypes in host order.
@frozen public enum EtherType {
    @inlinable public static var ipv4: UInt16 { 0x0800 }
    @inlinable public static var arp: UInt16 { 0x0806 }
    @inlinable public static var transparentBridging: UInt16 { 0x6558 }
    @inlinable public static var rarp: UInt16 { 0x8035 }
    @inlinable public static var vlan: UInt16 { 0x8100 }
    @inlinable public static var ipv6: UInt16 { 0x86dd }
    @inlinable public static var slow: UInt16 { 0x8809 }
    @inlinable public static var mpls: UInt16 { 0x8847 }
    @inlinable public static var mplsMulticast: UInt16 { 0x8848 }
    @inlinable public static var serviceVLAN: UInt16 { 0x88a8 }
    @inlinable public static var lldp: UInt16 { 0x88cc }
    @inlinable public static var cfm: UInt16 { 0x8902 }
    /// Below this the field is the length of an IEEE 802.3 frame.
    @inlinable public static var minimum: UInt16 { 0x0600 }
}

/// IP protocol numbers.
@frozen public enum IPProtocol {
    @inlinable public static var hopByHop: UInt8 { 0 }
    @inlinable public static var icmp: UInt8 { 1 }
    @inlinable public static var igmp: UInt8 { 2 }
    @inlinable public static var tcp: UInt8 { 6 }
    @inlinable public static var udp: UInt8 { 17 }
    @inlinable public static var routing: UInt8 { 43 }
    @inlinable public static var fragment: UInt8 { 44 }
    @inlinable public static var gre: UInt8 { 47 }
    @inlinable public static var authentication: UInt8 { 51 }
    @inlinable public static var icmpv6: UInt8 { 58 }
    @inlinable public static var noNext: UInt8 { 59 }
    @inlinable public static var destinationOptions: UInt8 { 60 }
    @inlinable public static var sctp: UInt8 { 132 }
}
