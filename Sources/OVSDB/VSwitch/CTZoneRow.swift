// One row of the table CT_Zone: how one conntrack zone behaves.
// Its columns are explained in ovs-vswitchd.conf.db(5); the planner reads it.

/// A conntrack zone's configuration.
public struct CTZoneRow: VSwitchRow {
    public static let table = "CT_Zone"
    public static let columns = [
        "timeout_policy", "external_ids",
    ]

    public let uuid: RowUUID
    public var timeoutPolicy: RowUUID?
    public var externalIDs: [String: String]

    public init(uuid: RowUUID, row: Row) {
        self.uuid = uuid
        timeoutPolicy = row.optionalUUID("timeout_policy")
        externalIDs = row.stringMap("external_ids")
    }
}
