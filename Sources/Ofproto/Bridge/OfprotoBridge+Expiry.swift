// The passing of time: rules that time out, sessions' clocks, and memory that nothing needs any
// more.

import Flow
import OpenFlow
import Pipeline

extension OfprotoBridge {
    /// Whether the engine's counters must be in before `tick`.
    func needsCounters(_ now: UInt64) -> Bool {
        expirable.values.contains {
            $0.idleTimeout != 0 && now > $0.lastUsed + UInt64($0.idleTimeout) * 1000
        } || !departed.isEmpty
    }

    /// Expires rules, runs the clocks of sessions, and frees what it can.
    func tick(_ now: UInt64) {
        expireRules(now)
        for table in tables where table.eviction != nil { table.eviction?.refresh() }
        runFailOpen(now)
        ageAddresses(now)
        for session in sessions { session.tick(now) }
        buryDeparted()
        buryDepartedGroups()
    }

    private func expireRules(_ now: UInt64) {
        var idle: [OFRule] = []
        var hard: [OFRule] = []
        for rule in expirable.values {
            if rule.hardTimeout != 0 && now > rule.modified + UInt64(rule.hardTimeout) * 1000 {
                hard.append(rule)
            } else if rule.idleTimeout != 0
                && now > rule.lastUsed + UInt64(rule.idleTimeout) * 1000
            {
                idle.append(rule)
            }
        }
        remove(sorted(hard), reason: .hardTimeout, requester: nil)
        remove(sorted(idle), reason: .idleTimeout, requester: nil)
        commitChange()
    }

    /// Lowers a rule's timeouts after a FIN or RST (`fin_timeout`).
    func reduceTimeouts(rule id: UInt64, idleSeconds: UInt16, hardSeconds: UInt16) {
        guard idleSeconds != 0 || hardSeconds != 0, let rule = rulesByID[id] else { return }
        rule.idleTimeout = OfprotoBridge.reduce(rule.idleTimeout, to: idleSeconds)
        rule.hardTimeout = OfprotoBridge.reduce(rule.hardTimeout, to: hardSeconds)
        expirable[id] = rule
    }

    /// The lesser of two timeouts, of which 0 is endless.
    private static func reduce(_ timeout: UInt16, to limit: UInt16) -> UInt16 {
        limit != 0 && (timeout == 0 || timeout > limit) ? limit : timeout
    }

    /// Tells controllers that a rule is gone.
    func sendFlowRemoved(_ rule: OFRule) {
        var removed = FlowRemoved()
        removed.match = rule.match
        removed.cookie = rule.cookie
        removed.priority = UInt16(truncatingIfNeeded: rule.priority)
        removed.reason = rule.removedReason ?? .delete
        removed.tableID = rule.table
        (removed.durationSeconds, removed.durationNanoseconds) = duration(since: rule.created)
        removed.idleTimeout = rule.idleTimeout
        removed.hardTimeout = rule.hardTimeout
        removed.packetCount = rule.packetCount
        removed.byteCount = rule.byteCount
        for session in sessions { session.tell(removed) }
    }

    /// Seconds and nanoseconds since `start`.
    func duration(since start: UInt64) -> (seconds: UInt32, nanoseconds: UInt32) {
        let elapsed = now &- min(start, now)
        return (
            UInt32(truncatingIfNeeded: elapsed / 1000), UInt32(elapsed % 1000) * 1_000_000
        )
    }
}
