// What the policy says to a connection, and why; without packets.

/// The first packet of a connection, seen from a workload.
public struct PolicyConnection: Hashable, Sendable {
    public var direction: RuleDirection
    public var ipProtocol: UInt8
    /// The other side.
    public var remote: AddressPrefix
    /// Source port, or ICMP type.
    public var high: UInt16
    /// Destination port, or ICMP code.
    public var low: UInt16

    public init(
        direction: RuleDirection, ipProtocol: UInt8, remote: AddressPrefix, high: UInt16,
        low: UInt16
    ) {
        self.direction = direction
        self.ipProtocol = ipProtocol
        self.remote = remote
        self.high = high
        self.low = low
    }
}

/// What becomes of a connection.
public enum PolicyVerdict: Hashable, Sendable {
    /// The first list that has a rule for it allows it; these of its rules fit.
    case allowed([SecurityGroupRule])
    case denied([SecurityGroupRule])
    /// No rule of any of its groups fits.
    case deniedByDefault
    case noPolicy
    case unfiltered

    public var isAllowed: Bool {
        switch self {
        case .allowed, .unfiltered: true
        case .denied, .deniedByDefault, .noPolicy: false
        }
    }
}

extension PolicyCompiler {
    /// Judges a connection of a port, bound or not.
    public func judge(_ connection: PolicyConnection, port id: String) -> PolicyVerdict {
        guard let port = document.ports[id] else { return .noPolicy }
        guard port.isSecured else { return .unfiltered }
        let groups = document.groups(of: port, selecting: selectingGroups)
        for key in lists(of: groups, connection.direction) {
            if let remote = key.remote, !contains(remote, connection.remote) { continue }
            let fitting = rules(of: key).filter { fits($0.content, connection) }
            if !fitting.isEmpty { return key.isDeny ? .denied(fitting) : .allowed(fitting) }
        }
        return .deniedByDefault
    }

    /// The rules that hold for a port one way, in the order in which they are asked.
    public func rules(ofPort id: String, _ direction: RuleDirection) -> [SecurityGroupRule] {
        guard let port = document.ports[id], port.isSecured else { return [] }
        let groups = document.groups(of: port, selecting: selectingGroups)
        return lists(of: groups, direction).flatMap(rules)
    }

    private func rules(of key: RuleListKey) -> [SecurityGroupRule] {
        (rulesByGroup[key.group] ?? []).compactMap { document.rules[$0] }
            .filter { RuleListKey($0.content) == key }.sorted { $0.content.id < $1.content.id }
    }

    private func contains(_ key: AddressSetKey, _ address: AddressPrefix) -> Bool {
        guard let set = sets[key] else { return false }
        for length in 0...address.family.bits {
            let prefix = AddressPrefix(
                family: address.family, high: address.high, low: address.low, length: length)
            if set.prefixes[prefix] != nil { return true }
        }
        return false
    }

    private func fits(
        _ rule: SecurityGroupRule.Content, _ connection: PolicyConnection
    ) -> Bool {
        guard rule.family == connection.remote.family,
            rule.ipProtocol == nil || rule.ipProtocol == connection.ipProtocol
        else { return false }
        if case .prefix(let prefix) = rule.remote, !prefix.contains(connection.remote) {
            return false
        }
        guard let low = rule.portMin else { return true }
        if rule.ipProtocol == 1 || rule.ipProtocol == 58 {
            return connection.high == low && (rule.portMax ?? connection.low) == connection.low
        }
        return (low...(rule.portMax ?? low)).contains(connection.low)
    }
}

extension PolicyCompiler {
    /// The rules of a group, in the order of their ids.
    public func rules(ofGroup id: String) -> [SecurityGroupRule] {
        (rulesByGroup[id] ?? []).sorted().compactMap { document.rules[$0] }
    }
}
