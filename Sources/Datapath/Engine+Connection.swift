// The hit path's dealings with the connection tracker.

import Conntrack
import PacketBuffer
import Wire

extension Engine {
    /// Lets a packet of a known connection through, or sends it to level 2.
    @inline(__always)
    func touch(
        _ index: UInt32, _ generation: UInt32, isReply: Bool, _ packet: PacketBuffer,
        _ facts: PacketFacts
    ) -> Bool {
        guard isVouchedFor(packet, facts) else { return false }
        var tracked = ConntrackPacketFacts()
        if facts.proto == 6 {
            let tcp = TCPHeader(unchecked: packet.data + Int(facts.l4))
            tracked = ConntrackPacketFacts(
                tcp, payloadLength: max(Int(facts.end) &- Int(facts.l4) &- tcp.headerBytes, 0))
        }
        return state.pointee.conntrack.touch(
            index, generation: generation, isReply: isReply, facts: tracked, now: state.pointee.now)
    }

    /// Whether a packet with a key is fit to begin a connection: in TCP, one picked up in the
    /// middle.
    @inline(__always)
    func mayBegin(_ packet: PacketBuffer, _ facts: PacketFacts) -> Bool {
        guard facts.proto == 6 else { return true }
        return TCPHeader(unchecked: packet.data + Int(facts.l4)).flags & TCPFlags.ack != 0
    }

    /// Whether the packet's checksums are right, as far as conntrack asks.
    @inline(__always)
    func isVouchedFor(_ packet: PacketBuffer, _ facts: PacketFacts) -> Bool {
        packet.isVouchedFor(
            network: Int(facts.l3), transport: Int(facts.l4), end: Int(facts.end),
            isIPv6: facts.isIPv6, protocol: facts.proto)
    }

    /// Rewrites the packet in hand as its connection's NAT wants it.
    func natRewrite(_ packet: PacketBuffer, _ index: UInt32, isReply: Bool) {
        _ = state.pointee.conntrack.natRewrite(
            index, isReply: isReply, packet: packet,
            isIPv6: state.pointee.execution.pointee.positions.isIPv6)
    }
}
