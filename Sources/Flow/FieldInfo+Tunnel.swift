// Rows of the field table: packet hash and tunnel fields. Facts of ovs-fields(7) and of the OXM
// registries.

extension FieldInfo {
    /// In the order of `Field`.
    static let tunnelRows: [FieldInfo] = [
        FieldInfo(
            .dpHash, "dp_hash", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.dpHash, container: 4, shift: 0,
            maskable: true, writable: false, .hexadecimal, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 35, experimenter: 0),
            oxm: OXMHeader(oxmClass: 0xffff, field: 0, experimenter: 0x2320)),
        FieldInfo(
            .packetType, "packet_type", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.packetType, container: 4, shift: 0,
            maskable: false, writable: false, .packetType, .none,
            nxm: nil,
            oxm: OXMHeader(oxmClass: 0x8000, field: 44, experimenter: 0)),
        FieldInfo(
            .conjunctionID, "conj_id", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.conjunctionID, container: 4, shift: 0,
            maskable: false, writable: false, .decimal, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 37, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .tunnelID, "tun_id", alias: "tunnel_id", bytes: 8, bits: 64,
            at: FlowLayout.tunnelID, container: 8, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 16, experimenter: 0),
            oxm: OXMHeader(oxmClass: 0x8000, field: 38, experimenter: 0)),
        FieldInfo(
            .tunnelSource, "tun_src", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.tunnelSource, container: 4, shift: 0,
            maskable: true, writable: true, .ipv4, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 31, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .tunnelDestination, "tun_dst", alias: nil, bytes: 4, bits: 32,
            at: FlowLayout.tunnelDestination, container: 4, shift: 0,
            maskable: true, writable: true, .ipv4, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 32, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .tunnelIPv6Source, "tun_ipv6_src", alias: nil, bytes: 16, bits: 128,
            at: FlowLayout.tunnelIPv6Source, container: 16, shift: 0,
            maskable: true, writable: true, .ipv6, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 109, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .tunnelIPv6Destination, "tun_ipv6_dst", alias: nil, bytes: 16, bits: 128,
            at: FlowLayout.tunnelIPv6Destination, container: 16, shift: 0,
            maskable: true, writable: true, .ipv6, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 110, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .tunnelFlags, "tun_flags", alias: nil, bytes: 2, bits: 1,
            at: FlowLayout.tunnelFlags, container: 2, shift: 0,
            maskable: true, writable: true, .tunnelFlags, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 104, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .tunnelTTL, "tun_ttl", alias: nil, bytes: 1, bits: 8,
            at: FlowLayout.tunnelTTL, container: 1, shift: 0,
            maskable: false, writable: false, .decimal, .none,
            nxm: nil,
            oxm: nil),
        FieldInfo(
            .tunnelTOS, "tun_tos", alias: nil, bytes: 1, bits: 8,
            at: FlowLayout.tunnelTOS, container: 1, shift: 0,
            maskable: false, writable: false, .decimal, .none,
            nxm: nil,
            oxm: nil),
        FieldInfo(
            .tunnelGBPID, "tun_gbp_id", alias: nil, bytes: 2, bits: 16,
            at: FlowLayout.tunnelGBPID, container: 2, shift: 0,
            maskable: true, writable: true, .decimal, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 38, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .tunnelGBPFlags, "tun_gbp_flags", alias: nil, bytes: 1, bits: 8,
            at: FlowLayout.tunnelGBPFlags, container: 1, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: OXMHeader(oxmClass: 0x0001, field: 39, experimenter: 0),
            oxm: nil),
        FieldInfo(
            .tunnelERSPANIndex, "tun_erspan_idx", alias: nil, bytes: 4, bits: 20,
            at: FlowLayout.tunnelERSPANIndex, container: 4, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: nil,
            oxm: OXMHeader(oxmClass: 0xffff, field: 11, experimenter: 0x2320)),
        FieldInfo(
            .tunnelERSPANVersion, "tun_erspan_ver", alias: nil, bytes: 1, bits: 4,
            at: FlowLayout.tunnelERSPANVersion, container: 1, shift: 0,
            maskable: true, writable: true, .decimal, .none,
            nxm: nil,
            oxm: OXMHeader(oxmClass: 0xffff, field: 12, experimenter: 0x2320)),
        FieldInfo(
            .tunnelERSPANDirection, "tun_erspan_dir", alias: nil, bytes: 1, bits: 1,
            at: FlowLayout.tunnelERSPANDirection, container: 1, shift: 0,
            maskable: true, writable: true, .decimal, .none,
            nxm: nil,
            oxm: OXMHeader(oxmClass: 0xffff, field: 13, experimenter: 0x2320)),
        FieldInfo(
            .tunnelERSPANHardwareID, "tun_erspan_hwid", alias: nil, bytes: 1, bits: 6,
            at: FlowLayout.tunnelERSPANHardwareID, container: 1, shift: 0,
            maskable: true, writable: true, .hexadecimal, .none,
            nxm: nil,
            oxm: OXMHeader(oxmClass: 0xffff, field: 14, experimenter: 0x2320)),
        FieldInfo(
            .tunnelGTPUFlags, "tun_gtpu_flags", alias: nil, bytes: 1, bits: 8,
            at: FlowLayout.tunnelGTPUFlags, container: 1, shift: 0,
            maskable: true, writable: false, .hexadecimal, .none,
            nxm: nil,
            oxm: OXMHeader(oxmClass: 0xffff, field: 15, experimenter: 0x2320)),
        FieldInfo(
            .tunnelGTPUMessageType, "tun_gtpu_msgtype", alias: nil, bytes: 1, bits: 8,
            at: FlowLayout.tunnelGTPUMessageType, container: 1, shift: 0,
            maskable: true, writable: false, .decimal, .none,
            nxm: nil,
            oxm: OXMHeader(oxmClass: 0xffff, field: 16, experimenter: 0x2320)),
    ]
}
