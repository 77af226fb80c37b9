// One row of the table QoS: how a port's egress is shared between queues.
// Its columns are explained in ovs-vswitchd.conf.db(5); the planner reads it.

/// A port's egress shaping.
public struct QoSRow: VSwitchRow {
    public static let table = "QoS"
    public static let columns = [
        "type", "queues", "other_config", "external_ids",
    ]

    public let uuid: RowUUID
    /// Such as `linux-htb` or `egress-policer`.
    public var type: String
    public var queues: [UInt32: RowUUID]
    public var otherConfig: [String: String]
    public var externalIDs: [String: String]

    public init(uuid: RowUUID, row: Row) {
        self.uuid = uuid
        type = row.string("type")
        queues = row.references("queues", by: UInt32.self)
        otherConfig = row.stringMap("other_config")
        externalIDs = row.stringMap("external_ids")
    }
}
