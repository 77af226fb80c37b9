// The one row of the table SSL: the files that TLS connections are made with.
// Its columns are explained in ovs-vswitchd.conf.db(5); the planner reads it.

/// The TLS configuration.
public struct SSLRow: VSwitchRow {
    public static let table = "SSL"
    public static let columns = [
        "private_key", "certificate", "ca_cert", "bootstrap_ca_cert", "external_ids",
    ]

    public let uuid: RowUUID
    public var privateKey: String
    public var certificate: String
    public var caCertificate: String
    /// Whether to take the first peer's certificate authority on trust and keep it.
    public var bootstrapsCACertificate: Bool
    public var externalIDs: [String: String]

    public init(uuid: RowUUID, row: Row) {
        self.uuid = uuid
        privateKey = row.string("private_key")
        certificate = row.string("certificate")
        caCertificate = row.string("ca_cert")
        bootstrapsCACertificate = row.boolean("bootstrap_ca_cert")
        externalIDs = row.stringMap("external_ids")
    }
}
