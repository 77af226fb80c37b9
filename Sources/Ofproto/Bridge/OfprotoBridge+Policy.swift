// The policy's bridge: rules that the daemon itself puts in and takes out, many under one version,
// without OpenFlow. Such a bridge has no sessions and no name that anyone could ask for.

import CIntrinsics
import Flow
import OpenFlow
import Pipeline

/// A rule of the daemon's own.
public struct OwnRule: Hashable, Sendable {
    public var table: UInt8
    public var priority: Int32
    public var match: FlowMatch
    public var actions: [Action]
    public var cookie: UInt64
    public init(
        table: UInt8, priority: Int32, match: FlowMatch, actions: [Action], cookie: UInt64
    ) {
        self.table = table
        self.priority = priority
        self.match = match
        self.actions = actions
        self.cookie = cookie
    }
}

extension OfprotoBridge {
    /// Takes rules out and puts others in; packets see all of it at once or nothing.
    public func change(removing: some Sequence<OwnRule>, adding: some Sequence<OwnRule>) {
        commitChange()
        var gone: [OFRule] = []
        for rule in removing {
            guard let old = tables[Int(rule.table)].find(rule.match, priority: rule.priority)
            else { continue }
            gone.append(old)
        }
        remove(gone, reason: .delete, requester: nil)
        for rule in adding {
            let new = makeRule(
                table: rule.table, match: rule.match, priority: rule.priority,
                actions: rule.actions)
            new.cookie = rule.cookie
            add(new, requester: nil)
        }
        commitChange()
    }

    /// Has a table keep silent where it has no rule for a packet.
    public func setSilentMiss(table: UInt8) {
        state.pointee.tables[Int(table)].missBehaviour = RuleTable.silentMiss
    }

    /// Packets and bytes of all rules of a cookie, exact up to the last flush of counters.
    public func counters(cookie: UInt64) -> (packets: UInt64, bytes: UInt64) {
        var sum: (packets: UInt64, bytes: UInt64) = (0, 0)
        cookies.forEach(cookie) {
            sum.packets &+= $0.packetCount
            sum.bytes &+= $0.byteCount
        }
        return sum
    }

    public var ruleCount: Int { rulesByID.count }
}
