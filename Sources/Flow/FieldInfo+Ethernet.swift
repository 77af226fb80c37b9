// Rows of the field table: Ethernet, VLAN and MPLS. Facts of ovs-fields(7) and of the OXM
// registries.

extension FieldInfo {
    /// In the order of `Field`.
    static let ethernetRows: [FieldInfo] = [
        FieldInfo(
            .ethSource, "eth_src", alias: "dl_src", bytes: 6, bits: 48,
            at: FlowLayout.ethSource, container: 6, shift: 0,
            maskable: true, writable: true, .ethernet, .ethernet,
            nxm: OXMHeader(oxmClass: 0x0000, field: 2, experimenter: 0),
            oxm: OXMHeader(oxmClass: 0x8000, field: 4, experimenter: 0)),
        FieldInfo(
            .ethDestination, "eth_dst", alias: "dl_dst", bytes: 6, bits: 48,
            at: FlowLayout.ethDestination, container: 6, shift: 0,
            maskable: true, writable: true, .ethernet, .ethernet,
            nxm: OXMHeader(oxmClass: 0x0000, field: 1, experimenter: 0),
            oxm: OXMHeader(oxmClass: 0x8000, field: 3, experimenter: 0)),
        FieldInfo(
            .ethType, "eth_type", alias: "dl_type", bytes: 2, bits: 16,
            at: FlowLayout.ethType, container: 2, shift: 0,
            maskable: false, writable: false, .hexadecimal, .ethernet,
            nxm: OXMHeader(oxmClass: 0x0000, field: 3, experimenter: 0),
            oxm: OXMHeader(oxmClass: 0x8000, field: 5, experimenter: 0)),
        FieldInfo(
            .vlanTCI, "vlan_tci", alias: nil, bytes: 2, bits: 16,
            at: FlowLayout.vlanTCI, container: 2, shift: 0,
            maskable: true, writable: true, .hexadecimal, .ethernet,
            nxm: OXMHeader(oxmClass: 0x0000, field: 4, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .dlVLAN, "dl_vlan", alias: nil, bytes: 2, bits: 12,
            at: FlowLayout.vlanTCI, container: 2, shift: 0,
            maskable: false, writable: true, .decimal, .ethernet,
            nxm: nil,
            oxm: nil),
        FieldInfo(
            .vlanVID, "vlan_vid", alias: nil, bytes: 2, bits: 12,
            at: FlowLayout.vlanTCI, container: 2, shift: 0,
            maskable: true, writable: true, .decimal, .ethernet,
            nxm: nil,
            oxm: OXMHeader(oxmClass: 0x8000, field: 6, experimenter: 0)),
        FieldInfo(
            .dlVLANPCP, "dl_vlan_pcp", alias: nil, bytes: 1, bits: 3,
            at: FlowLayout.vlanTCI, container: 2, shift: 13,
            maskable: false, writable: true, .decimal, .ethernet,
            nxm: nil,
            oxm: nil),
        FieldInfo(
            .vlanPCP, "vlan_pcp", alias: nil, bytes: 1, bits: 3,
            at: FlowLayout.vlanTCI, container: 2, shift: 13,
            maskable: false, writable: true, .decimal, .vlanVID,
            nxm: nil,
            oxm: OXMHeader(oxmClass: 0x8000, field: 7, experimenter: 0)),
        FieldInfo(
            .mplsLabel, "mpls_label", alias: nil, bytes: 4, bits: 20,
            at: FlowLayout.mplsStack, container: 4, shift: 12,
            maskable: false, writable: true, .decimal, .mpls,
            nxm: nil,
            oxm: OXMHeader(oxmClass: 0x8000, field: 34, experimenter: 0)),
        FieldInfo(
            .mplsTC, "mpls_tc", alias: nil, bytes: 1, bits: 3,
            at: FlowLayout.mplsStack, container: 4, shift: 9,
            maskable: false, writable: true, .decimal, .mpls,
            nxm: nil,
            oxm: OXMHeader(oxmClass: 0x8000, field: 35, experimenter: 0)),
        FieldInfo(
            .mplsBOS, "mpls_bos", alias: nil, bytes: 1, bits: 1,
            at: FlowLayout.mplsStack, container: 4, shift: 8,
            maskable: false, writable: false, .decimal, .mpls,
            nxm: nil,
            oxm: OXMHeader(oxmClass: 0x8000, field: 36, experimenter: 0)),
        FieldInfo(
            .mplsTTL, "mpls_ttl", alias: nil, bytes: 1, bits: 8,
            at: FlowLayout.mplsStack, container: 4, shift: 0,
            maskable: false, writable: true, .decimal, .mpls,
            nxm: OXMHeader(oxmClass: 0x0001, field: 30, experimenter: 0),
            oxm: nil),
    ]
}
