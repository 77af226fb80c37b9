// One poll thread's counters as values, for commands.

import Flow

/// Counters of one poll thread.
public struct ThreadStatistics: Sendable {
    /// One of its receive queues.
    public struct Queue: Sendable {
        public var datapathPort: UInt32
        public var queue: Int
        public var packets: UInt64
        /// Its share of the time looked back at, from 0 to 1; nil where it was not polled that
        /// long.
        public var load: Double?
    }

    public var number = 0
    /// The CPU it is pinned to; nil where it roams.
    public var cpu: Int?
    /// Whether only queues that were pinned to its CPU are polled.
    public var isIsolated = false
    /// Work beside its queues, as a share of the time looked back at; nil where that is not known.
    public var overhead: Double?
    public var packets: UInt64 = 0
    public var recordHits: UInt64 = 0
    public var judged: UInt64 = 0
    public var rejudged: UInt64 = 0
    public var revalidated: UInt64 = 0
    public var sentPackets: UInt64 = 0
    public var sentBatches: UInt64 = 0
    public var records = 0
    public var busyCycles: UInt64 = 0
    public var idleCycles: UInt64 = 0
    public var turns: UInt64 = 0
    public var busyTurns: UInt64 = 0
    public var sleeps: UInt64 = 0
    public var sleepCycles: UInt64 = 0
    /// Since the counters began.
    public var elapsedCycles: UInt64 = 0
    public var elapsedMilliseconds: UInt64 = 0
    public var drops: [DropReason: UInt64] = [:]
    public var queues: [Queue] = []
}
