// A change of single objects: what is new or altered, and ids of what goes. So one rule of 50,000
// changes without the others being sent, read, compared or compiled again.

/// Objects to put in and take out.
public struct PolicyPatch: Sendable {
    /// Put in, or in the place of those with the same ids.
    public private(set) var objects = PolicyDocument()
    public var rules: [String] = []
    public var ports: [String] = []
    public var groups: [String] = []
    public var addressGroups: [String] = []
    public init() {}

    /// Takes the objects of `trees`, which may name others that are in force.
    ///
    /// **Errors**: as `PolicyReader.read`, but for references.
    public mutating func read(_ trees: [PolicyNode]) throws(PolicyErrors) {
        objects = try PolicyReader.readObjects(trees)
    }

    /// One line that reads back as the same patch.
    public var json: String {
        var line = JSONLine()
        line.add(raw: "put", objects.json.replacingNewlines())
        line.add(raw: "delete_rules", JSONLine.list(rules))
        line.add(raw: "delete_ports", JSONLine.list(ports))
        line.add(raw: "delete_groups", JSONLine.list(groups))
        line.add(raw: "delete_address_groups", JSONLine.list(addressGroups))
        return line.text
    }

    /// Reads `json`.
    ///
    /// **Errors**: it is none.
    public init(_ tree: PolicyNode) throws(PolicyErrors) {
        let errors = ErrorList()
        guard var object = ObjectReader(tree, "patch", errors) else {
            throw PolicyErrors(errors.list)
        }
        func ids(_ name: String) -> [String] {
            object.items(name).compactMap { object.text($0) }
        }
        rules = ids("delete_rules")
        ports = ids("delete_ports")
        groups = ids("delete_groups")
        addressGroups = ids("delete_address_groups")
        let put = object.take("put")
        object.finish(ignoring: [])
        guard errors.list.isEmpty else { throw PolicyErrors(errors.list) }
        if let put { try read([put.node]) }
    }

    /// The document with the patch applied, and the ids that it touches.
    ///
    /// **Errors**: it takes away what is named, names what is not there, or removes nothing.
    public func applied(
        to old: PolicyDocument
    ) throws(PolicyErrors) -> (document: PolicyDocument, changes: PolicyChanges) {
        var errors: [PolicyError] = []
        func fail(_ field: String, _ value: String, _ reason: String) {
            errors.append(PolicyError(line: 0, field: field, value: value, reason: reason))
        }
        var new = old
        var changes = PolicyChanges()
        for (id, value) in objects.groups { new.groups[id] = value }
        for (id, value) in objects.rules { new.rules[id] = value }
        for (id, value) in objects.addressGroups { new.addressGroups[id] = value }
        for (id, value) in objects.ports { new.ports[id] = value }
        for id in rules where new.rules.removeValue(forKey: id) == nil {
            fail("delete_rules", id, "there is no such rule")
        }
        for id in ports where new.ports.removeValue(forKey: id) == nil {
            fail("delete_ports", id, "there is no such port")
        }
        for id in groups where new.groups.removeValue(forKey: id) == nil {
            fail("delete_groups", id, "there is no such security group")
        }
        for id in addressGroups where new.addressGroups.removeValue(forKey: id) == nil {
            fail("delete_address_groups", id, "there is no such address group")
        }
        changes.groups = Set(groups).union(objects.groups.keys)
        changes.rules = Set(rules).union(objects.rules.keys)
        changes.addressGroups = Set(addressGroups).union(objects.addressGroups.keys)
        changes.ports = Set(ports).union(objects.ports.keys)
        // What names a group that goes can be anywhere.
        let isWhole = !groups.isEmpty || !addressGroups.isEmpty || !objects.groups.isEmpty
        let checked = isWhole ? Set(new.rules.keys) : changes.rules
        for id in checked {
            guard let rule = new.rules[id]?.content else { continue }
            if new.groups[rule.group] == nil {
                fail("rule \(id)", rule.group, "there is no such security group")
            }
            switch rule.remote {
            case .group(let remote) where new.groups[remote] == nil:
                fail("rule \(id)", remote, "there is no such security group")
            case .addressGroup(let remote) where new.addressGroups[remote] == nil:
                fail("rule \(id)", remote, "there is no such address group")
            case .anyone, .prefix, .group, .addressGroup, .ports: break
            }
        }
        for id in isWhole ? Set(new.ports.keys) : changes.ports {
            guard let port = new.ports[id] else { continue }
            for group in port.groups where new.groups[group] == nil {
                fail("port \(id)", group, "there is no such security group")
            }
            let kinds = Set(new.groups(of: port).map { new.groups[$0]?.isStateful ?? true })
            if kinds.count > 1 {
                fail("port \(id)", id, "stateful and stateless groups on one port")
            }
        }
        guard errors.isEmpty else { throw PolicyErrors(Array(errors.prefix(PolicyErrors.limit))) }
        return (new, changes)
    }
}

extension String {
    fileprivate func replacingNewlines() -> String {
        String(decoding: utf8.map { $0 == 0x0a ? 0x20 : $0 }, as: UTF8.self)
    }
}

extension PolicyReader {
    /// Reads objects that may name others, which are not here.
    static func readObjects(_ trees: [PolicyNode]) throws(PolicyErrors) -> PolicyDocument {
        var reader = PolicyReader()
        for tree in trees { reader.readTop(tree) }
        guard reader.errors.list.isEmpty else { throw PolicyErrors(reader.errors.list) }
        return reader.document
    }
}
