// Reads a database snapshot: follows references, fills in defaults, leaves out what makes no sense.
// Pure, so that every rule here can be tested without a switch.

import Dpif
import OVSDB

/// What the daemon was started with that changes how the database is understood.
public struct SwitchOptions: Hashable, Sendable {
    /// Whether types `dummy…` can be had.
    public var allowsDummy = false
    /// Type `system` means `dummy` (`--enable-dummy=system`).
    public var replacesSystem = false
    /// Every device is a dummy (`--enable-dummy=override`).
    public var replacesAll = false
    public var allowsSystem = true
    /// Refuse UNIX sockets of controllers outside the run directory.
    public var confinesItself = true
    /// Where the policy is kept; nil keeps none.
    public var policyFile: String?
    public init() {}
}

extension DesiredState {
    /// Reads `snapshot`.
    public init(_ snapshot: VSwitchSnapshot, options: SwitchOptions) {
        self.init()
        guard let root = snapshot.openVSwitch else { return }
        configurationNumber = root.nextConfiguration
        globals = DesiredGlobals(root, snapshot)
        for row in snapshot.configuredBridges {
            guard !row.name.isEmpty, !row.name.hasPrefix("."), !row.name.contains("/") else {
                warnings.append(
                    "ignoring bridge with name \"\(row.name)\", which is not a valid name")
                continue
            }
            let type = row.datapathType.isEmpty ? "system" : row.datapathType
            guard DesiredState.isKnown(datapathType: type, options) else {
                warnings.append(
                    "failed to create bridge \(row.name): "
                        + "Address family not supported by protocol")
                continue
            }
            bridges[row.name] = DesiredBridge(
                row, type, snapshot, options, &warnings)
        }
    }

    private static func isKnown(datapathType: String, _ options: SwitchOptions) -> Bool {
        switch datapathType {
        case "netdev", "system": true
        case "dummy": options.allowsDummy
        default: false
        }
    }
}

extension DesiredGlobals {
    init(_ root: OpenVSwitchRow, _ snapshot: VSwitchSnapshot) {
        self.init()
        otherConfig = root.otherConfig
        vlanLimit = switch root.otherConfig.integer("vlan-limit", 1) {
        case 0: 2
        case let limit where limit < 0: 1
        case let limit: UInt32(min(limit, 2))
        }
        let idle = root.otherConfig.integer("bundle-idle-timeout", 0)
        bundleIdleMilliseconds = idle <= 0 ? 10_000 : UInt64(max(idle, 1)) * 1000
        polling = PollingSettings(root.otherConfig)
        statisticsMilliseconds = max(
            5000, root.otherConfig.integer("stats-update-interval", 5000))
        isStatisticsEnabled = root.otherConfig.boolean("enable-statistics", false)
        tls = snapshot.ssl
        datapaths = root.datapaths
        for type in root.datapaths.keys.sorted() {
            guard let datapath = snapshot.datapath(ofType: type) else { continue }
            for (zone, policy) in snapshot.timeoutPolicies(of: datapath) {
                zoneTimeouts[zone] = policy.timeoutsSeconds.compactMapValues {
                    UInt32(exactly: $0)
                }
            }
        }
    }
}

extension DesiredBridge {
    init(
        _ row: BridgeRow, _ type: String, _ snapshot: VSwitchSnapshot, _ options: SwitchOptions,
        _ warnings: inout [String]
    ) {
        self.row = row
        datapathType = type
        mirrors = snapshot.mirrors(of: row).sorted {
            ($0.name, $0.uuid) < ($1.name, $1.uuid)
        }
        let rows = snapshot.controllers(of: row)
        controllers = rows.count == 1 && rows[0].target == "none" ? [] : rows
        flowTables = snapshot.flowTables(of: row)
        portNames = [:]
        ports = []
        var names: Set<String> = []
        for port in snapshot.ports(of: row) {
            guard names.insert(port.name).inserted else {
                warnings.append(
                    "bridge \(row.name): \(port.name) specified twice as bridge port")
                continue
            }
            portNames[port.uuid] = port.name
            var interfaces: [InterfaceSettings] = []
            for interface in snapshot.interfaces(of: port) {
                interfaces.append(
                    InterfaceSettings(interface, bridge: row.name, type, options))
            }
            guard !interfaces.isEmpty else { continue }
            var settings = PortSettings(row: port, interfaces: interfaces)
            if let qos = snapshot.qos(of: port), !qos.type.isEmpty {
                let queues = snapshot.queues(of: qos)
                settings.queues = queues.keys.sorted()
                settings.shaping = EgressShaping(qos, queues)
                if settings.shaping == nil, qos.type != "linux-noop" {
                    settings.shapingRemark = "QoS of type \(qos.type) is not supported"
                }
            }
            ports.append(settings)
        }
    }
}

extension InterfaceSettings {
    init(
        _ row: InterfaceRow, bridge: String, _ datapathType: String, _ options: SwitchOptions
    ) {
        let isLocal = row.name == bridge
        let type = isLocal || row.type == "internal" ? "internal" : row.type.isEmpty
            ? "system" : row.type
        self.init(
            name: row.name, type: type,
            kind: InterfaceSettings.kind(of: row, type, datapathType, options))
        uuid = row.uuid
        self.options = row.options
        requestedPort = row.ofportRequest.flatMap { (1..<0xff00).contains($0) ? $0 : nil }
        requestedMTU = row.mtuRequest.flatMap { UInt32(exactly: $0) }
        if type == "internal", let text = row.mac { address = EthernetText.address(text) }
        receiveQueues = Int(row.options.integer("n_rxq", 1).clamped(to: 1...64))
        affinity = QueueAffinity.parse(row.otherConfig["pmd-rxq-affinity"] ?? "")
        self.isLocal = isLocal
        policing = RateLimit(row)
        budget = PortBudget(row)
        interfaceID = row.externalIDs["iface-id"].flatMap { $0.isEmpty ? nil : $0 }
    }

    private static func kind(
        of row: InterfaceRow, _ type: String, _ datapathType: String, _ options: SwitchOptions
    ) -> InterfaceKind {
        let reserved = ["ovs-netdev", "ovs-dummy", "ovs-system"]
        if reserved.contains(row.name) {
            return .unsupported(
                "could not create interface \(row.name), name is reserved")
        }
        switch type {
        case "internal" where datapathType == "dummy" || options.replacesAll:
            return .device("dummy")
        case "internal": return .device("internal")
        case "patch":
            guard let peer = row.options["peer"], !peer.isEmpty else {
                return .unsupported("\(row.name): patch type requires valid 'peer' argument")
            }
            guard peer != row.name else {
                return .unsupported("\(row.name): patch peer must not be self")
            }
            return .patch(peer: peer)
        case "dummy", "dummy-pmd", "dummy-internal":
            return options.allowsDummy
                ? .device("dummy") : .unsupported(unknown(row.name))
        case "system" where options.replacesSystem || options.replacesAll:
            return .device("dummy")
        case "system" where !options.allowsSystem: return .unsupported(unknown(row.name))
        case "system", "tap", "dpdk", "dpdkvhostuser", "dpdkvhostuserclient":
            return .device(options.replacesAll ? "dummy" : type)
        case "vxlan", "geneve", "gre", "ip6gre", "erspan", "ip6erspan", "gtpu", "bareudp",
            "lisp", "stt":
            return .unsupported(
                "could not open network device \(row.name) "
                    + "(tunnels of type \(type) are not supported yet)")
        default: return .unsupported(unknown(row.name))
        }
    }

    private static func unknown(_ name: String) -> String {
        "could not open network device \(name) (Address family not supported by protocol)"
    }
}
