// What the interpreter asks of whoever runs it: the engine on a miss, or a trace. Plain C function
// pointers with a context, so that a judgement makes no existential and no closure.

import Flow

/// A `ct()` to be done on the packet as it is now.
@frozen public struct ConntrackCall {
    public var zone: UInt16 = 0
    public var commit = false
    public var force = false
    public var alg: UInt16 = 0
    public var nat = NATOperands()
    public var mark: UInt32 = 0
    public var markMask: UInt32 = 0
    public var labelHigh: UInt64 = 0
    public var labelLow: UInt64 = 0
    public var labelHighMask: UInt64 = 0
    public var labelLowMask: UInt64 = 0
    /// Out: what the record depends on.
    public var dependency = Dependency()
    /// Out: the packet is held or dropped (fragments): judging goes on with nothing in hand.
    public var isConsumed = false
    /// Out: the outcome must not be remembered.
    public var isVolatile = false
    /// Out: a datagram became whole; its fragments come one by one through `nextFragment`.
    public var hasFragments = false
    /// Where the packet was last recirculated, so that fragments of two such passes do not meet.
    public var context: UInt64 = 0
    public init() {}
}

/// What a record depends on beside its key.
@frozen public struct Dependency: Hashable, Sendable {
    /// 0 nothing, 1 a connection (index, generation), 2 the absence of one (bucket, generation),
    /// 3 a bucket of a forwarding database (bridge in `extra`).
    public var kind: UInt8 = 0
    /// Of a connection: 0 original, 1 reply direction. Of an fdb bucket: the bridge.
    public var extra: UInt16 = 0
    public var index: UInt32 = 0
    public var generation: UInt32 = 0
    @inlinable public init() {}
    @inlinable public init(kind: UInt8, extra: UInt16, index: UInt32, generation: UInt32) {
        self.kind = kind
        self.extra = extra
        self.index = index
        self.generation = generation
    }
}

/// A packet for the controllers.
@frozen public struct PacketInCall {
    public var reason: UInt8 = 1
    public var controllerID: UInt16 = 0
    public var maxLength: UInt16 = 0xffff
    public var meterID: UInt32 = 0
    public var userdata: UnsafeMutablePointer<UInt8>?
    public var userdataCount: Int = 0
    /// The frames to continue with after `NXT_RESUME`; count 0 if not paused.
    public var isPaused = false
    public init() {}
}

/// The functions a judgement may call. Each gets `context` first.
@frozen public struct PipelineHooks {
    public typealias Call =
        @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer) -> Void
    public var context: UnsafeMutableRawPointer?
    /// `ConntrackCall` on the packet; fills ct_* of the key and rewrites addresses under NAT.
    public var conntrack: Call?
    /// Executes the operations recorded so far on the packet; the argument is the interpreter.
    public var flush: Call?
    /// `PacketInCall` for the packet as it is now.
    public var packetIn: Call?
    /// `LearnOperands` that ran.
    public var learn: Call?
    /// A `Rule` whose `fin_timeout` saw FIN or RST.
    public var finTimeout: Call?
    /// Makes the next fragment of a judged datagram the packet in hand and fills the key;
    /// `ConntrackCall.isConsumed` says that there is none.
    public var nextFragment: Call?
    /// Parses the packet's headers anew into the key; the argument is the interpreter.
    public var reparse: Call?
    /// `TraceEvent`.
    public var trace: Call?
    public init() {}
}

/// A step of a traced judgement.
@frozen public struct TraceEvent {
    @frozen public enum Kind: UInt8, Sendable {
        /// A rule was found: `rule`, `table`.
        case rule
        /// No rule: `table`.
        case miss
        /// Instruction `value` of `rule` (or of the packet-out) begins.
        case instruction
        /// Entering bridge `value`.
        case bridge
        /// A remark: `value` is a `TraceRemark`.
        case remark
        /// Group bucket `value`.
        case bucket
        /// ct() with recirculation: `value` is the table.
        case recirculate
    }
    public var kind: Kind
    public var depth: Int32
    public var bridge: UInt16
    public var table: UInt8
    public var rule: UnsafeMutablePointer<Rule>?
    public var value: UInt64
}

/// Remarks in a trace, as numbers so that the interpreter makes no text.
@frozen public enum TraceRemark: UInt64, Sendable {
    case skippingOutputToInputPort = 1
    case nonexistentOutputPort
    case portDown
    case floodBridge
    case noLearnedMACFlooding
    case forwardingToLearnedPort
    case learnedPortIsInputPort
    case vlanNotCarried
    case reservedMulticast
    case recursionTooDeep
    case tooManyResubmits
    case stackEmpty
    case ttlExceeded
    case noLiveBucket
    case portIsMirrorOutput
    case nonexistentGroup
    case learnedNewAddress
    case unknownInputPort
    case partialTag
}
