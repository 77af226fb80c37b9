// Prints a match as `ovs-ofctl dump-flows` does: protocol shorthand first, then registers, tunnel,
// input port, link layer, network and transport fields. Order and forms are fixed by what the
// tools of Open vSwitch print, to the character.

import Flow
import OpenFlow

/// A match as text.
///
/// **Source**: ovs-fields(7), ovs-ofctl(8).
public enum MatchPrinter {
    /// The priority that is not printed.
    public static let defaultPriority: UInt16 = 0x8000

    /// - Parameter priority: printed first unless nil or the default, 32768.
    public static func text(
        _ match: FlowMatch, priority: UInt16? = nil, context: FlowTextContext = FlowTextContext()
    ) -> String {
        var formatter = MatchFormatter(MatchBytes(match), context)
        return formatter.format(priority: priority)
    }
}

/// Composes the text of one match.
struct MatchFormatter {
    let match: MatchBytes
    let context: FlowTextContext
    private(set) var text = ""
    /// The Ethertype that the match is known to have.
    private let ethType: UInt16
    private let proto: UInt8

    init(_ match: MatchBytes, _ context: FlowTextContext) {
        self.match = match
        self.context = context
        var type = UInt16(match.number(FlowLayout.ethType, 2))
        let packetType = match.number(FlowLayout.packetType, 4)
        if match.maskNumber(FlowLayout.packetType, 4) != 0, packetType >> 16 == 1 {
            type = UInt16(truncatingIfNeeded: packetType)
        }
        ethType = type
        proto = UInt8(match.number(FlowLayout.ipProtocol, 1))
    }

    mutating func format(priority: UInt16?) -> String {
        if let priority, priority != MatchPrinter.defaultPriority {
            text += "priority=\(priority),"
        }
        pipelineState()
        conntrack()
        let (typeShown, protoShown) = protocolName()
        for index in 0..<16 { hex("reg\(index)", FlowLayout.reg + index * 4, 4) }
        tunnel()
        hex("metadata", FlowLayout.metadata, 8)
        inPort()
        vlan("", FlowLayout.vlanTCI)
        if match.maskNumber(FlowLayout.vlanTCI, 2) != 0 { vlan("1", FlowLayout.innerVLANTCI) }
        ethernet("dl_src", FlowLayout.ethSource)
        ethernet("dl_dst", FlowLayout.ethDestination)
        if !typeShown, match.maskNumber(FlowLayout.ethType, 2) != 0 {
            text += "dl_type=0x" + TextForm.hexPadded(UInt64(ethType), digits: 4) + ","
        }
        network(protoShown: protoShown)
        mpls()
        fragment()
        transport()
        text.chompComma()
        return text
    }

    // MARK: Parts, in the order of the text

    private mutating func pipelineState() {
        hex("pkt_mark", FlowLayout.packetMark, 4)
        hex("dp_hash", FlowLayout.dpHash, 4)
        if match.maskNumber(FlowLayout.conjunctionID, 4) != 0 {
            text += "conj_id=\(match.number(FlowLayout.conjunctionID, 4)),"
        }
        if match.maskNumber(FlowLayout.skbPriority, 4) != 0 {
            text += "skb_priority=\(TextForm.hex(match.number(FlowLayout.skbPriority, 4))),"
        }
        if match.maskNumber(FlowLayout.actsetOutput, 4) != 0 {
            let port = UInt32(match.number(FlowLayout.actsetOutput, 4))
            text += "actset_output=\(context.portText(port)),"
        }
    }

    private mutating func conntrack() {
        let stateMask = UInt32(match.maskNumber(FlowLayout.ctState, 4) & 0xff)
        if stateMask != 0 {
            let state = UInt32(match.number(FlowLayout.ctState, 4) & 0xff)
            text += "ct_state=" + FlagNames.ctState.text(state, mask: stateMask, full: 0xff) + ","
        }
        decimal("ct_zone", FlowLayout.ctZone, 2)
        hex("ct_mark", FlowLayout.ctMark, 4)
        wideHex("ct_label", FlowLayout.ctLabel, 16)
        ipv4("ct_nw_src", FlowLayout.ctIPv4Source)
        ipv6("ct_ipv6_src", FlowLayout.ctIPv6Source)
        ipv4("ct_nw_dst", FlowLayout.ctIPv4Destination)
        ipv6("ct_ipv6_dst", FlowLayout.ctIPv6Destination)
        if match.maskNumber(FlowLayout.ctProtocol, 1) != 0 {
            text += "ct_nw_proto=\(match.number(FlowLayout.ctProtocol, 1)),"
            decimal("ct_tp_src", FlowLayout.ctSourcePort, 2)
            decimal("ct_tp_dst", FlowLayout.ctDestinationPort, 2)
        }
        let packetType = UInt32(match.number(FlowLayout.packetType, 4))
        if match.maskNumber(FlowLayout.packetType, 4) != 0, packetType != 0 {
            text += FieldText.packetType(packetType) + ","
        }
    }

    /// `tcp,` and the like; says whether the Ethertype and the protocol need no text of their own.
    private mutating func protocolName() -> (type: Bool, proto: Bool) {
        guard match.maskNumber(FlowLayout.ethType, 2) != 0 else { return (false, false) }
        let known = match.maskNumber(FlowLayout.ipProtocol, 1) != 0
        switch ethType {
        case EthType.ipv4, EthType.ipv6:
            let isV6 = ethType == EthType.ipv6
            if known, let name = ProtocolName.transport(proto, ipv6: isV6) {
                text += name + ","
                return (true, true)
            }
            text += isV6 ? "ipv6," : "ip,"
        case EthType.arp: text += "arp,"
        case EthType.rarp: text += "rarp,"
        case EthType.mpls: text += "mpls,"
        case EthType.mplsMulticast: text += "mplsm,"
        default: return (false, false)
        }
        return (true, false)
    }

    private mutating func inPort() {
        let mask = match.maskNumber(FlowLayout.inPort, 4)
        guard mask != 0 else { return }
        let value = match.number(FlowLayout.inPort, 4)
        let port =
            mask >> 16 != 0
            ? UInt32(value) : ReservedPort.widen(UInt16(truncatingIfNeeded: value))
        text += "in_port=\(context.portText(port)),"
    }

    private mutating func vlan(_ suffix: String, _ offset: Int) {
        let mask = match.maskNumber(offset, 2)
        guard mask != 0 else { return }
        let tci = match.number(offset, 2)
        let vid = mask & 0xfff
        let pcp = mask & 0xe000
        if mask & tci & 0x1000 != 0, vid == 0 || vid == 0xfff, pcp == 0 || pcp == 0xe000,
            vid | pcp != 0
        {
            if vid != 0 { text += "dl_vlan\(suffix)=\(tci & 0xfff)," }
            if pcp != 0 { text += "dl_vlan_pcp\(suffix)=\(tci >> 13)," }
            return
        }
        text += "vlan_tci\(suffix)=0x" + TextForm.hexPadded(tci, digits: 4)
        if mask != 0xffff { text += "/0x" + TextForm.hexPadded(mask, digits: 4) }
        text += ","
    }

    private mutating func network(protoShown: Bool) {
        let isARP = ethType == EthType.arp || ethType == EthType.rarp
        if ethType == EthType.ipv6 {
            ipv6("ipv6_src", FlowLayout.ipv6Source)
            ipv6("ipv6_dst", FlowLayout.ipv6Destination)
            let mask = match.maskNumber(FlowLayout.ipv6Label, 4)
            if mask != 0 {
                let label = match.number(FlowLayout.ipv6Label, 4)
                text += "ipv6_label=0x" + TextForm.hexPadded(label, digits: 5)
                if mask & 0xfffff != 0xfffff {
                    text += "/0x" + TextForm.hexPadded(mask, digits: 5)
                }
                text += ","
            }
        } else {
            ipv4(isARP ? "arp_spa" : "nw_src", FlowLayout.ipv4Source)
            ipv4(isARP ? "arp_tpa" : "nw_dst", FlowLayout.ipv4Destination)
        }
        if !protoShown, match.maskNumber(FlowLayout.ipProtocol, 1) != 0 {
            text += isARP ? "arp_op=\(proto)," : "nw_proto=\(proto),"
        }
        if isARP {
            ethernet("arp_sha", FlowLayout.arpSourceHardware)
            ethernet("arp_tha", FlowLayout.arpTargetHardware)
        }
        let tos = match.number(FlowLayout.ipTOS, 1)
        let tosMask = match.maskNumber(FlowLayout.ipTOS, 1)
        if tosMask & 0xfc != 0 { text += "nw_tos=\(tos & 0xfc)," }
        if tosMask & 3 != 0 { text += "nw_ecn=\(tos & 3)," }
        if match.maskNumber(FlowLayout.ipTTL, 1) != 0 {
            text += "nw_ttl=\(match.number(FlowLayout.ipTTL, 1)),"
        }
    }

    private mutating func mpls() {
        let entry = match.number(FlowLayout.mplsStack, 4)
        let mask = match.maskNumber(FlowLayout.mplsStack, 4)
        if mask & 0xfffff000 != 0 { text += "mpls_label=\(entry >> 12)," }
        if mask & 0xe00 != 0 { text += "mpls_tc=\(entry >> 9 & 7)," }
        if mask & 0xff != 0 { text += "mpls_ttl=\(entry & 0xff)," }
        if mask & 0x100 != 0 { text += "mpls_bos=\(entry >> 8 & 1)," }
        decimalWide("mpls_lse1", FlowLayout.mplsStack + 4)
        decimalWide("mpls_lse2", FlowLayout.mplsStack + 8)
    }

    private mutating func fragment() {
        let mask = UInt32(match.maskNumber(FlowLayout.ipFragment, 1) & 3)
        guard mask != 0 else { return }
        let value = UInt32(match.number(FlowLayout.ipFragment, 1))
        text += "nw_frag=\(FragmentName.text(value, mask: mask) ?? "<error>"),"
    }

    private mutating func transport() {
        if ethType == EthType.ipv4, proto == IPProtocol.icmp {
            icmp("icmp_type", FlowLayout.l4Source)
            icmp("icmp_code", FlowLayout.l4Destination)
        } else if ethType == EthType.ipv6, proto == IPProtocol.icmpv6 {
            icmp("icmp_type", FlowLayout.l4Source)
            icmp("icmp_code", FlowLayout.l4Destination)
            ipv6("nd_target", FlowLayout.ndTarget)
            ethernet("nd_sll", FlowLayout.arpSourceHardware)
            ethernet("nd_tll", FlowLayout.arpTargetHardware)
            decimalWide("nd_reserved", FlowLayout.ndReserved)
            if match.maskNumber(FlowLayout.ndOptionsType, 1) != 0 {
                text += "nd_options_type=\(match.number(FlowLayout.ndOptionsType, 1)),"
            }
        } else {
            decimal("tp_src", FlowLayout.l4Source, 2)
            decimal("tp_dst", FlowLayout.l4Destination, 2)
        }
        let isIP = ethType == EthType.ipv4 || ethType == EthType.ipv6
        let mask = UInt32(match.maskNumber(FlowLayout.tcpFlags, 2) & 0xfff)
        if isIP, proto == IPProtocol.tcp, mask != 0 {
            let flags = UInt32(match.number(FlowLayout.tcpFlags, 2))
            text += "tcp_flags=" + FlagNames.tcp.text(flags, mask: mask, full: 0xfff) + ","
        }
    }

    // MARK: One field each

    mutating func append(_ part: String) { text += part }

    /// `%#x` with a mask if it is not full.
    mutating func hex(_ name: String, _ offset: Int, _ count: Int) {
        let mask = match.maskNumber(offset, count)
        guard mask != 0 else { return }
        text += name + "=" + TextForm.hex(match.number(offset, count))
        if mask != UInt64.max >> UInt64(64 - count * 8) { text += "/" + TextForm.hex(mask) }
        text += ","
    }

    mutating func wideHex(_ name: String, _ offset: Int, _ count: Int) {
        let mask = match.maskBytes(offset, count)
        guard mask.contains(where: { $0 != 0 }) else { return }
        text += name + "=" + TextForm.hex(match.bytes(offset, count))
        if mask.contains(where: { $0 != 0xff }) { text += "/" + TextForm.hex(mask) }
        text += ","
    }

    /// Decimal where exact, else hexadecimal with a mask.
    mutating func decimal(_ name: String, _ offset: Int, _ count: Int) {
        let mask = match.maskNumber(offset, count)
        guard mask != 0 else { return }
        let value = match.number(offset, count)
        if mask == UInt64.max >> UInt64(64 - count * 8) {
            text += "\(name)=\(value),"
        } else {
            text += name + "=0x" + String(value, radix: 16) + "/0x" + String(mask, radix: 16) + ","
        }
    }

    /// The same for 32 bits, whose masked form has all eight digits.
    mutating func decimalWide(_ name: String, _ offset: Int) {
        let mask = match.maskNumber(offset, 4)
        guard mask != 0 else { return }
        let value = match.number(offset, 4)
        if mask == 0xffff_ffff {
            text += "\(name)=\(value),"
        } else {
            text += name + "=0x" + TextForm.hexPadded(value, digits: 8)
            text += "/0x" + TextForm.hexPadded(mask, digits: 8) + ","
        }
    }

    /// Type or code: the low byte of a transport port.
    private mutating func icmp(_ name: String, _ offset: Int) {
        let mask = match.maskNumber(offset, 2)
        if mask == 0xff {
            text += "\(name)=\(match.number(offset, 2)),"
        } else {
            decimal(name, offset, 2)
        }
    }

    mutating func ipv4(_ name: String, _ offset: Int) {
        let mask = match.maskNumber(offset, 4)
        guard mask != 0 else { return }
        let address = UInt32(match.number(offset, 4))
        text += name + "=" + TextForm.ipv4(address, mask: UInt32(mask)) + ","
    }

    mutating func ipv6(_ name: String, _ offset: Int) {
        let mask = match.maskBytes(offset, 16)
        guard mask.contains(where: { $0 != 0 }) else { return }
        text += name + "=" + TextForm.ipv6(match.bytes(offset, 16), mask: mask) + ","
    }

    mutating func ethernet(_ name: String, _ offset: Int) {
        let mask = match.maskNumber(offset, 6)
        guard mask != 0 else { return }
        text += name + "=" + TextForm.ethernet(match.number(offset, 6))
        if mask != 0xffff_ffff_ffff { text += "/" + TextForm.ethernet(mask) }
        text += ","
    }
}
