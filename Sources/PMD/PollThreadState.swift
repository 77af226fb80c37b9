// The memory that a poll thread and the control room share, and the states a thread can be in. The
// thread owns it while it runs; the control room reads and writes it while the thread is held.

import Bounded
import Datapath
import PacketBuffer

/// Where a poll thread is, as both sides see it. A thread leaves `held` and `parked` only by the
/// control room's hand.
enum PollState {
    static let running: UInt32 = 0
    /// Waiting for packets; touches nothing.
    static let asleep: UInt32 = 1
    /// Was asleep when the control room took hold of it.
    static let held: UInt32 = 2
    /// Was running when the control room asked it to wait, and waits.
    static let parked: UInt32 = 3
}

/// What a poll thread and the control room share.
///
/// **Owner**: the thread while running; the control room between `hold` and `release`, and while
/// there is no thread.
struct PollThreadState {
    /// `PollState`; both sides wait on it.
    var state: UInt32 = PollState.asleep
    var holdRequests: UInt32 = 0
    var stops: UInt32 = 0
    var eventSignalled: UInt32 = 0
    /// Its place among the threads: the number of its epoch line and of its transmit queues.
    var number: Int
    var engine: Engine
    var batch: PacketBatch
    var epochs: EpochDomain
    let clock: EngineClock
    /// Receive queues of this thread, those without a descriptor first.
    var queues: UnsafeMutablePointer<ReceiveQueue>
    var queueCount = 0
    /// How many of the first queues have no descriptor to sleep on.
    var polledCount = 0
    /// The last turn with a batch of which most had a record.
    var knownTurn: UInt64 = 0
    /// Devices by datapath port, shared by all threads; changed only while all are held.
    var devices: UnsafeMutablePointer<DatapathDevice?>
    /// Limits of what is sent by datapath port, shared and changed like `devices`.
    var egressPolicers: UnsafeMutablePointer<Policer?>
    var epoll: Int32
    /// Written to by the control room to end a sleep early.
    var wakeDescriptor: Int32
    var eventDescriptor: Int32
    /// The CPU it is to be pinned to; negative to roam.
    var cpu: Int32 = -1
    /// Whether it is to be made known to DPDK.
    var usesDPDK = false
    /// The longest sleep while a queue must be polled; 0 for none.
    var sleepMicrosecondsMax: UInt64 = PollThread.sleepMicrosecondsDefault
    // Cycle accounting for pmd-stats-show and its like.
    var busyCycles: UInt64 = 0
    var idleCycles: UInt64 = 0
    var turns: UInt64 = 0
    var busyTurns: UInt64 = 0
    var sleeps: UInt64 = 0
    var sleepCycles: UInt64 = 0
    var sentPackets: UInt64 = 0
    var sentBatches: UInt64 = 0
    /// When the counters began, by the time-stamp counter and the engine's clock.
    var startCycles: UInt64 = 0
    var startMilliseconds: UInt64 = 0
}
