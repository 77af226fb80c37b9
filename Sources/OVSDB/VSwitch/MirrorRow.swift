// One row of the table Mirror: which packets of a bridge are copied, and where to.
// Its columns are explained in ovs-vswitchd.conf.db(5); the planner reads it.

/// A mirror's configuration.
public struct MirrorRow: VSwitchRow {
    public static let table = "Mirror"
    public static let columns = [
        "name", "select_all", "select_src_port", "select_dst_port", "select_vlan",
        "output_port", "output_vlan", "snaplen", "external_ids",
    ]

    public let uuid: RowUUID
    public var name: String
    public var selectAll: Bool
    public var selectSourcePorts: [RowUUID]
    public var selectDestinationPorts: [RowUUID]
    public var selectVLANs: [UInt16]
    public var outputPort: RowUUID?
    public var outputVLAN: UInt16?
    /// Bytes of each packet to copy; nil for all.
    public var snapLength: UInt16?
    public var externalIDs: [String: String]

    public init(uuid: RowUUID, row: Row) {
        self.uuid = uuid
        name = row.string("name")
        selectAll = row.boolean("select_all")
        selectSourcePorts = row.uuids("select_src_port")
        selectDestinationPorts = row.uuids("select_dst_port")
        selectVLANs = row.integers("select_vlan", as: UInt16.self)
        outputPort = row.optionalUUID("output_port")
        outputVLAN = row.optional("output_vlan", as: UInt16.self)
        snapLength = row.optional("snaplen", as: UInt16.self)
        externalIDs = row.stringMap("external_ids")
    }
}
