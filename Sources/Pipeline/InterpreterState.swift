// Everything one judgement works on, in one block that is allocated once for each poll thread: the
// key, the packet's state as recorded so far, the recording, and bounded scratch.

import Flow

/// Where to go on after a pause.
@frozen public struct ContinuationFrame {
    public var instructions: UnsafeMutablePointer<Instruction>
    public var count: Int
    public var rule: UnsafeMutablePointer<Rule>?
    public var bridge: UInt16
    public var table: UInt8
}

/// One value on the OpenFlow stack.
@frozen public struct StackEntry {
    public var high: UInt64 = 0
    public var low: UInt64 = 0
    public var count: Int = 0
}

/// Bounds of a judgement.
@frozen public enum InterpreterLimit {
    @inlinable public static var depth: Int32 { 64 }
    @inlinable public static var resubmits: Int32 { 4096 }
    @inlinable public static var operations: Int { 1024 }
    @inlinable public static var credits: Int { 1024 }
    @inlinable public static var visited: Int { 256 }
    @inlinable public static var dependencies: Int { 4 }
    @inlinable public static var stack: Int { 512 }
    @inlinable public static var actionSet: Int { 512 }
    @inlinable public static var savedKeys: Int { 64 }
    @inlinable public static var frames: Int { 64 }
}

/// The state of a judgement.
///
/// **Owner**: one poll thread, or the control room for a trace.
@frozen public struct InterpreterState {
    // Set by the runner before each judgement.
    public var pipeline: UnsafeMutablePointer<PipelineState>
    public var hooks = PipelineHooks()
    public var version: UInt64 = 0
    public var now: UInt64 = 0
    /// Bytes of the frame as it is now (of one segment where it is a super-packet).
    public var frameLength: Int = 0
    /// The same as it arrived: what records compare with.
    public var arrivalLength: Int = 0
    /// The packet as the pipeline sees it.
    public var key: FlowKey
    /// The packet as the recorded operations leave it.
    public var base: FlowKey

    // Where we are.
    public var bridge: UnsafeMutablePointer<BridgeState>
    public var configuration: UnsafeMutablePointer<BridgeConfigurationBlock>
    public var rule: UnsafeMutablePointer<Rule>?
    public var table: UInt8 = 0
    public var depth: Int32 = 0
    public var resubmits: Int32 = 0
    public var exits = false
    public var isPausing = false
    /// The fragments of a datagram wait for the lists in hand to be left, as a pause does.
    public var pending: PendingFragments?
    /// Tells apart where the packet was last recirculated: fragments meet only within one such
    /// pass.
    public var recirculation: UInt64 = 0
    public var isPacketOut = false
    public var mirrorsDone: UInt32 = 0
    public var queue: UInt32 = 0
    public var baseQueue: UInt32 = 0
    public var truncation: UInt32 = 0
    /// Level of nesting under which the packet must be kept for what follows.
    public var keepCount: Int32 = 0

    // The recording.
    public var operations: UnsafeMutablePointer<DatapathOperation>
    public var operationCount: Int = 0
    public var executedCount: Int = 0
    public var credits: UnsafeMutablePointer<Credit>
    public var creditCount: Int = 0
    /// Bytes by which the packet was longer, when it was last recirculated, than as it arrived.
    public var lengthChange: Int16 = 0
    /// Nobody is credited: another fragment of the datagram was.
    public var isUncredited = false
    /// Tables that were looked up: bridge << 8 | table.
    public var visited: UnsafeMutablePointer<UInt32>
    public var visitedCount: Int = 0
    public var dependencies: UnsafeMutablePointer<Dependency>
    public var dependencyCount: Int = 0
    /// Bit per key word that an instruction wrote.
    public var dirtyLow: UInt64 = 0
    public var dirtyHigh: UInt64 = 0
    /// The outcome holds for frame lengths in this range.
    public var lengthMin: UInt32 = 0
    public var lengthMax: UInt32 = .max
    /// Judge again after this many seconds; 0 never.
    public var rejudgeSeconds: UInt32 = 0
    public var isCacheable = true
    public var outputCount: Int32 = 0
    public var dropReason: DropReason = .none
    /// What makes packets go to controllers now: an action (1), the action set (3), a group (4) or
    /// a packet-out (5).
    public var controllerReason: UInt8 = 1
    /// The input port takes no packets: the rule is found and credited, but not run.
    public var isRefused = false

    // Scratch.
    public var stack: UnsafeMutablePointer<StackEntry>
    public var stackCount: Int = 0
    public var actionSet: UnsafeMutablePointer<Instruction>
    public var actionSetCount: Int = 0
    /// Where the set of the packet in hand begins; below are those of packets that wait.
    public var actionSetBase: Int = 0
    /// Entries at the begin of the set that are being executed.
    public var actionSetExecuting: Int = 0
    public var savedKeys: UnsafeMutableRawPointer
    public var savedCount: Int = 0
    public var frames: UnsafeMutablePointer<ContinuationFrame>
    public var frameCount: Int = 0
    /// Where the frames of the innermost pause begin.
    public var frameBase: Int = 0
    /// The packet-in that waits until all frames are saved.
    public var pausedCall: PacketInCall?
    public var pausedTable: UInt8 = 0
    public var pausedRule: UnsafeMutablePointer<Rule>?
    public var conjunctions: UnsafeMutablePointer<ConjunctionScratch>

    public init(pipeline: UnsafeMutablePointer<PipelineState>) {
        self.pipeline = pipeline
        key = FlowKey.allocate()
        base = FlowKey.allocate()
        let first = UnsafeMutablePointer<BridgeState>.allocate(capacity: 1)
        bridge = first
        configuration = UnsafeMutablePointer<BridgeConfigurationBlock>.allocate(capacity: 1)
        operations = .allocate(capacity: InterpreterLimit.operations)
        credits = .allocate(capacity: InterpreterLimit.credits)
        visited = .allocate(capacity: InterpreterLimit.visited)
        dependencies = .allocate(capacity: InterpreterLimit.dependencies)
        stack = .allocate(capacity: InterpreterLimit.stack)
        stack.initialize(repeating: StackEntry(), count: InterpreterLimit.stack)
        actionSet = .allocate(capacity: InterpreterLimit.actionSet)
        savedKeys = .allocate(
            byteCount: InterpreterLimit.savedKeys * 2 * FlowLayout.byteCount, alignment: 64)
        frames = .allocate(capacity: InterpreterLimit.frames)
        conjunctions = .allocate(capacity: 1)
        conjunctions.initialize(to: ConjunctionScratch())
    }
}

/// Judges packets; a thin handle on its state.
@frozen public struct Interpreter {
    public let state: UnsafeMutablePointer<InterpreterState>

    /// Makes an interpreter with all memory it will ever need.
    public init(pipeline: UnsafeMutablePointer<PipelineState>) {
        state = .allocate(capacity: 1)
        state.initialize(to: InterpreterState(pipeline: pipeline))
    }

    @inlinable public init(state: UnsafeMutablePointer<InterpreterState>) { self.state = state }
}
