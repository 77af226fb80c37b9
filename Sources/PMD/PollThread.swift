// A poll thread: polls its receive queues, runs the engine, empties the outbox, sweeps, and sleeps
// when there is nothing to do. The control room changes what it works on only while it is held.

import Bounded
import CIntrinsics
import Conntrack
import DPDK
import Datapath
import Dpif
import Glibc
import PacketBuffer

/// One receive queue of a thread.
struct ReceiveQueue {
    var device: DatapathDevice
    var datapathPort: UInt32
    var queue: Int
    var packets: UInt64 = 0
}

/// Where a poll thread is, as both sides see it.
enum PollState {
    static let running: UInt32 = 0
    static let asleep: UInt32 = 1
    static let held: UInt32 = 2
    static let parked: UInt32 = 3
}

/// What a poll thread and the control room share.
///
/// **Owner**: the thread while running; the control room between `hold` and `release`.
struct PollThreadState {
    var state: UInt32 = 0
    var holdRequests: UInt32 = 0
    var stops: UInt32 = 0
    var eventSignalled: UInt32 = 0
    var number: Int
    var engine: Engine
    var batch: PacketBatch
    var epochs: EpochDomain
    let clock: EngineClock
    /// Receive queues of this thread.
    var queues: UnsafeMutablePointer<ReceiveQueue>
    var queueCount = 0
    /// Devices by datapath port, shared by all threads; changed only while all are held.
    var devices: UnsafeMutablePointer<DatapathDevice?>
    var epoll: Int32
    var eventDescriptor: Int32
    /// Whether some queue has no descriptor to sleep on.
    var mustPoll = false
    var isConntrackSweeper: Bool
    // Cycle accounting for pmd-stats-show.
    var busyCycles: UInt64 = 0
    var idleCycles: UInt64 = 0
    var turns: UInt64 = 0
    var busyTurns: UInt64 = 0
    var startMilliseconds: UInt64 = 0
    var cpu: Int32 = -1
}

/// A handle on a poll thread.
struct PollThread: @unchecked Sendable {
    static let queuesMax = 1024
    let shared: UnsafeMutablePointer<PollThreadState>

    init(
        number: Int, engine: Engine, epochs: EpochDomain, clock: EngineClock,
        devices: UnsafeMutablePointer<DatapathDevice?>, eventDescriptor: Int32
    ) {
        shared = .allocate(capacity: 1)
        shared.initialize(
            to: PollThreadState(
                number: number, engine: engine, batch: PacketBatch.allocate(), epochs: epochs,
                clock: clock,
                queues: .allocate(capacity: PollThread.queuesMax), devices: devices,
                epoll: vd_epoll_create(),
                eventDescriptor: eventDescriptor, isConntrackSweeper: number == 0))
    }

    // MARK: Control room

    /// Starts the thread, on CPU `cpu` if given.
    func start(cpu: Int?) -> pthread_t {
        shared.pointee.startMilliseconds = shared.pointee.clock.now()
        shared.pointee.cpu = Int32(cpu ?? -1)
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

    private init(shared: UnsafeMutablePointer<PollThreadState>) { self.shared = shared }

    private var stateWord: UnsafeMutableRawPointer { UnsafeMutableRawPointer(shared) }
    private var holdWord: UnsafeMutableRawPointer { UnsafeMutableRawPointer(shared) + 4 }
    private var stopWord: UnsafeMutableRawPointer { UnsafeMutableRawPointer(shared) + 8 }
    private var signalWord: UnsafeMutableRawPointer { UnsafeMutableRawPointer(shared) + 12 }

    /// Waits until the thread touches nothing; at most one turn. A sleeping thread is held as it
    /// is.
    func hold() {
        vd_store_release32(holdWord, 1)
        vd_fence()
        while true {
            if vd_cas32(stateWord, PollState.asleep, PollState.held) { return }
            if vd_load_acquire32(stateWord) == PollState.parked { return }
            sched_yield()
        }
    }

    func release() {
        if vd_load_acquire32(stateWord) == PollState.held {
            vd_store_release32(stateWord, PollState.asleep)
        }
        vd_store_release32(holdWord, 0)
    }

    func stop() { vd_store_release32(stopWord, 1) }

    /// The control room is about to read the event ring.
    func acknowledgeEvents() { vd_store_release32(signalWord, 0) }

    // MARK: Poll thread

    private func run() {
        if shared.pointee.cpu >= 0 { _ = vd_pin_thread(shared.pointee.cpu) }
        DPDKRuntime.registerThread()
        let epochs = shared.pointee.epochs
        let number = shared.pointee.number
        epochs.goOnline(number)
        var idleTurns = 0
        var lastSweep: UInt64 = 0
        while vd_load_acquire32(stopWord) == 0 {
            if vd_load_acquire32(holdWord) != 0 { park() }
            let now = shared.pointee.clock.now()
            let received = turn(now: now)
            epochs.quiesce(number)
            if received > 0 {
                idleTurns = 0
            } else {
                idleTurns &+= 1
            }
            if now != lastSweep && (received == 0 || now &- lastSweep >= 2) {
                lastSweep = now
                sweep(now: now, budget: idleTurns > 64 ? 4096 : 256)
            }
            if idleTurns > 200 { sleep(idleTurns) }
        }
        epochs.goOffline(number)
        DPDKRuntime.unregisterThread()
    }

    /// Polls every queue once; returns how many packets came.
    @inline(__always)
    private func turn(now: UInt64) -> Int {
        let s = shared
        let started = vd_rdtsc()
        var total = 0
        for index in 0..<s.pointee.queueCount {
            let queue = s.pointee.queues + index
            let count = queue.pointee.device.receive(
                into: s.pointee.batch, queue: queue.pointee.queue)
            guard count > 0 else { continue }
            queue.pointee.packets &+= UInt64(count)
            total &+= count
            s.pointee.engine.process(s.pointee.batch, now: now)
            transmit()
        }
        s.pointee.turns &+= 1
        let cycles = vd_rdtsc() &- started
        if total > 0 {
            s.pointee.busyTurns &+= 1
            s.pointee.busyCycles &+= cycles
            notify()
        } else {
            s.pointee.idleCycles &+= cycles
        }
        return total
    }

    /// Sends what the outbox holds.
    func transmit() {
        let outbox = shared.pointee.engine.state.pointee.outbox
        let number = shared.pointee.number
        let dirty = outbox.dirtyCount.pointee
        for position in 0..<dirty {
            let port = Int(outbox.dirty[position])
            let count = Int(outbox.counts[port])
            outbox.counts[port] = 0
            guard let row = outbox.rows[port] else { continue }
            if let device = shared.pointee.devices[port] {
                device.transmit(row, count: count, queue: number)
            } else {
                shared.pointee.engine.state.pointee.pool.free(row, count: count)
            }
        }
        outbox.dirtyCount.pointee = 0
    }

    /// Wakes the control room if events wait.
    func notify() {
        guard !shared.pointee.engine.state.pointee.events.isEmpty else { return }
        if vd_exchange32(signalWord, 1) == 0 {
            var one: UInt64 = 1
            _ = write(shared.pointee.eventDescriptor, &one, 8)
        }
    }

    /// Gives up what has become old, a bounded piece of it. The thread, or the control room while
    /// it holds the thread.
    func sweep(now: UInt64, budget: Int) {
        let engine = shared.pointee.engine
        engine.sweep(now: now, budget: budget)
        if shared.pointee.isConntrackSweeper {
            _ = engine.state.pointee.conntrack.expire(now: now, budget: budget)
            engine.expireFragments(now: now)
        }
        notify()
    }

    private func park() {
        vd_store_release32(stateWord, PollState.parked)
        shared.pointee.epochs.goOffline(shared.pointee.number)
        while vd_load_acquire32(holdWord) != 0 { sched_yield() }
        shared.pointee.epochs.goOnline(shared.pointee.number)
        vd_store_release32(stateWord, PollState.running)
    }

    /// Sleeps until a queue has packets; polled devices get short naps that grow.
    private func sleep(_ idleTurns: Int) {
        shared.pointee.epochs.goOffline(shared.pointee.number)
        vd_store_release32(stateWord, PollState.asleep)
        vd_fence()
        if shared.pointee.mustPoll {
            let naps = min(idleTurns / 64, 50)
            usleep(UInt32(naps * 10))
        } else {
            _ = vd_epoll_wait(shared.pointee.epoll, 100)
        }
        while !vd_cas32(stateWord, PollState.asleep, PollState.running) { sched_yield() }
        shared.pointee.epochs.goOnline(shared.pointee.number)
    }
}
