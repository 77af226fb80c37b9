// Composes the datapath syntax of one flow key, attribute after attribute in the datapath's order.

import Flow

struct DatapathFlowWriter {
    private let key: FlowKey
    private let detail: DatapathFlowText.Detail
    private let options: TunnelOptionTable?
    private let isNarrow: Bool
    private(set) var text = ""

    init(
        _ key: FlowKey, detail: DatapathFlowText.Detail, options: TunnelOptionTable?,
        isNarrow: Bool = false
    ) {
        self.key = key
        self.detail = detail
        self.options = options
        self.isNarrow = isNarrow
    }

    /// Appends `name(content)`.
    mutating func put(_ name: String, _ content: String) {
        if !text.isEmpty, text.utf8.last != UInt8(ascii: "(") { text += "," }
        text += "\(name)(\(content))"
    }

    /// Appends a number that is left out where it is zero.
    private mutating func number(_ name: String, _ value: UInt64) {
        if value != 0 || detail == .all { put(name, TextForm.hex(value)) }
    }

    // MARK: Metadata

    mutating func metadata(recirculationID: UInt32) {
        number("skb_priority", UInt64(key.load32(FlowLayout.skbPriority)))
        tunnel()
        number("skb_mark", UInt64(key.load32(FlowLayout.packetMark)))
        conntrack()
        put("recirc_id", TextForm.hex(UInt64(recirculationID)))
        number("dp_hash", UInt64(key.load32(FlowLayout.dpHash)))
    }

    private mutating func conntrack() {
        let state = key.load32(FlowLayout.ctState)
        if detail == .all {
            put("ct_state", TextForm.hex(UInt64(state)))
        } else if state != 0 {
            put("ct_state", FlagNames.ctState.text(state, mask: 0xff, full: .max))
        }
        number("ct_zone", UInt64(key.load16(FlowLayout.ctZone)))
        number("ct_mark", UInt64(key.load32(FlowLayout.ctMark)))
        let label = bytes(FlowLayout.ctLabel, 16)
        if detail == .all || label.contains(where: { $0 != 0 }) {
            put("ct_label", TextForm.hex(label))
        }
        let proto = key.load8(FlowLayout.ctProtocol)
        guard proto != 0 else { return }
        let ports = (key.load16(FlowLayout.ctSourcePort), key.load16(FlowLayout.ctDestinationPort))
        switch key.load16(FlowLayout.ethType) {
        case EthType.ipv4:
            put(
                "ct_tuple4",
                "src=\(ipv4(FlowLayout.ctIPv4Source)),dst=\(ipv4(FlowLayout.ctIPv4Destination)),"
                    + "proto=\(proto),tp_src=\(ports.0),tp_dst=\(ports.1)")
        case EthType.ipv6:
            put(
                "ct_tuple6",
                "src=\(ipv6(FlowLayout.ctIPv6Source)),dst=\(ipv6(FlowLayout.ctIPv6Destination)),"
                    + "proto=\(proto),src_port=\(ports.0),dst_port=\(ports.1)")
        default: break
        }
    }

    private mutating func tunnel() {
        let source = key.load32(FlowLayout.tunnelSource)
        let target = key.load32(FlowLayout.tunnelDestination)
        let isV6 = (bytes(FlowLayout.tunnelIPv6Source, 32)).contains { $0 != 0 }
        guard source != 0 || target != 0 || isV6 else { return }
        let flags = key.load16(FlowLayout.tunnelFlags)
        let id = key.load64(FlowLayout.tunnelID)
        var parts: [String] = []
        if id != 0 || flags & 8 != 0 { parts.append("tun_id=" + TextForm.hex(id)) }
        if source != 0 { parts.append("src=" + TextForm.ipv4(source)) }
        if target != 0 { parts.append("dst=" + TextForm.ipv4(target)) }
        if isV6 {
            parts.append("ipv6_src=" + ipv6(FlowLayout.tunnelIPv6Source))
            parts.append("ipv6_dst=" + ipv6(FlowLayout.tunnelIPv6Destination))
        }
        let tos = key.load8(FlowLayout.tunnelTOS)
        if tos != 0 { parts.append("tos=" + TextForm.hex(UInt64(tos))) }
        parts.append("ttl=\(key.load8(FlowLayout.tunnelTTL))")
        parts += tunnelExtensions()
        let shown = UInt32(flags & 0xf | (id != 0 ? 8 : 0))
        parts.append("flags(\(FlagNames.tunnel.text(shown)))")
        put("tunnel", parts.joined(separator: ","))
    }

    private func tunnelExtensions() -> [String] {
        var parts: [String] = []
        let policy = key.load16(FlowLayout.tunnelGBPID)
        let policyFlags = key.load8(FlowLayout.tunnelGBPFlags)
        if policy != 0 || policyFlags != 0 {
            parts.append("vxlan(gbp(id=\(policy),flags=\(TextForm.hex(UInt64(policyFlags)))))")
        }
        if let options { parts += geneve(options) }
        switch key.load8(FlowLayout.tunnelERSPANVersion) {
        case 1:
            let index = UInt64(key.load32(FlowLayout.tunnelERSPANIndex))
            parts.append("erspan(ver=1,idx=\(TextForm.hex(index)))")
        case 2:
            let hardware = UInt64(key.load8(FlowLayout.tunnelERSPANHardwareID))
            let direction = key.load8(FlowLayout.tunnelERSPANDirection)
            parts.append("erspan(ver=2,dir=\(direction),hwid=\(TextForm.hex(hardware)))")
        default: break
        }
        let gtpFlags = key.load8(FlowLayout.tunnelGTPUFlags)
        let gtpType = key.load8(FlowLayout.tunnelGTPUMessageType)
        if gtpFlags != 0 || gtpType != 0 {
            parts.append("gtpu(flags=\(TextForm.hex(UInt64(gtpFlags))),msgtype=\(gtpType))")
        }
        return parts
    }

    private func geneve(_ table: TunnelOptionTable) -> [String] {
        let present = key.load64(FlowLayout.tunnelMetadataPresent)
        let texts = table.mappings.filter { present >> UInt64($0.index) & 1 == 1 }.map {
            "{class=\(TextForm.hex(UInt64($0.optionClass))),type=\(TextForm.hex(UInt64($0.type))),"
                + "len=\($0.byteCount),\(TextForm.hex(bytes($0.offset, $0.byteCount)))}"
        }
        return texts.isEmpty ? [] : ["geneve(\(texts.joined()))"]
    }

    // MARK: Headers

    mutating func headers() {
        let packetType = key.load32(FlowLayout.packetType)
        put(
            "packet_type",
            "ns=\(packetType >> 16),id=\(TextForm.hex(UInt64(packetType & 0xffff)))")
        var encapsulations = 0
        if packetType == 0 {
            put(
                "eth",
                "src=\(ethernet(FlowLayout.ethSource)),dst=\(ethernet(FlowLayout.ethDestination))")
            for (tci, tpid) in [
                (FlowLayout.vlanTCI, FlowLayout.vlanTPID),
                (FlowLayout.innerVLANTCI, FlowLayout.innerVLANTPID),
            ] where key.load16(tci) != 0 {
                let type = key.load16(tpid)
                put("eth_type", "0x" + hex4(type == 0 ? EthType.vlan : type))
                let value = key.load16(tci)
                let absent = value & 0x1000 == 0 ? ",cfi=0" : ""
                put("vlan", "vid=\(value & 0xfff),pcp=\(value >> 13)\(absent)")
                text += ",encap("
                encapsulations += 1
            }
        }
        network()
        text += String(repeating: ")", count: encapsulations)
    }

    private mutating func network() {
        let ethType = key.load16(FlowLayout.ethType)
        guard ethType >= EthType.min else { return }
        put("eth_type", "0x" + hex4(ethType))
        if isNarrow { return }
        let proto = key.load8(FlowLayout.ipProtocol)
        let tos = TextForm.hex(UInt64(key.load8(FlowLayout.ipTOS)))
        let ttl = key.load8(FlowLayout.ipTTL)
        let fragment = key.load8(FlowLayout.ipFragment)
        let fragmentName = fragment & 1 == 0 ? "no" : fragment & 2 == 0 ? "first" : "later"
        switch ethType {
        case EthType.ipv4:
            put(
                "ipv4",
                "src=\(ipv4(FlowLayout.ipv4Source)),dst=\(ipv4(FlowLayout.ipv4Destination)),"
                    + "proto=\(proto),tos=\(tos),ttl=\(ttl),frag=\(fragmentName)")
            transport(proto)
        case EthType.ipv6:
            let label = TextForm.hex(UInt64(key.load32(FlowLayout.ipv6Label)))
            put(
                "ipv6",
                "src=\(ipv6(FlowLayout.ipv6Source)),dst=\(ipv6(FlowLayout.ipv6Destination)),"
                    + "label=\(label),proto=\(proto),tclass=\(tos),hlimit=\(ttl),"
                    + "frag=\(fragmentName)")
            transport(proto)
        case EthType.arp, EthType.rarp:
            put(
                "arp",
                "sip=\(ipv4(FlowLayout.ipv4Source)),tip=\(ipv4(FlowLayout.ipv4Destination)),"
                    + "op=\(proto),sha=\(ethernet(FlowLayout.arpSourceHardware)),"
                    + "tha=\(ethernet(FlowLayout.arpTargetHardware))")
        case EthType.mpls, EthType.mplsMulticast: mpls()
        default: break
        }
    }

    private mutating func mpls() {
        var parts: [String] = []
        for index in 0..<3 {
            let entry = key.load32(FlowLayout.mplsStack + index * 4)
            parts.append(
                "label=\(entry >> 12),tc=\(entry >> 9 & 7),ttl=\(entry & 0xff),"
                    + "bos=\(entry >> 8 & 1)")
            if entry & 0x100 != 0 { break }
        }
        put("mpls", parts.joined(separator: ","))
    }

    private mutating func transport(_ proto: UInt8) {
        guard key.load8(FlowLayout.ipFragment) & 2 == 0 else { return }
        let source = key.load16(FlowLayout.l4Source)
        let target = key.load16(FlowLayout.l4Destination)
        let isV6 = key.load16(FlowLayout.ethType) == EthType.ipv6
        switch proto {
        case IPProtocol.tcp:
            put("tcp", "src=\(source),dst=\(target)")
            let flags = key.load16(FlowLayout.tcpFlags)
            if flags != 0 { put("tcp_flags", FlagNames.tcp.text(UInt32(flags))) }
        case IPProtocol.udp: put("udp", "src=\(source),dst=\(target)")
        case IPProtocol.sctp: put("sctp", "src=\(source),dst=\(target)")
        case IPProtocol.icmp where !isV6: put("icmp", "type=\(source & 0xff),code=\(target & 0xff)")
        case IPProtocol.icmpv6 where isV6:
            put("icmpv6", "type=\(source & 0xff),code=\(target & 0xff)")
            guard FlowKeyPrinter.isNeighborDiscovery(key) else { return }
            put(
                "nd",
                "target=\(ipv6(FlowLayout.ndTarget)),"
                    + "sll=\(ethernet(FlowLayout.arpSourceHardware)),"
                    + "tll=\(ethernet(FlowLayout.arpTargetHardware))")
        default: break
        }
    }

    // MARK: Values

    private func bytes(_ offset: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { key.load8(offset + $0) }
    }

    private func ipv4(_ offset: Int) -> String { TextForm.ipv4(key.load32(offset)) }
    private func ipv6(_ offset: Int) -> String { TextForm.ipv6(bytes(offset, 16)) }
    private func ethernet(_ offset: Int) -> String { TextForm.ethernet(key.load48(offset)) }
    private func hex4(_ value: UInt16) -> String { TextForm.hexPadded(UInt64(value), digits: 4) }
}
