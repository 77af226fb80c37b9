// Nicira's extension messages that have a body of their own, and the switch's description.

/// How flows are written to a controller (NXT_SET_FLOW_FORMAT); matters in OpenFlow 1.0 only.
public enum FlowFormat: UInt32, Hashable, Sendable {
    case openFlow10 = 0
    case nxm = 2
}

/// How packets are sent to a controller (NXT_SET_PACKET_IN_FORMAT).
public enum PacketInFormat: UInt32, Hashable, Sendable {
    case standard = 0
    case nicira = 1
    case nicira2 = 2
}

/// One tunnel option and the `tun_metadata<n>` that it is known as.
public struct TunnelOptionMapping: Hashable, Sendable {
    public var optionClass: UInt16
    public var optionType: UInt8
    /// Bytes, a multiple of 4.
    public var length: UInt8
    /// n of `tun_metadata<n>`.
    public var index: UInt16
    public init(optionClass: UInt16, optionType: UInt8, length: UInt8, index: UInt16) {
        self.optionClass = optionClass
        self.optionType = optionType
        self.length = length
        self.index = index
    }
}

/// NXT_TLV_TABLE_MOD.
public struct TunnelOptionTableMod: Hashable, Sendable {
    public enum Command: UInt16, Hashable, Sendable { case add = 0, delete = 1, clear = 2 }
    public var command: Command
    public var mappings: [TunnelOptionMapping]
    public init(_ command: Command, mappings: [TunnelOptionMapping] = []) {
        self.command = command
        self.mappings = mappings
    }
}

/// NXT_TLV_TABLE_REPLY.
public struct TunnelOptionTableReply: Hashable, Sendable {
    public var maxOptionSpace: UInt32 = 256
    public var maxFields: UInt16 = 64
    public var mappings: [TunnelOptionMapping] = []
    public init() {}
}

/// One direction of a connection; nil where it does not matter.
public struct ConntrackTuple: Hashable, Sendable {
    /// 16 bytes: IPv6, or IPv4 as ::ffff:a.b.c.d.
    public var source: [UInt8]?
    public var destination: [UInt8]?
    public var sourcePort: UInt16?
    public var destinationPort: UInt16?
    public var icmpID: UInt16?
    public var icmpType: UInt8?
    public var icmpCode: UInt8?
    public init() {}
    public var isEmpty: Bool { self == ConntrackTuple() }
}

/// NXT_CT_FLUSH: which connections to forget.
public struct ConntrackFlush: Hashable, Sendable {
    /// 0 for any.
    public var ipProtocol: UInt8 = 0
    public var original = ConntrackTuple()
    public var reply = ConntrackTuple()
    public var zone: UInt16?
    public init() {}
}

/// OFPMP_DESC.
public struct SwitchDescription: Hashable, Sendable {
    public var manufacturer: String
    public var hardware: String
    public var software: String
    public var serialNumber: String
    public var datapath: String
    public init(
        manufacturer: String, hardware: String, software: String, serialNumber: String,
        datapath: String
    ) {
        self.manufacturer = manufacturer
        self.hardware = hardware
        self.software = software
        self.serialNumber = serialNumber
        self.datapath = datapath
    }
}

/// NXST_IPFIX_BRIDGE and NXST_IPFIX_FLOW: what an exporter has done.
public struct IPFIXStats: Hashable, Sendable {
    public var totalFlows: UInt64 = 0
    public var currentFlows: UInt64 = 0
    public var packets: UInt64 = 0
    public var ipv4Packets: UInt64 = 0
    public var ipv6Packets: UInt64 = 0
    public var errorPackets: UInt64 = 0
    public var ipv4ErrorPackets: UInt64 = 0
    public var ipv6ErrorPackets: UInt64 = 0
    public var sentPackets: UInt64 = 0
    public var sendErrors: UInt64 = 0
    public var collectorSetID: UInt32 = 0
    public init() {}
}
