// Flow changes, expiry and statistics.

import Flow

/// OFPFC_*.
public enum FlowModCommand: UInt8, Hashable, Sendable {
    case add = 0
    case modify = 1
    case modifyStrict = 2
    case delete = 3
    case deleteStrict = 4
}

/// OFPFF_*, by the bits of OpenFlow 1.3; Open vSwitch's private ones above.
public struct FlowModFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }
    public static let sendFlowRemoved = FlowModFlags(rawValue: 1 << 0)
    public static let checkOverlap = FlowModFlags(rawValue: 1 << 1)
    /// OpenFlow 1.2 and later; implied by `add` in 1.0 and 1.1.
    public static let resetCounts = FlowModFlags(rawValue: 1 << 2)
    public static let noPacketCounts = FlowModFlags(rawValue: 1 << 3)
    public static let noByteCounts = FlowModFlags(rawValue: 1 << 4)
}

/// OFPT_FLOW_MOD and NXT_FLOW_MOD.
public struct FlowMod: Hashable, Sendable {
    public var command: FlowModCommand
    /// 255: every table for a deletion; the switch chooses for the rest (OpenFlow 1.0).
    public var tableID: UInt8 = 255
    public var match = FlowMatch()
    public var priority: UInt16 = 0x8000
    /// Modify and delete only flows whose cookie equals this in the bits of `cookieMask`.
    public var cookie: UInt64 = 0
    public var cookieMask: UInt64 = 0
    /// The cookie of a flow that is added; all ones for none given.
    public var newCookie: UInt64 = .max
    /// Whether modifying also gives `newCookie` to flows that exist.
    public var modifyCookie = false
    public var idleTimeout: UInt16 = 0
    public var hardTimeout: UInt16 = 0
    public var importance: UInt16 = 0
    public var bufferID: UInt32 = noBuffer
    /// Delete only flows that output here; `ReservedPort.any` for no restriction.
    public var outPort: UInt32 = ReservedPort.any
    /// Delete only flows that go to this group; `GroupID.any` for no restriction.
    public var outGroup: UInt32 = GroupID.any
    public var flags: FlowModFlags = []
    /// Actions and instructions in the order of `Action`.
    public var actions: [Action] = []
    public init(_ command: FlowModCommand) { self.command = command }
}

/// Why a flow went away.
public enum FlowRemovedReason: UInt8, Hashable, Sendable {
    case idleTimeout = 0
    case hardTimeout = 1
    case delete = 2
    case groupDelete = 3
    case meterDelete = 4
    case eviction = 5
}

/// OFPT_FLOW_REMOVED and NXT_FLOW_REMOVED.
public struct FlowRemoved: Hashable, Sendable {
    public var match = FlowMatch()
    public var cookie: UInt64 = 0
    public var priority: UInt16 = 0
    public var reason: FlowRemovedReason = .delete
    public var tableID: UInt8 = 0
    public var durationSeconds: UInt32 = 0
    public var durationNanoseconds: UInt32 = 0
    public var idleTimeout: UInt16 = 0
    public var hardTimeout: UInt16 = 0
    /// All ones where unknown.
    public var packetCount: UInt64 = 0
    public var byteCount: UInt64 = 0
    public init() {}
}

/// The body of flow and aggregate statistics requests.
public struct FlowStatsRequest: Hashable, Sendable {
    /// 255 for all.
    public var tableID: UInt8 = 255
    public var outPort: UInt32 = ReservedPort.any
    public var outGroup: UInt32 = GroupID.any
    public var cookie: UInt64 = 0
    public var cookieMask: UInt64 = 0
    public var match = FlowMatch()
    /// Came as NXST_FLOW or NXST_AGGREGATE, and is answered alike.
    public var isNicira = false
    public init() {}
}

/// One flow of a flow statistics reply.
public struct FlowStats: Hashable, Sendable {
    public var match = FlowMatch()
    public var cookie: UInt64 = 0
    public var tableID: UInt8 = 0
    public var priority: UInt16 = 0
    public var durationSeconds: UInt32 = 0
    public var durationNanoseconds: UInt32 = 0
    public var idleTimeout: UInt16 = 0
    public var hardTimeout: UInt16 = 0
    /// Seconds since last used and since last changed; nil where not told.
    public var idleAge: UInt32?
    public var hardAge: UInt32?
    /// All ones where unknown.
    public var packetCount: UInt64 = 0
    public var byteCount: UInt64 = 0
    public var flags: FlowModFlags = []
    public var importance: UInt16 = 0
    public var actions: [Action] = []
    public init() {}
}

/// The sums over flows. All ones where unknown.
public struct AggregateStats: Hashable, Sendable {
    public var packetCount: UInt64
    public var byteCount: UInt64
    public var flowCount: UInt32
    public init(packetCount: UInt64, byteCount: UInt64, flowCount: UInt32) {
        self.packetCount = packetCount
        self.byteCount = byteCount
        self.flowCount = flowCount
    }
}
