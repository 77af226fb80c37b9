// Queues of a port: configuration and statistics.

/// Which queues a request asks about.
public struct QueueRequest: Hashable, Sendable {
    /// `ReservedPort.any` for all.
    public var port: UInt32
    /// `allQueues` for all.
    public var queue: UInt32
    public init(port: UInt32, queue: UInt32 = QueueRequest.allQueues) {
        self.port = port
        self.queue = queue
    }
    public static let allQueues: UInt32 = .max
}

/// One queue's rates, in tenths of a percent of the link; nil where not set.
public struct QueueConfig: Hashable, Sendable {
    public var port: UInt32
    public var queue: UInt32
    public var minRate: UInt16?
    public var maxRate: UInt16?
    public init(port: UInt32, queue: UInt32) {
        self.port = port
        self.queue = queue
    }
}

/// OFPT_QUEUE_GET_CONFIG_REPLY, or the queue descriptions of OpenFlow 1.4 and later.
public struct QueueGetConfigReply: Hashable, Sendable {
    /// The port asked about.
    public var port: UInt32
    public var queues: [QueueConfig]
    public init(port: UInt32, queues: [QueueConfig]) {
        self.port = port
        self.queues = queues
    }
}

/// One queue's counters. All ones where unknown.
public struct QueueStats: Hashable, Sendable {
    public var port: UInt32
    public var queue: UInt32
    public var sentBytes: UInt64 = .max
    public var sentPackets: UInt64 = .max
    public var sendErrors: UInt64 = .max
    /// Nil where not told; OpenFlow 1.3 and later.
    public var durationSeconds: UInt32?
    public var durationNanoseconds: UInt32 = 0
    public init(port: UInt32, queue: UInt32) {
        self.port = port
        self.queue = queue
    }
}
