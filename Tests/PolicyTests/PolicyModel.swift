// The semantics of security groups, said once more as plainly as can be, and random policies.

import TestSupport

@testable import Policy

/// Judges by the document alone.
struct PolicyModel {
    let document: PolicyDocument

    func allows(_ connection: PolicyConnection, port id: String) -> Bool {
        guard let port = document.ports[id] else { return false }
        guard port.isSecured else { return true }
        let groups = groups(of: port)
        let fitting = document.rules.values.map(\.content).filter {
            groups.contains($0.group) && fits($0, connection)
        }
        guard let top = fitting.map(\.priority).max() else { return false }
        return !fitting.contains { $0.priority == top && $0.isDeny }
    }

    private func groups(of port: PolicyPort) -> Set<String> {
        var result = Set(port.groups)
        for group in document.groups.values {
            if let selector = group.selector, selects(selector, port) { result.insert(group.id) }
        }
        return result
    }

    private func selects(_ selector: PortSelector, _ port: PolicyPort) -> Bool {
        if let project = selector.project, project != port.project { return false }
        if let network = selector.network, network != port.network { return false }
        for (key, value) in selector.labels where port.labels[key] != value { return false }
        return true
    }

    private func fits(_ rule: SecurityGroupRule.Content, _ connection: PolicyConnection) -> Bool {
        if rule.direction != connection.direction || rule.family != connection.remote.family {
            return false
        }
        if let number = rule.ipProtocol, number != connection.ipProtocol { return false }
        if let low = rule.portMin, let high = rule.portMax {
            if connection.low < low || connection.low > high { return false }
        }
        switch rule.remote {
        case .anyone: return true
        case .prefix(let prefix): return prefix.contains(connection.remote)
        case .group(let id):
            return document.ports.values.contains {
                $0.isSecured && groups(of: $0).contains(id) && has($0, connection.remote)
            }
        case .addressGroup(let id):
            return document.addressGroups[id]?.addresses.contains {
                $0.contains(connection.remote)
            } ?? false
        case .ports(let selector):
            return document.ports.values.contains {
                selects(selector, $0) && has($0, connection.remote)
            }
        }
    }

    private func has(_ port: PolicyPort, _ address: AddressPrefix) -> Bool {
        (port.fixedAddresses + port.pairs.map(\.prefix)).contains { $0.contains(address) }
    }
}

/// Makes policies for a `PolicyWorld`.
struct RandomPolicy {
    var random: SeededRandom
    let workloads: Int
    var document = PolicyDocument()
    private var serial = 0

    init(seed: UInt64, workloads: Int) {
        random = SeededRandom(seed)
        self.workloads = workloads
        for number in 0..<6 { putGroup(number) }
        for number in 0..<2 { putAddressGroup(number) }
        for number in 1...workloads { putPort(number) }
        for _ in 0..<40 { putRule() }
    }

    /// Changes a few objects.
    mutating func change() {
        for _ in 0..<(1 + random.below(4)) {
            switch random.below(10) {
            case 0..<4: putRule()
            case 4..<7:
                if let id = document.rules.keys.sorted().randomElement(using: &random) {
                    document.rules[id] = nil
                }
            case 7: putPort(1 + random.below(workloads))
            case 8: putAddressGroup(random.below(2))
            default: putGroup(random.below(6))
            }
        }
    }

    private mutating func selector() -> PortSelector {
        var selector = PortSelector()
        switch random.below(3) {
        case 0: selector.project = "project\(random.below(2))"
        case 1: selector.network = "network\(random.below(2))"
        default: selector.labels = ["tier": random.pick(["a", "b"])]
        }
        return selector
    }

    private mutating func putGroup(_ number: Int) {
        var group = SecurityGroup(id: "g\(number)", name: "group\(number)")
        if random.chance(30) { group.selector = selector() }
        document.groups[group.id] = group
    }

    private mutating func putAddressGroup(_ number: Int) {
        let prefixes = (0..<3).map { _ in prefix() }
        document.addressGroups["a\(number)"] = AddressGroup(
            id: "a\(number)", name: "a\(number)", addresses: prefixes)
    }

    private mutating func prefix() -> AddressPrefix {
        random.chance(50)
            ? AddressPrefix(
                family: .ipv4, high: 0, low: 0x0a00_0000 | UInt64(random.below(8)),
                length: 28 + random.below(5))
            : AddressPrefix(
                family: .ipv6, high: 0xfd00 << 48, low: 0x0a00_0000 | UInt64(random.below(8)),
                length: 124 + random.below(5))
    }

    private mutating func putPort(_ number: Int) {
        var port = PolicyPort(
            id: "p\(number)", name: "p\(number)", mac: 0x0200_0000_0000 | UInt64(number))
        let low = 0x0a00_0000 | UInt64(number)
        port.fixedAddresses = [
            AddressPrefix(family: .ipv4, high: 0, low: low, length: 32),
            AddressPrefix(family: .ipv6, high: 0xfd00 << 48, low: low, length: 128),
        ]
        if random.chance(20) { port.pairs = [AddressPair(mac: port.mac, prefix: prefix())] }
        port.project = "project\(random.below(2))"
        port.network = "network\(random.below(2))"
        port.labels = ["tier": random.pick(["a", "b", "c"])]
        port.isSecured = random.chance(90)
        if port.isSecured {
            port.groups = (0..<6).map { "g\($0)" }.filter { _ in random.chance(40) }
        }
        if random.chance(5) {
            document.ports[port.id] = nil
        } else {
            document.ports[port.id] = port
        }
    }

    private mutating func putRule() {
        serial += 1
        var rule = SecurityGroupRule.Content(
            id: "r\(serial)", group: "g\(random.below(6))",
            direction: random.pick([.ingress, .egress]), family: random.pick([.ipv4, .ipv6]))
        if random.chance(80) { rule.ipProtocol = random.pick([17, 17, 17, 6]) }
        if rule.ipProtocol != nil && random.chance(60) {
            let low = UInt16(random.below(16))
            rule.portMin = low
            rule.portMax = low + UInt16(random.below(10))
        }
        switch random.below(6) {
        case 0:
            let made = prefix()
            if made.family == rule.family { rule.remote = .prefix(made) }
        case 1, 2: rule.remote = .group("g\(random.below(6))")
        case 3: rule.remote = .addressGroup("a\(random.below(2))")
        case 4: rule.remote = .ports(selector())
        default: break
        }
        if random.chance(20) {
            rule.priority = UInt16(1 + random.below(3))
            rule.isDeny = random.chance(60)
        }
        document.rules[rule.id] = SecurityGroupRule(rule)
    }
}
