// One row of the table Flow_Table: how one OpenFlow table of a bridge behaves.
// Its columns are explained in ovs-vswitchd.conf.db(5); the planner reads it.

/// An OpenFlow table's configuration.
public struct FlowTableRow: VSwitchRow {
    public static let table = "Flow_Table"
    public static let columns = [
        "name", "flow_limit", "overflow_policy", "groups", "prefixes", "external_ids",
    ]

    /// What happens to a new flow when the table is full.
    public enum OverflowPolicy: String, Hashable, Sendable {
        case refuse
        case evict
    }

    public let uuid: RowUUID
    public var name: String?
    public var flowLimit: Int64?
    public var overflowPolicy: OverflowPolicy?
    /// Fields whose values make the groups that eviction is fair between.
    public var groups: [String]
    /// Fields to build tries on.
    public var prefixes: [String]
    public var externalIDs: [String: String]

    public init(uuid: RowUUID, row: Row) {
        self.uuid = uuid
        name = row.optionalString("name")
        flowLimit = row.optionalInteger("flow_limit")
        overflowPolicy = row.word("overflow_policy")
        groups = row.strings("groups")
        prefixes = row.strings("prefixes")
        externalIDs = row.stringMap("external_ids")
    }
}
