// Packet-outs: the actions are compiled like a rule's and run on the packet at once.

import Dpif
import Flow
import OpenFlow
import Pipeline

extension OfprotoBridge {
    /// Checks what does not depend on rules, as is done when a message is put into a bundle.
    ///
    /// **Errors**: OFPBRC_BUFFER_UNKNOWN.
    func check(_ message: PacketOut) throws(OpenFlowError) {
        if message.bufferID != noBuffer { throw OpenFlowError(.ofpbrcBufferUnknown) }
    }

    /// Sends a packet through its actions.
    ///
    /// **Errors**: OFPBRC_BUFFER_UNKNOWN, OFPBAC_BAD_OUT_GROUP, OFPMMFC_INVALID_METER.
    func send(_ message: PacketOut) throws(OpenFlowError) {
        try check(message)
        try check(ActionScan(message.actions))
        commitChange()
        let compiled = ActionCompiler.compile(message.actions, resolver: self)
        keepLearning(compiled.learnHandles)
        var packet = InjectedPacket(
            bridge: index, inPort: message.inPort, frame: message.packet,
            program: compiled.program)
        packet.key = PacketMetadataFields.key(message.metadata)
        control.inject(packet)
        // The packet may still be on its way, or pause, when `inject` returns.
        control.retireFromContinuations { _ = compiled }
    }

    /// Keeps the last `learn` actions of packet-outs until their events have come.
    private func keepLearning(_ handles: [UInt64]) {
        packetOutLearns += handles
        while packetOutLearns.count > 1024 { learnActions[packetOutLearns.removeFirst()] = nil }
    }
}
