// Packets for controllers: from the engine's event to one message for each session that wants it,
// with the continuation of a paused packet; and the way back of such a packet.

import Dpif
import Flow
import OpenFlow
import Pipeline

extension OfprotoBridge {
    func handle(_ event: PacketInEvent) {
        guard event.key.count >= FlowLayout.byteCount else { return }
        if event.meterID == 0, isOverControllerRate(event) { return }
        let message = packetIn(event)
        for session in sessions {
            session.tell(
                message, controllerID: event.controllerID, maxLength: event.maxLength)
        }
    }

    /// Polices a packet by the meter for packets to controllers, if there is one.
    private func isOverControllerRate(_ event: PacketInEvent) -> Bool {
        guard let meter = meters[MeterID.controller] else { return false }
        var level: UInt8 = 0
        return meter.compiled.meter.police(
            length: event.frame.count, now: now, level: &level) == 1
    }

    private func packetIn(_ event: PacketInEvent) -> PacketIn {
        var message = PacketIn(packet: event.frame)
        let rule = event.ruleID == 0 ? nil : rulesByID[event.ruleID]
        message.reason = reason(event, rule)
        message.tableID = event.table
        if event.ruleID != 0 {
            message.cookie = rule?.cookie ?? departedCookies[event.ruleID] ?? .max
        } else if message.reason == .implicitMiss {
            message.cookie = 0
        }
        message.metadata = PacketMetadataFields.match(event.key, tunnelOptions: tunnelOptions)
        message.userdata = event.userdata
        if event.isPaused {
            // The pipeline has been left when it is told: the table is that of the beginning.
            message.tableID = 0
            message.paused = paused(event, rule)
        }
        return message
    }

    private func paused(_ event: PacketInEvent, _ rule: OFRule?) -> PausedPipeline {
        var paused = PausedPipeline(
            token: Continuation(key: continuationKey, handle: event.continuation).token)
        paused.isTracked = !KeyBytes.value(event.key, of: .ctState).isZero
        paused.table = event.table
        let inPort = UInt32(truncatingIfNeeded: KeyBytes.value(event.key, of: .inPort).low64)
        paused.datapathPort = ports[inPort]?.datapathPort ?? 0
        guard let rule else { return paused }
        paused.cookie = rule.cookie
        let place = rule.actions.firstIndex { action in
            if case .controller(let controller) = action {
                return controller.pause && controller.userdata == event.userdata
            }
            return false
        }
        if let place { paused.actions = Array(rule.actions[(place + 1)...]) }
        return paused
    }

    /// A rule that matches all at the lowest priority is a table-miss rule.
    private func reason(_ event: PacketInEvent, _ rule: OFRule?) -> OpenFlow.PacketInReason {
        let reason = OpenFlow.PacketInReason(rawValue: event.reason) ?? .action
        if reason == .noMatch && event.ruleID == 0 { return .implicitMiss }
        if reason == .action, let rule, rule.priority == 0, rule.match.isCatchAll {
            return .explicitMiss
        }
        return reason
    }

    /// Lets a paused packet go on.
    ///
    /// **Errors**: NXR_STALE where the continuation is not one that still waits here.
    func resume(_ message: PacketIn) throws(OpenFlowError) {
        guard let bytes = message.continuation, let continuation = Continuation(bytes),
            continuation.key == continuationKey
        else { throw OpenFlowError(.nxrStale) }
        let key = PacketMetadataFields.key(message.metadata)
        guard control.resume(continuation.handle, frame: message.packet, key: key) else {
            throw OpenFlowError(.nxrStale)
        }
    }
}
