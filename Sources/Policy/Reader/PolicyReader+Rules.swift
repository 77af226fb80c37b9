// Rules, as the API has them and as `openstack security group rule list` prints them.

extension PolicyReader {
    static let ruleKeys: Set<String> = [
        "description", "project_id", "tenant_id", "created_at", "updated_at", "revision_number",
        "tags", "name", "normalized_cidr", "location", "belongs_to_default_sg", "shared",
        "is_shared",
    ]

    mutating func readRule(_ object: ObjectReader, of parent: String?) {
        var object = object
        guard let group = object.text("security_group_id", "security_group") ?? parent else {
            return errors.note(object.node, object.place + ".security_group_id", "is missing")
        }
        guard let direction = direction(&object), let family = family(&object) else { return }
        let id = object.text("id") ?? "\(group)#\(object.place)"
        var rule = SecurityGroupRule.Content(
            id: id, group: group, direction: direction, family: family)
        readProtocol(&object, &rule)
        readPorts(&object, &rule)
        readRemote(&object, &rule)
        rule.priority = object.number("priority", 0...65_535) ?? 0
        readAction(&object, &rule)
        object.finish(ignoring: PolicyReader.ruleKeys)
        if document.rules.updateValue(SecurityGroupRule(rule), forKey: id) != nil {
            errors.note(object.node, object.place + ".id", "\(id) is there twice")
        }
        ruleNodes[id] = (object.node, object.place)
    }

    private func direction(_ object: inout ObjectReader) -> RuleDirection? {
        guard let field = object.take("direction") else {
            errors.note(object.node, object.place + ".direction", "is missing")
            return nil
        }
        guard let direction = object.text(field).flatMap({ RuleDirection(rawValue: $0) }) else {
            object.fail(field, "is neither ingress nor egress")
            return nil
        }
        return direction
    }

    private func family(_ object: inout ObjectReader) -> AddressFamily? {
        guard let field = object.take("ethertype", "ether_type") else { return .ipv4 }
        let text = object.text(field)?.lowercased()
        guard let family = AddressFamily.allCases.first(where: { $0.rawValue.lowercased() == text })
        else {
            object.fail(field, "is neither IPv4 nor IPv6")
            return nil
        }
        return family
    }

    private func readProtocol(
        _ object: inout ObjectReader, _ rule: inout SecurityGroupRule.Content
    ) {
        guard let field = object.take("protocol", "ip_protocol"), let text = object.text(field),
            text != "any", text != ""
        else { return }
        guard var number = IPProtocolName.number(text) else {
            return object.fail(field, "is no protocol's name, nor a number from 0 to 255")
        }
        // As OpenStack takes it: ICMP of the family at hand.
        if rule.family == .ipv6 && number == 1 { number = 58 }
        if rule.family == .ipv4 && number == 58 {
            return object.fail(field, "belongs to IPv6, the rule is for IPv4")
        }
        rule.ipProtocol = number
    }

    private func readPorts(_ object: inout ObjectReader, _ rule: inout SecurityGroupRule.Content) {
        let place = object.node
        rule.portMin = object.number("port_range_min", 0...65_535)
        rule.portMax = object.number("port_range_max", 0...65_535)
        if let field = object.take("port_range"), let text = object.text(field), text != "" {
            guard let range = PolicyReader.portRange(text) else {
                return object.fail(field, "is no range of ports such as 80:443")
            }
            (rule.portMin, rule.portMax) = range
        }
        guard rule.portMin != nil || rule.portMax != nil else { return }
        func fail(_ reason: String) {
            let text = "\(rule.portMin.map(String.init) ?? "null"):"
                + "\(rule.portMax.map(String.init) ?? "null")"
            errors.note(
                PolicyNode(line: place.line, .string(text)), object.place + ".port_range_min",
                reason)
        }
        switch rule.ipProtocol {
        case 1, 58:
            if rule.portMin == nil { return fail("an ICMP code without a type") }
            if max(rule.portMin ?? 0, rule.portMax ?? 0) > 255 {
                return fail("an ICMP type or code above 255")
            }
        case let number? where IPProtocolName.withPorts.contains(number):
            guard let low = rule.portMin, let high = rule.portMax, low <= high else {
                return fail("no range of ports")
            }
        default: fail("only tcp, udp and sctp have ports that can be matched")
        }
    }

    /// `80:443`, `80`, `type=8:code=0`, `type=8`.
    private static func portRange(_ text: String) -> (UInt16?, UInt16?)? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count) else { return nil }
        let isICMP = text.hasPrefix("type=")
        var numbers: [UInt16] = []
        for (part, word) in zip(parts, ["type=", "code="]) {
            guard let number = UInt16(part.hasPrefix(word) ? part.dropFirst(word.count) : part)
            else { return nil }
            numbers.append(number)
        }
        return (numbers[0], numbers.count == 2 ? numbers[1] : isICMP ? nil : numbers[0])
    }

    private func readRemote(
        _ object: inout ObjectReader, _ rule: inout SecurityGroupRule.Content
    ) {
        var count = 0
        if let field = object.take("remote_ip_prefix", "ip_range"), object.text(field) != "" {
            if let prefix = prefix(field, object) {
                // The client prints a prefix of everything beside a remote group.
                if prefix.length > 0 { count += 1 }
                if prefix.family != rule.family {
                    object.fail(field, "is not \(rule.family.rawValue), as the rule is")
                }
                rule.remote = prefix.length == 0 ? .anyone : .prefix(prefix)
            }
        }
        if let field = object.take("remote_group_id", "remote_security_group"),
            let id = object.text(field), id != ""
        {
            count += 1
            rule.remote = .group(id)
        }
        if let field = object.take("remote_address_group_id", "remote_address_group"),
            let id = object.text(field), id != ""
        {
            count += 1
            rule.remote = .addressGroup(id)
        }
        if let field = object.take("remote_ports") {
            count += 1
            if let selector = selector(field, object) { rule.remote = .ports(selector) }
        }
        if count > 1 {
            errors.note(object.node, object.place, "names more than one remote")
        }
    }

    private func readAction(_ object: inout ObjectReader, _ rule: inout SecurityGroupRule.Content) {
        guard let field = object.take("action") else { return }
        switch object.text(field) {
        case "allow": break
        case "deny":
            rule.isDeny = true
            if rule.priority == 0 {
                object.fail(field, "a rule that denies needs a priority above 0")
            }
        default: object.fail(field, "is neither allow nor deny")
        }
    }
}
