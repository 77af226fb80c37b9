// Flow-mods. What a flow-mod refuses it refuses before it has changed anything; so one message is
// all or nothing by itself, and a bundle undoes the messages before it.

import Flow
import OpenFlow
import Pipeline

extension OfprotoBridge {
    /// Checks what can be checked without looking at the rules, as is done when a message is put
    /// into a bundle.
    ///
    /// **Errors**: OFPBRC_BAD_TABLE_ID, OFPBRC_EPERM, OFPBRC_BUFFER_UNKNOWN.
    func check(_ mod: FlowMod) throws(OpenFlowError) {
        switch mod.command {
        case .delete, .deleteStrict: return
        case .add, .modify, .modifyStrict: break
        }
        guard mod.tableID == 255 || Int(mod.tableID) < tables.count else {
            throw OpenFlowError(.ofpbrcBadTableId)
        }
        if tables[Int(tableForAdding(mod))].isReadOnly { throw OpenFlowError(.ofpbrcEperm) }
        if mod.bufferID != noBuffer { throw OpenFlowError(.ofpbrcBufferUnknown) }
    }

    /// Applies a flow-mod within the change in progress; it is in force after `commitChange()`.
    ///
    /// **Errors**: those of `check(_:)`, and OFPFMFC_OVERLAP, OFPFMFC_TABLE_FULL,
    /// OFPBAC_BAD_OUT_GROUP, OFPMMFC_INVALID_METER. Nothing has changed then.
    func apply(_ mod: FlowMod, requester: Requester?) throws(OpenFlowError) {
        try check(mod)
        switch mod.command {
        case .add: try addFlow(mod, requester: requester)
        case .modify:
            try modify(try select(loosely: criteria(mod)), by: mod, requester: requester)
        case .modifyStrict:
            try modify(
                try select(strictly: criteria(mod), priority: Int32(mod.priority)), by: mod,
                requester: requester)
        case .delete:
            remove(
                try select(loosely: criteria(mod, isDelete: true)), reason: .delete,
                requester: requester)
        case .deleteStrict:
            remove(
                try select(
                    strictly: criteria(mod, isDelete: true), priority: Int32(mod.priority)),
                reason: .delete, requester: requester)
        }
    }

    private func tableForAdding(_ mod: FlowMod) -> UInt8 {
        mod.tableID == 255 ? 0 : mod.tableID
    }

    private func criteria(_ mod: FlowMod, isDelete: Bool = false) -> RuleCriteria {
        var criteria = RuleCriteria()
        criteria.table = mod.tableID
        criteria.match = mod.match
        criteria.cookie = mod.cookie
        criteria.cookieMask = mod.cookieMask
        criteria.includesReadOnly = false
        if isDelete {
            criteria.outPort = mod.outPort
            criteria.outGroup = mod.outGroup
        }
        return criteria
    }

    private func addFlow(_ mod: FlowMod, requester: Requester?) throws(OpenFlowError) {
        try check(ActionScan(mod.actions))
        let table = tables[Int(tableForAdding(mod))]
        let priority = Int32(mod.priority)
        if let old = table.find(mod.match, priority: priority) {
            let new = rule(replacing: old, actions: mod.actions)
            fill(new, from: mod)
            if mod.newCookie == .max { new.cookie = old.cookie }
            new.counters.inherit(
                old, into: new.compiled, keepCounts: !mod.flags.contains(.resetCounts))
            replace(old, with: new, byAdd: true, requester: requester)
            return
        }
        if mod.flags.contains(.checkOverlap), overlaps(mod, in: table) {
            throw OpenFlowError(.ofpfmfcOverlap)
        }
        if table.isFull {
            guard let victim = table.eviction?.choose() else {
                throw OpenFlowError(.ofpfmfcTableFull)
            }
            remove([victim], reason: .eviction, requester: requester)
        }
        let new = makeRule(
            table: table.id, match: mod.match, priority: priority, actions: mod.actions)
        fill(new, from: mod)
        add(new, requester: requester)
    }

    private func modify(
        _ old: [OFRule], by mod: FlowMod, requester: Requester?
    ) throws(OpenFlowError) {
        if old.isEmpty {
            if mod.newCookie != .max && mod.cookieMask == 0 {
                try addFlow(mod, requester: requester)
            }
            return
        }
        try check(ActionScan(mod.actions))
        for old in old {
            let new = rule(replacing: old, actions: mod.actions)
            new.idleTimeout = old.idleTimeout
            new.hardTimeout = old.hardTimeout
            new.importance = old.importance
            new.flags = old.flags
            new.created = old.created
            let changesCookie = mod.modifyCookie && mod.newCookie != .max
            new.cookie = changesCookie ? mod.newCookie : old.cookie
            new.counters.inherit(
                old, into: new.compiled, keepCounts: !mod.flags.contains(.resetCounts))
            replace(old, with: new, byAdd: false, requester: requester)
        }
    }

    /// The successor of `old`; its compiled form too where the actions are the same.
    private func rule(replacing old: OFRule, actions: [Action]) -> OFRule {
        let new =
            old.actions == actions
            ? makeRule(sharing: old)
            : makeRule(
                table: old.table, match: old.match, priority: old.priority, actions: actions)
        new.place = old.place
        return new
    }

    private func fill(_ rule: OFRule, from mod: FlowMod) {
        rule.cookie = mod.newCookie
        rule.idleTimeout = mod.idleTimeout
        rule.hardTimeout = mod.hardTimeout
        rule.importance = mod.importance
        rule.flags = mod.flags
    }

    /// Whether a packet could match both the new rule and another of its priority.
    private func overlaps(_ mod: FlowMod, in table: FlowTable) -> Bool {
        let priority = Int32(mod.priority)
        return table.rules.values.contains {
            $0.priority == priority && $0.match.overlaps(mod.match)
        }
    }

    /// Checks that the groups and meters that actions name exist.
    ///
    /// **Errors**: OFPBAC_BAD_OUT_GROUP, OFPMMFC_INVALID_METER.
    func check(_ scan: ActionScan) throws(OpenFlowError) {
        for meter in scan.meters where meters[meter] == nil {
            throw OpenFlowError(.ofpmmfcInvalidMeter)
        }
        for group in scan.groups where groups[group] == nil {
            throw OpenFlowError(.ofpbacBadOutGroup)
        }
    }

    /// Adds a rule of the switch's own that switches by addresses learned.
    func addInternalRule(priority: Int32) {
        let rule = makeRule(
            table: 0, match: FlowMatch(), priority: priority,
            actions: [.output(port: ReservedPort.normal, maxLength: 0)])
        if let old = tables[0].find(rule.match, priority: priority) {
            remove([old], reason: .delete, requester: nil)
        }
        add(rule, requester: nil)
    }
}
