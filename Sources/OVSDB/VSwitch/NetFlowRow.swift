// One row of the table NetFlow: a NetFlow v5 exporter.
// Its columns are explained in ovs-vswitchd.conf.db(5); the planner reads it.

/// A bridge's NetFlow export.
public struct NetFlowRow: VSwitchRow {
    public static let table = "NetFlow"
    public static let columns = [
        "targets", "engine_type", "engine_id", "add_id_to_interface", "active_timeout",
        "external_ids",
    ]

    public let uuid: RowUUID
    /// `host:port` of each collector.
    public var targets: [String]
    public var engineType: UInt8?
    public var engineID: UInt8?
    public var addsIDToInterface: Bool
    /// 0 for the default, -1 for never.
    public var activeTimeoutSeconds: Int64
    public var externalIDs: [String: String]

    public init(uuid: RowUUID, row: Row) {
        self.uuid = uuid
        targets = row.strings("targets")
        engineType = row.optional("engine_type", as: UInt8.self)
        engineID = row.optional("engine_id", as: UInt8.self)
        addsIDToInterface = row.boolean("add_id_to_interface")
        activeTimeoutSeconds = row.integer("active_timeout")
        externalIDs = row.stringMap("external_ids")
    }
}
