// One row of the table Manager: a client that the database server connects to or listens for. The
// switch needs the targets only to keep in-band connections to them open.

/// A database manager's configuration.
public struct ManagerRow: VSwitchRow {
    public static let table = "Manager"
    public static let columns = [
        "target", "connection_mode", "other_config",
    ]

    public let uuid: RowUUID
    public var target: String
    public var connectionMode: ControllerRow.ConnectionMode?
    public var otherConfig: [String: String]

    public init(uuid: RowUUID, row: Row) {
        self.uuid = uuid
        target = row.string("target")
        connectionMode = row.word("connection_mode")
        otherConfig = row.stringMap("other_config")
    }
}
