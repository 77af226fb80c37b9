// The canonical text of a document: what goes to the daemon, and what it keeps. It reads back as
// the same document.

extension PolicyDocument {
    /// JSON in the API's form, one object a line, in the order of ids.
    public var json: String {
        var text = "{"
        func section(_ name: String, _ lines: [String], last: Bool = false) {
            text += "\"\(name)\": [\n" + lines.joined(separator: ",\n") + "]"
            text += last ? "}\n" : ",\n"
        }
        section(
            "security_groups", groups.values.sorted { $0.id < $1.id }.map(PolicyDocument.line))
        section("address_groups", addressGroups.values.sorted { $0.id < $1.id }.map { group in
            var line = JSONLine()
            line.add("id", group.id)
            line.add("name", group.name)
            line.add(raw: "addresses", JSONLine.list(group.addresses.map(\.description)))
            return line.text
        })
        section("ports", ports.values.sorted { $0.id < $1.id }.map(PolicyDocument.line))
        section(
            "security_group_rules", rules.values.sorted { $0.content.id < $1.content.id }.map {
                PolicyDocument.line($0.content)
            }, last: true)
        return text
    }

    private static func line(_ group: SecurityGroup) -> String {
        var line = JSONLine()
        line.add("id", group.id)
        line.add("name", group.name)
        line.add("project_id", group.project)
        if !group.isStateful { line.add(raw: "stateful", "false") }
        if let selector = group.selector { line.add(raw: "applies_to", text(selector)) }
        return line.text
    }

    private static func text(_ selector: PortSelector) -> String {
        var line = JSONLine()
        line.add("project_id", selector.project)
        line.add("network_id", selector.network)
        if !selector.labels.isEmpty { line.add(raw: "labels", JSONLine.map(selector.labels)) }
        return line.text
    }

    private static func line(_ port: PolicyPort) -> String {
        var line = JSONLine()
        line.add("id", port.id)
        line.add("name", port.name)
        line.add("project_id", port.project)
        line.add("network_id", port.network)
        line.add("mac_address", EthernetAddress.text(port.mac))
        line.add(raw: "fixed_ips", JSONLine.list(port.fixedAddresses.map(\.description)))
        let pairs = port.pairs.map { pair in
            var inner = JSONLine()
            inner.add("mac_address", EthernetAddress.text(pair.mac))
            inner.add("ip_address", pair.prefix.description)
            return inner.text
        }
        line.add(raw: "allowed_address_pairs", "[" + pairs.joined(separator: ", ") + "]")
        line.add(raw: "security_groups", JSONLine.list(port.groups))
        if !port.isSecured { line.add(raw: "port_security_enabled", "false") }
        if !port.labels.isEmpty { line.add(raw: "labels", JSONLine.map(port.labels)) }
        return line.text
    }

    static func line(_ rule: SecurityGroupRule.Content) -> String {
        var line = JSONLine()
        line.add("id", rule.id)
        line.add("security_group_id", rule.group)
        line.add("direction", rule.direction.rawValue)
        line.add("ethertype", rule.family.rawValue)
        if let number = rule.ipProtocol { line.add(raw: "protocol", String(number)) }
        if let port = rule.portMin { line.add(raw: "port_range_min", String(port)) }
        if let port = rule.portMax { line.add(raw: "port_range_max", String(port)) }
        switch rule.remote {
        case .anyone: break
        case .prefix(let prefix): line.add("remote_ip_prefix", prefix.description)
        case .group(let id): line.add("remote_group_id", id)
        case .addressGroup(let id): line.add("remote_address_group_id", id)
        case .ports(let selector): line.add(raw: "remote_ports", text(selector))
        }
        if rule.priority != 0 { line.add(raw: "priority", String(rule.priority)) }
        if rule.isDeny { line.add("action", "deny") }
        return line.text
    }
}

/// One object in the making.
struct JSONLine {
    private var body = ""
    var text: String { "{" + body + "}" }

    mutating func add(raw key: String, _ value: String) {
        if !body.isEmpty { body += ", " }
        body += "\"\(key)\": \(value)"
    }

    mutating func add(_ key: String, _ value: String?) {
        if let value { add(raw: key, JSONLine.quoted(value)) }
    }

    static func list(_ items: [String]) -> String {
        "[" + items.map(quoted).joined(separator: ", ") + "]"
    }

    static func map(_ items: [String: String]) -> String {
        "{" + items.sorted { $0.key < $1.key }.map { quoted($0) + ": " + quoted($1) }
            .joined(separator: ", ") + "}"
    }

    static func quoted(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x22 && $0 != 0x5c }) { return "\"\(text)\"" }
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
