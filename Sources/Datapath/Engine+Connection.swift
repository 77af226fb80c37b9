// The hit path's dealings with the connection tracker.

import Conntrack
import PacketBuffer
import Wire

extension Engine {
    /// Whether somebody has vouched for the checksums; if not, level 2 verifies them before any state
    /// moves, and calls a packet invalid whose flow is not.
    @inline(__always)
    func isVouched(_ packet: PacketBuffer) -> Bool {
        packet.metadata.pointee.flags.rawValue
            & (PacketFlags.needsChecksum.rawValue | PacketFlags.checksumValid.rawValue) != 0
    }

    /// Lets a packet of a known connection through, or sends it to level 2.
    @inline(__always)
    func touch(
        _ index: UInt32, _ generation: UInt32, isReply: Bool, _ packet: PacketBuffer,
        _ facts: PacketFacts
    ) -> Bool {
        guard isVouched(packet) else { return false }
        var tracked = ConntrackPacketFacts()
        if facts.proto == 6 {
            let tcp = TCPHeader(unchecked: packet.data + Int(facts.l4))
            tracked = ConntrackPacketFacts(
                tcp, payloadLength: max(Int(facts.end) &- Int(facts.l4) &- tcp.headerBytes, 0))
        }
        return state.pointee.conntrack.touch(
            index, generation: generation, isReply: isReply, facts: tracked, now: state.pointee.now)
    }

    /// Rewrites the packet in hand as its connection's NAT wants it.
    func natRewrite(_ packet: PacketBuffer, _ index: UInt32, isReply: Bool) {
        _ = state.pointee.conntrack.natRewrite(
            index, isReply: isReply, packet: packet,
            isIPv6: state.pointee.execution.pointee.positions.isIPv6)
    }
}
