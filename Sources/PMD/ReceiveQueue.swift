// One receive queue as its poll thread sees it. The control room fills it in while the thread is
// held; the counters are the thread's.

/// One receive queue of a thread.
struct ReceiveQueue {
    var device: DatapathDevice
    var datapathPort: UInt32
    var queue: Int
    var packets: UInt64 = 0
    /// Cycles spent on receiving from it, when something came, and on what came.
    var cycles: UInt64 = 0
    /// Until when, by the time-stamp counter, it is not asked while others have packets.
    var quietUntil: UInt64 = 0
    /// Until when, by the time-stamp counter, it waits while others have packets: what its packets
    /// cost was more than its share.
    var heldUntil: UInt64 = 0
    /// Limits what is taken from it; shared by the queues of a port.
    var policer: Policer?
}
