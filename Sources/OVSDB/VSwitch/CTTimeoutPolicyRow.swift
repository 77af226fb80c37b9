// One row of the table CT_Timeout_Policy: the lifetimes of connections without traffic.
// Its columns are explained in ovs-vswitchd.conf.db(5); the planner reads it.

/// A set of conntrack timeouts.
public struct CTTimeoutPolicyRow: VSwitchRow {
    public static let table = "CT_Timeout_Policy"
    public static let columns = [
        "timeouts", "external_ids",
    ]

    public let uuid: RowUUID
    /// Seconds by state, such as `tcp_established` or `udp_single`.
    public var timeoutsSeconds: [String: Int64]
    public var externalIDs: [String: String]

    public init(uuid: RowUUID, row: Row) {
        self.uuid = uuid
        timeoutsSeconds = row.integerMap("timeouts")
        externalIDs = row.stringMap("external_ids")
    }
}
