// Putting a change into force: the log of changes, the version, the groups; then the news to
// monitors and controllers; then, when no poll thread can be at the old version any more, the
// unlinking of rules that are gone; and after one more grace period their end.

import CIntrinsics
import Flow
import OpenFlow
import Pipeline

extension OfprotoBridge {
    /// Puts the change in progress, if any, into force. What a controller is told from here on is
    /// true for packets.
    public func commitChange() {
        while let change {
            self.change = nil
            owner.bridgeInChange = nil
            publish(change)
            finish(change)
            deleteDeadCookies()
        }
    }

    private func publish(_ change: ChangeSet) {
        let log = pipeline.pointee.changes
        var touchesRules = false
        func note(_ rule: OFRule) {
            touchesRules = true
            log.append(
                version: change.version, bridge: index, table: rule.table, match: rule.match)
        }
        for (step, _) in change.steps {
            switch step {
            case .added(let rule), .removed(let rule, _): note(rule)
            case .replaced(let old, let new, _): if old.compiled !== new.compiled { note(new) }
            case .groupAdded, .groupReplaced, .groupRemoved: break
            }
        }
        let leaving = change.steps.compactMap { step, _ -> CompiledGroup? in
            if case .groupRemoved(let group) = step { group.compiled } else { nil }
        }
        // New rules find their groups, old rules still find theirs.
        if change.touchesGroups && touchesRules { publishGroups(with: leaving) }
        if touchesRules { pipeline.publish(version: change.version) }
        if change.touchesGroups {
            publishGroups(with: [])
            pipeline.invalidateRecords()
        }
    }

    /// Publishes the list of all groups and `others`, whose ids must not be in use.
    private func publishGroups(with others: [CompiledGroup]) {
        let old = groupList
        let kept = others.filter { groups[$0.group.pointee.id] == nil }
        let all = groups.values.map(\.compiled) + kept
        let new = all.isEmpty ? nil : CompiledGroupList(all)
        groupList = new
        vd_store_release64(groupsPlace, UInt64(UInt(bitPattern: new?.list)))
        if let old { control.retire { _ = old } }
    }

    private var groupsPlace: UnsafeMutableRawPointer {
        UnsafeMutableRawPointer(state)
            + (MemoryLayout<BridgeState>.offset(of: \.groups) ?? 0)
    }

    /// Tells the news of a change that is in force, and sends what is gone on its way.
    private func finish(_ change: ChangeSet) {
        var gone: [OFRule] = []
        var removed: [OFRule] = []
        var touched: Set<UInt8> = []
        for (step, requester) in change.steps {
            switch step {
            case .added(let rule):
                countLearning(rule, by: 1)
                report(rule, .added, requester: requester)
                touched.insert(rule.table)
            case .removed(let rule, let reason):
                rule.removedReason = reason
                countLearning(rule, by: -1)
                report(rule, .removed, reason: reason, requester: requester)
                departedCookies[rule.id] = rule.cookie
                touched.insert(rule.table)
                gone.append(rule)
                removed.append(rule)
            case .replaced(let old, let new, let byAdd):
                countLearning(new, by: 1)
                countLearning(old, by: -1)
                reportReplaced(old, new, byAdd: byAdd, requester: requester)
                if old.compiled !== new.compiled {
                    departedCookies[old.id] = old.cookie
                    gone.append(old)
                }
            case .groupAdded, .groupRemoved, .groupReplaced: break
            }
        }
        for table in touched { checkVacancy(tables[Int(table)]) }
        flushMonitors()
        buryGroups(change)
        tellRemoved(removed)
        if !gone.isEmpty { unlinkLater(gone) }
    }

    /// Tells controllers of rules that are gone, with all their packets counted.
    private func tellRemoved(_ rules: [OFRule]) {
        let told = rules.filter { $0.flags.contains(.sendFlowRemoved) && !$0.isHidden }
        guard !told.isEmpty else { return }
        control.flushCounters()
        for rule in told { sendFlowRemoved(rule) }
    }

    private func reportReplaced(
        _ old: OFRule, _ new: OFRule, byAdd: Bool, requester: Requester?
    ) {
        let actionsDiffer = old.actions != new.actions
        if byAdd || actionsDiffer || old.cookie != new.cookie {
            new.addSequence = old.addSequence
            report(
                new, byAdd ? .added : .modified, requester: requester,
                oldActions: actionsDiffer ? old.actions : nil)
        } else {
            new.addSequence = old.addSequence
            new.modifySequence = old.modifySequence
        }
    }

    /// Unlinks `gone` once no reader can be at a version that shows them.
    private func unlinkLater(_ gone: [OFRule]) {
        control.retire { [self] in
            for rule in gone {
                tables[Int(rule.table)].writer.remove(rule.compiled.rule, match: rule.match)
                countSpecialMatch(rule.match, by: -1)
                countDepth(of: rule, by: -1)
            }
            let compiled = gone.map(\.compiled)
            control.retireFromContinuations { [self] in bury(compiled) }
        }
    }

    /// Lets go of compiled rules that no reader can reach, or keeps those that paths still credit.
    func bury(_ rules: [CompiledRule]) {
        for compiled in rules {
            if compiled.isReferenced {
                departed.append(compiled)
            } else {
                departedCookies[compiled.rule.pointee.id] = nil
                for handle in compiled.learnHandles { learnActions[handle] = nil }
            }
        }
    }

    /// Looks again at compiled rules that paths credited.
    func buryDeparted() {
        guard !departed.isEmpty else { return }
        let again = departed
        departed = []
        bury(again)
    }

    /// Groups that are gone are kept while paths credit them.
    private func buryGroups(_ change: ChangeSet) {
        guard change.touchesGroups else { return }
        var gone: [CompiledGroup] = []
        for (step, _) in change.steps {
            switch step {
            case .groupReplaced(let old, _), .groupRemoved(let old): gone.append(old.compiled)
            case .added, .removed, .replaced, .groupAdded: break
            }
        }
        guard !gone.isEmpty else { return }
        control.retireFromContinuations { [self] in departedGroups += gone }
    }

    /// Frees groups that no path credits any more.
    func buryDepartedGroups() {
        for group in departedGroups where !group.isReferenced {
            for handle in group.learnHandles { learnActions[handle] = nil }
        }
        departedGroups.removeAll { !$0.isReferenced }
    }
}
