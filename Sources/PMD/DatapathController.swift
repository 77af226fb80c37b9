// The control room's handle on the poll threads: opens and closes devices, spreads receive queues
// over threads, holds threads for what must not race with them, and frees what no thread can reach
// any more.

import Bounded
import CIntrinsics
import Conntrack
import DPDK
import Datapath
import Dpif
import Flow
import Glibc
import KernelPorts
import PacketBuffer
import Pipeline

/// How the datapath is made.
public struct DatapathSettings: Sendable {
    public var connectionCapacity = 1 << 23
    /// Connections allowed until `dpctl/ct-set-maxconns` says otherwise, as in Open vSwitch.
    public var connectionLimit: UInt32 = 3_000_000
    public var standardBuffers = 16_384
    public var jumboBuffers = 512
    public var engine = EngineSettings()
    public init() {}
}

/// The datapath as the control room drives it.
///
/// **Owner**: the control loop.
public final class DatapathController: DatapathControl {
    public let pipeline: UnsafeMutablePointer<PipelineState>
    let pool: PacketPool
    let conntrack: ConntrackTable
    let fragments: FragmentTable
    let epochs: EpochDomain
    let clock = EngineClock()
    let devices: UnsafeMutablePointer<DatapathDevice?>
    let egressPolicers: UnsafeMutablePointer<Policer?>
    /// Every thread there ever was, by number; those that ended wait to be started again, with
    /// empty tables. The first never ends.
    var threads: [PollThread] = []
    /// The running ones, by number.
    var handles: [Int: pthread_t] = [:]
    /// The numbers of those that have queues: they run, or will once `start` was called.
    var active = [0]
    private var holds = 0
    private var isStarted = false
    var polling = PollingSettings()
    var history = LoadHistory()
    /// Numbers of threads that take pinned queues only.
    var isolated: Set<Int> = []
    var ports: [UInt32: OpenPort] = [:]
    private var retired = RetiredQueue()
    private var retiredFromContinuations = RetiredQueue()
    /// Takes remarks for the log: whether it is a warning, and the text.
    public var onRemark: ((Bool, String) -> Void)?
    /// Readable when events wait; the control loop watches it and calls `drainEvents`.
    public let eventDescriptor: Int32
    let settings: DatapathSettings
    var usesDPDK = false
    var zoneTimeouts: [UInt16: UInt32] = [:]

    /// A port that is open.
    struct OpenPort {
        var info: PortInfo
        var device: DatapathDevice
        var request: PortRequest
        /// What the kernel had counted of carrier changes when the port was opened.
        var carrierChangesBefore: UInt32 = 0
        var policing = RateLimit()
        var ingressPolicer: Policer?
        var budget = PortBudget()
    }

    /// Makes the datapath; nil when memory is short.
    public init?(_ settings: DatapathSettings) {
        let now = clock.now()
        guard
            let pool = PacketPool(
                standardCapacity: settings.standardBuffers, jumboCapacity: settings.jumboBuffers),
            let conntrack = ConntrackTable(
                capacity: settings.connectionCapacity, isShared: false, now: now)
        else { return nil }
        self.settings = settings
        self.pool = pool
        self.conntrack = conntrack
        conntrack.setMaxConnections(settings.connectionLimit)
        guard let fragments = FragmentTable(pool: pool, isShared: false) else {
            return nil
        }
        self.fragments = fragments
        pipeline = PipelineState.allocate()
        pipeline.pointee.isShared = false
        epochs = EpochDomain(threadCapacity: Self.threadsMax)
        devices = .allocate(capacity: PipelineState.portsMax)
        devices.initialize(repeating: nil, count: PipelineState.portsMax)
        egressPolicers = .allocate(capacity: PipelineState.portsMax)
        egressPolicers.initialize(repeating: nil, count: PipelineState.portsMax)
        eventDescriptor = vd_eventfd()
        guard makeThread() else { return nil }
        applyBudgets()
    }

    /// More threads than any machine has CPUs that poll.
    static let threadsMax = 256

    /// Makes the memory of one more thread; false when memory is short or there are too many.
    func makeThread() -> Bool {
        guard threads.count < Self.threadsMax,
            let engine = Engine(
                settings: settings.engine, pipeline: pipeline, conntrack: conntrack, pool: pool,
                events: EventRing(), secret: .random())
        else { return false }
        engine.state.pointee.fragments = fragments
        let number = threads.count
        engine.state.pointee.continuations.numberFrom(thread: number)
        if let first = threads.first {
            engine.state.pointee.zonePolicies.update(
                from: first.shared.pointee.engine.state.pointee.zonePolicies, count: 1 << 16)
        }
        for port in ports.keys { engine.state.pointee.outbox.open(port) }
        threads.append(
            PollThread(
                number: number, engine: engine, epochs: epochs, clock: clock, devices: devices,
                egressPolicers: egressPolicers, eventDescriptor: eventDescriptor))
        return true
    }

    /// Starts the poll threads.
    public func start() {
        isStarted = true
        startThreads()
    }

    /// Starts those of the active threads that do not run yet.
    func startThreads() {
        guard isStarted else { return }
        for number in active where handles[number] == nil {
            handles[number] = threads[number].start()
        }
    }

    /// Ends the threads that are no longer active, and takes what they kept.
    func endThreads() {
        for (number, handle) in handles where !active.contains(number) {
            threads[number].stop()
            pthread_join(handle, nil)
            handles[number] = nil
            threads[number].shared.pointee.engine.removeAllRecords()
        }
    }

    /// Stops the poll threads and closes every device.
    public func shutdown() {
        for number in handles.keys { threads[number].stop() }
        for handle in handles.values { pthread_join(handle, nil) }
        handles = [:]
        for port in ports.keys.sorted() { close(port) }
    }

    public var nowMilliseconds: UInt64 { clock.now() }

    /// Makes the engine's clock stand at `stopped` (nil: run), `warp` milliseconds ahead, and gives
    /// up at once whatever that has made old.
    public func setClock(stopped: UInt64?, warp: UInt64) {
        clock.set(stopped: stopped, warp: warp)
        let now = clock.now()
        withThreadsHeld { for thread in threads { thread.sweep(now: now, budget: .max) } }
    }

    /// Runs `body` while no poll thread moves.
    func withThreadsHeld<T>(_ body: () -> T) -> T {
        holds += 1
        defer { holds -= 1 }
        guard holds == 1 else { return body() }
        let held = handles.keys.map { threads[$0] }
        for thread in held { thread.requestHold() }
        for thread in held { thread.awaitHeld() }
        defer { for thread in held { thread.release() } }
        return body()
    }

    /// Runs `body`, which uses the connection or fragment tables beside the poll threads: their
    /// locks are in use meanwhile, even with a single thread.
    func sharingTables<T>(_ body: () -> T) -> T {
        guard !handles.isEmpty, !areTablesShared else { return body() }
        setTablesShared(true)
        defer { setTablesShared(false) }
        return body()
    }

    /// Whether the tables' locks are in use: with several threads always.
    private var areTablesShared: Bool { conntrack.isShared }

    /// Switches the tables' locks on or off. No thread is inside of a table while it is held.
    func setTablesShared(_ isShared: Bool) {
        guard conntrack.isShared != isShared else { return }
        withThreadsHeld {
            conntrack.setShared(isShared)
            fragments.setShared(isShared)
            pipeline.pointee.isShared = isShared
        }
    }

    // MARK: Events

    /// Hands every waiting event to `body`, at most `limit`; returns whether more wait.
    @discardableResult
    public func drainEvents(limit: Int = 4096, _ body: (DatapathEvent) -> Void) -> Bool {
        var word: UInt64 = 0
        _ = read(eventDescriptor, &word, 8)
        var count = 0
        for thread in threads {
            thread.acknowledgeEvents()
            let ring = thread.shared.pointee.engine.state.pointee.events
            while count < limit {
                var event: DatapathEvent?
                guard ring.consume({ event = DatapathEvent($0) }) else { break }
                count += 1
                if let event { body(event) }
            }
        }
        return count >= limit
    }

    // MARK: Reclaiming

    /// A little longer than continuations may be resumed.
    static let graceMilliseconds: UInt64 = 6_000

    public func retire(_ free: @escaping () -> Void) {
        retired.append(epoch: epochs.advance(), due: 0, free)
        if retired.count > 4096 { reclaim() }
    }

    public func retireFromContinuations(_ free: @escaping () -> Void) {
        retiredFromContinuations.append(
            epoch: epochs.advance(), due: nowMilliseconds + Self.graceMilliseconds, free)
    }

    /// Frees what no poll thread can reach; call it now and then.
    public func reclaim() {
        let now = nowMilliseconds
        while let free = retired.take(now: now, where: epochs.hasPassed) { free() }
        while let free = retiredFromContinuations.take(now: now, where: epochs.hasPassed) { free() }
    }

    // MARK: Packets and records

    public func flushCounters() {
        withThreadsHeld { for thread in threads { thread.shared.pointee.engine.flushCounters() } }
    }

    public func inject(_ packet: InjectedPacket) {
        let now = nowMilliseconds
        withThreadsHeld {
            threads[0].shared.pointee.engine.inject(packet, now: now)
            threads[0].transmit(now: now)
        }
        threads[0].notify()
    }

    public func resume(_ continuation: UInt64, frame: [UInt8], key: [UInt8]) -> Bool {
        let now = nowMilliseconds
        let found = withThreadsHeld {
            for thread in threads
            where thread.shared.pointee.engine.resume(
                continuation, frame: frame, key: key, now: now)
            {
                thread.transmit(now: now)
                return true
            }
            return false
        }
        threads[0].notify()
        return found
    }

    public func dumpRecords(limit: Int) -> [RecordInfo] {
        let now = nowMilliseconds
        return withThreadsHeld {
            active.flatMap { number -> [RecordInfo] in
                let thread = threads[number].shared.pointee
                var records = thread.engine.dumpRecords(limit: limit, now: now)
                guard thread.cpu >= 0 else { return records }
                for index in records.indices { records[index].cpu = Int(thread.cpu) }
                return records
            }
        }
    }

    public func flushRecords() {
        withThreadsHeld {
            for thread in threads { thread.shared.pointee.engine.removeAllRecords() }
        }
    }
}
