// One row of the table Controller: an OpenFlow controller to connect to or to be reached by.
// Its columns are explained in ovs-vswitchd.conf.db(5); the planner reads it.

/// A controller's configuration.
public struct ControllerRow: VSwitchRow {
    public static let table = "Controller"
    public static let columns = [
        "type", "target", "max_backoff", "inactivity_probe", "connection_mode", "local_ip",
        "local_netmask", "local_gateway", "enable_async_messages", "controller_queue_size",
        "controller_rate_limit", "controller_burst_limit", "other_config", "external_ids",
    ]
    public static let statusColumns = [
        "is_connected", "role", "status",
    ]

    public enum Kind: String, Hashable, Sendable {
        case primary
        case service
    }

    public enum ConnectionMode: String, Hashable, Sendable {
        case inBand = "in-band"
        case outOfBand = "out-of-band"
    }

    public let uuid: RowUUID
    public var type: Kind?
    /// Such as `tcp:10.0.0.1:6653` or `punix:/path`.
    public var target: String
    public var maxBackoffMilliseconds: Int64?
    public var inactivityProbeMilliseconds: Int64?
    public var connectionMode: ConnectionMode?
    public var localIP: String?
    public var localNetmask: String?
    public var localGateway: String?
    public var enableAsyncMessages: Bool?
    public var queueSize: Int64?
    public var rateLimitPacketsPerSecond: Int64?
    public var burstLimitPackets: Int64?
    public var otherConfig: [String: String]
    public var externalIDs: [String: String]

    public init(uuid: RowUUID, row: Row) {
        self.uuid = uuid
        type = row.word("type")
        target = row.string("target")
        maxBackoffMilliseconds = row.optionalInteger("max_backoff")
        inactivityProbeMilliseconds = row.optionalInteger("inactivity_probe")
        connectionMode = row.word("connection_mode")
        localIP = row.optionalString("local_ip")
        localNetmask = row.optionalString("local_netmask")
        localGateway = row.optionalString("local_gateway")
        enableAsyncMessages = row.optionalBoolean("enable_async_messages")
        queueSize = row.optionalInteger("controller_queue_size")
        rateLimitPacketsPerSecond = row.optionalInteger("controller_rate_limit")
        burstLimitPackets = row.optionalInteger("controller_burst_limit")
        otherConfig = row.stringMap("other_config")
        externalIDs = row.stringMap("external_ids")
    }
}
