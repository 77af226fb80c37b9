// What queues and threads have cost lately: a sample every few seconds, for a minute. Commands show
// shares of it, and queues are spread by it.

/// Names a receive queue.
struct QueueID: Hashable {
    var datapathPort: UInt32
    var queue: Int
}

/// Samples of cycle counters.
struct LoadHistory {
    static let intervalMilliseconds: UInt64 = 5_000
    static let samplesMax = 13

    struct Sample {
        /// Milliseconds, and the time-stamp counter.
        var time: UInt64
        var cycles: UInt64
        var queues: [QueueID: UInt64]
        /// By thread number: busy cycles, and those of its queues.
        var threads: [Int: (busy: UInt64, queues: UInt64)]
    }
    private var samples: [Sample] = []

    mutating func add(_ sample: Sample) {
        samples.append(sample)
        if samples.count > Self.samplesMax { samples.removeFirst() }
    }

    /// Forgets everything: counters began anew.
    mutating func clear() { samples = [] }

    /// The sample that lies `milliseconds` back or, if none is so old, the oldest; nil while there
    /// is none.
    func sample(before now: UInt64, milliseconds: UInt64) -> Sample? {
        samples.last { now &- $0.time >= milliseconds } ?? samples.first
    }
}
