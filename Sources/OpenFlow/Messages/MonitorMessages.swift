// Flow monitors: requests and the updates they bring.

import Flow

/// What a monitor reports, by the bits of OpenFlow 1.4.
public struct FlowMonitorFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }
    public static let initial = FlowMonitorFlags(rawValue: 1 << 0)
    public static let add = FlowMonitorFlags(rawValue: 1 << 1)
    public static let removed = FlowMonitorFlags(rawValue: 1 << 2)
    public static let modify = FlowMonitorFlags(rawValue: 1 << 3)
    public static let instructions = FlowMonitorFlags(rawValue: 1 << 4)
    /// The controller's own changes in full too.
    public static let noAbbreviation = FlowMonitorFlags(rawValue: 1 << 5)
    /// Nicira's "own": as `noAbbreviation`. OpenFlow 1.4 has the bit for "only own", but Open
    /// vSwitch and its tools use it in Nicira's sense there too, and so do we.
    public static let own = FlowMonitorFlags(rawValue: 1 << 6)
}

/// One monitor to make, change or remove.
public struct FlowMonitorRequest: Hashable, Sendable {
    public enum Command: UInt8, Hashable, Sendable { case add = 0, modify = 1, delete = 2 }
    public var id: UInt32
    public var command: Command = .add
    public var flags: FlowMonitorFlags = []
    public var outPort: UInt32 = ReservedPort.any
    public var outGroup: UInt32 = GroupID.any
    /// 255 for all.
    public var tableID: UInt8 = 255
    public var match = FlowMatch()
    public init(id: UInt32) { self.id = id }
}

/// One change that a monitor saw.
public enum FlowUpdate: Hashable, Sendable {
    /// OFPFME_*.
    public enum Event: UInt16, Hashable, Sendable {
        case initial = 0
        case added = 1
        case removed = 2
        case modified = 3
    }
    /// A change in full.
    public struct Full: Hashable, Sendable {
        public var event: Event
        /// With `removed`.
        public var reason: FlowRemovedReason = .delete
        public var tableID: UInt8 = 0
        public var priority: UInt16 = 0
        public var idleTimeout: UInt16 = 0
        public var hardTimeout: UInt16 = 0
        public var cookie: UInt64 = 0
        public var match = FlowMatch()
        /// Empty unless the monitor asked for instructions.
        public var actions: [Action] = []
        public init(_ event: Event) { self.event = event }
    }
    case full(Full)
    /// The controller's own request of this transaction id made the change.
    case abbreviated(xid: UInt32)
    /// OpenFlow 1.4 and later; earlier versions have messages for it.
    case paused
    case resumed
}
