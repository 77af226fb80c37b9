// The table of the datapath syntax: which attribute has which members.

import Flow

/// The attributes that have named members, and where those go in the flow key.
enum DatapathAttribute {
    enum Kind {
        case number(Int, Int)
        case ipv4(Int)
        case ipv6(Int)
        case ethernet(Int)
        case fragment
        /// Bits of a VLAN tag: shift and width.
        case tag(Int, Int)
        /// Bits of an MPLS label stack entry: shift and width.
        case label(Int, Int)
        /// Half of a packet type: shift.
        case packetType(Int)
    }

    struct Member {
        let name: String
        let kind: Kind
    }

    static func fields(_ attribute: String) -> [Member]? { table[attribute] }

    private static let ports = [
        Member(name: "src", kind: .number(FlowLayout.l4Source, 2)),
        Member(name: "dst", kind: .number(FlowLayout.l4Destination, 2)),
    ]
    private static let icmp = [
        Member(name: "type", kind: .number(FlowLayout.l4Source + 1, 1)),
        Member(name: "code", kind: .number(FlowLayout.l4Destination + 1, 1)),
    ]
    private static let conntrackPorts = [
        Member(name: "proto", kind: .number(FlowLayout.ctProtocol, 1)),
        Member(name: "tp_src", kind: .number(FlowLayout.ctSourcePort, 2)),
        Member(name: "tp_dst", kind: .number(FlowLayout.ctDestinationPort, 2)),
        Member(name: "src_port", kind: .number(FlowLayout.ctSourcePort, 2)),
        Member(name: "dst_port", kind: .number(FlowLayout.ctDestinationPort, 2)),
    ]

    private static let table: [String: [Member]] = [
        "ct_tuple4": [
            Member(name: "src", kind: .ipv4(FlowLayout.ctIPv4Source)),
            Member(name: "dst", kind: .ipv4(FlowLayout.ctIPv4Destination)),
        ] + conntrackPorts,
        "ct_tuple6": [
            Member(name: "src", kind: .ipv6(FlowLayout.ctIPv6Source)),
            Member(name: "dst", kind: .ipv6(FlowLayout.ctIPv6Destination)),
        ] + conntrackPorts,
        "packet_type": [
            Member(name: "ns", kind: .packetType(16)), Member(name: "id", kind: .packetType(0)),
        ],
        "eth": [
            Member(name: "src", kind: .ethernet(FlowLayout.ethSource)),
            Member(name: "dst", kind: .ethernet(FlowLayout.ethDestination)),
        ],
        "vlan": [
            Member(name: "vid", kind: .tag(0, 12)), Member(name: "pcp", kind: .tag(13, 3)),
            Member(name: "cfi", kind: .tag(12, 1)),
        ],
        "mpls": [
            Member(name: "label", kind: .label(12, 20)), Member(name: "tc", kind: .label(9, 3)),
            Member(name: "ttl", kind: .label(0, 8)), Member(name: "bos", kind: .label(8, 1)),
        ],
        "ipv4": [
            Member(name: "src", kind: .ipv4(FlowLayout.ipv4Source)),
            Member(name: "dst", kind: .ipv4(FlowLayout.ipv4Destination)),
            Member(name: "proto", kind: .number(FlowLayout.ipProtocol, 1)),
            Member(name: "tos", kind: .number(FlowLayout.ipTOS, 1)),
            Member(name: "ttl", kind: .number(FlowLayout.ipTTL, 1)),
            Member(name: "frag", kind: .fragment),
        ],
        "ipv6": [
            Member(name: "src", kind: .ipv6(FlowLayout.ipv6Source)),
            Member(name: "dst", kind: .ipv6(FlowLayout.ipv6Destination)),
            Member(name: "label", kind: .number(FlowLayout.ipv6Label, 4)),
            Member(name: "proto", kind: .number(FlowLayout.ipProtocol, 1)),
            Member(name: "tclass", kind: .number(FlowLayout.ipTOS, 1)),
            Member(name: "hlimit", kind: .number(FlowLayout.ipTTL, 1)),
            Member(name: "frag", kind: .fragment),
        ],
        "tcp": ports, "udp": ports, "sctp": ports, "icmp": icmp, "icmpv6": icmp,
        "arp": [
            Member(name: "sip", kind: .ipv4(FlowLayout.ipv4Source)),
            Member(name: "tip", kind: .ipv4(FlowLayout.ipv4Destination)),
            Member(name: "op", kind: .number(FlowLayout.ipProtocol, 1)),
            Member(name: "sha", kind: .ethernet(FlowLayout.arpSourceHardware)),
            Member(name: "tha", kind: .ethernet(FlowLayout.arpTargetHardware)),
        ],
        "nd": [
            Member(name: "target", kind: .ipv6(FlowLayout.ndTarget)),
            Member(name: "sll", kind: .ethernet(FlowLayout.arpSourceHardware)),
            Member(name: "tll", kind: .ethernet(FlowLayout.arpTargetHardware)),
        ],
        "nd_ext": [
            Member(name: "nd_reserved", kind: .number(FlowLayout.ndReserved, 4)),
            Member(name: "nd_options_type", kind: .number(FlowLayout.ndOptionsType, 1)),
        ],
    ]
}
