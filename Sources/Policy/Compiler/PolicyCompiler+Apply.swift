// From one document to the next.

/// Ids of what a change of a document adds, alters or removes.
public struct PolicyChanges: Hashable, Sendable {
    public var groups: Set<String> = []
    public var rules: Set<String> = []
    public var addressGroups: Set<String> = []
    public var ports: Set<String> = []
    public init() {}

    public init(from old: PolicyDocument, to new: PolicyDocument) {
        func differences<Value: Equatable>(
            _ old: [String: Value], _ new: [String: Value]
        ) -> Set<String> {
            var result: Set<String> = []
            for (id, value) in new where old[id] != value { result.insert(id) }
            for id in old.keys where new[id] == nil { result.insert(id) }
            return result
        }
        groups = differences(old.groups, new.groups)
        rules = differences(old.rules, new.rules)
        addressGroups = differences(old.addressGroups, new.addressGroups)
        ports = differences(old.ports, new.ports)
    }

    public var isEmpty: Bool {
        groups.isEmpty && rules.isEmpty && addressGroups.isEmpty && ports.isEmpty
    }
}

extension PolicyCompiler {
    /// Compiles `new` in the place of the present document.
    ///
    /// **Cost**: of finding the differences, and of those.
    public func apply(_ new: PolicyDocument) -> PolicyDelta {
        apply(new, PolicyChanges(from: document, to: new))
    }

    /// The same where the differences are known.
    public func apply(_ new: PolicyDocument, _ changes: PolicyChanges) -> PolicyDelta {
        let old = document
        for id in changes.rules { if let rule = old.rules[id] { removeRule(rule) } }
        let moved = portsThatMove(from: old, to: new, changes)
        for id in moved { if let port = old.ports[id] { leave(port) } }
        let selecting = new.groups.values.filter { $0.selector != nil }
        for id in changes.addressGroups { exchange(old.addressGroups[id], new.addressGroups[id]) }
        document = new
        selectingGroups = selecting
        for id in moved { if let port = new.ports[id] { join(port) } }
        for id in changes.rules { if let rule = new.rules[id] { addRule(rule) } }
        for id in moved.union(portsOfStateChanges(old, changes)) where bound[id] != nil {
            compilePort(id)
        }
        for id in changes.rules where new.rules[id] == nil { forget(.rule(id)) }
        return take()
    }

    /// Ports that have changed, or have other groups than before.
    private func portsThatMove(
        from old: PolicyDocument, to new: PolicyDocument, _ changes: PolicyChanges
    ) -> Set<String> {
        var moved = changes.ports
        let isSelecting = changes.groups.contains {
            old.groups[$0]?.selector != new.groups[$0]?.selector
        }
        guard isSelecting else { return moved }
        let selecting = new.groups.values.filter { $0.selector != nil }
        for (id, port) in new.ports where !moved.contains(id) {
            let before = old.groups(of: port, selecting: selectingGroups)
            if before != new.groups(of: port, selecting: selecting) { moved.insert(id) }
        }
        return moved
    }

    /// Ports of groups that have begun or ended to keep state.
    private func portsOfStateChanges(
        _ old: PolicyDocument, _ changes: PolicyChanges
    ) -> Set<String> {
        var ports: Set<String> = []
        for id in changes.groups
        where old.groups[id]?.isStateful != document.groups[id]?.isStateful {
            ports.formUnion(portsByGroup[id] ?? [])
        }
        return ports
    }

    /// The sets in use that a port is a member of.
    private func sets(of port: PolicyPort, _ groups: [String]) -> [AddressSetKey] {
        groups.map { .group($0) }.filter { sets[$0] != nil }
            + selectorsInUse.filter { $0.selects(port) }.map { .ports($0) }
    }

    private func leave(_ port: PolicyPort) {
        let groups = document.groups(of: port, selecting: selectingGroups)
        for key in sets(of: port, groups) {
            for prefix in port.addresses { removeMember(prefix, from: key) }
        }
        for group in groups {
            portsByGroup[group]?.remove(port.id)
            if portsByGroup[group]?.isEmpty == true { portsByGroup[group] = nil }
        }
    }

    private func join(_ port: PolicyPort) {
        let groups = document.groups(of: port, selecting: selectingGroups)
        for group in groups { portsByGroup[group, default: []].insert(port.id) }
        for key in sets(of: port, groups) {
            for prefix in port.addresses { addMember(prefix, to: key) }
        }
    }

    private func exchange(_ old: AddressGroup?, _ new: AddressGroup?) {
        guard let id = old?.id ?? new?.id else { return }
        let key = AddressSetKey.addressGroup(id)
        let before = Set(old?.addresses ?? [])
        let after = Set(new?.addresses ?? [])
        for prefix in before.subtracting(after) { removeMember(prefix, from: key) }
        for prefix in after.subtracting(before) { addMember(prefix, to: key) }
    }
}
