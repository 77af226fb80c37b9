// One bridge as it ought to be, gathered from its row and all rows that it refers to. Two of these
// that are equal need no work at all.

import Dpif
import OVSDB

/// A bridge's whole configuration.
public struct DesiredBridge: Hashable, Sendable {
    public var row: BridgeRow
    /// `netdev`, `system` or, for tests, `dummy`.
    public var datapathType: String
    /// By name.
    public var ports: [PortSettings]
    public var mirrors: [MirrorRow]
    public var controllers: [ControllerRow]
    public var flowTables: [UInt8: FlowTableRow]
    /// Names of ports by their row's identifier, for mirrors.
    public var portNames: [RowUUID: String]
    public var name: String { row.name }

    /// A bridge with these ports and nothing else.
    init(row: BridgeRow, ports: [PortSettings]) {
        self.row = row
        self.ports = ports
        datapathType = row.datapathType.isEmpty ? "system" : row.datapathType
        mirrors = []
        controllers = []
        flowTables = [:]
        portNames = Dictionary(
            ports.map { ($0.row.uuid, $0.name) }, uniquingKeysWith: { first, _ in first })
    }

    /// The interfaces of all ports, in order.
    public var interfaces: [InterfaceSettings] { ports.flatMap(\.interfaces) }

    public func interface(named name: String) -> InterfaceSettings? {
        for port in ports {
            for interface in port.interfaces where interface.name == name { return interface }
        }
        return nil
    }
}

/// What bridges have in common.
public struct DesiredGlobals: Hashable, Sendable {
    public var vlanLimit: UInt32 = 1
    public var bundleIdleMilliseconds: UInt64 = 10_000
    public var statisticsMilliseconds: Int64 = 5000
    public var isStatisticsEnabled = false
    public var polling = PollingSettings()
    public var tls: SSLRow?
    public var otherConfig: [String: String] = [:]
    /// Timeouts in seconds by zone, of all datapaths.
    public var zoneTimeouts: [UInt16: [String: UInt32]] = [:]
    /// Rows of `Datapath` by type.
    public var datapaths: [String: RowUUID] = [:]
}

/// The configuration that a snapshot asks for.
public struct DesiredState: Hashable, Sendable {
    public var globals = DesiredGlobals()
    /// By name.
    public var bridges: [String: DesiredBridge] = [:]
    /// `next_cfg`; nil without a root row.
    public var configurationNumber: Int64?
    /// Remarks for the log that reading it gave rise to.
    public var warnings: [String] = []

    /// Nothing configured.
    public init() {}
}
