// Rows of the field table: IP, ARP and transport. Facts of ovs-fields(7) and of the OXM registries.

extension FieldInfo {
    /// In the order of `Field`.
    static let networkRows: [FieldInfo] = [
        FieldInfo(
            .ipv4Source, "ip_src", alias: "nw_src", bytes: 4, bits: 32,
            at: FlowLayout.ipv4Source, container: 4, shift: 0,
            maskable: true, writable: true, .ipv4, .ipv4,
            nxm: OXMHeader(oxmClass: 0x0000, field: 7, experimenter: 0),
            oxm: OXMHeader(oxmClass: 0x8000, field: 11, experimenter: 0)),
        FieldInfo(
            .ipv4Destination, "ip_dst", alias: "nw_dst", bytes: 4, bits: 32,
            at: FlowLayout.ipv4Destination, container: 4, shift: 0,
            maskable: true, writable: true, .ipv4, .ipv4,
            nxm: OXMHeader(oxmClass: 0x0000, field: 8, experimenter: 0),
            oxm: OXMHeader(oxmClass: 0x8000, field: 12, experimenter: 0)),
        FieldInfo(
            .ipv6Source, "ipv6_src", alias: nil, bytes: 16, bits: 128,
            at: FlowLayout.ipv6Source, container: 16, shift: 0,
            maskable: true, writable: true, .ipv6, .ipv6,
            nxm: OXMHeader(oxmClass: 0x0001, field: 19, experimenter: 0),
            oxm: OXMHeader(oxmClass: 0x8000, field: 26, experimenter: 0)),
        FieldInfo(
            .ipv6Destination, "ipv6_dst", alias: nil, bytes: 16, bits: 128,
            at: FlowLayout.ipv6Destination, container: 16, shift: 0,
            maskable: true, writable: true, .ipv6, .ipv6,
            nxm: OXMHeader(oxmClass: 0x0001, field: 20, experimenter: 0),
            oxm: OXMHeader(oxmClass: 0x8000, field: 27, experimenter: 0)),
        FieldInfo(
            .ipv6Label, "ipv6_label", alias: nil, bytes: 4, bits: 20,
            at: FlowLayout.ipv6Label, container: 4, shift: 0,
            maskable: true, writable: true, .hexadecimal, .ipv6,
            nxm: OXMHeader(oxmClass: 0x0001, field: 27, experimenter: 0),
            oxm: OXMHeader(oxmClass: 0x8000, field: 28, experimenter: 0)),
        FieldInfo(
            .ipProtocol, "nw_proto", alias: "ip_proto", bytes: 1, bits: 8,
            at: FlowLayout.ipProtocol, container: 1, shift: 0,
            maskable: false, writable: false, .decimal, .ip,
            nxm: OXMHeader(oxmClass: 0x0000, field: 6, experimenter: 0),
            oxm: OXMHeader(oxmClass: 0x8000, field: 10, experimenter: 0)),
        FieldInfo(
            .ipTOS, "nw_tos", alias: nil, bytes: 1, bits: 8,
            at: FlowLayout.ipTOS, container: 1, shift: 0,
            maskable: false, writable: true, .decimal, .ip,
            nxm: OXMHeader(oxmClass: 0x0000, field: 5, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .ipDSCP, "ip_dscp", alias: nil, bytes: 1, bits: 6,
            at: FlowLayout.ipTOS, container: 1, shift: 2,
            maskable: false, writable: true, .decimal, .ip,
            nxm: nil,
            oxm: OXMHeader(oxmClass: 0x8000, field: 8, experimenter: 0)),
        FieldInfo(
            .ipECN, "nw_ecn", alias: "ip_ecn", bytes: 1, bits: 2,
            at: FlowLayout.ipTOS, container: 1, shift: 0,
            maskable: false, writable: true, .decimal, .ip,
            nxm: OXMHeader(oxmClass: 0x0001, field: 28, experimenter: 0),
            oxm: OXMHeader(oxmClass: 0x8000, field: 9, experimenter: 0)),
        FieldInfo(
            .ipTTL, "nw_ttl", alias: nil, bytes: 1, bits: 8,
            at: FlowLayout.ipTTL, container: 1, shift: 0,
            maskable: false, writable: true, .decimal, .ip,
            nxm: OXMHeader(oxmClass: 0x0001, field: 29, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .ipFragment, "ip_frag", alias: nil, bytes: 1, bits: 2,
            at: FlowLayout.ipFragment, container: 1, shift: 0,
            maskable: true, writable: false, .fragment, .ip,
            nxm: OXMHeader(oxmClass: 0x0001, field: 26, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .arpOpcode, "arp_op", alias: nil, bytes: 2, bits: 16,
            at: FlowLayout.ipProtocol, container: 1, shift: 0,
            maskable: false, writable: true, .decimal, .arp,
            nxm: OXMHeader(oxmClass: 0x0000, field: 15, experimenter: 0),
            oxm: OXMHeader(oxmClass: 0x8000, field: 21, experimenter: 0)),
        FieldInfo(
            .arpSourceProtocol, "arp_spa", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.ipv4Source, container: 4, shift: 0,
            maskable: true, writable: true, .ipv4, .arp,
            nxm: OXMHeader(oxmClass: 0x0000, field: 16, experimenter: 0),
            oxm: OXMHeader(oxmClass: 0x8000, field: 22, experimenter: 0)),
        FieldInfo(
            .arpTargetProtocol, "arp_tpa", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.ipv4Destination, container: 4, shift: 0,
            maskable: true, writable: true, .ipv4, .arp,
            nxm: OXMHeader(oxmClass: 0x0000, field: 17, experimenter: 0),
            oxm: OXMHeader(oxmClass: 0x8000, field: 23, experimenter: 0)),
        FieldInfo(
            .arpSourceHardware, "arp_sha", alias: nil, bytes: 6, bits: 48,
            at: FlowLayout.arpSourceHardware, container: 6, shift: 0,
            maskable: true, writable: true, .ethernet, .arp,
            nxm: OXMHeader(oxmClass: 0x0001, field: 17, experimenter: 0),
            oxm: OXMHeader(oxmClass: 0x8000, field: 24, experimenter: 0)),
        FieldInfo(
            .arpTargetHardware, "arp_tha", alias: nil, bytes: 6, bits: 48,
            at: FlowLayout.arpTargetHardware, container: 6, shift: 0,
            maskable: true, writable: true, .ethernet, .arp,
            nxm: OXMHeader(oxmClass: 0x0001, field: 18, experimenter: 0),
            oxm: OXMHeader(oxmClass: 0x8000, field: 25, experimenter: 0)),
        FieldInfo(
            .tcpSource, "tcp_src", alias: "tp_src", bytes: 2, bits: 16,
            at: FlowLayout.l4Source, container: 2, shift: 0,
            maskable: true, writable: true, .decimal, .tcp,
            nxm: OXMHeader(oxmClass: 0x0000, field: 9, experimenter: 0),
            oxm: OXMHeader(oxmClass: 0x8000, field: 13, experimenter: 0)),
        FieldInfo(
            .tcpDestination, "tcp_dst", alias: "tp_dst", bytes: 2, bits: 16,
            at: FlowLayout.l4Destination, container: 2, shift: 0,
            maskable: true, writable: true, .decimal, .tcp,
            nxm: OXMHeader(oxmClass: 0x0000, field: 10, experimenter: 0),
            oxm: OXMHeader(oxmClass: 0x8000, field: 14, experimenter: 0)),
        FieldInfo(
            .tcpFlags, "tcp_flags", alias: nil, bytes: 2, bits: 12,
            at: FlowLayout.tcpFlags, container: 2, shift: 0,
            maskable: true, writable: false, .tcpFlags, .tcp,
            nxm: OXMHeader(oxmClass: 0x0001, field: 34, experimenter: 0),
            oxm: OXMHeader(oxmClass: 0xffff, field: 42, experimenter: 0x4f4e4600)),
        FieldInfo(
            .udpSource, "udp_src", alias: nil, bytes: 2, bits: 16,
            at: FlowLayout.l4Source, container: 2, shift: 0,
            maskable: true, writable: true, .decimal, .udp,
            nxm: OXMHeader(oxmClass: 0x0000, field: 11, experimenter: 0),
            oxm: OXMHeader(oxmClass: 0x8000, field: 15, experimenter: 0)),
        FieldInfo(
            .udpDestination, "udp_dst", alias: nil, bytes: 2, bits: 16,
            at: FlowLayout.l4Destination, container: 2, shift: 0,
            maskable: true, writable: true, .decimal, .udp,
            nxm: OXMHeader(oxmClass: 0x0000, field: 12, experimenter: 0),
            oxm: OXMHeader(oxmClass: 0x8000, field: 16, experimenter: 0)),
        FieldInfo(
            .sctpSource, "sctp_src", alias: nil, bytes: 2, bits: 16,
            at: FlowLayout.l4Source, container: 2, shift: 0,
            maskable: true, writable: true, .decimal, .sctp,
            nxm: nil,
            oxm: OXMHeader(oxmClass: 0x8000, field: 17, experimenter: 0)),
        FieldInfo(
            .sctpDestination, "sctp_dst", alias: nil, bytes: 2, bits: 16,
            at: FlowLayout.l4Destination, container: 2, shift: 0,
            maskable: true, writable: true, .decimal, .sctp,
            nxm: nil,
            oxm: OXMHeader(oxmClass: 0x8000, field: 18, experimenter: 0)),
        FieldInfo(
            .icmpType, "icmp_type", alias: nil, bytes: 1, bits: 8,
            at: FlowLayout.l4Source + 1, container: 1, shift: 0,
            maskable: false, writable: true, .decimal, .icmpv4,
            nxm: OXMHeader(oxmClass: 0x0000, field: 13, experimenter: 0),
            oxm: OXMHeader(oxmClass: 0x8000, field: 19, experimenter: 0)),
        FieldInfo(
            .icmpCode, "icmp_code", alias: nil, bytes: 1, bits: 8,
            at: FlowLayout.l4Destination + 1, container: 1, shift: 0,
            maskable: false, writable: true, .decimal, .icmpv4,
            nxm: OXMHeader(oxmClass: 0x0000, field: 14, experimenter: 0),
            oxm: OXMHeader(oxmClass: 0x8000, field: 20, experimenter: 0)),
        FieldInfo(
            .icmpv6Type, "icmpv6_type", alias: nil, bytes: 1, bits: 8,
            at: FlowLayout.l4Source + 1, container: 1, shift: 0,
            maskable: false, writable: true, .decimal, .icmpv6,
            nxm: OXMHeader(oxmClass: 0x0001, field: 21, experimenter: 0),
            oxm: OXMHeader(oxmClass: 0x8000, field: 29, experimenter: 0)),
        FieldInfo(
            .icmpv6Code, "icmpv6_code", alias: nil, bytes: 1, bits: 8,
            at: FlowLayout.l4Destination + 1, container: 1, shift: 0,
            maskable: false, writable: true, .decimal, .icmpv6,
            nxm: OXMHeader(oxmClass: 0x0001, field: 22, experimenter: 0),
            oxm: OXMHeader(oxmClass: 0x8000, field: 30, experimenter: 0)),
        FieldInfo(
            .ndTarget, "nd_target", alias: nil, bytes: 16, bits: 128,
            at: FlowLayout.ndTarget, container: 16, shift: 0,
            maskable: true, writable: true, .ipv6, .nd,
            nxm: OXMHeader(oxmClass: 0x0001, field: 23, experimenter: 0),
            oxm: OXMHeader(oxmClass: 0x8000, field: 31, experimenter: 0)),
        FieldInfo(
            .ndSourceLinkLayer, "nd_sll", alias: nil, bytes: 6, bits: 48,
            at: FlowLayout.arpSourceHardware, container: 6, shift: 0,
            maskable: true, writable: true, .ethernet, .ndSolicit,
            nxm: OXMHeader(oxmClass: 0x0001, field: 24, experimenter: 0),
            oxm: OXMHeader(oxmClass: 0x8000, field: 32, experimenter: 0)),
        FieldInfo(
            .ndTargetLinkLayer, "nd_tll", alias: nil, bytes: 6, bits: 48,
            at: FlowLayout.arpTargetHardware, container: 6, shift: 0,
            maskable: true, writable: true, .ethernet, .ndAdvert,
            nxm: OXMHeader(oxmClass: 0x0001, field: 25, experimenter: 0),
            oxm: OXMHeader(oxmClass: 0x8000, field: 33, experimenter: 0)),
        FieldInfo(
            .ndReserved, "nd_reserved", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.ndReserved, container: 4, shift: 0,
            maskable: false, writable: true, .decimal, .nd,
            nxm: nil,
            oxm: OXMHeader(oxmClass: 0x1000, field: 1, experimenter: 0)),
        FieldInfo(
            .ndOptionsType, "nd_options_type", alias: nil, bytes: 1, bits: 8,
            at: FlowLayout.ndOptionsType, container: 1, shift: 0,
            maskable: false, writable: true, .decimal, .nd,
            nxm: nil,
            oxm: OXMHeader(oxmClass: 0x1000, field: 2, experimenter: 0)),
    ]
}
