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
    public var threads = 1
    /// CPUs to pin threads to, in order; empty for none.
    public var cpus: [Int] = []
    public var connectionCapacity = 1_000_000
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
    var threads: [PollThread] = []
    private var handles: [pthread_t] = []
    var ports: [UInt32: OpenPort] = [:]
    private var retired: [(epoch: UInt64, due: UInt64, free: () -> Void)] = []
    private var retiredHead = 0
    /// Readable when events wait; the control loop watches it and calls `drainEvents`.
    public let eventDescriptor: Int32
    private let settings: DatapathSettings
    var zoneTimeouts: [UInt16: UInt32] = [:]

    /// A port that is open.
    struct OpenPort {
        var info: PortInfo
        var device: DatapathDevice
        var request: PortRequest
        /// What the kernel had counted of carrier changes when the port was opened.
        var carrierChangesBefore: UInt32 = 0
    }

    /// Makes the datapath; nil when memory is short.
    public init?(_ settings: DatapathSettings) {
        let now = clock.now()
        guard
            let pool = PacketPool(
                standardCapacity: settings.standardBuffers, jumboCapacity: settings.jumboBuffers),
            let conntrack = ConntrackTable(
                capacity: settings.connectionCapacity, isShared: settings.threads > 1, now: now)
        else { return nil }
        self.settings = settings
        self.pool = pool
        self.conntrack = conntrack
        guard let fragments = FragmentTable(pool: pool, isShared: settings.threads > 1) else {
            return nil
        }
        self.fragments = fragments
        pipeline = PipelineState.allocate()
        epochs = EpochDomain(threadCapacity: max(settings.threads, 1))
        devices = .allocate(capacity: PipelineState.portsMax)
        devices.initialize(repeating: nil, count: PipelineState.portsMax)
        eventDescriptor = vd_eventfd()
        for number in 0..<max(settings.threads, 1) {
            guard
                let engine = Engine(
                    settings: settings.engine, pipeline: pipeline, conntrack: conntrack, pool: pool,
                    events: EventRing(), secret: .random())
            else { return nil }
            engine.state.pointee.fragments = fragments
            threads.append(
                PollThread(
                    number: number, engine: engine, epochs: epochs, clock: clock, devices: devices,
                    eventDescriptor: eventDescriptor))
        }
    }

    /// Starts the poll threads.
    public func start() {
        for (index, thread) in threads.enumerated() {
            let cpu = settings.cpus.isEmpty ? nil : settings.cpus[index % settings.cpus.count]
            handles.append(thread.start(cpu: cpu))
        }
    }

    /// Stops the poll threads and closes every device.
    public func shutdown() {
        for thread in threads { thread.stop() }
        for handle in handles { pthread_join(handle, nil) }
        handles = []
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
        guard !handles.isEmpty else { return body() }
        for thread in threads { thread.hold() }
        defer { for thread in threads { thread.release() } }
        return body()
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

    /// Continuations may point into retired programs for as long as they may be resumed.
    static let graceMilliseconds: UInt64 = 6_000

    public func retire(_ free: @escaping () -> Void) {
        retired.append((epochs.advance(), nowMilliseconds + Self.graceMilliseconds, free))
        if retired.count - retiredHead > 4096 { reclaim() }
    }

    /// Frees what no poll thread can reach; call it now and then.
    public func reclaim() {
        let now = nowMilliseconds
        while retiredHead < retired.count, retired[retiredHead].due <= now,
            epochs.hasPassed(retired[retiredHead].epoch)
        {
            let free = retired[retiredHead].free
            retired[retiredHead].free = {}
            retiredHead += 1
            free()
        }
        if retiredHead > 1024 && retiredHead * 2 > retired.count {
            retired.removeFirst(retiredHead)
            retiredHead = 0
        }
    }

    // MARK: Packets and records

    public func flushCounters() {
        withThreadsHeld { for thread in threads { thread.shared.pointee.engine.flushCounters() } }
    }

    public func inject(_ packet: InjectedPacket) {
        let now = nowMilliseconds
        withThreadsHeld {
            threads[0].shared.pointee.engine.inject(packet, now: now)
            threads[0].transmit()
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
                thread.transmit()
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
            threads.flatMap { $0.shared.pointee.engine.dumpRecords(limit: limit, now: now) }
        }
    }

    public func flushRecords() {
        withThreadsHeld {
            for thread in threads { thread.shared.pointee.engine.removeAllRecords() }
        }
    }

    /// Counters of each poll thread's engine, with its turn and cycle counts.
    public func threadStatistics() -> [ThreadStatistics] {
        threads.map { thread in
            let s = thread.shared.pointee
            let engine = s.engine.state.pointee
            var info = ThreadStatistics()
            info.number = s.number
            info.packets = engine.counters.packets
            info.recordHits = engine.counters.recordHits
            info.judged = engine.counters.judged
            info.rejudged = engine.counters.rejudged
            info.revalidated = engine.counters.revalidated
            info.records = s.engine.recordCount
            info.busyCycles = s.busyCycles
            info.idleCycles = s.idleCycles
            info.turns = s.turns
            info.busyTurns = s.busyTurns
            for reason in DropReason.allCases where reason != .none {
                info.drops[reason] = engine.counters.drops[Int(reason.rawValue)]
            }
            info.queues = (0..<s.queueCount).map {
                (s.queues[$0].datapathPort, s.queues[$0].queue, s.queues[$0].packets)
            }
            return info
        }
    }

    /// Starts the thread counters anew.
    public func clearThreadStatistics() {
        withThreadsHeld {
            for thread in threads {
                let engine = thread.shared.pointee.engine.state
                let drops = engine.pointee.counters.drops
                engine.pointee.counters = EngineCounters()
                drops.deallocate()
                thread.shared.pointee.busyCycles = 0
                thread.shared.pointee.idleCycles = 0
                thread.shared.pointee.turns = 0
                thread.shared.pointee.busyTurns = 0
            }
        }
    }
}

/// Counters of one poll thread.
public struct ThreadStatistics: Sendable {
    public var number = 0
    public var packets: UInt64 = 0
    public var recordHits: UInt64 = 0
    public var judged: UInt64 = 0
    public var rejudged: UInt64 = 0
    public var revalidated: UInt64 = 0
    public var records = 0
    public var busyCycles: UInt64 = 0
    public var idleCycles: UInt64 = 0
    public var turns: UInt64 = 0
    public var busyTurns: UInt64 = 0
    public var drops: [DropReason: UInt64] = [:]
    public var queues: [(datapathPort: UInt32, queue: Int, packets: UInt64)] = []
}
