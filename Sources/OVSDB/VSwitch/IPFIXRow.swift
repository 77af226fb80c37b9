// One row of the table IPFIX: an IPFIX exporter, for a bridge or for sampled flows.
// Its columns are explained in ovs-vswitchd.conf.db(5); the planner reads it.

/// An IPFIX export.
public struct IPFIXRow: VSwitchRow {
    public static let table = "IPFIX"
    public static let columns = [
        "targets", "sampling", "obs_domain_id", "obs_point_id", "cache_active_timeout",
        "cache_max_flows", "other_config", "external_ids",
    ]

    public let uuid: RowUUID
    public var targets: [String]
    public var sampling: UInt32?
    public var observationDomain: UInt32?
    public var observationPoint: UInt32?
    public var cacheActiveTimeoutSeconds: Int64?
    public var cacheMaxFlows: UInt32?
    public var otherConfig: [String: String]
    public var externalIDs: [String: String]

    public init(uuid: RowUUID, row: Row) {
        self.uuid = uuid
        targets = row.strings("targets")
        sampling = row.optional("sampling", as: UInt32.self)
        observationDomain = row.optional("obs_domain_id", as: UInt32.self)
        observationPoint = row.optional("obs_point_id", as: UInt32.self)
        cacheActiveTimeoutSeconds = row.optionalInteger("cache_active_timeout")
        cacheMaxFlows = row.optional("cache_max_flows", as: UInt32.self)
        otherConfig = row.stringMap("other_config")
        externalIDs = row.stringMap("external_ids")
    }
}
