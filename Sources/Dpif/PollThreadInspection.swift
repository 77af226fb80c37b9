// What commands ask of whoever runs the poll threads. The control loop.

import Flow

/// Looks at the poll threads.
public protocol PollThreadInspection: AnyObject {
    /// Counters of each poll thread, with loads over the last `seconds`.
    func threadStatistics(seconds: UInt64) -> [ThreadStatistics]
    /// Starts the threads' counters anew.
    func clearThreadStatistics()
    /// Drops by reason since the start or the last clearing, of all threads that ever were.
    func drops() -> [DropReason: UInt64]
    /// Puts a frame on a dummy device as if it had come from outside; false if there is none.
    func receiveOnDummy(_ name: String, frame: [UInt8]) -> Bool
}

extension PollThreadInspection {
    /// As `pmd-rxq-show` looks without being told: over a minute.
    public func threadStatistics() -> [ThreadStatistics] { threadStatistics(seconds: 60) }
}
