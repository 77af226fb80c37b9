// One poll thread's counters as values, for commands.

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

        public init(datapathPort: UInt32, queue: Int, packets: UInt64, load: Double?) {
            self.datapathPort = datapathPort
            self.queue = queue
            self.packets = packets
            self.load = load
        }
    }

    public var number = 0
    /// The CPU it is pinned to; nil where it roams.
    public var cpu: Int?
    /// What commands call it: its CPU, or its number where it roams.
    public var core: Int { cpu ?? number }
    /// Whether only queues that were pinned to its CPU are polled.
    public var isIsolated = false
    /// Work beside its queues, as a share of the time looked back at; nil where that is not known.
    public var overhead: Double?
    public var packets: UInt64 = 0
    /// Packets that a flow record served.
    public var recordHits: UInt64 = 0
    /// Packets that the pipeline judged.
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
    public var queues: [Queue] = []

    public init() {}
}
