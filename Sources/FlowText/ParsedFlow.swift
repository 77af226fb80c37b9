// What the text of a flow, or of a request about flows, says.

import Flow
import OpenFlow

/// What is to be done with a flow; decides which keys its text may have.
public enum FlowCommand: Hashable, Sendable {
    case add, modify, modifyStrict, delete, deleteStrict
    /// A request for statistics.
    case request
}

/// A parsed flow.
public struct ParsedFlow: Hashable, Sendable {
    public var command: FlowCommand
    /// 255 where none is given.
    public var table: UInt8 = 255
    public var priority: UInt16 = MatchPrinter.defaultPriority
    /// The cookie to give the flow, or nil where none is given.
    public var newCookie: UInt64?
    /// The cookie to look for, where `cookieMask` is not 0.
    public var cookie: UInt64 = 0
    public var cookieMask: UInt64 = 0
    public var idleTimeoutSeconds: UInt16 = 0
    public var hardTimeoutSeconds: UInt16 = 0
    public var importance: UInt16 = 0
    public var flags: FlowFlags = []
    public var outPort: UInt32 = ReservedPort.any
    public var outGroup: UInt32 = 0xffff_ffff
    public var match = FlowMatch()
    public var actions: [Action] = []
    /// Where the match has tunnel options.
    public var tunnelOptions = TunnelOptionLayout()

    public init(command: FlowCommand) { self.command = command }
}
