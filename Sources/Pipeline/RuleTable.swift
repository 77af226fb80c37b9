// One OpenFlow table for the poll threads: subtables in order of falling priority. Lookup visits a
// subtable only while it can still beat the best rule found. Cost is bounded by the rules' masks;
// packets never add one.

import CIntrinsics
import Flow

/// The published list of subtables of one table, never changed once published: a reader who stops
/// where no better rule can come must not see the priorities move under it.
@frozen public struct SubtableList {
    public var count: Int
    public var subtables: UnsafeMutablePointer<UnsafeMutablePointer<Subtable>>
    /// The highest priority in each, falling.
    public var priorities: UnsafeMutablePointer<Int32>
}

/// A table by reference.
@frozen public struct RuleTable {
    /// Published with release stores; nil while the table is empty.
    public var list: UnsafeMutablePointer<SubtableList>?
    /// Whether any rule has conjunction clauses.
    public var hasConjunctions: Bool
    /// 0 default, 1 to the controller, 2 continue with the next table, 3 drop, 4 `silentMiss`.
    public var missBehaviour: UInt8
    /// To find no rule here is no news: nothing is done, nor counted.
    @inlinable public static var silentMiss: UInt8 { 4 }
    /// Packets that found a rule, and that found none; atomics.
    public var matchedCount: UInt64
    public var missedCount: UInt64

    public init() {
        list = nil
        hasConjunctions = false
        missBehaviour = 0
        matchedCount = 0
        missedCount = 0
    }
}

/// Room for the clauses that matched softly during one lookup.
@frozen public struct ConjunctionScratch {
    @inlinable public static var capacity: Int { 256 }
    public var rules: UnsafeMutablePointer<UnsafeMutablePointer<Rule>>
    public var count: Int

    public init() {
        rules = .allocate(capacity: ConjunctionScratch.capacity)
        count = 0
    }
}

extension UnsafeMutablePointer where Pointee == RuleTable {
    /// The highest-priority rule visible at `version` that `key` matches.
    ///
    /// **Cost**: at most one probe a subtable, and once more a conjunction that matched.
    public func lookup(
        _ key: FlowKey, version: UInt64, scratch: UnsafeMutablePointer<ConjunctionScratch>
    ) -> UnsafeMutablePointer<Rule>? {
        guard let list = pointee.list else { return nil }
        if !pointee.hasConjunctions {
            return hardLookup(list, key, version: version, above: Int32.min)
        }
        return conjunctiveLookup(list, key, version: version, scratch: scratch)
    }

    @inline(__always)
    private func hardLookup(
        _ list: UnsafeMutablePointer<SubtableList>, _ key: FlowKey, version: UInt64,
        above floor: Int32
    ) -> UnsafeMutablePointer<Rule>? {
        var best: UnsafeMutablePointer<Rule>?
        var bestPriority = floor
        let subtables = list.pointee.subtables
        let priorities = list.pointee.priorities
        for index in 0..<list.pointee.count {
            if priorities[index] <= bestPriority { break }
            let subtable = subtables[index]
            var rule = subtable.find(key)
            while let candidate = rule {
                if candidate.pointee.priority <= bestPriority { break }
                if candidate.isVisible(at: version) && candidate.pointee.clauseCount == 0 {
                    best = candidate
                    bestPriority = candidate.pointee.priority
                    break
                }
                rule = candidate.pointee.next
            }
        }
        return best
    }

    /// Lookup where some rules are clauses: a rule with clauses counts only when all clauses of an
    /// id have matched; then the rule that names that `conj_id` is looked up in its stead.
    private func conjunctiveLookup(
        _ list: UnsafeMutablePointer<SubtableList>, _ key: FlowKey, version: UInt64,
        scratch: UnsafeMutablePointer<ConjunctionScratch>
    ) -> UnsafeMutablePointer<Rule>? {
        let hard = hardLookup(list, key, version: version, above: Int32.min)
        let hardPriority = hard.map { $0.pointee.priority } ?? Int32.min
        scratch.pointee.count = 0
        let subtables = list.pointee.subtables
        let priorities = list.pointee.priorities
        for index in 0..<list.pointee.count {
            if priorities[index] < hardPriority { break }
            let subtable = subtables[index]
            var rule = subtable.find(key)
            while let candidate = rule {
                if candidate.pointee.priority < hardPriority { break }
                // At equal priority the soft match is tried first, as Open vSwitch does.
                if candidate.isVisible(at: version) && candidate.pointee.clauseCount > 0
                    && scratch.pointee.count < ConjunctionScratch.capacity
                {
                    scratch.pointee.rules[scratch.pointee.count] = candidate
                    scratch.pointee.count &+= 1
                }
                rule = candidate.pointee.next
            }
        }
        if scratch.pointee.count == 0 { return hard }
        var ceiling = Int32.max
        while let priority = highestPriority(scratch, below: ceiling), priority >= hardPriority {
            if let rule = resolve(
                list, key, version: version, scratch: scratch, priority: priority)
            {
                return rule
            }
            ceiling = priority
        }
        return hard
    }

    private func highestPriority(
        _ scratch: UnsafeMutablePointer<ConjunctionScratch>, below ceiling: Int32
    ) -> Int32? {
        var best: Int32?
        for index in 0..<scratch.pointee.count {
            let priority = scratch.pointee.rules[index].pointee.priority
            if priority < ceiling && priority > (best ?? Int32.min) { best = priority }
        }
        return best
    }

    /// Tries every conjunction all of whose clauses matched at `priority`.
    private func resolve(
        _ list: UnsafeMutablePointer<SubtableList>, _ key: FlowKey, version: UInt64,
        scratch: UnsafeMutablePointer<ConjunctionScratch>, priority: Int32
    ) -> UnsafeMutablePointer<Rule>? {
        for index in 0..<scratch.pointee.count {
            let rule = scratch.pointee.rules[index]
            guard rule.pointee.priority == priority, let clauses = rule.pointee.clauses else {
                continue
            }
            for position in 0..<Int(rule.pointee.clauseCount) where clauses[position].clause == 0 {
                let wanted = clauses[position]
                guard wanted.clauses <= 64 else { continue }
                let all =
                    wanted.clauses == 64 ? UInt64.max : (UInt64(1) &<< UInt64(wanted.clauses)) &- 1
                if matched(scratch, id: wanted.id, priority: priority, clauses: wanted.clauses)
                    != all
                {
                    continue
                }
                let saved = key.load32(FlowLayout.conjunctionID)
                key.store32(wanted.id, at: FlowLayout.conjunctionID)
                let found = hardLookup(list, key, version: version, above: Int32.min)
                key.store32(saved, at: FlowLayout.conjunctionID)
                if let found { return found }
            }
        }
        return nil
    }

    /// Bit n is set where clause n of `id` matched at `priority`.
    private func matched(
        _ scratch: UnsafeMutablePointer<ConjunctionScratch>, id: UInt32, priority: Int32,
        clauses: UInt8
    ) -> UInt64 {
        var bits: UInt64 = 0
        for index in 0..<scratch.pointee.count {
            let rule = scratch.pointee.rules[index]
            guard rule.pointee.priority == priority, let list = rule.pointee.clauses else {
                continue
            }
            for position in 0..<Int(rule.pointee.clauseCount)
            where list[position].id == id && list[position].clauses == clauses {
                bits |= UInt64(1) &<< UInt64(list[position].clause)
            }
        }
        return bits
    }
}
