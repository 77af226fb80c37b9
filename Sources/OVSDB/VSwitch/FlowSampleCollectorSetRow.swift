// One row of the table Flow_Sample_Collector_Set: where the sampling action of OpenFlow sends to.
// Its columns are explained in ovs-vswitchd.conf.db(5); the planner reads it.

/// A set of collectors of sampled packets.
public struct FlowSampleCollectorSetRow: VSwitchRow {
    public static let table = "Flow_Sample_Collector_Set"
    public static let columns = [
        "id", "bridge", "ipfix", "external_ids",
    ]

    public let uuid: RowUUID
    public var id: UInt32?
    public var bridge: RowUUID?
    public var ipfix: RowUUID?
    public var externalIDs: [String: String]

    public init(uuid: RowUUID, row: Row) {
        self.uuid = uuid
        id = row.optional("id", as: UInt32.self)
        bridge = row.optionalUUID("bridge")
        ipfix = row.optionalUUID("ipfix")
        externalIDs = row.stringMap("external_ids")
    }
}
