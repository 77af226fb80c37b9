// What commands show of the poll threads, told by whoever runs them. Values; the control loop.

/// One poll thread's counters.
public struct PollThreadReport: Sendable {
    /// One receive queue that it polls.
    public struct Queue: Sendable {
        public var datapathPort: UInt32
        public var queue: Int
        public var packets: UInt64
        /// Its share of the time looked back at, from 0 to 1; nil where that is not known.
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
    /// Whether it takes pinned queues only.
    public var isIsolated = false
    /// Work beside its queues as a share of the time looked back at; nil where that is not known.
    public var overhead: Double?
    public var packets: UInt64 = 0
    public var sentPackets: UInt64 = 0
    public var sentBatches: UInt64 = 0
    /// Packets that a flow record served.
    public var recordHits: UInt64 = 0
    /// Packets that the pipeline judged.
    public var judged: UInt64 = 0
    public var rejudged: UInt64 = 0
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
    /// What commands call it: its CPU, or its number where it roams.
    var core: Int { cpu ?? number }
    public init() {}
}

/// Looks at the poll threads.
public protocol PollThreadInspection: AnyObject {
    /// The threads, with loads over the last `seconds`.
    func pollThreads(seconds: UInt64) -> [PollThreadReport]
    func clearPollThreads()
    /// Drops by reason's name, all threads together.
    func drops() -> [String: UInt64]
    /// Puts a frame on a dummy device as if it had come from outside; false if there is none.
    func receiveOnDummy(_ name: String, frame: [UInt8]) -> Bool
}

extension PollThreadInspection {
    func pollThreads() -> [PollThreadReport] { pollThreads(seconds: 60) }
}
