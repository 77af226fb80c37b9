// One row of the table Datapath: what all bridges of one datapath type share, by client's wish.
// Its columns are explained in ovs-vswitchd.conf.db(5); the planner reads it.

/// A datapath's configuration.
public struct DatapathRow: VSwitchRow {
    public static let table = "Datapath"
    public static let columns = [
        "ct_zones", "external_ids",
    ]
    public static let statusColumns = [
        "datapath_version", "capabilities",
    ]

    public let uuid: RowUUID
    /// Rows of `CT_Zone` by zone.
    public var zones: [UInt16: RowUUID]
    public var externalIDs: [String: String]

    public init(uuid: RowUUID, row: Row) {
        self.uuid = uuid
        zones = row.references("ct_zones", by: UInt16.self)
        externalIDs = row.stringMap("external_ids")
    }
}
