// Putting rules into the tables and taking them out, within a change: the control room's indexes
// change at once, the engine sees it when the change's version is published.

import Flow
import OpenFlow
import Pipeline

extension OfprotoBridge {
    /// The change in progress, begun if there is none.
    func openChange() -> ChangeSet {
        if let change { return change }
        // Versions are the datapath's: only one bridge may be changing.
        owner.bridgeInChange?.commitChange()
        let begun = ChangeSet(version: pipeline.currentVersion &+ 1)
        change = begun
        owner.bridgeInChange = self
        return begun
    }

    /// Compiles a rule for the change in progress.
    func makeRule(
        table: UInt8, match: FlowMatch, priority: Int32, actions: [Action]
    ) -> OFRule {
        let id = nextRuleID()
        let compiled = CompiledRule(
            id: id, bridge: index, table: table, priority: priority,
            version: openChange().version, home: state.pointee.tables + Int(table), match: match,
            actions: ActionCompiler.compile(actions, resolver: self))
        return OFRule(
            id: id, table: table, match: match, priority: priority, actions: actions,
            scan: ActionScan(actions), compiled: compiled, now: now)
    }

    /// A rule that does what `old` does and shares its compiled form.
    func makeRule(sharing old: OFRule) -> OFRule {
        OFRule(
            id: old.id, table: old.table, match: old.match, priority: old.priority,
            actions: old.actions, scan: old.scan, compiled: old.compiled, now: now)
    }

    func add(_ rule: OFRule, requester: Requester?) {
        let change = openChange()
        index(rule)
        link(rule)
        change.note(.added(rule), requester)
    }

    func remove(_ rules: [OFRule], reason: FlowRemovedReason, requester: Requester?) {
        guard !rules.isEmpty else { return }
        let change = openChange()
        for rule in rules {
            unindex(rule)
            rule.compiled.rule.pointee.removeVersion = change.version
            change.note(.removed(rule, reason), requester)
        }
    }

    func replace(_ old: OFRule, with new: OFRule, byAdd: Bool, requester: Requester?) {
        let change = openChange()
        unindex(old)
        if new.compiled !== old.compiled {
            old.compiled.rule.pointee.removeVersion = change.version
            link(new)
        }
        index(new)
        change.note(.replaced(old: old, new: new, byAdd: byAdd), requester)
    }

    /// Undoes what was noted after the first `count` steps of the change in progress.
    func rollBack(to count: Int) {
        guard let change else { return }
        for step in change.takeBack(to: count) {
            switch step {
            case .added(let rule):
                unindex(rule)
                unlinkUnseen(rule)
            case .removed(let rule, _):
                rule.compiled.rule.pointee.removeVersion = .max
                index(rule)
            case .replaced(let old, let new, _):
                unindex(new)
                if new.compiled !== old.compiled {
                    unlinkUnseen(new)
                    old.compiled.rule.pointee.removeVersion = .max
                }
                index(old)
            case .groupAdded(let group): groups[group.id] = nil
            case .groupReplaced(let old, _), .groupRemoved(let old): groups[old.id] = old
            }
        }
        if change.steps.isEmpty {
            self.change = nil
            owner.bridgeInChange = nil
        }
    }

    /// Enters a rule into the indexes of the control room.
    private func index(_ rule: OFRule) {
        tables[Int(rule.table)].insert(rule)
        rulesByID[rule.id] = rule
        cookies.insert(rule)
        if rule.expires { expirable[rule.id] = rule }
        for group in rule.scan.groups { rulesByGroup[group, default: [:]][rule.id] = rule }
        for meter in rule.scan.meters { rulesByMeter[meter, default: [:]][rule.id] = rule }
        rule.isInstalled = true
    }

    private func unindex(_ rule: OFRule) {
        rule.isInstalled = false
        for meter in rule.scan.meters {
            rulesByMeter[meter]?[rule.id] = nil
            if rulesByMeter[meter]?.isEmpty == true { rulesByMeter[meter] = nil }
        }
        for group in rule.scan.groups {
            rulesByGroup[group]?[rule.id] = nil
            if rulesByGroup[group]?.isEmpty == true { rulesByGroup[group] = nil }
        }
        if rule.expires { expirable[rule.id] = nil }
        cookies.remove(rule)
        rulesByID[rule.id] = nil
        tables[Int(rule.table)].remove(rule)
    }

    /// Makes the compiled rule findable from the change's version on.
    private func link(_ rule: OFRule) {
        // Keys are wide before a deep rule can be found.
        countDepth(of: rule, by: 1)
        tables[Int(rule.table)].writer.insert(rule.compiled.rule, match: rule.match)
        countSpecialMatch(rule.match, by: 1)
    }

    /// Unlinks a compiled rule that no version has shown.
    private func unlinkUnseen(_ rule: OFRule) {
        tables[Int(rule.table)].writer.remove(rule.compiled.rule, match: rule.match)
        countSpecialMatch(rule.match, by: -1)
        countDepth(of: rule, by: -1)
        let compiled = rule.compiled
        control.retire { [self] in bury([compiled]) }
    }

    /// Keeps count of rules that look at what records do not keep.
    func countSpecialMatch(_ match: FlowMatch, by step: Int) {
        for word in match.words {
            if Int(word.index) == FlowLayout.tcpFlags / 8,
                word.mask & OfprotoBridge.tcpFlagsMask != 0
            {
                OfprotoBridge.count(&pipeline.pointee.matchesTCPFlags, step, pipeline)
            }
        }
    }

    private static let tcpFlagsMask: UInt64 = 0xffff << UInt64(FlowLayout.tcpFlags % 8 * 8)

    /// The first such rule makes every record be judged again.
    private static func count(
        _ counter: inout UInt32, _ step: Int, _ pipeline: UnsafeMutablePointer<PipelineState>
    ) {
        let old = counter
        counter = UInt32(truncatingIfNeeded: Int(old) + step)
        if old == 0 { pipeline.invalidateRecords() }
    }
}
