// What there is of policy, and what it says: policy/show, list, who, explain and drops.

import Flow
import Policy

extension VirtualSwitch {
    func showPolicy() -> String {
        let document = policy.compiler.document
        var text = "policy: "
        switch policy.status {
        case .off: return text + "none, all ports forward by their bridges alone\n"
        case .inForce: text += "in force\n"
        case .unreadable(let reason):
            text += "unreadable, ports with an iface-id forward nothing: \(reason)\n"
        }
        text += "groups: \(document.groups.count)  rules: \(document.rules.count)  "
        text += "address groups: \(document.addressGroups.count)  "
        text += "ports: \(document.ports.count)\n"
        text += "compiled: \(policy.bridge?.ruleCount ?? 0) flows\n"
        for (_, reason) in policy.refused.sorted(by: { $0.key < $1.key }) {
            text += "warning: \(reason)\n"
        }
        text += "ports on this host:\n"
        for (name, place) in policy.attachments.sorted(by: { $0.key < $1.key }) {
            let state: String
            if policy.compiler.bound[place.id] != place.number {
                state = "closed: another interface has its iface-id"
            } else if let port = document.ports[place.id] {
                let groups = document.groups(of: port).map { document.groups[$0]?.name ?? $0 }
                state = port.isSecured
                    ? "groups " + (groups.isEmpty ? "none" : groups.joined(separator: ", "))
                    : "port security off"
            } else {
                state = "closed: the policy does not name it"
            }
            let zone = PolicyZone.zone(ofPort: place.number)
            text += "  \(name): iface-id \(place.id), zone \(zone): \(state)\n"
        }
        return text
    }

    func listPolicy() -> String {
        let document = policy.compiler.document
        var text = ""
        for group in document.groups.values.sorted(by: { ($0.name, $0.id) < ($1.name, $1.id) }) {
            text += "group \(group.name)" + (group.name == group.id ? "" : " (\(group.id))")
            if let project = group.project { text += " of project \(project)" }
            if !group.isStateful { text += ", stateless" }
            if let selector = group.selector {
                text += ", applies to \(PolicyText.selector(selector))"
            }
            text += "\n"
            let rules = policy.compiler.rules(ofGroup: group.id)
            for rule in rules {
                text += "  \(rule.content.id): \(PolicyText.rule(rule.content, document))\n"
            }
        }
        for group in document.addressGroups.values.sorted(by: { $0.id < $1.id }) {
            let addresses = group.addresses.map(\.description).joined(separator: ", ")
            text += "address group \(group.name): \(addresses)\n"
        }
        return text
    }

    /// The id of a port by its id, its name or the interface that it is bound to.
    private func portID(_ name: String) throws(CommandFailure) -> String {
        let document = policy.compiler.document
        if document.ports[name] != nil || policy.compiler.bound[name] != nil { return name }
        if let place = policy.attachments[name] { return place.id }
        let named = document.ports.values.filter { $0.name == name }
        guard named.count == 1, let port = named.first else {
            throw CommandFailure(
                named.isEmpty
                    ? "\(name): no port of the policy, and no interface under it"
                    : "\(name): the name of several ports; use the id")
        }
        return port.id
    }

    func who(_ name: String) throws(CommandFailure) -> String {
        let id = try portID(name)
        let compiler = policy.compiler
        let document = compiler.document
        datapath.flushCounters()
        func counts(_ cookie: PolicyCookie) -> String {
            guard let number = compiler.number(of: cookie),
                let count = policy.bridge?.counters(cookie: number)
            else { return "0 packets" }
            return "\(count.packets) packets, \(count.bytes) bytes"
        }
        var text = "port \(id)"
        if let port = document.ports[id] {
            text += ", \(EthernetText.text(port.mac)), "
            text += port.addresses.map(\.description).joined(separator: ", ")
        }
        text += compiler.bound[id] == nil ? ", not on this host\n" : "\n"
        for direction in [RuleDirection.ingress, .egress] {
            text += "\(direction.rawValue):\n"
            for rule in compiler.rules(ofPort: id, direction) {
                text += "  \(PolicyText.named(rule.content, document))"
                text += ": \(counts(.rule(rule.content.id)))\n"
            }
            text += "  default deny: \(counts(.defaultDeny(port: id, direction)))\n"
        }
        for cookie in compiler.portCookies(id) {
            guard compiler.number(of: cookie) != nil else { continue }
            switch cookie {
            case .noPolicy: text += "dropped, the policy does not name the port: "
            case .spoofed: text += "dropped, sources that the port may not use: "
            case .notForPort: text += "dropped, for other stations: "
            case .unfiltered: text += "passed without port security: "
            default: continue
            }
            text += counts(cookie) + "\n"
        }
        return text
    }

    func explain(_ arguments: [String]) throws(CommandFailure) -> String {
        let id = try portID(arguments[0])
        guard ["from", "to"].contains(arguments[1]) else {
            throw CommandFailure("\(arguments[1]): neither from nor to")
        }
        let direction: RuleDirection = arguments[1] == "to" ? .egress : .ingress
        guard var number = IPProtocolName.number(arguments[2]) else {
            throw CommandFailure("\(arguments[2]): no protocol")
        }
        let (address, port) = try PolicyEndpoint.parse(arguments[3])
        if address.family == .ipv6 && number == 1 { number = 58 }
        var connection = PolicyConnection(
            direction: direction, ipProtocol: number, remote: address, high: 0, low: port ?? 0)
        if number == 1 || number == 58 {
            // An echo request, where nothing else is said.
            connection.high = port ?? (number == 1 ? 8 : 128)
            connection.low = 0
        }
        let compiler = policy.compiler
        let verdict = compiler.judge(connection, port: id)
        var text = PolicyText.verdict(verdict, compiler.document) + "\n"
        if policy.status == .off { text = "no policy is in force\n" }
        guard case .deniedByDefault = verdict else { return text }
        let rules = compiler.rules(ofPort: id, direction)
        text += "asked, and none fits: \(rules.count) \(direction.rawValue) rules\n"
        for rule in rules.prefix(50) {
            text += "  \(PolicyText.named(rule.content, compiler.document))\n"
        }
        return text
    }

    /// Every drop that has been counted: packets, port (or -) and reason, by tabs.
    func drops() -> String {
        guard let bridge = policy.bridge else { return "" }
        datapath.flushCounters()
        let compiler = policy.compiler
        var text = ""
        for (number, cookie) in compiler.cookies.sorted(by: { $0.key < $1.key }) {
            guard let drop = PolicyText.drop(cookie, compiler.document) else { continue }
            let packets = bridge.counters(cookie: number).packets
            guard packets > 0 else { continue }
            text += "\(packets)\t\(drop.port ?? "-")\t\(drop.reason)\n"
        }
        return text
    }
}

/// An address with a port, as users write it.
enum PolicyEndpoint {
    /// Reads `10.0.0.5:443`, `[fd00::1]:443`, or an address alone.
    static func parse(_ text: String) throws(CommandFailure) -> (AddressPrefix, UInt16?) {
        var address = text[...]
        var port: UInt16?
        func number(_ digits: Substring) throws(CommandFailure) -> UInt16 {
            guard let value = UInt16(digits) else { throw CommandFailure("\(digits): no port") }
            return value
        }
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            address = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            if rest.hasPrefix(":") { port = try number(rest.dropFirst()) }
        } else if text.filter({ $0 == ":" }).count == 1, let colon = text.firstIndex(of: ":") {
            address = text[..<colon]
            port = try number(text[text.index(after: colon)...])
        }
        guard let prefix = AddressPrefix(address), prefix.isHost else {
            throw CommandFailure("\(text): no address")
        }
        return (prefix, port)
    }
}
