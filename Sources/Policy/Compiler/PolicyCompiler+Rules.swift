// Rules and sets: one rule of a document is one rule here, or a few where its ports are a range;
// one member of a set is one rule.

import Flow
import OpenFlow

extension PolicyCompiler {
    func addRule(_ rule: SecurityGroupRule) {
        let key = RuleListKey(rule.content)
        if lists[key] == nil {
            lists[key] = (listNumbers.take(), 0)
            listsByGroup[key.group, default: []].insert(key)
            if let remote = key.remote { useSet(remote) }
            dirtyChains.formUnion(chainsByGroup[key.group] ?? [])
        }
        lists[key]?.rules += 1
        rulesByGroup[key.group, default: []].insert(rule.content.id)
        for flow in flows(of: rule.content) { install(flow) }
    }

    func removeRule(_ rule: SecurityGroupRule) {
        let key = RuleListKey(rule.content)
        for flow in flows(of: rule.content) { uninstall(flow) }
        rulesByGroup[key.group]?.remove(rule.content.id)
        if rulesByGroup[key.group]?.isEmpty == true { rulesByGroup[key.group] = nil }
        lists[key]?.rules -= 1
        if lists[key]?.rules == 0 { emptiedLists.insert(key) }
    }

    /// Gives up a list that has no rules at the end of a change.
    func dropIfEmpty(_ key: RuleListKey) {
        guard let list = lists[key], list.rules == 0 else { return }
        lists[key] = nil
        listNumbers.giveBack(list.number)
        listsByGroup[key.group]?.remove(key)
        if listsByGroup[key.group]?.isEmpty == true { listsByGroup[key.group] = nil }
        if let remote = key.remote { leaveSet(remote) }
        dirtyChains.formUnion(chainsByGroup[key.group] ?? [])
    }

    func flows(of rule: SecurityGroupRule.Content) -> [PolicyFlow] {
        guard let list = lists[RuleListKey(rule)]?.number else { return [] }
        var match = FlowMatch()
        match.set(.ethType, to: rule.family.etherType)
        match.set(PolicyRegister.list, to: UInt64(list))
        if let number = rule.ipProtocol { match.set(PolicyRegister.ipProtocol, to: UInt64(number)) }
        if case .prefix(let prefix) = rule.remote {
            match.set(PolicyRegister.remoteIPv4, PolicyRegister.remoteIPv6, prefix: prefix)
        }
        let actions: [Action] = rule.isDeny ? [.exit] : [PolicyAction.go(PolicyTable.accept), .exit]
        let cookie = cookie(.rule(rule.id))
        return PolicyCompiler.portMatches(rule).map { value, mask in
            var one = match
            if mask != 0 { one.set(PolicyRegister.ports, to: value, mask: mask) }
            return PolicyFlow(
                table: PolicyTable.rules(ofList: list), priority: 100, match: one,
                actions: actions, cookie: cookie)
        }
    }

    /// Ranges of ports overlap: what rules of a list have in common is there once, for the first.
    private func install(_ flow: PolicyFlow) {
        let key = SharedFlowKey(table: flow.table, match: flow.match)
        if sharedFlows[key] == nil {
            sharedFlows[key] = [flow]
            delta.adding.append(flow)
        } else {
            sharedFlows[key]?.append(flow)
        }
    }

    private func uninstall(_ flow: PolicyFlow) {
        let key = SharedFlowKey(table: flow.table, match: flow.match)
        guard var owners = sharedFlows[key],
            let index = owners.firstIndex(where: { $0.cookie == flow.cookie })
        else { return }
        owners.remove(at: index)
        sharedFlows[key] = owners.isEmpty ? nil : owners
        guard index == 0 else { return }
        delta.removing.append(flow)
        if let next = owners.first { delta.adding.append(next) }
    }

    /// Values and masks of the register of ports.
    private static func portMatches(
        _ rule: SecurityGroupRule.Content
    ) -> [(value: UInt64, mask: UInt64)] {
        guard let low = rule.portMin else { return [(0, 0)] }
        if rule.ipProtocol == 1 || rule.ipProtocol == 58 {
            guard let code = rule.portMax else { return [(UInt64(low) << 16, 0xffff_0000)] }
            return [(UInt64(low) << 16 | UInt64(code), 0xffff_ffff)]
        }
        return PortRangeMask.cover(low, rule.portMax ?? low).map {
            (UInt64($0.value), UInt64($0.mask))
        }
    }

    // MARK: Sets

    private func useSet(_ key: AddressSetKey) {
        if sets[key] == nil {
            sets[key] = AddressSet(number: setNumbers.take())
            if case .ports(let selector) = key { selectorsInUse.insert(selector) }
            for prefix in members(of: key) { addMember(prefix, to: key) }
        }
        sets[key]?.users += 1
    }

    private func leaveSet(_ key: AddressSetKey) {
        guard let set = sets[key] else { return }
        sets[key]?.users -= 1
        guard set.users == 1 else { return }
        for prefix in set.prefixes.keys { delta.removing.append(flow(prefix, set.number)) }
        sets[key] = nil
        if case .ports(let selector) = key { selectorsInUse.remove(selector) }
        setNumbers.giveBack(set.number)
    }

    /// Every member with its repetitions.
    private func members(of key: AddressSetKey) -> [AddressPrefix] {
        switch key {
        case .group(let id):
            return (portsByGroup[id] ?? []).flatMap { document.ports[$0]?.addresses ?? [] }
        case .addressGroup(let id):
            return Array(Set(document.addressGroups[id]?.addresses ?? []))
        case .ports(let selector):
            return document.ports.values.filter(selector.selects).flatMap(\.addresses)
        }
    }

    func addMember(_ prefix: AddressPrefix, to key: AddressSetKey) {
        guard let set = sets[key] else { return }
        let count = set.prefixes[prefix] ?? 0
        sets[key]?.prefixes[prefix] = count + 1
        if count == 0 { delta.adding.append(flow(prefix, set.number)) }
    }

    func removeMember(_ prefix: AddressPrefix, from key: AddressSetKey) {
        guard let set = sets[key], let count = set.prefixes[prefix] else { return }
        sets[key]?.prefixes[prefix] = count == 1 ? nil : count - 1
        if count == 1 { delta.removing.append(flow(prefix, set.number)) }
    }

    /// A member lets the lookup in the list go ahead.
    private func flow(_ prefix: AddressPrefix, _ set: UInt32) -> PolicyFlow {
        flow(
            PolicyTable.members(ofSet: set), 100, .plumbing,
            [PolicyAction.move(PolicyRegister.candidate, PolicyRegister.list, bits: 32)]
        ) {
            $0.set(.ethType, to: prefix.family.etherType)
            $0.set(PolicyRegister.set, to: UInt64(set))
            $0.set(PolicyRegister.remoteIPv4, PolicyRegister.remoteIPv6, prefix: prefix)
        }
    }
}
