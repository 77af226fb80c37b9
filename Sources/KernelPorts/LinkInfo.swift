// What the kernel says of one network device. Values, for the control room.

import PacketBuffer

/// A kernel device as rtnetlink describes it.
public struct LinkInfo: Sendable, Equatable {
    public var index: Int32
    public var name = ""
    /// `veth`, `bridge`, `tun`…; empty for physical devices.
    public var kind = ""
    /// IFF_* flags.
    public var flags: UInt32 = 0
    public var mtu = 0
    /// Six bytes for an Ethernet device.
    public var hardwareAddress: [UInt8] = []
    /// Whether the carrier is there.
    public var hasCarrier = false
    /// How often the carrier came or went (`Interface.link_resets`).
    public var carrierChanges: UInt32 = 0
    /// Index of the bridge or bond it belongs to, or 0.
    public var masterIndex: Int32 = 0
    /// The device's own statistics.
    public var statistics = PortCounters()

    /// Administratively up.
    public var isUp: Bool { flags & LinuxABI.flagUp != 0 }

    public init(index: Int32) { self.index = index }
}

/// What changed in the kernel, as told by `LinkMonitor`.
public enum LinkEvent: Sendable, Equatable {
    /// A device is new or changed.
    case changed(LinkInfo)
    /// A device is gone.
    case removed(index: Int32, name: String)
    /// Addresses, routes or neighbours changed; read them anew if you hold any.
    case addressesChanged
    case routesChanged
    case neighboursChanged
    /// Events were lost; read everything anew.
    case overrun
}
