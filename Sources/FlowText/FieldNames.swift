// The names of fields in text: those of ovs-fields(7) in matches and set-field, the OXM and NXM
// names in subfields such as `NXM_NX_REG0[0..3]`.

import Flow

enum FieldNames {
    /// A field by its name or alias in a match.
    static func field(_ name: String) -> Field? {
        if name == "nw_frag" { return .ipFragment }
        return FieldInfo.byName[name]?.field
    }

    /// A field as subfields name it: an OXM or NXM name (also with `_W` behind), or any other.
    static func subfieldField(_ name: String) -> Field? {
        var wire = name
        if name.utf8.count > 2, name.hasSuffix("_W") { wire.removeLast(2) }
        return byWireName[wire] ?? field(name)
    }

    /// How subfields print the field.
    static func subfieldName(of field: Field) -> String {
        wireNames[Int(field.rawValue)].first ?? field.info.name
    }

    /// Whether the field has a 32-bit OXM or NXM header.
    static func hasShortHeader(_ field: Field) -> Bool {
        if field.info.nxm != nil { return true }
        guard let oxm = field.info.oxm else { return false }
        return oxm.oxmClass != 0xffff
    }

    private static let byWireName: [String: Field] = {
        var map: [String: Field] = [:]
        for field in Field.allCases {
            for name in wireNames[Int(field.rawValue)] { map[name] = field }
        }
        return map
    }()

    /// OXM and NXM names of each field, the one that is printed first.
    private static let wireNames: [[String]] = Field.allCases.map { field in
        if let index = field.tunnelMetadataIndex { return ["NXM_NX_TUN_METADATA\(index)"] }
        let raw = Int(field.rawValue)
        let reg = raw - Int(Field.reg0.rawValue)
        if (0..<16).contains(reg) { return ["NXM_NX_REG\(reg)"] }
        let xreg = raw - Int(Field.xreg0.rawValue)
        if (0..<8).contains(xreg) { return ["OXM_OF_PKT_REG\(xreg)"] }
        let xxreg = raw - Int(Field.xxreg0.rawValue)
        if (0..<4).contains(xxreg) { return ["NXM_NX_XXREG\(xxreg)"] }
        return irregular[field] ?? []
    }

    private static let irregular: [Field: [String]] = [
        .dpHash: ["NXM_NX_DP_HASH", "NXOXM_ET_DP_HASH"],
        .packetType: ["OXM_OF_PACKET_TYPE"],
        .conjunctionID: ["NXM_NX_CONJ_ID"],
        .tunnelID: ["NXM_NX_TUN_ID", "OXM_OF_TUNNEL_ID"],
        .tunnelSource: ["NXM_NX_TUN_IPV4_SRC"],
        .tunnelDestination: ["NXM_NX_TUN_IPV4_DST"],
        .tunnelIPv6Source: ["NXM_NX_TUN_IPV6_SRC"],
        .tunnelIPv6Destination: ["NXM_NX_TUN_IPV6_DST"],
        .tunnelFlags: ["NXM_NX_TUN_FLAGS"],
        .tunnelGBPID: ["NXM_NX_TUN_GBP_ID"],
        .tunnelGBPFlags: ["NXM_NX_TUN_GBP_FLAGS"],
        .tunnelERSPANIndex: ["NXOXM_ET_ERSPAN_IDX"],
        .tunnelERSPANVersion: ["NXOXM_ET_ERSPAN_VER"],
        .tunnelERSPANDirection: ["NXOXM_ET_ERSPAN_DIR"],
        .tunnelERSPANHardwareID: ["NXOXM_ET_ERSPAN_HWID"],
        .tunnelGTPUFlags: ["NXOXM_ET_GTPU_FLAGS"],
        .tunnelGTPUMessageType: ["NXOXM_ET_GTPU_MSGTYPE"],
        .metadata: ["OXM_OF_METADATA"],
        .inPort16: ["NXM_OF_IN_PORT"],
        .inPort: ["OXM_OF_IN_PORT"],
        .actsetOutput: ["ONFOXM_ET_ACTSET_OUTPUT", "OXM_OF_ACTSET_OUTPUT"],
        .packetMark: ["NXM_NX_PKT_MARK"],
        .ctState: ["NXM_NX_CT_STATE"],
        .ctZone: ["NXM_NX_CT_ZONE"],
        .ctMark: ["NXM_NX_CT_MARK"],
        .ctLabel: ["NXM_NX_CT_LABEL"],
        .ctProtocol: ["NXM_NX_CT_NW_PROTO"],
        .ctIPv4Source: ["NXM_NX_CT_NW_SRC"],
        .ctIPv4Destination: ["NXM_NX_CT_NW_DST"],
        .ctIPv6Source: ["NXM_NX_CT_IPV6_SRC"],
        .ctIPv6Destination: ["NXM_NX_CT_IPV6_DST"],
        .ctSourcePort: ["NXM_NX_CT_TP_SRC"],
        .ctDestinationPort: ["NXM_NX_CT_TP_DST"],
        .ethSource: ["NXM_OF_ETH_SRC", "OXM_OF_ETH_SRC"],
        .ethDestination: ["NXM_OF_ETH_DST", "OXM_OF_ETH_DST"],
        .ethType: ["NXM_OF_ETH_TYPE", "OXM_OF_ETH_TYPE"],
        .vlanTCI: ["NXM_OF_VLAN_TCI"],
        .vlanVID: ["OXM_OF_VLAN_VID"],
        .vlanPCP: ["OXM_OF_VLAN_PCP"],
        .mplsLabel: ["OXM_OF_MPLS_LABEL"],
        .mplsTC: ["OXM_OF_MPLS_TC"],
        .mplsBOS: ["OXM_OF_MPLS_BOS"],
        .mplsTTL: ["NXM_NX_MPLS_TTL"],
        .ipv4Source: ["NXM_OF_IP_SRC", "OXM_OF_IPV4_SRC"],
        .ipv4Destination: ["NXM_OF_IP_DST", "OXM_OF_IPV4_DST"],
        .ipv6Source: ["NXM_NX_IPV6_SRC", "OXM_OF_IPV6_SRC"],
        .ipv6Destination: ["NXM_NX_IPV6_DST", "OXM_OF_IPV6_DST"],
        .ipv6Label: ["NXM_NX_IPV6_LABEL", "OXM_OF_IPV6_FLABEL"],
        .ipProtocol: ["NXM_OF_IP_PROTO", "OXM_OF_IP_PROTO"],
        .ipTOS: ["NXM_OF_IP_TOS"],
        .ipDSCP: ["OXM_OF_IP_DSCP"],
        .ipECN: ["NXM_NX_IP_ECN", "OXM_OF_IP_ECN"],
        .ipTTL: ["NXM_NX_IP_TTL"],
        .ipFragment: ["NXM_NX_IP_FRAG"],
        .arpOpcode: ["NXM_OF_ARP_OP", "OXM_OF_ARP_OP"],
        .arpSourceProtocol: ["NXM_OF_ARP_SPA", "OXM_OF_ARP_SPA"],
        .arpTargetProtocol: ["NXM_OF_ARP_TPA", "OXM_OF_ARP_TPA"],
        .arpSourceHardware: ["NXM_NX_ARP_SHA", "OXM_OF_ARP_SHA"],
        .arpTargetHardware: ["NXM_NX_ARP_THA", "OXM_OF_ARP_THA"],
        .tcpSource: ["NXM_OF_TCP_SRC", "OXM_OF_TCP_SRC"],
        .tcpDestination: ["NXM_OF_TCP_DST", "OXM_OF_TCP_DST"],
        .tcpFlags: ["NXM_NX_TCP_FLAGS", "ONFOXM_ET_TCP_FLAGS", "OXM_OF_TCP_FLAGS"],
        .udpSource: ["NXM_OF_UDP_SRC", "OXM_OF_UDP_SRC"],
        .udpDestination: ["NXM_OF_UDP_DST", "OXM_OF_UDP_DST"],
        .sctpSource: ["OXM_OF_SCTP_SRC"],
        .sctpDestination: ["OXM_OF_SCTP_DST"],
        .icmpType: ["NXM_OF_ICMP_TYPE", "OXM_OF_ICMPV4_TYPE"],
        .icmpCode: ["NXM_OF_ICMP_CODE", "OXM_OF_ICMPV4_CODE"],
        .icmpv6Type: ["NXM_NX_ICMPV6_TYPE", "OXM_OF_ICMPV6_TYPE"],
        .icmpv6Code: ["NXM_NX_ICMPV6_CODE", "OXM_OF_ICMPV6_CODE"],
        .ndTarget: ["NXM_NX_ND_TARGET", "OXM_OF_IPV6_ND_TARGET"],
        .ndSourceLinkLayer: ["NXM_NX_ND_SLL", "OXM_OF_IPV6_ND_SLL"],
        .ndTargetLinkLayer: ["NXM_NX_ND_TLL", "OXM_OF_IPV6_ND_TLL"],
        .ndReserved: ["ERICOXM_OF_ICMPV6_ND_RESERVED"],
        .ndOptionsType: ["ERICOXM_OF_ICMPV6_ND_OPTIONS_TYPE"],
    ]
}
