// What the switch tells a session unasked: port and table status, removed flows, packets.

import Flow
import OpenFlow

extension OpenFlowSession {
    /// Tells of a port. A change that this version cannot see is not told; nor, before OpenFlow
    /// 1.5, one that the controller made itself.
    func tell(_ status: PortStatus, old: PortStatus?, source: OpenFlowSession?) {
        guard receives(.portStatus, reason: status.reason.rawValue) else { return }
        if source === self && context.version < .v1_5 { return }
        let bytes = OpenFlowCodec.encode(.portStatus(status), xid: 0, context: context)
        if let old {
            let before = OpenFlowCodec.encode(.portStatus(old), xid: 0, context: context)
            if before == bytes { return }
        }
        write(raw: bytes)
    }

    func tell(_ removed: FlowRemoved) {
        guard receives(.flowRemoved, reason: removed.reason.rawValue) else { return }
        tell(.flowRemoved(removed))
    }

    func tell(_ status: TableStatus) {
        guard receives(.tableStatus, reason: status.reason.rawValue) else { return }
        tell(.tableStatus(status))
    }

    /// Sends a packet that is for controller `id`, unless it wants none for that reason or is too
    /// slow to take them.
    func tell(_ packet: PacketIn, controllerID id: UInt16, maxLength: UInt16) {
        guard controllerID == id, receives(.packetIn, reason: packet.reason.rawValue) else {
            return
        }
        let isMiss: Bool
        switch packet.reason {
        case .noMatch, .explicitMiss, .implicitMiss: isMiss = true
        case .action, .invalidTTL, .actionSet, .group, .packetOut: isMiss = false
        }
        let port = UInt32(truncatingIfNeeded: packet.metadata.bits(of: .inPort).value)
        if packetInLimiters[isMiss ? 1 : 0].admit(packet, port: port, now: bridge.now) {
            sendPacketIn(packet)
        }
    }

    private func sendPacketIn(_ packet: PacketIn) {
        if pendingByteCount() == 0 { queuedPacketIns = 0 }
        guard queuedPacketIns < settings.queueLimit else {
            bridge.log("ofproto", "\(name): dropping packet-in due to queue overflow")
            return
        }
        queuedPacketIns += 1
        tell(.packetIn(packet))
    }

    /// Lets the session's clocks run.
    func tick(_ now: UInt64) {
        for index in packetInLimiters.indices {
            for packet in packetInLimiters[index].release(now: now) { sendPacketIn(packet) }
        }
        expireBundles(now)
        expireMultiparts(now)
        resumeMonitors()
        flush()
    }

    /// Takes over changed settings.
    public func update(_ new: SessionSettings) {
        if new.rateLimit != settings.rateLimit || new.burstLimit != settings.burstLimit {
            for index in packetInLimiters.indices {
                packetInLimiters[index].setLimits(rate: new.rateLimit, burst: new.burstLimit)
            }
        }
        settings = new
    }
}
