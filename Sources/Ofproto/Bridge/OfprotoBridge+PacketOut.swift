// Packet-outs: the actions are compiled like a rule's and run on the packet at once.

import Dpif
import Flow
import OpenFlow
import Pipeline

extension OfprotoBridge {
    /// Checks what does not depend on rules, as is done when a message is put into a bundle. The
    /// actions must suit the packet as those of a rule must suit its match.
    ///
    /// **Errors**: OFPBRC_BUFFER_UNKNOWN; those of `ActionCheck`.
    func check(_ message: PacketOut, _ codec: CodecContext) throws(OpenFlowError) {
        if message.bufferID != noBuffer { throw OpenFlowError(.ofpbrcBufferUnknown) }
        var check = ActionCheck(
            version: codec.version, context: fieldContext(message),
            tunnelOptions: codec.tunnelOptions)
        check.portLimit = codec.portLimit
        check.table = 0
        check.tableCount = codec.tableCount
        try check.check(message.actions)
    }

    private func fieldContext(_ message: PacketOut) -> FieldContext {
        let key = FlowKey.allocate()
        defer { key.deallocate() }
        PacketMetadataFields.key(message.metadata).withUnsafeBytes {
            key.base.copyMemory(from: $0.baseAddress.unsafelyUnwrapped, byteCount: $0.count)
        }
        message.packet.withUnsafeBytes {
            guard let frame = $0.baseAddress else { return }
            let vlanLimit = Int(pipeline.pointee.vlanLimit)
            _ = FlowExtractor.extract(frame, length: $0.count, vlanLimit: vlanLimit, into: key)
        }
        return FieldContext(key)
    }

    /// Sends a packet that has been checked through its actions.
    ///
    /// **Errors**: OFPBAC_BAD_OUT_GROUP, OFPMMFC_INVALID_METER.
    func send(_ message: PacketOut) throws(OpenFlowError) {
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
