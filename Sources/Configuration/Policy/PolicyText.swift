// Rules and verdicts in words.

import Policy

enum PolicyText {
    /// A rule in one line, such as `ingress IPv4 tcp 80-443 from group web`.
    static func rule(_ rule: SecurityGroupRule.Content, _ document: PolicyDocument) -> String {
        var words: [String] = []
        if rule.priority != 0 {
            words.append("priority \(rule.priority) " + (rule.isDeny ? "deny" : "allow"))
        }
        words += [rule.direction.rawValue, rule.family.rawValue]
        if let number = rule.ipProtocol { words.append(IPProtocolName.name(number)) }
        if let low = rule.portMin {
            if rule.ipProtocol == 1 || rule.ipProtocol == 58 {
                words.append("type \(low)" + (rule.portMax.map { " code \($0)" } ?? ""))
            } else {
                let high = rule.portMax ?? low
                words.append(low == high ? "\(low)" : "\(low)-\(high)")
            }
        }
        let way = rule.direction == .ingress ? "from" : "to"
        switch rule.remote {
        case .anyone: break
        case .prefix(let prefix): words += [way, prefix.description]
        case .group(let id): words += [way, "group", document.groups[id]?.name ?? id]
        case .addressGroup(let id):
            words += [way, "address group", document.addressGroups[id]?.name ?? id]
        case .ports(let selector): words += [way, self.selector(selector)]
        }
        return words.joined(separator: " ")
    }

    static func selector(_ selector: PortSelector) -> String {
        var words: [String] = []
        if let project = selector.project { words.append("project \(project)") }
        if let network = selector.network { words.append("network \(network)") }
        words += selector.labels.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }
        return "ports of " + words.joined(separator: ", ")
    }

    /// A rule with its group and id.
    static func named(_ rule: SecurityGroupRule.Content, _ document: PolicyDocument) -> String {
        let group = document.groups[rule.group]?.name ?? rule.group
        return "rule \(rule.id) of group \(group): \(self.rule(rule, document))"
    }

    /// What a drop is counted under; nil for what is no drop.
    static func drop(
        _ cookie: PolicyCookie, _ document: PolicyDocument
    ) -> (port: String?, reason: String)? {
        switch cookie {
        case .rule(let id):
            guard let rule = document.rules[id]?.content, rule.isDeny else { return nil }
            return (nil, named(rule, document))
        case .defaultDeny(let port, let direction):
            return (port, "default deny \(direction.rawValue)")
        case .noPolicy(let port): return (port, "no policy names the port")
        case .spoofed(let port): return (port, "a source that the port may not use")
        case .notForPort(let port): return (port, "for another station")
        case .invalid: return (nil, "invalid connection state")
        case .untracked: return (nil, "not tracked")
        case .dhcpServer: return (nil, "a DHCP server's message from a workload")
        case .routerAdvertisement: return (nil, "a router advertisement from a workload")
        case .plumbing, .essential, .unfiltered: return nil
        }
    }

    static func verdict(_ verdict: PolicyVerdict, _ document: PolicyDocument) -> String {
        switch verdict {
        case .allowed(let rules):
            return "allowed by " + rules.map { named($0.content, document) }
                .joined(separator: "\n       and ")
        case .denied(let rules):
            return "denied by " + rules.map { named($0.content, document) }
                .joined(separator: "\n       and ")
        case .deniedByDefault: return "denied: no rule of its groups allows it (default deny)"
        case .noPolicy: return "denied: the policy does not name the port"
        case .unfiltered: return "allowed: port_security_enabled is false"
        }
    }
}
