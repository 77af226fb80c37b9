// Ethertypes, protocol numbers and their shorthands in match text.

enum EthType {
    static let ipv4: UInt16 = 0x0800
    static let arp: UInt16 = 0x0806
    static let rarp: UInt16 = 0x8035
    static let vlan: UInt16 = 0x8100
    static let qinq: UInt16 = 0x88a8
    static let ipv6: UInt16 = 0x86dd
    static let mpls: UInt16 = 0x8847
    static let mplsMulticast: UInt16 = 0x8848
    /// What a key carries for a frame without an Ethertype.
    static let none: UInt16 = 0x05ff
    /// The least number that is an Ethertype rather than a length.
    static let min: UInt16 = 0x0600

    static func isVLAN(_ type: UInt16) -> Bool { type == vlan || type == qinq }
    static func isMPLS(_ type: UInt16) -> Bool { type == mpls || type == mplsMulticast }
    static func isIP(_ type: UInt16) -> Bool { type == ipv4 || type == ipv6 }
}

enum IPProtocol {
    static let icmp: UInt8 = 1
    static let igmp: UInt8 = 2
    static let tcp: UInt8 = 6
    static let udp: UInt8 = 17
    static let icmpv6: UInt8 = 58
    static let sctp: UInt8 = 132
}

enum ProtocolName {
    /// Ethertype and protocol (0 for none) of each shorthand.
    private static let shorthands: [String: (ethType: UInt16, proto: UInt8)] = [
        "ip": (EthType.ipv4, 0), "ipv4": (EthType.ipv4, 0), "ip4": (EthType.ipv4, 0),
        "arp": (EthType.arp, 0), "icmp": (EthType.ipv4, IPProtocol.icmp),
        "tcp": (EthType.ipv4, IPProtocol.tcp), "udp": (EthType.ipv4, IPProtocol.udp),
        "sctp": (EthType.ipv4, IPProtocol.sctp), "ipv6": (EthType.ipv6, 0),
        "ip6": (EthType.ipv6, 0), "icmp6": (EthType.ipv6, IPProtocol.icmpv6),
        "tcp6": (EthType.ipv6, IPProtocol.tcp), "udp6": (EthType.ipv6, IPProtocol.udp),
        "sctp6": (EthType.ipv6, IPProtocol.sctp), "rarp": (EthType.rarp, 0),
        "mpls": (EthType.mpls, 0), "mplsm": (EthType.mplsMulticast, 0),
    ]

    static func parse(_ name: String) -> (ethType: UInt16, proto: UInt8)? { shorthands[name] }

    /// `tcp`, `tcp6` and so on, nil where the protocol has no shorthand.
    static func transport(_ proto: UInt8, ipv6: Bool) -> String? {
        switch proto {
        case IPProtocol.icmp where !ipv6: return "icmp"
        case IPProtocol.icmpv6 where ipv6: return "icmp6"
        case IPProtocol.tcp: return ipv6 ? "tcp6" : "tcp"
        case IPProtocol.udp: return ipv6 ? "udp6" : "udp"
        case IPProtocol.sctp: return ipv6 ? "sctp6" : "sctp"
        default: return nil
        }
    }
}
