// The one row of the table Open_vSwitch: the root that everything else hangs from, and the pair of
// counters by which a client learns that its configuration took effect.

/// The daemon's own configuration.
public struct OpenVSwitchRow: VSwitchRow {
    public static let table = "Open_vSwitch"
    public static let columns = [
        "bridges", "datapaths", "manager_options", "ssl", "next_cfg", "cur_cfg", "other_config",
        "external_ids",
    ]
    public static let statusColumns = [
        "ovs_version", "db_version", "system_type", "system_version", "datapath_types",
        "iface_types", "dpdk_initialized", "dpdk_version",
    ]

    public let uuid: RowUUID
    public var bridges: [RowUUID]
    /// Rows of `Datapath` by datapath type.
    public var datapaths: [String: RowUUID]
    public var managerOptions: [RowUUID]
    public var ssl: RowUUID?
    /// Raised by a client with each change that it wants to wait for.
    public var nextConfiguration: Int64
    /// What `nextConfiguration` was when the running configuration was read; the switch writes it.
    public var currentConfiguration: Int64
    public var otherConfig: [String: String]
    public var externalIDs: [String: String]

    public init(uuid: RowUUID, row: Row) {
        self.uuid = uuid
        bridges = row.uuids("bridges")
        datapaths = row.uuidByString("datapaths")
        managerOptions = row.uuids("manager_options")
        ssl = row.optionalUUID("ssl")
        nextConfiguration = row.integer("next_cfg")
        currentConfiguration = row.integer("cur_cfg")
        otherConfig = row.stringMap("other_config")
        externalIDs = row.stringMap("external_ids")
    }
}
