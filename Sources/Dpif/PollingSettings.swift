// How receive queues are to be spread over poll threads, as the database asks for it. Values that
// go from the control room through the hatch.

/// How queues that nobody pinned are given to threads (`other_config:pmd-rxq-assign`).
public enum QueueAssignment: String, Hashable, Sendable {
    /// By measured load, back and forth over the threads.
    case cycles
    /// By measured load, each to the thread with the least so far.
    case group
    /// One after the other.
    case roundRobin = "roundrobin"
}

/// What the database says of poll threads.
public struct PollingSettings: Hashable, Sendable {
    /// CPUs with a thread each (`pmd-cpu-mask`); empty for one thread that is not pinned.
    public var cpus: [Int] = []
    public var assignment = QueueAssignment.cycles
    /// Whether a CPU that a queue is pinned to takes no other queues (`pmd-rxq-isolate`).
    public var isolates = true
    /// The longest sleep of a thread whose devices must be polled, in microseconds
    /// (`pmd-maxsleep`); 0 for none at all, nil for the default.
    public var sleepMicrosecondsMax: UInt32?
    public init() {}
}
