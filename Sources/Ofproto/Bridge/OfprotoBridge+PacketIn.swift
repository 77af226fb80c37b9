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
        }
        message.metadata = PacketMetadataFields.match(event.key, tunnelOptions: tunnelOptions)
        message.userdata = event.userdata
        if event.isPaused {
            message.continuation = Continuation(
                bridge: continuationKey, handle: event.continuation,
                table: event.table
            ).bytes
        }
        return message
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
            continuation.bridge == continuationKey
        else { throw OpenFlowError(.nxrStale) }
        var key = [UInt8](repeating: 0, count: FlowLayout.byteCount)
        KeyBytes.apply(message.metadata, to: &key)
        guard control.resume(continuation.handle, frame: message.packet, key: key) else {
            throw OpenFlowError(.nxrStale)
        }
    }
}

/// What a controller keeps for the switch while a packet is paused.
///
/// **Shape**: 16 bytes that only this bridge knows, the engine's handle (8 bytes), the table.
struct Continuation {
    let bridge: [UInt8]
    let handle: UInt64
    let table: UInt8

    init(bridge: [UInt8], handle: UInt64, table: UInt8) {
        self.bridge = bridge
        self.handle = handle
        self.table = table
    }

    init?(_ bytes: [UInt8]) {
        guard bytes.count >= Continuation.byteCount else { return nil }
        bridge = Array(bytes[0..<16])
        handle = bytes[16..<24].reduce(0) { $0 << 8 | UInt64($1) }
        table = bytes[24]
    }

    static let byteCount = 32

    var bytes: [UInt8] {
        var writer = ByteWriter(reserving: Continuation.byteCount)
        writer.put(bridge)
        writer.u64(handle)
        writer.u8(table)
        writer.zeros(7)
        return writer.bytes
    }
}
