// What the engine room tells the control room: values decoded from the event ring. The control room
// gets them in order, one at a time, on its own thread.

import Flow

/// Why a packet is sent to a controller (OpenFlow's reasons).
public enum PacketInReason: UInt8, Sendable {
    case noMatch = 0
    case action = 1
    case invalidTTL = 2
    case actionSet = 3
    case group = 4
    case packetOut = 5
}

/// A packet for controllers.
public struct PacketInEvent: Sendable {
    public var bridge: UInt16 = 0
    public var table: UInt8 = 0
    public var reason: UInt8 = 1
    public var controllerID: UInt16 = 0
    /// The `max_len` of the action; 0xffff is "whole".
    public var maxLength: UInt16 = 0xffff
    /// `Rule.id` of the rule that sent it; 0 for none.
    public var ruleID: UInt64 = 0
    public var meterID: UInt32 = 0
    /// Whether a continuation waits for `NXT_RESUME`; `continuation` names it.
    public var isPaused = false
    public var continuation: UInt64 = 0
    public var userdata: [UInt8] = []
    /// The whole frame as it was at that point.
    public var frame: [UInt8] = []
    /// The flow key (`FlowLayout.byteCount` bytes) at that point: registers, metadata, ct_*,
    /// in_port.
    public var key: [UInt8] = []
    public init() {}
}

/// A `learn` action that ran.
public struct LearnEvent: Sendable {
    public var bridge: UInt16 = 0
    /// `LearnOperands.handle`.
    public var handle: UInt64 = 0
    public var ruleID: UInt64 = 0
    public var key: [UInt8] = []
    public init() {}
}

/// Everything that crosses from the engine room.
public enum DatapathEvent: Sendable {
    case packetIn(PacketInEvent)
    case learn(LearnEvent)
    /// `fin_timeout` saw FIN or RST through this rule.
    case finTimeout(ruleID: UInt64, idleSeconds: UInt16, hardSeconds: UInt16)
    /// A device is gone or back.
    case portState(datapathPort: UInt32, isPresent: Bool)
}
