// One row of the table AutoAttach: IEEE 802.1Qcj mappings announced by LLDP.
// Its columns are explained in ovs-vswitchd.conf.db(5); the planner reads it.

/// A bridge's auto-attach configuration.
public struct AutoAttachRow: VSwitchRow {
    public static let table = "AutoAttach"
    public static let columns = [
        "system_name", "system_description", "mappings",
    ]

    public let uuid: RowUUID
    public var systemName: String
    public var systemDescription: String
    /// VLANs by service identifier (I-SID).
    public var mappings: [UInt32: UInt16]

    public init(uuid: RowUUID, row: Row) {
        self.uuid = uuid
        systemName = row.string("system_name")
        systemDescription = row.string("system_description")
        mappings = row.serviceVLANs("mappings")
    }
}

extension Row {
    /// A map from service identifiers to VLANs, without what doesn't fit.
    fileprivate func serviceVLANs(_ column: String) -> [UInt32: UInt16] {
        var mappings: [UInt32: UInt16] = [:]
        for (service, vlan) in self[column]?.integerByInteger ?? [:] {
            if let service = UInt32(exactly: service), let vlan = UInt16(exactly: vlan) {
                mappings[service] = vlan
            }
        }
        return mappings
    }
}
