// Prints one packet's headers in match syntax, as `ofproto/trace` shows "Flow:" and "Final flow:".
// The fields that the packet's protocols have are shown, metadata only where it is not zero.

import Flow
import OpenFlow

/// A flow key as text.
public enum FlowKeyPrinter {
    public static func text(
        _ key: FlowKey, context: FlowTextContext = FlowTextContext()
    ) -> String {
        var match = MatchBytes(valuesOf: key)
        exposeMetadata(&match, key)
        exposeTunnel(&match, key)
        exposeLinkLayer(&match, key)
        exposeNetwork(&match, key)
        var formatter = MatchFormatter(match, context)
        return formatter.format(priority: nil)
    }

    private static func exposeMetadata(_ match: inout MatchBytes, _ key: FlowKey) {
        for index in 0..<16 { exposeNonZero(&match, FlowLayout.reg + index * 4, 4) }
        exposeNonZero(&match, FlowLayout.metadata, 8)
        exposeNonZero(&match, FlowLayout.inPort, 4)
        exposeNonZero(&match, FlowLayout.packetMark, 4)
        exposeNonZero(&match, FlowLayout.skbPriority, 4)
        exposeNonZero(&match, FlowLayout.dpHash, 4)
        exposeNonZero(&match, FlowLayout.ctState, 4)
        exposeNonZero(&match, FlowLayout.ctMark, 4)
        exposeNonZero(&match, FlowLayout.ctLabel, 16)
        exposeNonZero(&match, FlowLayout.ctZone, 2)
        match.expose(FlowLayout.packetType, 4)
    }

    private static func exposeNonZero(_ match: inout MatchBytes, _ offset: Int, _ count: Int) {
        if match.bytes(offset, count).contains(where: { $0 != 0 }) { match.expose(offset, count) }
    }

    private static func exposeTunnel(_ match: inout MatchBytes, _ key: FlowKey) {
        let id = key.load64(FlowLayout.tunnelID)
        let v6 = match.bytes(FlowLayout.tunnelIPv6Destination, 16)
        let isTunneled =
            key.load32(FlowLayout.tunnelDestination) != 0 || v6.contains(where: { $0 != 0 })
        guard isTunneled else {
            if id != 0 { match.expose(FlowLayout.tunnelID, 8) }
            return
        }
        if id != 0 || key.load16(FlowLayout.tunnelFlags) & 8 != 0 {
            match.expose(FlowLayout.tunnelID, 8)
        }
        match.expose(FlowLayout.tunnelSource, FlowLayout.inPort - FlowLayout.tunnelSource - 3)
        let present = key.load64(FlowLayout.tunnelMetadataPresent)
        if present != 0 {
            match.expose(FlowLayout.tunnelMetadata, FlowLayout.tunnelMetadataByteCount)
            match.exposeBits(present, at: FlowLayout.tunnelMetadataPresent)
        }
    }

    private static func exposeLinkLayer(_ match: inout MatchBytes, _ key: FlowKey) {
        guard key.load32(FlowLayout.packetType) == 0 else { return }
        match.expose(FlowLayout.ethDestination, 6)
        match.expose(FlowLayout.ethSource, 6)
        match.expose(FlowLayout.ethType, 2)
        match.expose(FlowLayout.vlanTCI, 2)
        if key.load16(FlowLayout.vlanTCI) != 0 { match.expose(FlowLayout.innerVLANTCI, 2) }
    }

    private static func exposeNetwork(_ match: inout MatchBytes, _ key: FlowKey) {
        let ethType = key.load16(FlowLayout.ethType)
        switch ethType {
        case EthType.ipv4:
            match.expose(FlowLayout.ipv4Source, 8)
        case EthType.ipv6:
            match.expose(FlowLayout.ipv6Source, 36)
            if isNeighborDiscovery(key) {
                match.expose(FlowLayout.arpSourceHardware, 12)
                match.expose(FlowLayout.ndTarget, 16)
            }
        case EthType.arp, EthType.rarp:
            match.expose(FlowLayout.ipv4Source, 8)
            match.expose(FlowLayout.ipProtocol, 1)
            match.expose(FlowLayout.arpSourceHardware, 12)
            return
        case EthType.mpls, EthType.mplsMulticast:
            for index in 0..<3 {
                match.expose(FlowLayout.mplsStack + index * 4, 4)
                if key.load32(FlowLayout.mplsStack + index * 4) & 0x100 != 0 { break }
            }
            return
        default: return
        }
        exposeConntrackTuple(&match, key, isV6: ethType == EthType.ipv6)
        match.expose(FlowLayout.ipFragment, 4)
        exposeTransport(&match, key)
    }

    private static func exposeConntrackTuple(
        _ match: inout MatchBytes, _ key: FlowKey, isV6: Bool
    ) {
        let state = key.load32(FlowLayout.ctState)
        let isValid = state & 0xcf != 0 || state & 0x30 == 0x20
        guard isValid, key.load8(FlowLayout.ctProtocol) != 0 else { return }
        match.expose(FlowLayout.ctProtocol, 1)
        match.expose(FlowLayout.ctSourcePort, 4)
        if !isV6 {
            match.expose(FlowLayout.ctIPv4Source, 8)
        } else if !isNeighborDiscovery(key) {
            match.expose(FlowLayout.ctIPv6Source, 32)
        }
    }

    private static func exposeTransport(_ match: inout MatchBytes, _ key: FlowKey) {
        let proto = key.load8(FlowLayout.ipProtocol)
        let known = [
            IPProtocol.icmp, IPProtocol.icmpv6, IPProtocol.tcp, IPProtocol.udp, IPProtocol.sctp,
            IPProtocol.igmp,
        ]
        guard key.load8(FlowLayout.ipFragment) & 2 == 0, known.contains(proto) else { return }
        match.expose(FlowLayout.l4Source, 4)
        if proto == IPProtocol.tcp { match.expose(FlowLayout.tcpFlags, 2) }
    }

    static func isNeighborDiscovery(_ key: FlowKey) -> Bool {
        let type = key.load16(FlowLayout.l4Source)
        return key.load16(FlowLayout.ethType) == EthType.ipv6
            && key.load8(FlowLayout.ipProtocol) == IPProtocol.icmpv6
            && key.load16(FlowLayout.l4Destination) == 0 && (type == 135 || type == 136)
    }
}
