// All that one poll thread's engine owns, in one block allocated before the thread starts.

import Bounded
import Dpif
import Conntrack
import Flow
import PacketBuffer
import Pipeline

/// Counters of one engine; plain words, read by the control room without ordering.
@frozen public struct EngineCounters {
    public var packets: UInt64 = 0
    public var recordHits: UInt64 = 0
    public var judged: UInt64 = 0
    public var rejudged: UInt64 = 0
    public var revalidated: UInt64 = 0
    public var recordsMade: UInt64 = 0
    public var recordsRefused: UInt64 = 0
    public var pathsRefused: UInt64 = 0
    /// How often a port asked for more than its budget.
    public var overBudget: UInt64 = 0
    public var drops: UnsafeMutablePointer<UInt64>

    public init() {
        drops = .allocate(capacity: 64)
        drops.initialize(repeating: 0, count: 64)
    }

    @inlinable @inline(always)
    public mutating func drop(_ reason: DropReason) { drops[Int(reason.rawValue & 63)] &+= 1 }
}

/// A packet as the stages of a batch see it.
@frozen public struct BatchEntry {
    public var facts = PacketFacts()
    public var hash: UInt64 = 0
    /// Of its connection in the zone expected, where it has no record.
    public var connectionHash: UInt64 = 0
    /// Candidate record, `UInt32.max` for none.
    public var record: UInt32 = .max
}

/// How large an engine is.
public struct EngineSettings: Sendable {
    public var recordCapacity = 1 << 23
    public var pathCapacity = 1 << 16
    /// Records not used for this long are given up.
    public var recordIdleMilliseconds: UInt32 = 10_000
    /// One in this many hits is judged again and compared; 0 never.
    public var selfCheckInterval: UInt32 = 0
    public init() {}
}

/// The state of one engine.
///
/// **Owner**: one poll thread; the control room only while that thread is paused.
public struct EngineState {
    public var pipeline: UnsafeMutablePointer<PipelineState>
    public var conntrack: ConntrackTable
    public var pool: PacketPool
    public var records: RecordTable
    public var paths: PathTable
    public var outbox: Outbox
    public var events: EventRing
    public var interpreter: Interpreter
    public var execution: UnsafeMutablePointer<ExecutionState>
    public var verdict: UnsafeMutablePointer<ConntrackVerdict>
    public var request: UnsafeMutablePointer<ConntrackRequest>
    public var continuations: ContinuationTable
    public var counters = EngineCounters()
    /// Keys of the batch in hand: 32 × 8 words.
    public var keys: UnsafeMutablePointer<UInt64>
    public var entries: UnsafeMutablePointer<BatchEntry>
    /// By datapath port.
    public var accounts: UnsafeMutablePointer<PortAccount>
    public var now: UInt64 = 0
    public var version: UInt64 = 0
    public var changeCount: UInt32 = 0
    public var epoch: UInt32 = 0
    public var vlanLimit: UInt32 = 1
    public var keepsFlags = false
    public var sweepPosition: UInt32 = 0
    public var recordIdleMilliseconds: UInt32
    public var selfCheck: SelfCheck
    /// Timeout policy by zone, 0 the default.
    public var zonePolicies: UnsafeMutablePointer<UInt32>
    /// Layout of the packet being judged.
    public var layout = FrameLayout()
    public var revalidationKey: FlowKey
    public var zoneHints = ZoneHints()
    /// Whether the packet being judged has been tracked.
    public var isTracked = false
    public var fragments: FragmentTable?
    public var released = ReleasedFragments()
}

/// An engine: turns batches into transmissions, drops and events, without I/O.
@frozen public struct Engine {
    public let state: UnsafeMutablePointer<EngineState>

    @inlinable public init(state: UnsafeMutablePointer<EngineState>) { self.state = state }

    /// Makes an engine with all its memory; nil when memory is short.
    public init?(
        settings: EngineSettings, pipeline: UnsafeMutablePointer<PipelineState>,
        conntrack: ConntrackTable, pool: PacketPool, events: EventRing, secret: HashSecret
    ) {
        guard
            let records = RecordTable(capacity: settings.recordCapacity, secret: secret),
            let paths = PathTable(capacity: settings.pathCapacity, secret: secret)
        else { return nil }
        let execution = UnsafeMutablePointer<ExecutionState>.allocate(capacity: 1)
        execution.initialize(to: ExecutionState())
        let verdict = UnsafeMutablePointer<ConntrackVerdict>.allocate(capacity: 1)
        verdict.initialize(to: ConntrackVerdict())
        let request = UnsafeMutablePointer<ConntrackRequest>.allocate(capacity: 1)
        request.initialize(to: ConntrackRequest())
        let entries = UnsafeMutablePointer<BatchEntry>.allocate(capacity: PacketBatch.capacity)
        entries.initialize(repeating: BatchEntry(), count: PacketBatch.capacity)
        let keys = UnsafeMutableRawPointer.allocate(
            byteCount: PacketBatch.capacity * 64, alignment: 64
        ).bindMemory(to: UInt64.self, capacity: PacketBatch.capacity * 8)
        let accounts = UnsafeMutablePointer<PortAccount>.allocate(
            capacity: PipelineState.portsMax)
        accounts.initialize(repeating: PortAccount(), count: PipelineState.portsMax)
        let zonePolicies = UnsafeMutablePointer<UInt32>.allocate(capacity: 65_536)
        zonePolicies.initialize(repeating: 0, count: 65_536)
        state = .allocate(capacity: 1)
        state.initialize(
            to: EngineState(
                pipeline: pipeline, conntrack: conntrack, pool: pool, records: records,
                paths: paths, outbox: Outbox(), events: events,
                interpreter: Interpreter(pipeline: pipeline), execution: execution,
                verdict: verdict, request: request, continuations: ContinuationTable(),
                keys: keys, entries: entries, accounts: accounts,
                recordIdleMilliseconds: settings.recordIdleMilliseconds,
                selfCheck: SelfCheck(interval: settings.selfCheckInterval),
                zonePolicies: zonePolicies, revalidationKey: FlowKey.allocate()))
        installHooks()
    }
}
