// One row of the table sFlow: an sFlow v5 agent.
// Its columns are explained in ovs-vswitchd.conf.db(5); the planner reads it.

/// A bridge's sFlow export.
public struct SFlowRow: VSwitchRow {
    public static let table = "sFlow"
    public static let columns = [
        "targets", "sampling", "polling", "header", "agent", "external_ids",
    ]

    public let uuid: RowUUID
    public var targets: [String]
    /// One packet in so many.
    public var sampling: Int64?
    public var pollingSeconds: Int64?
    public var headerBytes: Int64?
    /// The device or address that the agent goes by.
    public var agent: String?
    public var externalIDs: [String: String]

    public init(uuid: RowUUID, row: Row) {
        self.uuid = uuid
        targets = row.strings("targets")
        sampling = row.optionalInteger("sampling")
        pollingSeconds = row.optionalInteger("polling")
        headerBytes = row.optionalInteger("header")
        agent = row.optionalString("agent")
        externalIDs = row.stringMap("external_ids")
    }
}
