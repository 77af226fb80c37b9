// A flow and what a dump tells of it: what `FlowPrinter` prints.

import Flow
import OpenFlow

/// A flow with its statistics, as a dump shows it.
public struct FlowDescription: Hashable, Sendable {
    public var cookie: UInt64 = 0
    public var durationNanoseconds: UInt64 = 0
    public var table: UInt8 = 0
    public var packetCount: UInt64 = 0
    public var byteCount: UInt64 = 0
    public var idleTimeoutSeconds: UInt16 = 0
    public var hardTimeoutSeconds: UInt16 = 0
    public var flags: FlowFlags = []
    public var importance: UInt16 = 0
    /// Seconds since the last packet, or nil where unknown.
    public var idleAgeSeconds: Int?
    /// Seconds since the last change, or nil where unknown.
    public var hardAgeSeconds: Int?
    public var priority: UInt16 = MatchPrinter.defaultPriority
    public var match = FlowMatch()
    public var actions: [Action] = []

    public init() {}
}
