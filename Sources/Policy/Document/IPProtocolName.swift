// Names of IP protocols, as OpenStack knows them.

/// IP protocols by name.
public enum IPProtocolName {
    /// **Source**: the networking API, `security_group_rules.protocol`.
    static let numbers: [String: UInt8] = [
        "ah": 51, "dccp": 33, "egp": 8, "esp": 50, "gre": 47, "icmp": 1, "icmpv6": 58, "igmp": 2,
        "ipip": 4, "ipv6-encap": 41, "ipv6-frag": 44, "ipv6-icmp": 58, "ipv6-nonxt": 59,
        "ipv6-opts": 60, "ipv6-route": 43, "ospf": 89, "pgm": 113, "rsvp": 46, "sctp": 132,
        "tcp": 6, "udp": 17, "udplite": 136, "vrrp": 112,
    ]

    /// The number of a name or of a number as text.
    public static func number(_ text: String) -> UInt8? {
        numbers[text.lowercased()] ?? UInt8(text)
    }

    /// The name of a number, or the number.
    public static func name(_ number: UInt8) -> String {
        switch number {
        case 58: "ipv6-icmp"
        default: numbers.first { $0.value == number }?.key ?? String(number)
        }
    }

    /// Those whose ports can be matched.
    static let withPorts: Set<UInt8> = [6, 17, 132]
}
