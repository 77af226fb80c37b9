// The hatch, seen from the control room: what may be asked of the engine room. One implementation
// drives real poll threads; tests drive an engine in the same thread.

import Flow
import Pipeline

/// A connection as `dpctl/dump-conntrack` shows it.
public struct ConnectionInfo: Hashable, Sendable {
    public struct Tuple: Hashable, Sendable {
        /// 4 or 16 bytes each.
        public var source: [UInt8] = []
        public var destination: [UInt8] = []
        /// Ports, or for ICMP the id (both) with type and code below.
        public var sourcePort: UInt16 = 0
        public var destinationPort: UInt16 = 0
        public var icmpType: UInt8 = 0
        public var icmpCode: UInt8 = 0
        public init() {}
    }
    public var proto: UInt8 = 0
    public var zone: UInt16 = 0
    public var original = Tuple()
    public var reply = Tuple()
    public var mark: UInt32 = 0
    public var labelHigh: UInt64 = 0
    public var labelLow: UInt64 = 0
    public var timeoutSeconds: UInt32 = 0
    public var originalPackets: UInt64 = 0
    public var originalBytes: UInt64 = 0
    public var replyPackets: UInt64 = 0
    public var replyBytes: UInt64 = 0
    /// `ESTABLISHED` etc. as printed within `protoinfo=(state=…)`; nil where the protocol has none.
    public var protocolState: String?
    /// Of a TCP connection: its two ends.
    public struct TCPEnd: Hashable, Sendable {
        /// `ESTABLISHED` etc.
        public var state: String
        /// The shift of its window; `hasWindowScale` where it is known.
        public var windowShift: UInt8 = 0
        public var hasWindowScale = false
        /// Its beginning was not seen: its window is not known.
        public var isLiberal = false
        public init(state: String) { self.state = state }
    }
    public var originalEnd: TCPEnd?
    public var replyEnd: TCPEnd?
    public var helper: String?
    /// Of a related connection: its parent's original tuple.
    public var parent: Tuple?
    public init() {}
}

/// A live flow record as `dpctl/dump-flows` shows it.
public struct RecordInfo: Sendable {
    /// The flow key as it arrived (`FlowLayout.byteCount` bytes, `inPort` holds the datapath port).
    public var key: [UInt8] = []
    /// The record serves whatever is behind the Ethertype; the key says nothing of it.
    public var isNarrow = false
    public var operations: [DatapathOperation] = []
    public var packets: UInt64 = 0
    public var bytes: UInt64 = 0
    /// Milliseconds since last used; nil for never.
    public var usedMilliseconds: UInt64?
    public var tcpFlags: UInt16 = 0
    /// The CPU of the poll thread that has it; nil where that roams.
    public var cpu: Int?
    public init() {}
}

/// A packet the control room wants run through the datapath.
public struct InjectedPacket {
    public var bridge: UInt16
    /// OpenFlow port it counts as received on (may be OFPP_CONTROLLER, OFPP_LOCAL).
    public var inPort: UInt32
    public var frame: [UInt8]
    /// Actions to run; nil for "as if received".
    public var program: Program?
    /// Initial metadata: whole flow key to start from (only pipeline fields are used), or nil.
    public var key: [UInt8]?
    public init(bridge: UInt16, inPort: UInt32, frame: [UInt8], program: Program?) {
        self.bridge = bridge
        self.inPort = inPort
        self.frame = frame
        self.program = program
    }
}

/// Which packets a trace follows and what `ct()` shall find.
public struct TraceRequest {
    public var bridge: UInt16
    public var inPort: UInt32
    public var key: [UInt8]
    /// Presumed ct_state results of successive `ct()` calls; then trk|new.
    public var conntrackStates: [UInt32] = []
    public init(bridge: UInt16, inPort: UInt32, key: [UInt8]) {
        self.bridge = bridge
        self.inPort = inPort
        self.key = key
    }
}

/// The control room's handle on the datapath.
///
/// **Owner**: the control loop; no call blocks for longer than one turn of a poll thread.
public protocol DatapathControl: AnyObject, Reclaimer {
    /// The shared pipeline root.
    var pipeline: UnsafeMutablePointer<PipelineState> { get }

    /// Milliseconds on the engine's clock, that `Rule.lastUsed` counts in.
    var nowMilliseconds: UInt64 { get }

    func openPort(_ request: PortRequest) throws(PortError) -> PortInfo
    func closePort(_ datapathPort: UInt32)
    func portInfo(_ datapathPort: UInt32) -> PortInfo?
    func portStatistics(_ datapathPort: UInt32) -> PortStatistics
    func setPortUp(_ datapathPort: UInt32, _ isUp: Bool)

    /// Makes as many poll threads as asked for, and spreads all receive queues anew.
    func setPolling(_ settings: PollingSettings)
    /// Pins queues of a port to CPUs, by queue.
    func setAffinity(_ affinity: [Int: Int], ofPort datapathPort: UInt32)
    /// Spreads all receive queues anew by what was measured.
    func rebalance()

    /// Limits what a port receives; packets beyond that are dropped.
    func setPolicing(_ limit: RateLimit, ofPort datapathPort: UInt32)
    /// Says what a port may take of what all ports share.
    func setBudget(_ budget: PortBudget, ofPort datapathPort: UInt32)
    /// What a port has taken of it.
    func usage(ofPort datapathPort: UInt32) -> PortUsage
    /// Holds back what leaves by a port; nil ends that. What can't be done is told, and then
    /// packets leave without a limit, as from Open vSwitch.
    func setShaping(_ shaping: EgressShaping?, ofPort datapathPort: UInt32) throws(PortError)

    /// Moves all counts of paths into rules, so that rules read exact.
    func flushCounters()

    /// Runs a packet; it is sent before this returns or soon after.
    func inject(_ packet: InjectedPacket)
    /// Continues a paused packet with new bytes and metadata; false if the continuation is gone.
    func resume(_ continuation: UInt64, frame: [UInt8], key: [UInt8]) -> Bool

    /// The flow records of all poll threads, bounded to `limit`.
    func dumpRecords(limit: Int) -> [RecordInfo]
    /// Drops all flow records.
    func flushRecords()

    /// Has the pipeline judge one in `interval` packets that records would serve; 0 ends it.
    func setSelfCheck(interval: UInt32)
    func selfCheckReport() -> SelfCheckReport

    /// Connections, of one zone or all, bounded to `limit`.
    func dumpConnections(zone: UInt16?, limit: Int) -> [ConnectionInfo]
    func flushConnections(zone: UInt16?)
    /// Removes the connection with this original tuple; false if there is none.
    func flushConnection(zone: UInt16, proto: UInt8, tuple: ConnectionInfo.Tuple) -> Bool
    var connectionCount: Int { get }
    var connectionLimit: Int { get set }
    var checksTCPSequence: Bool { get set }
    /// Zone limits: nil zone is the default limit.
    func setZoneLimit(zone: UInt16?, limit: UInt32)
    func removeZoneLimit(zone: UInt16)
    func zoneLimits() -> (
        defaultLimit: UInt32, zones: [(zone: UInt16, limit: UInt32, count: UInt32)]
    )
    /// How fragments are put together; nil when a setting is out of its bounds.
    func setFragments(_ settings: FragmentSettings) -> Bool
    /// Fragments held now, and what has become of others since the start.
    func fragmentStatistics() -> FragmentStatistics
    /// Timeouts by name (`tcp_syn_sent`, …, seconds) for a zone; nil clears.
    func setTimeoutPolicy(zone: UInt16, timeouts: [String: UInt32]?)
}

extension DatapathControl {
    // A datapath without threads of its own has nothing to spread.
    public func setPolling(_ settings: PollingSettings) {}
    public func setAffinity(_ affinity: [Int: Int], ofPort datapathPort: UInt32) {}
    public func rebalance() {}
    // And one without devices has nothing to limit.
    public func setPolicing(_ limit: RateLimit, ofPort datapathPort: UInt32) {}
    public func setBudget(_ budget: PortBudget, ofPort datapathPort: UInt32) {}
    public func usage(ofPort datapathPort: UInt32) -> PortUsage { PortUsage() }
    public func setShaping(
        _ shaping: EgressShaping?, ofPort datapathPort: UInt32
    ) throws(PortError) {}
}
