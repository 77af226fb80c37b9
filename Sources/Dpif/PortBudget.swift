// What one port may take of what all ports share, and what it has taken: values that both rooms
// agree on.

/// Limits of a port; nil where the datapath chooses, zero where there is none.
///
/// What the datapath chooses leaves others an eighth: seven eighths of the connections allowed and
/// of a poll thread's records, an eighth of the connections allowed half-open, 10,000 packets a
/// second to controllers, new flows without limit.
public struct PortBudget: Hashable, Sendable {
    /// Connections that its packets began.
    public var connections: UInt32?
    /// Of those, the ones that the other side has not answered yet.
    public var halfOpenConnections: UInt32?
    /// Flow records in each poll thread.
    public var records: UInt32?
    /// Packets a second, in each poll thread, that the pipeline judges.
    public var newFlowsPerSecond: UInt32?
    /// Packets a second, in each poll thread, that go to controllers.
    public var packetInsPerSecond: UInt32?

    public init() {}
}

/// What a port has taken, and how often it was refused more.
public struct PortUsage: Hashable, Sendable {
    /// A share, its limit (zero for none), and how often it was used up.
    public struct Share: Hashable, Sendable {
        public var used: UInt64
        public var limit: UInt64
        public var refused: UInt64

        public init(used: UInt64 = 0, limit: UInt64 = 0, refused: UInt64 = 0) {
            self.used = used
            self.limit = limit
            self.refused = refused
        }
    }
    public var connections = Share()
    public var halfOpenConnections = Share()
    public var records = Share()
    /// The limits of these are a second's; nothing is in use.
    public var newFlows = Share()
    public var packetIns = Share()

    public init() {}
}
