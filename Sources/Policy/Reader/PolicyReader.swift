// From a tree to a checked document. Reads the API's form (`{"security_groups": [...], ...}`) and
// what the `openstack` client prints: one object, or a list of them, told apart by their fields.

/// Reads documents.
public struct PolicyReader {
    let errors = ErrorList()
    var document = PolicyDocument()
    /// Where each rule, port and group was, for errors that show only at the end.
    var ruleNodes: [String: (node: PolicyNode, place: String)] = [:]
    var portNodes: [String: (node: PolicyNode, place: String)] = [:]
    private var projects: Set<String>?
    private var networks: Set<String>?

    /// Bounds of a document.
    public enum Limit {
        public static let ports = 100_000
        public static let rules = 500_000
        public static let addresses = 1_000_000
        /// Lists of rules that a port goes through, one way: a group's rules of one priority about
        /// one remote group are one list.
        public static let listsOfPort = 512
        public static let groupsOfPort = 128
    }

    /// Reads `trees`, the parts of one document.
    ///
    /// **Errors**: all that is wrong, up to `PolicyErrors.limit`.
    public static func read(_ trees: [PolicyNode]) throws(PolicyErrors) -> PolicyDocument {
        var reader = PolicyReader()
        for tree in trees { reader.readTop(tree) }
        if reader.errors.list.isEmpty { reader.checkReferences() }
        guard reader.errors.list.isEmpty else { throw PolicyErrors(reader.errors.list) }
        return reader.document
    }

    mutating func readTop(_ tree: PolicyNode) {
        switch tree.content {
        case .list(let items):
            for (index, item) in items.enumerated() { readGuessed(item, "[\(index)]") }
        case .map(let entries) where entries.contains { PolicyReader.sections[$0.key] != nil }:
            for entry in entries { readSection(entry.key, entry.value) }
        case .map: readGuessed(tree, "object")
        case .null: break
        case .boolean, .number, .string:
            errors.note(tree, "document", "is neither an object nor a list")
        }
    }

    private enum Section { case groups, rules, addressGroups, ports, networks, projects }

    private static let sections: [String: Section] = [
        "security_groups": .groups, "security_group": .groups,
        "security_group_rules": .rules, "security_group_rule": .rules,
        "address_groups": .addressGroups, "address_group": .addressGroups,
        "ports": .ports, "port": .ports, "networks": .networks, "network": .networks,
        "projects": .projects, "project": .projects,
    ]

    private mutating func readSection(_ key: String, _ node: PolicyNode) {
        guard let section = PolicyReader.sections[key] else {
            return errors.note(node, key, "is not a part that a policy has")
        }
        switch node.content {
        case .list(let items):
            for (index, item) in items.enumerated() { read(section, item, "\(key)[\(index)]") }
        case .map: read(section, node, key)
        case .null: break
        case .boolean, .number, .string: errors.note(node, key, "is not a list")
        }
    }

    /// An object that the client printed alone.
    private mutating func readGuessed(_ node: PolicyNode, _ place: String) {
        guard case .map(let entries) = node.content else {
            return errors.note(node, place, "is not an object")
        }
        let keys = Set(entries.map { ObjectReader.canonical($0.key) })
        if keys.contains("direction") {
            read(.rules, node, place)
        } else if keys.contains("mac_address") {
            read(.ports, node, place)
        } else if keys.contains("addresses") {
            read(.addressGroups, node, place)
        } else if keys.contains("rules") || keys.contains("security_group_rules")
            || keys.isSubset(of: PolicyReader.groupKeys)
        {
            read(.groups, node, place)
        } else {
            errors.note(node, place, "is no security group, rule, address group or port")
        }
    }

    private mutating func read(_ section: Section, _ node: PolicyNode, _ place: String) {
        guard let object = ObjectReader(node, place, errors) else { return }
        switch section {
        case .groups: readGroup(object)
        case .rules: readRule(object, of: nil)
        case .addressGroups: readAddressGroup(object)
        case .ports: readPort(object)
        case .networks: networks = (networks ?? []).union(identifier(object))
        case .projects: projects = (projects ?? []).union(identifier(object))
        }
    }

    /// Networks and projects are only names to choose by.
    private func identifier(_ object: ObjectReader) -> [String] {
        var object = object
        guard let id = object.text("id", "name") else {
            errors.note(object.node, object.place + ".id", "is missing")
            return []
        }
        return [id]
    }

    // MARK: Objects

    static let groupKeys: Set<String> = [
        "id", "name", "description", "project", "project_id", "tenant_id", "tags", "shared",
        "is_shared", "stateful", "created_at", "updated_at", "revision_number", "applies_to",
        "location",
    ]

    private mutating func readGroup(_ object: ObjectReader) {
        var object = object
        let name = object.text("name")
        guard let id = object.text("id") ?? name else {
            return errors.note(object.node, object.place + ".id", "is missing")
        }
        var group = SecurityGroup(id: id, name: name ?? id)
        group.project = object.text("project_id", "tenant_id", "project")
        group.isStateful = object.boolean("stateful", fallback: true)
        if let field = object.take("applies_to") { group.selector = selector(field, object) }
        if document.groups.updateValue(group, forKey: id) != nil {
            errors.note(object.node, object.place + ".id", "\(id) is there twice")
        }
        for item in object.items("security_group_rules", "rules") {
            let place = "\(object.place).\(item.name)"
            if let rule = ObjectReader(item.node, place, errors) { readRule(rule, of: id) }
        }
        object.finish(ignoring: PolicyReader.groupKeys)
    }

    private mutating func readAddressGroup(_ object: ObjectReader) {
        var object = object
        let name = object.text("name")
        guard let id = object.text("id") ?? name else {
            return errors.note(object.node, object.place + ".id", "is missing")
        }
        var group = AddressGroup(id: id, name: name ?? id, addresses: [])
        for item in object.items("addresses") {
            if let address = prefix(item, object) { group.addresses.append(address) }
        }
        if document.addressGroups.updateValue(group, forKey: id) != nil {
            errors.note(object.node, object.place + ".id", "\(id) is there twice")
        }
        object.finish(ignoring: PolicyReader.groupKeys)
    }

    func prefix(
        _ field: (name: String, node: PolicyNode), _ object: ObjectReader
    ) -> AddressPrefix? {
        guard let text = object.text(field) else { return nil }
        guard let prefix = AddressPrefix(text) else {
            object.fail(field, "is neither an address nor a prefix")
            return nil
        }
        return prefix
    }

    /// `applies_to`, `remote_ports`: project, network and labels.
    func selector(
        _ field: (name: String, node: PolicyNode), _ object: ObjectReader
    ) -> PortSelector? {
        guard var inner = ObjectReader(field.node, "\(object.place).\(field.name)", errors)
        else { return nil }
        var selector = PortSelector()
        selector.project = inner.text("project_id", "project")
        selector.network = inner.text("network_id", "network")
        selector.labels = inner.texts("labels")
        inner.finish(ignoring: [])
        if selector == PortSelector() {
            object.fail(field, "names no project_id, network_id or labels")
        }
        if let project = selector.project, let projects, !projects.contains(project) {
            object.fail(field, "names a project that is not among the projects")
        }
        if let network = selector.network, let networks, !networks.contains(network) {
            object.fail(field, "names a network that is not among the networks")
        }
        return selector
    }
}
