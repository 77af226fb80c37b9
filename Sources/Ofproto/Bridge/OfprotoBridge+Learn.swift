// Learned rules: what a `learn` action makes of the packet that ran it, and the end of what was
// learned when the rules that learn it are gone.

import Dpif
import Flow
import OpenFlow
import Pipeline

/// What identifies the rules that a `learn(delete_learned)` action made.
struct LearnedCookie: Hashable {
    let cookie: UInt64
    let table: UInt8
}

extension OfprotoBridge {
    /// Runs a `learn` action on the flow key of its event.
    func handle(_ event: LearnEvent) {
        guard let learn = learnActions[event.handle], event.key.count >= FlowLayout.byteCount
        else { return }
        let mod = LearnedFlow.flowMod(of: learn, key: event.key, tunnelOptions: tunnelOptions)
        execute(mod, limit: learn.limit)
    }

    private func execute(_ mod: FlowMod, limit: UInt32) {
        guard Int(mod.tableID) < tables.count, !tables[Int(mod.tableID)].isReadOnly else {
            return
        }
        let old = tables[Int(mod.tableID)].find(mod.match, priority: Int32(mod.priority))
        if let old, isSame(old, as: mod) {
            old.modified = now
            return
        }
        if old == nil && limit != 0 {
            var count: UInt32 = 0
            cookies.forEach(mod.newCookie) { if $0.table == mod.tableID { count += 1 } }
            if count >= limit { return }
        }
        do {
            try apply(mod, requester: nil)
        } catch {
            log("ofproto_dpif_upcall", "\(name): failed to learn a flow (\(error))")
        }
        commitChange()
    }

    /// Whether learning changes nothing but the time.
    private func isSame(_ rule: OFRule, as mod: FlowMod) -> Bool {
        rule.idleTimeout == mod.idleTimeout && rule.hardTimeout == mod.hardTimeout
            && rule.importance == mod.importance && rule.flags == mod.flags
            && (!mod.modifyCookie || rule.cookie == mod.newCookie) && rule.actions == mod.actions
    }

    /// Counts the rules that learn with `delete_learned` under each cookie.
    func countLearning(_ rule: OFRule, by step: Int) {
        for learn in rule.scan.deletingLearns {
            let key = LearnedCookie(cookie: learn.cookie, table: learn.table)
            let count = (learnedCookies[key] ?? 0) + step
            if count > 0 {
                learnedCookies[key] = count
            } else {
                learnedCookies[key] = nil
                deadCookies.append(key)
            }
        }
    }

    /// Deletes what rules that are gone have learned; the caller commits again.
    func deleteDeadCookies() {
        let dead = deadCookies
        deadCookies = []
        for key in dead where learnedCookies[key] == nil {
            var criteria = RuleCriteria()
            criteria.table = key.table
            criteria.cookie = key.cookie
            criteria.cookieMask = .max
            criteria.includesReadOnly = false
            if let rules = try? select(loosely: criteria) {
                remove(sorted(rules), reason: .delete, requester: nil)
            }
        }
    }
}
