// One row of the table Interface: a network device, tunnel or patch and how it is to be opened.
// Its columns are explained in ovs-vswitchd.conf.db(5); the planner reads it.

/// An interface's configuration.
public struct InterfaceRow: VSwitchRow {
    public static let table = "Interface"
    public static let columns = [
        "name", "type", "options", "mac", "ofport_request", "mtu_request",
        "ingress_policing_rate", "ingress_policing_burst", "ingress_policing_kpkts_rate",
        "ingress_policing_kpkts_burst", "bfd", "cfm_mpid", "lldp", "other_config",
        "external_ids",
    ]
    public static let statusColumns = [
        "ofport", "error", "mac_in_use", "ifindex", "mtu", "admin_state", "link_state",
        "link_speed", "link_resets", "duplex", "status", "lacp_current", "bfd_status",
        "cfm_fault", "cfm_fault_status", "cfm_flap_count", "cfm_health", "cfm_remote_mpids",
        "cfm_remote_opstate",
    ]

    public let uuid: RowUUID
    public var name: String
    /// Empty means "system".
    public var type: String
    public var options: [String: String]
    /// The address wanted; for internal interfaces.
    public var mac: String?
    public var ofportRequest: UInt16?
    public var mtuRequest: Int64?
    /// 0 for no policing.
    public var ingressPolicingRateKbps: Int64
    public var ingressPolicingBurstKb: Int64
    public var ingressPolicingRateKpps: Int64
    public var ingressPolicingBurstKpkts: Int64
    public var bfd: [String: String]
    public var cfmMaintenancePoint: Int64?
    public var lldp: [String: String]
    public var otherConfig: [String: String]
    public var externalIDs: [String: String]

    public init(uuid: RowUUID, row: Row) {
        self.uuid = uuid
        name = row.string("name")
        type = row.string("type")
        options = row.stringMap("options")
        mac = row.optionalString("mac")
        ofportRequest = row.optional("ofport_request", as: UInt16.self)
        mtuRequest = row.optionalInteger("mtu_request")
        ingressPolicingRateKbps = row.integer("ingress_policing_rate")
        ingressPolicingBurstKb = row.integer("ingress_policing_burst")
        ingressPolicingRateKpps = row.integer("ingress_policing_kpkts_rate")
        ingressPolicingBurstKpkts = row.integer("ingress_policing_kpkts_burst")
        bfd = row.stringMap("bfd")
        cfmMaintenancePoint = row.optionalInteger("cfm_mpid")
        lldp = row.stringMap("lldp")
        otherConfig = row.stringMap("other_config")
        externalIDs = row.stringMap("external_ids")
    }
}
