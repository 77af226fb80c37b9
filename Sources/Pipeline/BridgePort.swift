// Ports, bundles and mirrors of a bridge as the pipeline needs them. One immutable block for each
// configuration: the control room builds a new one and publishes it; nothing is patched in place.

import Flow

/// What a bridge port leads to.
@frozen public enum PortKind: UInt8, Sendable {
    /// A device: its datapath port moves packets.
    case device
    /// The other end of a patch in another bridge.
    case patch
    /// A tunnel.
    case tunnel
    /// Nothing: configured, but its device failed.
    case broken
    /// In the policy's bridge: where packets of a policed port, and to it, go on.
    case policed
}

/// One OpenFlow port of a bridge.
@frozen public struct BridgePort: Sendable {
    public var openflowPort: UInt32 = 0
    public var datapathPort: UInt32 = 0
    public var kind: PortKind = .device
    /// `PortFlag` bits.
    public var flags: UInt32 = 0
    /// Index of its bundle, or UInt16.max.
    public var bundle: UInt16 = .max
    /// Of a port under a policy: the policy's bridge and the port's number there.
    public var policyBridge: UInt16 = .max
    public var policyPort: UInt32 = 0
    /// Of a patch, or of a port in the policy's bridge: bridge and OpenFlow port at the other end.
    public var peerBridge: UInt16 = .max
    public var peerPort: UInt32 = 0
    /// 0: unlimited.
    public var mtu: UInt32 = 0
    public init() {}
}

/// Flags of a bridge port.
@frozen public enum PortFlag {
    /// OFPPC_NO_RECV.
    @inlinable public static var noReceive: UInt32 { 2 }
    /// OFPPC_NO_FLOOD, and STP states that do not flood.
    @inlinable public static var noFlood: UInt32 { 4 }
    /// OFPPC_NO_FWD.
    @inlinable public static var noForward: UInt32 { 8 }
    /// OFPPC_NO_PACKET_IN.
    @inlinable public static var noPacketIn: UInt32 { 16 }
    /// STP: learns no addresses here.
    @inlinable public static var noLearn: UInt32 { 32 }
    /// Not usable by fast failover (link or BFD down).
    @inlinable public static var notLive: UInt32 { 64 }
    /// The bridge's own port.
    @inlinable public static var local: UInt32 { 128 }
}

/// `vlan_mode` of a database Port.
@frozen public enum VLANMode: UInt8, Sendable {
    case access, trunk, nativeTagged, nativeUntagged, dot1qTunnel
}

/// A database Port: one interface or a bond, with its VLAN configuration.
@frozen public struct Bundle {
    public var mode: VLANMode = .trunk
    /// `tag`; 0 where unset.
    public var vlan: UInt16 = 0
    /// Send 802.1p-tagged VLAN 0: 0 never, 1 if non-zero priority, 2 always.
    public var priorityTags: UInt8 = 0
    public var isProtected = false
    /// Reserved for outputs of mirrors: takes no other traffic.
    public var isMirrorOutput = false
    /// TPID of `dot1q-tunnel`.
    public var outerEthType: UInt16 = 0x88a8
    /// Bitmap of 4,096 trunked VLANs; nil means all.
    public var trunks: UnsafeMutablePointer<UInt64>?
    /// Bitmap of customer VLANs of a `dot1q-tunnel`; nil means all.
    public var customerVLANs: UnsafeMutablePointer<UInt64>?
    /// Indices of its ports in the configuration.
    public var ports: UnsafeMutablePointer<UInt16>?
    public var portCount: Int = 0
    /// 0 none (single), 1 active-backup, 2 balance-slb, 3 balance-tcp.
    public var bondMode: UInt8 = 0
    /// The active member's port index.
    public var activePort: UInt16 = .max
    /// Mirrors that select packets received here / sent here.
    public var mirrorSource: UInt32 = 0
    public var mirrorDestination: UInt32 = 0
    public init() {}

    /// Whether bit `vlan` of a bitmap is set; nil bitmaps hold every VLAN.
    @inlinable public static func contains(
        _ bitmap: UnsafeMutablePointer<UInt64>?, _ vlan: UInt16
    ) -> Bool {
        guard let bitmap else { return true }
        return bitmap[Int(vlan) / 64] >> UInt64(vlan % 64) & 1 == 1
    }
}

/// A mirror.
@frozen public struct Mirror {
    /// Select only these VLANs; nil selects all.
    public var vlans: UnsafeMutablePointer<UInt64>?
    /// Output bundle, or UInt16.max.
    public var outputBundle: UInt16 = .max
    /// Output VLAN (RSPAN), or UInt16.max.
    public var outputVLAN: UInt16 = .max
    /// 0: whole packets.
    public var snapLength: UInt32 = 0
    /// Other mirrors whose output makes this one redundant.
    public var duplicates: UInt32 = 0
    /// Position of its counters in `BridgeState.mirrorCounters` (packets, bytes).
    public var counter: Int = 0
    public init() {}
}
