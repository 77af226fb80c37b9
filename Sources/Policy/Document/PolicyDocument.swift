// A policy as documents state it, in the words of the OpenStack networking API, checked. Values;
// rules are shared objects, as there may be many and few change.

/// Which way a connection is begun, seen from the workload.
public enum RuleDirection: String, Hashable, Sendable, CaseIterable {
    case egress, ingress
    /// In registers and in connections' marks.
    var code: UInt64 { self == .egress ? 1 : 2 }
}

/// Chooses ports by what they belong to. All that is given must be so.
public struct PortSelector: Hashable, Sendable {
    public var project: String?
    public var network: String?
    public var labels: [String: String] = [:]
    public init() {}

    public func selects(_ port: PolicyPort) -> Bool {
        (project == nil || project == port.project) && (network == nil || network == port.network)
            && labels.allSatisfy { port.labels[$0.key] == $0.value }
    }
}

/// The other side of what a rule is about.
public enum RuleRemote: Hashable, Sendable {
    case anyone
    case prefix(AddressPrefix)
    case group(String)
    case addressGroup(String)
    case ports(PortSelector)
}

/// `security_groups`.
public struct SecurityGroup: Hashable, Sendable {
    public var id: String
    public var name: String
    public var project: String?
    public var isStateful = true
    /// Ports that have the group without naming it.
    public var selector: PortSelector?
    public init(id: String, name: String) {
        self.id = id
        self.name = name
    }
}

/// `security_group_rules`.
public final class SecurityGroupRule: Hashable, Sendable {
    public struct Content: Hashable, Sendable {
        public var id: String
        public var group: String
        public var direction: RuleDirection
        public var family: AddressFamily
        /// Nil for every protocol.
        public var ipProtocol: UInt8?
        /// Ports, or an ICMP type and code.
        public var portMin: UInt16?
        public var portMax: UInt16?
        public var remote = RuleRemote.anyone
        /// 0 for a tenant's rule; the operator's are above, the highest first.
        public var priority: UInt16 = 0
        public var isDeny = false
        public init(
            id: String, group: String, direction: RuleDirection, family: AddressFamily
        ) {
            self.id = id
            self.group = group
            self.direction = direction
            self.family = family
        }
    }
    public let content: Content
    public init(_ content: Content) { self.content = content }
    public static func == (one: SecurityGroupRule, other: SecurityGroupRule) -> Bool {
        one === other || one.content == other.content
    }
    public func hash(into hasher: inout Hasher) { content.hash(into: &hasher) }
    public var isICMP: Bool { content.ipProtocol == 1 || content.ipProtocol == 58 }
}

/// `address_groups`.
public struct AddressGroup: Hashable, Sendable {
    public var id: String
    public var name: String
    public var addresses: [AddressPrefix]
    public init(id: String, name: String, addresses: [AddressPrefix]) {
        self.id = id
        self.name = name
        self.addresses = addresses
    }
}

/// An address that a port may use, with the Ethernet address that goes with it.
public struct AddressPair: Hashable, Sendable {
    public var mac: UInt64
    public var prefix: AddressPrefix
    public init(mac: UInt64, prefix: AddressPrefix) {
        self.mac = mac
        self.prefix = prefix
    }
}

/// `ports`.
public struct PolicyPort: Hashable, Sendable {
    /// What `external_ids:iface-id` says.
    public var id: String
    public var name: String
    public var project: String?
    public var network: String?
    public var mac: UInt64
    public var fixedAddresses: [AddressPrefix] = []
    public var pairs: [AddressPair] = []
    public var groups: [String] = []
    /// `port_security_enabled`.
    public var isSecured = true
    public var labels: [String: String] = [:]
    public init(id: String, name: String, mac: UInt64) {
        self.id = id
        self.name = name
        self.mac = mac
    }

    /// All addresses it may use, but its link-local one.
    public var addresses: [AddressPrefix] {
        var seen: Set<AddressPrefix> = []
        return (fixedAddresses + pairs.map(\.prefix)).filter { seen.insert($0).inserted }
    }

    /// Everything it may send from.
    public var sources: [AddressPair] {
        var list = fixedAddresses.map { AddressPair(mac: mac, prefix: $0) } + pairs
        list += Set(list.map(\.mac)).union([mac]).sorted().map {
            AddressPair(mac: $0, prefix: AddressPrefix(linkLocalOf: $0))
        }
        var seen: Set<AddressPair> = []
        return list.filter { seen.insert($0).inserted }
    }
}

/// A whole policy.
public struct PolicyDocument: Hashable, Sendable {
    /// By id.
    public var groups: [String: SecurityGroup] = [:]
    public var rules: [String: SecurityGroupRule] = [:]
    public var addressGroups: [String: AddressGroup] = [:]
    public var ports: [String: PolicyPort] = [:]
    public init() {}

    /// The groups whose rules hold for a port, those that select it included, in order.
    public func groups(of port: PolicyPort) -> [String] {
        groups(of: port, selecting: groups.values.filter { $0.selector != nil })
    }

    func groups(of port: PolicyPort, selecting: [SecurityGroup]) -> [String] {
        guard port.isSecured else { return [] }
        let selected = selecting.filter { $0.selector?.selects(port) == true }.map(\.id)
        return Set(port.groups + selected).sorted()
    }
}
