// A handle on a poll thread, and the control room's side of it: start, end, hold, let go, wake.
// What the thread itself does is in PollThread+Run.swift.

import Bounded
import CIntrinsics
import Datapath
import Glibc
import PacketBuffer

/// A handle on a poll thread and its memory, which outlives the thread: a thread that is ended may
/// be started again.
struct PollThread: @unchecked Sendable {
    static let queuesMax = 1024
    /// Four milliseconds: a thread that has been idle for long then costs less than half a percent
    /// of a core.
    static let sleepMicrosecondsDefault: UInt64 = 4000
    /// For how long a kernel's queue that had nothing is left alone on a busy thread: about 20
    /// microseconds.
    static let quietCycles: UInt64 = 50_000
    let shared: UnsafeMutablePointer<PollThreadState>

    init(
        number: Int, engine: Engine, epochs: EpochDomain, clock: EngineClock,
        devices: UnsafeMutablePointer<DatapathDevice?>,
        egressPolicers: UnsafeMutablePointer<Policer?>, eventDescriptor: Int32
    ) {
        shared = .allocate(capacity: 1)
        shared.initialize(
            to: PollThreadState(
                number: number, engine: engine, batch: PacketBatch.allocate(), epochs: epochs,
                clock: clock,
                queues: .allocate(capacity: PollThread.queuesMax), devices: devices,
                egressPolicers: egressPolicers,
                epoll: vd_epoll_create(), wakeDescriptor: vd_eventfd(),
                eventDescriptor: eventDescriptor))
        watchWakeDescriptor()
        resetCounters()
    }

    init(shared: UnsafeMutablePointer<PollThreadState>) { self.shared = shared }

    var stateWord: UnsafeMutableRawPointer { UnsafeMutableRawPointer(shared) }
    var holdWord: UnsafeMutableRawPointer { UnsafeMutableRawPointer(shared) + 4 }
    var stopWord: UnsafeMutableRawPointer { UnsafeMutableRawPointer(shared) + 8 }
    var signalWord: UnsafeMutableRawPointer { UnsafeMutableRawPointer(shared) + 12 }

    // MARK: Life

    /// Starts the thread.
    func start() -> pthread_t {
        vd_store_release32(stopWord, 0)
        vd_store_release32(holdWord, 0)
        vd_store_release32(stateWord, PollState.running)
        resetCounters()
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                PollThread(
                    shared: context.assumingMemoryBound(to: PollThreadState.self)
                ).run()
                return nil
            }, UnsafeMutableRawPointer(shared))
        precondition(status == 0, "cannot start a poll thread")
        return thread
    }

    /// Asks the thread to end; it does so within a turn.
    func stop() {
        vd_store_release32(stopWord, 1)
        wake()
    }

    /// Ends a sleep, or the next one.
    func wake() {
        var one: UInt64 = 1
        _ = write(shared.pointee.wakeDescriptor, &one, 8)
    }

    // MARK: Holding

    /// Asks the thread to wait. Then call `awaitHeld`.
    func requestHold() {
        vd_store_release32(holdWord, 1)
        vd_fence()
    }

    /// Waits until the thread touches nothing; at most one turn. A sleeping thread is held as it
    /// is, without waking it.
    func awaitHeld() {
        var spins = 0
        while true {
            if vd_cas32(stateWord, PollState.asleep, PollState.held) { return }
            let state = vd_load_acquire32(stateWord)
            if state == PollState.parked { return }
            spins += 1
            if spins < 256 {
                vd_pause()
            } else {
                // The thread tells when it parks or goes to sleep; the limit is for good measure.
                vd_wait32(stateWord, state, 1000)
            }
        }
    }

    /// Lets the thread go on. It can be held again at once: its state is no longer one of waiting.
    func release() {
        let isParked = vd_load_acquire32(stateWord) == PollState.parked
        vd_store_release32(holdWord, 0)
        vd_store_release32(stateWord, isParked ? PollState.running : PollState.asleep)
        vd_wake32(stateWord)
    }

    // MARK: While held

    /// Makes the list of queues that the thread polls.
    func setQueues(_ queues: [ReceiveQueue]) {
        var ordered: [ReceiveQueue] = queues.filter { $0.device.fileDescriptor < 0 }
        ordered.append(contentsOf: queues.filter { $0.device.fileDescriptor >= 0 })
        let old = shared.pointee.epoll
        if old >= 0 { close(old) }
        shared.pointee.epoll = vd_epoll_create()
        watchWakeDescriptor()
        shared.pointee.queueCount = 0
        shared.pointee.polledCount = 0
        for queue in ordered.prefix(PollThread.queuesMax) {
            (shared.pointee.queues + shared.pointee.queueCount).initialize(to: queue)
            shared.pointee.queueCount += 1
            let descriptor = queue.device.fileDescriptor
            // A descriptor that can't be watched is polled.
            if descriptor < 0 || vd_epoll_add(shared.pointee.epoll, descriptor) != 0 {
                shared.pointee.polledCount = shared.pointee.queueCount
            }
        }
        // It may sleep on the old set.
        wake()
    }

    private func watchWakeDescriptor() {
        _ = vd_epoll_add_edge(shared.pointee.epoll, shared.pointee.wakeDescriptor)
    }

    /// Starts the counters anew.
    func resetCounters() {
        shared.pointee.busyCycles = 0
        shared.pointee.idleCycles = 0
        shared.pointee.turns = 0
        shared.pointee.busyTurns = 0
        shared.pointee.sleeps = 0
        shared.pointee.sleepCycles = 0
        shared.pointee.sentPackets = 0
        shared.pointee.sentBatches = 0
        shared.pointee.startCycles = vd_rdtsc()
        shared.pointee.startMilliseconds = shared.pointee.clock.now()
    }

    /// The control room is about to read the event ring.
    func acknowledgeEvents() { vd_store_release32(signalWord, 0) }
}
