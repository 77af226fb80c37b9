// Ports as the control room asks for them and reads them back.

/// The kinds of device the datapath opens.
public enum PortType: String, Sendable {
    case system, internalPort = "internal", tap, dummy, dpdk
    case vhostUser = "dpdkvhostuser"
    case vhostUserClient = "dpdkvhostuserclient"
}

/// A device to open.
public struct PortRequest: Hashable, Sendable {
    public var name: String
    public var type: PortType
    /// `options` of the Interface row.
    public var options: [String: String] = [:]
    public var receiveQueues = 1
    /// CPUs of pinned queues, by queue (`pmd-rxq-affinity`).
    public var affinity: [Int: Int] = [:]
    public var mtu: UInt32?
    public var address: UInt64?
    public init(name: String, type: PortType) {
        self.name = name
        self.type = type
    }
}

/// Why a device did not open, in the words for `Interface.error`.
public struct PortError: Error, Hashable, Sendable {
    public var message: String
    public init(_ message: String) { self.message = message }
}

/// What is known of an open device.
public struct PortInfo: Hashable, Sendable {
    public var datapathPort: UInt32 = 0
    public var name = ""
    public var type: PortType = .system
    public var address: UInt64 = 0
    public var mtu: UInt32 = 1500
    public var ifindex: UInt32 = 0
    public var isUp = true
    public var hasLink = true
    /// Megabits a second; 0 unknown.
    public var speedMbps: UInt32 = 0
    public var isFullDuplex = true
    public var modes = LinkModes()
    public var linkResets: UInt64 = 0
    public var receiveQueues = 1
    /// Extra key-values for `Interface.status` (driver_name …).
    public var status: [String: String] = [:]
    /// How the device was set up, as `dpctl/show` lists it.
    public var configuration: [String: String] = [:]
    public init() {}
}

/// Counters of a device by their OVS names.
public struct PortStatistics: Hashable, Sendable {
    public var rxPackets: UInt64 = 0
    public var txPackets: UInt64 = 0
    public var rxBytes: UInt64 = 0
    public var txBytes: UInt64 = 0
    public var rxDropped: UInt64 = 0
    public var txDropped: UInt64 = 0
    public var rxErrors: UInt64 = 0
    public var txErrors: UInt64 = 0
    /// Further counters (collisions, rx_crc_err, custom) where the device has them.
    public var extra: [String: UInt64] = [:]
    public init() {}
}
