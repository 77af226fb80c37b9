// Ports and bundles of a bridge as Configuration gives them, and mirrors. Values; the bridge builds
// the block that poll threads read from them.

import Flow
import OpenFlow
import Pipeline

/// What a port leads to.
public enum OfprotoPortKind: Hashable, Sendable {
    /// A device; `datapathPort` moves its packets.
    case device
    /// The patch port of that name, in whichever bridge, whose peer is this port.
    case patch(peer: String)
    /// A tunnel; `datapathPort` stands for it.
    case tunnel
    /// The device failed.
    case broken
    /// In the policy's bridge: a port of another bridge, under the policy.
    case policed(bridge: UInt16, port: UInt32)
}

/// Where the policy of a port is.
public struct PolicyPlace: Hashable, Sendable {
    /// Index of the policy's bridge, and the port's number there.
    public var bridge: UInt16
    public var port: UInt32
    public init(bridge: UInt16, port: UInt32) {
        self.bridge = bridge
        self.port = port
    }
}

/// A port of a bridge.
public struct OfprotoPort: Hashable, Sendable {
    public var name: String
    /// OpenFlow number; `ReservedPort.local` for the bridge's own.
    public var number: UInt32
    public var kind: OfprotoPortKind
    public var datapathPort: UInt32
    /// Nil for a port without a policy.
    public var policy: PolicyPlace?
    public var address: MACAddressValue
    public var mtu: UInt32 = 0
    public var config: PortConfig = []
    public var state: PortState = []
    public var current: PortFeatures = []
    public var advertised: PortFeatures = []
    public var supported: PortFeatures = []
    public var peerFeatures: PortFeatures = []
    public var currentSpeedKilobits: UInt32 = 0
    public var maxSpeedKilobits: UInt32 = 0
    /// What spanning tree and the liveness of the link say.
    public var mayForward = true
    public var mayLearn = true
    public var isLive = true
    /// Queues by number that QoS has configured.
    public var queues: [UInt32] = []
    /// When it was added, in milliseconds on the engine's clock.
    public internal(set) var created: UInt64 = 0

    public init(
        name: String, number: UInt32, kind: OfprotoPortKind, datapathPort: UInt32 = 0,
        address: MACAddressValue = MACAddressValue(0)
    ) {
        self.name = name
        self.number = number
        self.kind = kind
        self.datapathPort = datapathPort
        self.address = address
    }

    /// Makes the `live` bit follow from the rest.
    mutating func normalizeState() {
        if config.contains(.portDown) || state.contains(.linkDown) || !isLive {
            state.remove(.live)
        } else {
            state.insert(.live)
        }
    }

    /// The port as OpenFlow describes it.
    public var description: PortDescription {
        var description = PortDescription(number: number, name: name)
        description.hardwareAddress = address
        description.config = config
        description.state = state
        description.current = current
        description.advertised = advertised
        description.supported = supported
        description.peer = peerFeatures
        description.currentSpeedKilobits = currentSpeedKilobits
        description.maxSpeedKilobits = maxSpeedKilobits
        return description
    }

    /// `PortFlag` bits for the engine.
    var flags: UInt32 {
        var flags: UInt32 = 0
        if config.contains(.noReceive) { flags |= PortFlag.noReceive }
        if config.contains(.noFlood) { flags |= PortFlag.noFlood }
        if config.contains(.noForward) { flags |= PortFlag.noForward }
        if config.contains(.noPacketIn) { flags |= PortFlag.noPacketIn }
        if !mayForward { flags |= PortFlag.noFlood | PortFlag.noForward }
        if !mayLearn { flags |= PortFlag.noLearn }
        if !state.contains(.live) { flags |= PortFlag.notLive }
        if number == ReservedPort.local { flags |= PortFlag.local }
        return flags
    }
}

/// A database Port: its VLAN configuration and its members.
public struct BundleSettings: Hashable, Sendable {
    public var name: String
    /// OpenFlow numbers of its ports.
    public var members: [UInt32]
    public var mode: VLANMode = .trunk
    public var tag: UInt16 = 0
    /// Nil for all.
    public var trunks: [UInt16]?
    /// Nil for all.
    public var customerVLANs: [UInt16]?
    public var outerEthType: UInt16 = 0x88a8
    /// 0 never, 1 if non-zero, 2 always.
    public var priorityTags: UInt8 = 0
    public var isProtected = false
    /// 0 none, 1 active-backup, 2 balance-slb, 3 balance-tcp.
    public var bondMode: UInt8 = 0
    /// OpenFlow number of a bond's active member.
    public var activeMember: UInt32?
    public init(name: String, members: [UInt32]) {
        self.name = name
        self.members = members
    }
}

/// A mirror.
public struct MirrorSettings: Hashable, Sendable {
    public var name: String
    public var selectsAll = false
    /// Names of bundles whose received or sent packets are selected.
    public var sources: [String] = []
    public var destinations: [String] = []
    /// Empty for all VLANs.
    public var vlans: [UInt16] = []
    public var outputBundle: String?
    public var outputVLAN: UInt16?
    /// 0 for whole packets.
    public var snapLength: UInt32 = 0
    public init(name: String) { self.name = name }
}
