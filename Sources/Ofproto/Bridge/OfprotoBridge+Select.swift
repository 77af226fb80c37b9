// Which rules a request is about: strictly by match and priority, or all that a match covers,
// narrowed by cookie, port and group.

import Flow
import OpenFlow

/// What a flow-mod, statistics request or monitor asks for.
struct RuleCriteria {
    /// 255 for all visible tables.
    var table: UInt8 = 255
    var match = FlowMatch()
    var cookie: UInt64 = 0
    var cookieMask: UInt64 = 0
    var outPort: UInt32 = ReservedPort.any
    var outGroup: UInt32 = GroupID.any
    /// Whether rules of read-only tables may be chosen.
    var includesReadOnly = true
}

extension OfprotoBridge {
    /// The rules whose match `criteria` covers.
    ///
    /// **Errors**: OFPBRC_EPERM where only rules that may not be changed fit.
    func select(loosely criteria: RuleCriteria) throws(OpenFlowError) -> [OFRule] {
        var chosen: [OFRule] = []
        var readOnlyCount = 0
        func consider(_ rule: OFRule) {
            guard passes(rule, criteria), criteria.match.covers(rule.match) else { return }
            if tables[Int(rule.table)].isReadOnly && !criteria.includesReadOnly {
                readOnlyCount += 1
            } else {
                chosen.append(rule)
            }
        }
        if criteria.cookieMask == .max {
            cookies.forEach(criteria.cookie, consider)
        } else {
            for table in tables(criteria.table) { table.rules.values.forEach(consider) }
        }
        if chosen.isEmpty && readOnlyCount > 0 { throw OpenFlowError(.ofpbrcEperm) }
        return chosen
    }

    /// The rules with exactly this match and priority: at most one a table.
    ///
    /// **Errors**: OFPBRC_EPERM where only rules that may not be changed fit.
    func select(
        strictly criteria: RuleCriteria, priority: Int32
    ) throws(OpenFlowError) -> [OFRule] {
        var chosen: [OFRule] = []
        var readOnlyCount = 0
        for table in tables(criteria.table) {
            guard let rule = table.find(criteria.match, priority: priority),
                passes(rule, criteria)
            else { continue }
            if table.isReadOnly && !criteria.includesReadOnly {
                readOnlyCount += 1
            } else {
                chosen.append(rule)
            }
        }
        if chosen.isEmpty && readOnlyCount > 0 { throw OpenFlowError(.ofpbrcEperm) }
        return chosen
    }

    /// In the order in which rules are listed: by table, then priority, then age.
    func sorted(_ rules: [OFRule]) -> [OFRule] {
        rules.sorted {
            if $0.table != $1.table { return $0.table < $1.table }
            if $0.priority != $1.priority { return $0.priority > $1.priority }
            return $0.place < $1.place
        }
    }

    /// All rules in the order of a listing; those of the switch itself too if asked.
    public func allRules(includingHidden: Bool) -> [OFRule] {
        sorted(
            tables.filter { includingHidden || !$0.isHidden }.flatMap { Array($0.rules.values) }
                .filter { includingHidden || !$0.isHidden })
    }

    /// The tables that a table number in a request names.
    private func tables(_ number: UInt8) -> [FlowTable] {
        if number == 255 { return tables.filter { !$0.isHidden && !$0.rules.isEmpty } }
        return Int(number) < tables.count ? [tables[Int(number)]] : []
    }

    private func passes(_ rule: OFRule, _ criteria: RuleCriteria) -> Bool {
        (criteria.table == 255 || criteria.table == rule.table) && !rule.isHidden
            && (rule.cookie ^ criteria.cookie) & criteria.cookieMask == 0
            && rule.outputs(to: criteria.outPort) && rule.uses(group: criteria.outGroup)
    }
}
