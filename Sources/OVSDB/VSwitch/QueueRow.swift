// One row of the table Queue: one class of a QoS row.
// Its columns are explained in ovs-vswitchd.conf.db(5); the planner reads it.

/// An egress queue's configuration.
public struct QueueRow: VSwitchRow {
    public static let table = "Queue"
    public static let columns = [
        "dscp", "other_config", "external_ids",
    ]

    public let uuid: RowUUID
    public var dscp: UInt8?
    public var otherConfig: [String: String]
    public var externalIDs: [String: String]

    public init(uuid: RowUUID, row: Row) {
        self.uuid = uuid
        dscp = row.optional("dscp", as: UInt8.self)
        otherConfig = row.stringMap("other_config")
        externalIDs = row.stringMap("external_ids")
    }
}
