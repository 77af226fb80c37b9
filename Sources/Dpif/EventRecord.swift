// The bytes of an event in the ring, and their decoding into values for the control room.

import Flow

/// The fixed head of an event record; a flow key, userdata and the frame follow as counted.
@frozen public struct EventHeader {
    /// 1 packet-in, 2 learn, 3 fin-timeout.
    public var kind: UInt32 = 0
    public var bridge: UInt16 = 0
    public var table: UInt8 = 0
    public var reason: UInt8 = 0
    public var controllerID: UInt16 = 0
    public var maxLength: UInt16 = 0
    public var meterID: UInt32 = 0
    public var ruleID: UInt64 = 0
    /// Continuation of a packet-in, handle of a learn, idle ‖ hard of a fin-timeout.
    public var argument: UInt64 = 0
    public var isPaused: UInt32 = 0
    public var keyCount: UInt32 = 0
    public var userdataCount: UInt32 = 0
    public var frameCount: UInt32 = 0
    public init() {}
    @inlinable public static var byteCount: Int { 64 }
}

extension DatapathEvent {
    /// Decodes one record; nil if it is none.
    public init?(_ record: UnsafeRawBufferPointer) {
        guard record.count >= EventHeader.byteCount, let base = record.baseAddress else {
            return nil
        }
        let head = base.load(as: EventHeader.self)
        var offset = EventHeader.byteCount
        func take(_ count: UInt32) -> [UInt8] {
            let end = min(offset + Int(count), record.count)
            let bytes = Array(record[min(offset, end)..<end])
            offset = end
            return bytes
        }
        switch head.kind {
        case 1:
            var event = PacketInEvent()
            event.bridge = head.bridge
            event.table = head.table
            event.reason = head.reason
            event.controllerID = head.controllerID
            event.maxLength = head.maxLength
            event.ruleID = head.ruleID
            event.meterID = head.meterID
            event.isPaused = head.isPaused != 0
            event.continuation = head.argument
            event.key = take(head.keyCount)
            event.userdata = take(head.userdataCount)
            event.frame = take(head.frameCount)
            self = .packetIn(event)
        case 2:
            var event = LearnEvent()
            event.bridge = head.bridge
            event.handle = head.argument
            event.ruleID = head.ruleID
            event.key = take(head.keyCount)
            self = .learn(event)
        case 3:
            self = .finTimeout(
                ruleID: head.ruleID, idleSeconds: UInt16(truncatingIfNeeded: head.argument >> 16),
                hardSeconds: UInt16(truncatingIfNeeded: head.argument))
        default: return nil
        }
    }
}
