// One row of the table Port: one interface, or a bond of several, with its VLAN behaviour.
// Its columns are explained in ovs-vswitchd.conf.db(5); the planner reads it.

/// A port's configuration.
public struct PortRow: VSwitchRow {
    public static let table = "Port"
    public static let columns = [
        "name", "interfaces", "vlan_mode", "tag", "trunks", "cvlans", "qos", "mac", "bond_mode",
        "lacp", "bond_updelay", "bond_downdelay", "bond_fake_iface", "fake_bridge", "protected",
        "other_config", "external_ids",
    ]
    public static let statusColumns = [
        "status", "rstp_status", "bond_active_slave",
    ]

    public enum VLANMode: String, Hashable, Sendable {
        case trunk
        case access
        case nativeTagged = "native-tagged"
        case nativeUntagged = "native-untagged"
        case dot1qTunnel = "dot1q-tunnel"
    }

    public enum BondMode: String, Hashable, Sendable {
        case balanceTCP = "balance-tcp"
        case balanceSLB = "balance-slb"
        case activeBackup = "active-backup"
    }

    public enum LACPMode: String, Hashable, Sendable {
        case active
        case passive
        case off
    }

    public let uuid: RowUUID
    public var name: String
    public var interfaces: [RowUUID]
    /// Nil: access when there is a tag, else trunk.
    public var vlanMode: VLANMode?
    public var tag: UInt16?
    public var trunks: [UInt16]
    public var customerVLANs: [UInt16]
    public var qos: RowUUID?
    public var mac: String?
    public var bondMode: BondMode?
    public var lacp: LACPMode?
    public var bondUpDelayMilliseconds: Int64
    public var bondDownDelayMilliseconds: Int64
    public var isBondFakeInterface: Bool
    public var isFakeBridge: Bool
    public var isProtected: Bool
    public var otherConfig: [String: String]
    public var externalIDs: [String: String]

    public init(uuid: RowUUID, row: Row) {
        self.uuid = uuid
        name = row.string("name")
        interfaces = row.uuids("interfaces")
        vlanMode = row.word("vlan_mode")
        tag = row.optional("tag", as: UInt16.self)
        trunks = row.integers("trunks", as: UInt16.self)
        customerVLANs = row.integers("cvlans", as: UInt16.self)
        qos = row.optionalUUID("qos")
        mac = row.optionalString("mac")
        bondMode = row.word("bond_mode")
        lacp = row.word("lacp")
        bondUpDelayMilliseconds = row.integer("bond_updelay")
        bondDownDelayMilliseconds = row.integer("bond_downdelay")
        isBondFakeInterface = row.boolean("bond_fake_iface")
        isFakeBridge = row.boolean("fake_bridge")
        isProtected = row.boolean("protected")
        otherConfig = row.stringMap("other_config")
        externalIDs = row.stringMap("external_ids")
    }
}
