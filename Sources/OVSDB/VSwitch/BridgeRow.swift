// One row of the table Bridge: an OpenFlow switch with its ports, controllers and monitors.
// Its columns are explained in ovs-vswitchd.conf.db(5); the planner reads it.

/// A bridge's configuration.
public struct BridgeRow: VSwitchRow {
    public static let table = "Bridge"
    public static let columns = [
        "name", "datapath_type", "stp_enable", "rstp_enable", "mcast_snooping_enable", "ports",
        "mirrors", "netflow", "sflow", "ipfix", "controller", "protocols", "fail_mode",
        "flood_vlans", "flow_tables", "auto_attach", "other_config", "external_ids",
    ]
    public static let statusColumns = [
        "datapath_id", "datapath_version", "status", "rstp_status",
    ]

    /// What the bridge does without a controller.
    public enum FailMode: String, Hashable, Sendable {
        case standalone
        case secure
    }

    public let uuid: RowUUID
    public var name: String
    /// Empty means "system".
    public var datapathType: String
    public var isSTPEnabled: Bool
    public var isRSTPEnabled: Bool
    public var isMulticastSnoopingEnabled: Bool
    public var ports: [RowUUID]
    public var mirrors: [RowUUID]
    public var netFlow: RowUUID?
    public var sFlow: RowUUID?
    public var ipfix: RowUUID?
    public var controllers: [RowUUID]
    /// OpenFlow versions such as `OpenFlow13`; empty for the default ones.
    public var protocols: [String]
    public var failMode: FailMode?
    /// VLANs in which MAC learning is off.
    public var floodVLANs: [UInt16]
    public var flowTables: [UInt8: RowUUID]
    public var autoAttach: RowUUID?
    public var otherConfig: [String: String]
    public var externalIDs: [String: String]

    public init(uuid: RowUUID, row: Row) {
        self.uuid = uuid
        name = row.string("name")
        datapathType = row.string("datapath_type")
        isSTPEnabled = row.boolean("stp_enable")
        isRSTPEnabled = row.boolean("rstp_enable")
        isMulticastSnoopingEnabled = row.boolean("mcast_snooping_enable")
        ports = row.uuids("ports")
        mirrors = row.uuids("mirrors")
        netFlow = row.optionalUUID("netflow")
        sFlow = row.optionalUUID("sflow")
        ipfix = row.optionalUUID("ipfix")
        controllers = row.uuids("controller")
        protocols = row.strings("protocols")
        failMode = row.word("fail_mode")
        floodVLANs = row.integers("flood_vlans", as: UInt16.self)
        flowTables = row.references("flow_tables", by: UInt8.self)
        autoAttach = row.optionalUUID("auto_attach")
        otherConfig = row.stringMap("other_config")
        externalIDs = row.stringMap("external_ids")
    }
}
