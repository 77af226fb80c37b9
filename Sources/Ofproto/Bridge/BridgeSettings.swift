// What Configuration tells a bridge that is not about its ports.

import Flow
import OpenFlow

/// `fail_mode` of a Bridge.
public enum FailMode: Hashable, Sendable {
    case standalone, secure
}

/// A bridge's settings.
public struct BridgeSettings: Hashable, Sendable {
    public var name: String
    public var datapathID: UInt64 = 0
    public var failMode: FailMode = .standalone
    /// Whether Controller rows say who controls it; without any it switches by itself.
    public var hasControllers = false
    /// The longest inactivity probe of its controllers, in seconds.
    public var probeSecondsMax = 5
    /// `protocols`; empty for all.
    public var protocols: [OpenFlowVersion] = []
    /// `other_config:dp-desc` and `dp-sn`.
    public var datapathDescription: String?
    public var serialNumber: String?
    /// `other_config:mac-table-size` and `mac-aging-time`.
    public var addressTableSize: UInt32 = 8192
    public var addressAgingSeconds: UInt32 = 300
    /// `flood_vlans`.
    public var floodVLANs: [UInt16] = []
    /// `other_config:forward-bpdu`.
    public var forwardsBPDU = false
    /// The bridge's own Ethernet address.
    public var localAddress: UInt64 = 0
    /// `Flow_Table` rows by table.
    public var tables: [UInt8: FlowTableSettings] = [:]
    /// `other_config:bundle-idle-timeout`, milliseconds.
    public var bundleIdleMilliseconds: UInt64 = 10_000

    public init(name: String) { self.name = name }

    /// The versions a session may negotiate.
    var versions: [OpenFlowVersion] {
        protocols.isEmpty ? OpenFlowVersion.allCases : protocols
    }
}
