// Rows of the field table: ports and connection state. Facts of ovs-fields(7) and of the OXM
// registries.

extension FieldInfo {
    /// In the order of `Field`.
    static let stateRows: [FieldInfo] = [
        FieldInfo(
            .metadata, "metadata", alias: nil, bytes: 8, bits: 64,
            at: FlowLayout.metadata, container: 8, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: nil,
            oxm: OXMHeader(oxmClass: 0x8000, field: 2, experimenter: 0)),
        FieldInfo(
            .inPort16, "in_port", alias: nil, bytes: 2, bits: 16,
            at: FlowLayout.inPort + 2, container: 2, shift: 0,
            maskable: false, writable: true, .port16, .none,
            nxm: OXMHeader(oxmClass: 0x0000, field: 0, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .inPort, "in_port_oxm", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.inPort, container: 4, shift: 0,
            maskable: false, writable: true, .port32, .none,
            nxm: nil,
            oxm: OXMHeader(oxmClass: 0x8000, field: 0, experimenter: 0)),
        FieldInfo(
            .actsetOutput, "actset_output", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.actsetOutput, container: 4, shift: 0,
            maskable: false, writable: false, .port32, .none,
            nxm: nil,
            oxm: OXMHeader(oxmClass: 0xffff, field: 43, experimenter: 0x4f4e4600)),
        FieldInfo(
            .skbPriority, "skb_priority", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.skbPriority, container: 4, shift: 0,
            maskable: false, writable: false, .hexadecimal, .none,
            nxm: nil,
            oxm: nil),
        FieldInfo(
            .packetMark, "pkt_mark", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.packetMark, container: 4, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 33, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .ctState, "ct_state", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.ctState, container: 4, shift: 0,
            maskable: true, writable: false, .ctState, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 105, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .ctZone, "ct_zone", alias: nil, bytes: 2, bits: 16,
            at: FlowLayout.ctZone, container: 2, shift: 0,
            maskable: false, writable: false, .hexadecimal, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 106, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .ctMark, "ct_mark", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.ctMark, container: 4, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 107, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .ctLabel, "ct_label", alias: nil, bytes: 16, bits: 128,
            at: FlowLayout.ctLabel, container: 16, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 108, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .ctProtocol, "ct_nw_proto", alias: nil, bytes: 1, bits: 8,
            at: FlowLayout.ctProtocol, container: 1, shift: 0,
            maskable: false, writable: false, .decimal, .ct,
            nxm: OXMHeader(oxmClass: 0x0001, field: 119, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .ctIPv4Source, "ct_nw_src", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.ctIPv4Source, container: 4, shift: 0,
            maskable: true, writable: false, .ipv4, .ct,
            nxm: OXMHeader(oxmClass: 0x0001, field: 120, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .ctIPv4Destination, "ct_nw_dst", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.ctIPv4Destination, container: 4, shift: 0,
            maskable: true, writable: false, .ipv4, .ct,
            nxm: OXMHeader(oxmClass: 0x0001, field: 121, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .ctIPv6Source, "ct_ipv6_src", alias: nil, bytes: 16, bits: 128,
            at: FlowLayout.ctIPv6Source, container: 16, shift: 0,
            maskable: true, writable: false, .ipv6, .ct,
            nxm: OXMHeader(oxmClass: 0x0001, field: 122, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .ctIPv6Destination, "ct_ipv6_dst", alias: nil, bytes: 16, bits: 128,
            at: FlowLayout.ctIPv6Destination, container: 16, shift: 0,
            maskable: true, writable: false, .ipv6, .ct,
            nxm: OXMHeader(oxmClass: 0x0001, field: 123, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .ctSourcePort, "ct_tp_src", alias: nil, bytes: 2, bits: 16,
            at: FlowLayout.ctSourcePort, container: 2, shift: 0,
            maskable: true, writable: false, .decimal, .ct,
            nxm: OXMHeader(oxmClass: 0x0001, field: 124, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .ctDestinationPort, "ct_tp_dst", alias: nil, bytes: 2, bits: 16,
            at: FlowLayout.ctDestinationPort, container: 2, shift: 0,
            maskable: true, writable: false, .decimal, .ct,
            nxm: OXMHeader(oxmClass: 0x0001, field: 125, experimenter: 0),
            oxm: nil),
    ]
}
