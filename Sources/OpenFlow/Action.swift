// OpenFlow actions and instructions as values: what a rule, a packet-out or a group bucket does.
// One vocabulary for all wire versions; the codec maps it to each version, FlowText to the
// `ovs-ofctl` syntax, Ofproto compiles it. Reserved port numbers are the 32-bit ones.

import Flow

/// One OpenFlow (or Nicira) action, or an instruction expressed as one.
///
/// **Source**: ovs-actions(7).
public indirect enum Action: Hashable, Sendable {
    // Output
    case output(port: UInt32, maxLength: UInt16)
    case outputTruncated(port: UInt32, maxLength: UInt32)
    case outputRegister(Subfield, maxLength: UInt16)
    case controller(ControllerAction)
    case enqueue(port: UInt32, queue: UInt32)
    case bundle(BundleAction)
    case group(UInt32)
    // Header changes
    case setField(SetFieldAction)
    /// `load:` — the same effect as a masked `setField`, kept apart as tools print it apart.
    case registerLoad(SetFieldAction)
    case registerMove(from: Subfield, to: Subfield)
    case stackPush(Subfield)
    case stackPop(Subfield)
    case setVLANVID(UInt16, pushIfNeeded: Bool)
    case setVLANPCP(UInt8, pushIfNeeded: Bool)
    case stripVLAN
    case pushVLAN(ethType: UInt16)
    case setEthSource(MACAddressValue)
    case setEthDestination(MACAddressValue)
    case setIPv4Source(UInt32)
    case setIPv4Destination(UInt32)
    /// `mod_nw_tos`: the DSCP in the high six bits.
    case setIPDSCP(UInt8)
    case setIPECN(UInt8)
    case setIPTTL(UInt8)
    case setL4SourcePort(UInt16)
    case setL4DestinationPort(UInt16)
    /// Controllers to tell when the TTL runs out; none for plain `dec_ttl`, which tells
    /// controller 0.
    case decrementTTL(controllers: [UInt16])
    case setMPLSLabel(UInt32)
    case setMPLSTC(UInt8)
    case setMPLSTTL(UInt8)
    case decrementMPLSTTL
    case pushMPLS(ethType: UInt16)
    case popMPLS(ethType: UInt16)
    // Metadata
    /// `wide`: sent as the 64-bit form.
    case setTunnel(UInt64, wide: Bool)
    case setQueue(UInt32)
    case popQueue
    case finTimeout(idleSeconds: UInt16, hardSeconds: UInt16)
    // Flow of control
    case resubmit(ResubmitAction)
    case learn(LearnAction)
    /// `clause` counts from 0.
    case conjunction(id: UInt32, clause: UInt8, clauses: UInt8)
    case multipath(MultipathAction)
    case note([UInt8])
    case exit
    case ct(ConntrackAction)
    case ctClear
    /// Only within `ct`.
    case nat(NATAction)
    case clone([Action])
    case checkPacketLarger(to: Subfield, length: UInt16)
    case deleteField(Field)
    // Instructions
    case meter(UInt32)
    case clearActions
    case writeActions([Action])
    case writeMetadata(value: UInt64, mask: UInt64)
    case gotoTable(UInt8)
}

/// A 48-bit Ethernet address as an integer, first byte most significant.
public struct MACAddressValue: Hashable, Sendable {
    public var value: UInt64
    public init(_ value: UInt64) { self.value = value & 0xffff_ffff_ffff }
}

/// `controller(...)`.
public struct ControllerAction: Hashable, Sendable {
    public var maxLength: UInt16 = 0xffff
    public var controllerID: UInt16 = 0
    /// OpenFlow's packet-in reason.
    public var reason: UInt8 = 1
    public var userdata: [UInt8] = []
    public var pause = false
    /// `NX_CTLR_NO_METER` is 0.
    public var meterID: UInt32 = 0
    /// Sent as OFPP_CONTROLLER output rather than as a Nicira action.
    public var isPlainOutput = false
    public init() {}
}

/// `set_field` or `load`: writes the masked bits of one field.
public struct SetFieldAction: Hashable, Sendable {
    public var field: Field
    public var value: FieldValue
    /// `FieldValue.exactMask(of: field)` where whole.
    public var mask: FieldValue
    public init(field: Field, value: FieldValue, mask: FieldValue) {
        self.field = field
        self.value = value
        self.mask = mask
    }
}

/// `resubmit(port,table,ct)`.
public struct ResubmitAction: Hashable, Sendable {
    /// OFPP_IN_PORT keeps the current one.
    public var inPort: UInt32
    /// 255 means the current table.
    public var table: UInt8
    /// Swap in the connection's original tuple while looking up.
    public var withConntrackTuple: Bool
    public init(inPort: UInt32, table: UInt8, withConntrackTuple: Bool = false) {
        self.inPort = inPort
        self.table = table
        self.withConntrackTuple = withConntrackTuple
    }
}

/// How `multipath`, `bundle` and select groups hash.
public enum HashFields: UInt16, Hashable, Sendable {
    case ethSource = 0
    case symmetricL4 = 1
    case symmetricL3L4 = 2
    case symmetricL3L4UDP = 3
    case networkSource = 4
    case networkDestination = 5
    case symmetricL3 = 6
}

/// `bundle(...)` and `bundle_load(...)`.
public struct BundleAction: Hashable, Sendable {
    public enum Algorithm: UInt16, Hashable, Sendable {
        case activeBackup = 0
        case highestRandomWeight = 1
    }
    public var fields: HashFields
    public var basis: UInt16
    public var algorithm: Algorithm
    public var members: [UInt32]
    /// Where `bundle_load` puts the chosen port; nil for output.
    public var destination: Subfield?
    public init(
        fields: HashFields, basis: UInt16, algorithm: Algorithm, members: [UInt32],
        destination: Subfield?
    ) {
        self.fields = fields
        self.basis = basis
        self.algorithm = algorithm
        self.members = members
        self.destination = destination
    }
}

/// `multipath(...)`.
public struct MultipathAction: Hashable, Sendable {
    public enum Algorithm: UInt16, Hashable, Sendable {
        case moduloN = 0
        case hashThreshold = 1
        case highestRandomWeight = 2
        case iterativeHash = 3
    }
    public var fields: HashFields
    public var basis: UInt16
    public var algorithm: Algorithm
    public var links: UInt32
    public var argument: UInt32
    public var destination: Subfield
    public init(
        fields: HashFields, basis: UInt16, algorithm: Algorithm, links: UInt32, argument: UInt32,
        destination: Subfield
    ) {
        self.fields = fields
        self.basis = basis
        self.algorithm = algorithm
        self.links = links
        self.argument = argument
        self.destination = destination
    }
}

/// `ct(...)`.
public struct ConntrackAction: Hashable, Sendable {
    public var commit = false
    public var force = false
    /// Used where `zoneField` is nil.
    public var zone: UInt16 = 0
    public var zoneField: Subfield?
    /// The table to continue in; 255 for none.
    public var recircTable: UInt8 = 255
    /// 0, 21 (ftp) or 69 (tftp).
    public var alg: UInt16 = 0
    /// `exec(...)`: set-field, load and move into ct_mark and ct_label.
    public var exec: [Action] = []
    public var nat: NATAction?
    public init() {}
}

/// `nat(...)` within `ct`.
public struct NATAction: Hashable, Sendable {
    public enum Kind: Hashable, Sendable { case existing, source, destination }
    public var kind: Kind = .existing
    public var persistent = false
    public var hash = false
    public var random = false
    public var ipv4Min: UInt32?
    public var ipv4Max: UInt32?
    /// 16 bytes each.
    public var ipv6Min: FieldValue?
    public var ipv6Max: FieldValue?
    public var portMin: UInt16?
    public var portMax: UInt16?
    public init() {}
}

/// `learn(...)`.
public struct LearnAction: Hashable, Sendable {
    public enum Source: Hashable, Sendable {
        case field(Subfield)
        /// Big-endian, right aligned, as wide as the destination.
        case immediate(FieldValue)
    }
    public enum Destination: Hashable, Sendable {
        case match(Subfield)
        case load(Subfield)
        case output
    }
    public struct Specification: Hashable, Sendable {
        public var bitCount: Int
        public var source: Source
        public var destination: Destination
        public init(bitCount: Int, source: Source, destination: Destination) {
            self.bitCount = bitCount
            self.source = source
            self.destination = destination
        }
    }
    public var idleTimeout: UInt16 = 0
    public var hardTimeout: UInt16 = 0
    public var priority: UInt16 = 0x8000
    public var cookie: UInt64 = 0
    public var table: UInt8 = 1
    public var sendFlowRemoved = false
    public var deleteLearned = false
    public var finIdleTimeout: UInt16 = 0
    public var finHardTimeout: UInt16 = 0
    public var limit: UInt32 = 0
    /// Where `1` is written if learned (or 0 if over the limit).
    public var resultDestination: Subfield?
    public var specifications: [Specification] = []
    public init() {}
}
