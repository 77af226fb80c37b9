// Ports: description, status, change and statistics.

/// OFPPC_*: what an administrator or controller has set on a port.
public struct PortConfig: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    public static let portDown = PortConfig(rawValue: 1 << 0)
    /// OpenFlow 1.0 only.
    public static let noSTP = PortConfig(rawValue: 1 << 1)
    public static let noReceive = PortConfig(rawValue: 1 << 2)
    /// OpenFlow 1.0 only.
    public static let noReceiveSTP = PortConfig(rawValue: 1 << 3)
    /// OpenFlow 1.0 only.
    public static let noFlood = PortConfig(rawValue: 1 << 4)
    public static let noForward = PortConfig(rawValue: 1 << 5)
    public static let noPacketIn = PortConfig(rawValue: 1 << 6)

    static let all10: PortConfig = [
        .portDown, .noSTP, .noReceive, .noReceiveSTP, .noFlood, .noForward, .noPacketIn,
    ]
    static let all11: PortConfig = [.portDown, .noReceive, .noForward, .noPacketIn]
}

/// OFPPS_*: the state of a port.
public struct PortState: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    public static let linkDown = PortState(rawValue: 1 << 0)
    /// OpenFlow 1.1 and later.
    public static let blocked = PortState(rawValue: 1 << 1)
    /// OpenFlow 1.1 and later.
    public static let live = PortState(rawValue: 1 << 2)
    /// OpenFlow 1.0's spanning tree state in bits 8 and 9: learning, forwarding, blocking.
    public static let stpLearn = PortState(rawValue: 1 << 8)
    public static let stpForward = PortState(rawValue: 2 << 8)
    public static let stpBlock = PortState(rawValue: 3 << 8)
}

/// OFPPF_*: link features by the bits of OpenFlow 1.1.
public struct PortFeatures: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    public static let speed10MHalf = PortFeatures(rawValue: 1 << 0)
    public static let speed10MFull = PortFeatures(rawValue: 1 << 1)
    public static let speed100MHalf = PortFeatures(rawValue: 1 << 2)
    public static let speed100MFull = PortFeatures(rawValue: 1 << 3)
    public static let speed1GHalf = PortFeatures(rawValue: 1 << 4)
    public static let speed1GFull = PortFeatures(rawValue: 1 << 5)
    public static let speed10GFull = PortFeatures(rawValue: 1 << 6)
    public static let speed40GFull = PortFeatures(rawValue: 1 << 7)
    public static let speed100GFull = PortFeatures(rawValue: 1 << 8)
    public static let speed1TFull = PortFeatures(rawValue: 1 << 9)
    public static let other = PortFeatures(rawValue: 1 << 10)
    public static let copper = PortFeatures(rawValue: 1 << 11)
    public static let fiber = PortFeatures(rawValue: 1 << 12)
    public static let autonegotiation = PortFeatures(rawValue: 1 << 13)
    public static let pause = PortFeatures(rawValue: 1 << 14)
    public static let pauseAsymmetric = PortFeatures(rawValue: 1 << 15)
}

/// A port as OpenFlow describes it.
public struct PortDescription: Hashable, Sendable {
    public var number: UInt32
    public var hardwareAddress = MACAddressValue(0)
    /// Cut at 15 bytes on the wire up to OpenFlow 1.5.
    public var name: String
    public var config: PortConfig = []
    public var state: PortState = []
    public var current: PortFeatures = []
    public var advertised: PortFeatures = []
    public var supported: PortFeatures = []
    public var peer: PortFeatures = []
    /// OpenFlow 1.1 and later.
    public var currentSpeedKilobits: UInt32 = 0
    public var maxSpeedKilobits: UInt32 = 0
    public init(number: UInt32, name: String) {
        self.number = number
        self.name = name
    }
}

/// OFPT_PORT_STATUS.
public struct PortStatus: Hashable, Sendable {
    public enum Reason: UInt8, Hashable, Sendable { case add = 0, delete = 1, modify = 2 }
    public var reason: Reason
    public var port: PortDescription
    public init(reason: Reason, port: PortDescription) {
        self.reason = reason
        self.port = port
    }
}

/// OFPT_PORT_MOD.
public struct PortMod: Hashable, Sendable {
    public var port: UInt32
    /// Must be the port's, or zero.
    public var hardwareAddress: MACAddressValue
    public var config: PortConfig = []
    /// The bits of `config` to change.
    public var mask: PortConfig = []
    /// Empty to leave alone.
    public var advertise: PortFeatures = []
    public init(port: UInt32, hardwareAddress: MACAddressValue) {
        self.port = port
        self.hardwareAddress = hardwareAddress
    }
}

/// One port's counters. All ones where unknown.
public struct PortStats: Hashable, Sendable {
    public var port: UInt32
    /// Nil where not told; OpenFlow 1.3 and later.
    public var durationSeconds: UInt32?
    public var durationNanoseconds: UInt32 = 0
    public var receivedPackets: UInt64 = .max
    public var sentPackets: UInt64 = .max
    public var receivedBytes: UInt64 = .max
    public var sentBytes: UInt64 = .max
    public var receiveDropped: UInt64 = .max
    public var sendDropped: UInt64 = .max
    public var receiveErrors: UInt64 = .max
    public var sendErrors: UInt64 = .max
    public var receiveFrameErrors: UInt64 = .max
    public var receiveOverErrors: UInt64 = .max
    public var receiveCRCErrors: UInt64 = .max
    public var collisions: UInt64 = .max
    /// The 21 counters of RFC 2819 in the order of the `rmon` names of ovs-vswitchd.conf.db(5):
    /// received by size (7), sent by size (7), sent multicast, received and sent broadcast, then
    /// undersized, oversize, fragmented and jabber errors. OpenFlow 1.4 and later.
    public var rfc2819: [UInt64] = []
    /// Counters with names of their own; OpenFlow 1.4 and later.
    public var custom: [CustomCounter] = []
    public init(port: UInt32) { self.port = port }

    /// A counter that a driver names.
    public struct CustomCounter: Hashable, Sendable {
        public var name: String
        public var value: UInt64
        public init(name: String, value: UInt64) {
            self.name = name
            self.value = value
        }
    }
}
