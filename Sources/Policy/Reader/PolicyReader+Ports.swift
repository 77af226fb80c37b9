// Ports, and the checks that need the whole document.

extension PolicyReader {
    /// What `openstack port show` prints beside what makes policy.
    static let portKeys: Set<String> = [
        "admin_state_up", "is_admin_state_up", "binding_host_id", "binding_profile",
        "binding_vif_details", "binding_vif_type", "binding_vnic_type", "binding:host_id",
        "binding:profile", "binding:vif_details", "binding:vif_type", "binding:vnic_type",
        "created_at", "data_plane_status", "description", "device_id", "device_owner",
        "device_profile", "dns_assignment", "dns_domain", "dns_name", "extra_dhcp_opts",
        "hardware_offload_type", "hints", "ip_allocation", "location", "name",
        "numa_affinity_policy", "propagate_uplink_status", "qos_network_policy_id",
        "qos_policy_id", "resource_request", "revision_number", "status", "tags",
        "trunk_details", "trusted", "updated_at",
    ]

    mutating func readPort(_ object: ObjectReader) {
        var object = object
        let name = object.text("name")
        guard let id = object.text("id") ?? name, !id.isEmpty else {
            return errors.note(object.node, object.place + ".id", "is missing")
        }
        guard let macField = object.take("mac_address"), let macText = object.text(macField) else {
            return errors.note(object.node, object.place + ".mac_address", "is missing")
        }
        guard let mac = PolicyReader.address(macText) else {
            return object.fail(macField, "is no Ethernet address of one station")
        }
        var port = PolicyPort(id: id, name: name ?? id, mac: mac)
        port.project = object.text("project_id", "tenant_id", "project")
        port.network = object.text("network_id", "network")
        port.labels = object.texts("labels")
        port.isSecured = object.boolean(
            "port_security_enabled", "is_port_security_enabled", fallback: true)
        for item in object.items("fixed_ips") { readFixedAddress(item, object, &port) }
        for item in object.items("allowed_address_pairs") { readPair(item, object, &port) }
        for item in object.items("security_groups", "security_group_ids") {
            if let id = groupName(item, object) { port.groups.append(id) }
        }
        object.finish(ignoring: PolicyReader.portKeys)
        if document.ports.updateValue(port, forKey: id) != nil {
            errors.note(object.node, object.place + ".id", "\(id) is there twice")
        }
        portNodes[id] = (object.node, object.place)
    }

    private static func address(_ text: String) -> UInt64? {
        guard let mac = EthernetAddress.parse(text), mac != 0, mac >> 40 & 1 == 0 else {
            return nil
        }
        return mac
    }

    private func groupName(
        _ item: (name: String, node: PolicyNode), _ object: ObjectReader
    ) -> String? {
        guard case .map = item.node.content else { return object.text(item) }
        var inner = ObjectReader(item.node, "\(object.place).\(item.name)", errors)
        return inner?.text("id", "name")
    }

    private func readFixedAddress(
        _ item: (name: String, node: PolicyNode), _ object: ObjectReader, _ port: inout PolicyPort
    ) {
        var field = item
        if case .map = item.node.content {
            guard
                var inner = ObjectReader(item.node, "\(object.place).\(item.name)", errors)
            else { return }
            guard let address = inner.take("ip_address") else {
                return object.fail(item, "has no ip_address")
            }
            inner.finish(ignoring: ["subnet_id", "subnet"])
            field = ("\(item.name).ip_address", address.node)
        }
        guard let prefix = prefix(field, object) else { return }
        if !prefix.isHost { return object.fail(field, "is a prefix, not an address") }
        port.fixedAddresses.append(prefix)
    }

    private func readPair(
        _ item: (name: String, node: PolicyNode), _ object: ObjectReader, _ port: inout PolicyPort
    ) {
        guard var inner = ObjectReader(item.node, "\(object.place).\(item.name)", errors) else {
            return
        }
        var mac = port.mac
        if let field = inner.take("mac_address"), let text = inner.text(field) {
            guard let value = PolicyReader.address(text) else {
                return inner.fail(field, "is no Ethernet address of one station")
            }
            mac = value
        }
        guard let field = inner.take("ip_address") else {
            return object.fail(item, "has no ip_address")
        }
        inner.finish(ignoring: ["active"])
        guard let prefix = prefix(field, inner) else { return }
        port.pairs.append(AddressPair(mac: mac, prefix: prefix))
    }

    // MARK: The whole document

    /// Puts ids in the place of names, and checks that all that is named is there.
    mutating func checkReferences() {
        var names: [String: String?] = [:]
        for group in document.groups.values {
            names.updateValue(names[group.name] == nil ? group.id : nil, forKey: group.name)
        }
        func group(_ name: String) -> String? {
            document.groups[name] != nil ? name : names[name] ?? nil
        }
        for (id, rule) in document.rules {
            guard let place = ruleNodes[id] else { continue }
            func fail(_ field: String, _ value: String, _ reason: String) {
                errors.note(
                    PolicyNode(line: place.node.line, .string(value)), "\(place.place).\(field)",
                    reason)
            }
            var content = rule.content
            if let owner = group(content.group) {
                content.group = owner
            } else {
                fail("security_group_id", content.group, "there is no such security group")
            }
            switch content.remote {
            case .group(let name):
                if let remote = group(name) {
                    content.remote = .group(remote)
                } else {
                    fail("remote_group_id", name, "there is no such security group")
                }
            case .addressGroup(let name):
                if document.addressGroups[name] == nil {
                    fail("remote_address_group_id", name, "there is no such address group")
                }
            case .anyone, .prefix, .ports: break
            }
            if content != rule.content { document.rules[id] = SecurityGroupRule(content) }
        }
        for (id, port) in document.ports {
            guard let place = portNodes[id] else { continue }
            func fail(_ field: String, _ value: String, _ reason: String) {
                errors.note(
                    PolicyNode(line: place.node.line, .string(value)), "\(place.place).\(field)",
                    reason)
            }
            for (index, name) in port.groups.enumerated() {
                guard let found = group(name) else {
                    fail("security_groups[\(index)]", name, "there is no such security group")
                    continue
                }
                document.ports[id]?.groups[index] = found
            }
            if !port.isSecured && !port.groups.isEmpty {
                fail(
                    "port_security_enabled", "false",
                    "a port without port security has no security groups")
            }
        }
        if errors.list.isEmpty { checkLimits() }
    }

    private func checkLimits() {
        let stateless = Set(document.groups.values.filter { !$0.isStateful }.map(\.id))
        let selecting = document.groups.values.filter { $0.selector != nil }
        var lists: [String: Set<RuleListKey>] = [:]
        for rule in document.rules.values {
            lists[rule.content.group, default: []].insert(RuleListKey(rule.content))
        }
        var addresses = document.addressGroups.values.reduce(0) { $0 + $1.addresses.count }
        for port in document.ports.values {
            addresses += port.fixedAddresses.count + port.pairs.count
            guard let place = portNodes[port.id] else { continue }
            let groups = document.groups(of: port, selecting: selecting)
            func fail(_ reason: String) {
                errors.note(
                    PolicyNode(line: place.node.line, .string(port.id)),
                    place.place + ".security_groups", reason)
            }
            let without = groups.filter(stateless.contains).count
            if without != 0 && without != groups.count {
                fail("stateful and stateless groups on one port")
            }
            if groups.count > Limit.groupsOfPort { fail("more than \(Limit.groupsOfPort) groups") }
            for direction in RuleDirection.allCases {
                let count = groups.reduce(0) { sum, group in
                    sum + (lists[group] ?? []).lazy.filter { $0.direction == direction }.count
                }
                if count > Limit.listsOfPort {
                    fail("\(count) lists of rules, more than \(Limit.listsOfPort)")
                }
            }
        }
        func bound(_ field: String, _ count: Int, _ limit: Int) {
            guard count > limit else { return }
            errors.note(PolicyNode(line: 0, .number("\(count)")), field, "more than \(limit)")
        }
        bound("ports", document.ports.count, Limit.ports)
        bound("security_group_rules", document.rules.count, Limit.rules)
        bound("addresses", addresses, Limit.addresses)
    }
}
