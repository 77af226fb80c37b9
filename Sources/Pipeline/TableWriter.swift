// The control room's side of a table: inserts and unlinks rules, keeps subtables in order and
// publishes changes so that a reader in the middle of a lookup always sees a whole structure. What
// it replaces goes to the reclaimer, which frees it when every poll thread has moved on.

import CIntrinsics
import Flow

/// Takes memory that readers may still hold, and frees it when none can.
public protocol Reclaimer: AnyObject {
    /// Runs `free` once every poll thread has passed a quiescent point.
    func retire(_ free: @escaping () -> Void)
    /// The same for what a paused packet may still point to: not before no continuation made until
    /// now can be resumed.
    func retireFromContinuations(_ free: @escaping () -> Void)
}

extension Reclaimer {
    /// Where no packet pauses, it is the same.
    public func retireFromContinuations(_ free: @escaping () -> Void) { retire(free) }
}

/// Writes one table.
///
/// **Owner**: the control loop.
public final class TableWriter {
    public let table: UnsafeMutablePointer<RuleTable>
    private let reclaimer: any Reclaimer
    private var byMask: [[MaskWord]: UnsafeMutablePointer<Subtable>] = [:]
    private var order: [UnsafeMutablePointer<Subtable>] = []
    private var priorities: [UnsafeMutablePointer<Subtable>: [Int32: Int]] = [:]
    private var conjunctionRules = 0

    private struct MaskWord: Hashable {
        let index: UInt8
        let mask: UInt64
    }

    public init(_ table: UnsafeMutablePointer<RuleTable>, reclaimer: any Reclaimer) {
        self.table = table
        self.reclaimer = reclaimer
    }

    /// Makes `rule` findable (from its `addVersion` on).
    ///
    /// **Cost**: amortised constant, plus the number of masks where its mask or priority is new.
    public func insert(_ rule: UnsafeMutablePointer<Rule>, match: FlowMatch) {
        let mask = match.words.map { MaskWord(index: $0.index, mask: $0.mask) }
        let subtable: UnsafeMutablePointer<Subtable>
        var isNew = false
        if let found = byMask[mask] {
            subtable = found
        } else {
            subtable = makeSubtable(match)
            byMask[mask] = subtable
            isNew = true
        }
        if rule.pointee.clauseCount > 0 {
            conjunctionRules += 1
            table.pointee.hasConjunctions = true
        }
        place(rule, in: subtable)
        subtable.pointee.ruleCount += 1
        priorities[subtable, default: [:]][rule.pointee.priority, default: 0] += 1
        let old = subtable.pointee.maxPriority
        if isNew {
            subtable.pointee.maxPriority = rule.pointee.priority
            order.append(subtable)
            publishOrder()
        } else if rule.pointee.priority > old {
            subtable.pointee.maxPriority = rule.pointee.priority
            publishOrder()
        }
    }

    /// Unlinks a rule that no published version shows any more. The caller frees the rule through
    /// the reclaimer.
    public func remove(_ rule: UnsafeMutablePointer<Rule>, match: FlowMatch) {
        let mask = match.words.map { MaskWord(index: $0.index, mask: $0.mask) }
        guard let subtable = byMask[mask] else { return }
        unlink(rule, from: subtable)
        if rule.pointee.clauseCount > 0 {
            conjunctionRules -= 1
            if conjunctionRules == 0 { table.pointee.hasConjunctions = false }
        }
        subtable.pointee.ruleCount -= 1
        let priority = rule.pointee.priority
        if let count = priorities[subtable]?[priority] {
            priorities[subtable]?[priority] = count == 1 ? nil : count - 1
        }
        if subtable.pointee.ruleCount == 0 {
            byMask[mask] = nil
            priorities[subtable] = nil
            order.removeAll { $0 == subtable }
            publishOrder()
            reclaimer.retire { TableWriter.free(subtable) }
        } else if priority == subtable.pointee.maxPriority,
            priorities[subtable]?[priority] == nil
        {
            subtable.pointee.maxPriority = priorities[subtable]?.keys.max() ?? Int32.min
            publishOrder()
        }
    }

    private func makeSubtable(_ match: FlowMatch) -> UnsafeMutablePointer<Subtable> {
        let count = match.words.count
        let index = UnsafeMutablePointer<UInt8>.allocate(capacity: max(count, 1))
        let mask = UnsafeMutablePointer<UInt64>.allocate(capacity: max(count, 1))
        for (position, word) in match.words.enumerated() {
            index[position] = word.index
            mask[position] = word.mask
        }
        let subtable = UnsafeMutablePointer<Subtable>.allocate(capacity: 1)
        subtable.initialize(
            to: Subtable(
                wordCount: count, wordIndex: index, wordMask: mask,
                buckets: RuleBuckets.make(count: 1), maxPriority: Int32.min, ruleCount: 0))
        return subtable
    }

    private static func free(_ subtable: UnsafeMutablePointer<Subtable>) {
        subtable.pointee.buckets.free()
        subtable.pointee.wordIndex.deallocate()
        subtable.pointee.wordMask.deallocate()
        subtable.deallocate()
    }

    private func hash(_ rule: UnsafeMutablePointer<Rule>) -> UInt64 {
        var hash = RuleHash()
        for index in 0..<Int(rule.pointee.wordCount) { hash.add(rule.words[index]) }
        return hash.value
    }

    /// Where the chain of the rules with `rule`'s match begins.
    private func entry(
        _ rule: UnsafeMutablePointer<Rule>, in subtable: UnsafeMutablePointer<Subtable>
    ) -> (bucket: UnsafeMutableRawPointer, slot: Int)? {
        let hash = hash(rule)
        let tag = RuleBuckets.tag(hash)
        let buckets = subtable.pointee.buckets
        var position = buckets.pointee.position(hash)
        while true {
            let bucket = buckets.pointee.bucket(position)
            let matches = RuleBuckets.matches(bucket, tag)
            for slot in 0..<RuleBuckets.slots where matches >> slot & 1 == 1 {
                if let found = RuleBuckets.chain(bucket, slot), isEqual(found, rule) {
                    return (bucket, slot)
                }
            }
            guard RuleBuckets.overflows(bucket) else { return nil }
            position = (position + 1) & buckets.pointee.mask
        }
    }

    private func isEqual(
        _ first: UnsafeMutablePointer<Rule>, _ second: UnsafeMutablePointer<Rule>
    ) -> Bool {
        (0..<Int(first.pointee.wordCount)).allSatisfy { first.words[$0] == second.words[$0] }
    }

    private func place(
        _ rule: UnsafeMutablePointer<Rule>, in subtable: UnsafeMutablePointer<Subtable>
    ) {
        if let (bucket, slot) = entry(rule, in: subtable) {
            return link(rule, into: bucket, slot)
        }
        growIfNeeded(subtable)
        rule.pointee.next = nil
        put(rule, in: subtable.pointee.buckets)
    }

    /// Writes a chain into a free slot; its tag is stored last, with release order.
    private func put(
        _ chain: UnsafeMutablePointer<Rule>, in buckets: UnsafeMutablePointer<RuleBuckets>
    ) {
        let hash = hash(chain)
        var position = buckets.pointee.position(hash)
        while true {
            let bucket = buckets.pointee.bucket(position)
            let free = RuleBuckets.matches(bucket, 0)
            if free != 0 {
                let slot = free.trailingZeroBitCount
                publish(chain, at: bucket + RuleBuckets.chainsOffset + 8 * slot)
                vd_store_release16(bucket + 2 * slot, RuleBuckets.tag(hash))
                buckets.pointee.used += 1
                return
            }
            if !RuleBuckets.overflows(bucket) { buckets.pointee.overflowing += 1 }
            vd_store_release16(bucket + RuleBuckets.overflowOffset, 1)
            position = (position + 1) & buckets.pointee.mask
        }
    }

    /// Keeps the buckets half empty on the whole, and those where a search goes on few: their marks
    /// outlast what had no room.
    private func growIfNeeded(_ subtable: UnsafeMutablePointer<Subtable>) {
        let old = subtable.pointee.buckets
        let count = old.pointee.mask + 1
        let load = (old.pointee.used + 1) * 4
        guard load > 2 * count * RuleBuckets.slots || old.pointee.overflowing * 8 > count else {
            return
        }
        let new = RuleBuckets.make(count: load > count * RuleBuckets.slots ? count * 2 : count)
        for position in 0..<count {
            let bucket = old.pointee.bucket(position)
            let free = RuleBuckets.matches(bucket, 0)
            for slot in 0..<RuleBuckets.slots where free >> slot & 1 == 0 {
                if let chain = RuleBuckets.chain(bucket, slot) { put(chain, in: new) }
            }
        }
        let offset = MemoryLayout<Subtable>.offset(of: \.buckets).unsafelyUnwrapped
        publish(new, at: UnsafeMutableRawPointer(subtable) + offset)
        reclaimer.retire { old.free() }
    }

    private func link(
        _ rule: UnsafeMutablePointer<Rule>, into bucket: UnsafeMutableRawPointer, _ slot: Int
    ) {
        var previous: UnsafeMutablePointer<Rule>?
        var current = RuleBuckets.chain(bucket, slot)
        while let at = current, at.pointee.priority > rule.pointee.priority {
            previous = at
            current = at.pointee.next
        }
        rule.pointee.next = current
        if let previous {
            publishNext(rule, of: previous)
        } else {
            publish(rule, at: bucket + RuleBuckets.chainsOffset + 8 * slot)
        }
    }

    private func unlink(
        _ rule: UnsafeMutablePointer<Rule>, from subtable: UnsafeMutablePointer<Subtable>
    ) {
        guard let (bucket, slot) = entry(rule, in: subtable) else { return }
        var previous = RuleBuckets.chain(bucket, slot)
        if previous == rule {
            if let next = rule.pointee.next {
                publish(next, at: bucket + RuleBuckets.chainsOffset + 8 * slot)
            } else {
                vd_store_release16(bucket + 2 * slot, 0)
                subtable.pointee.buckets.pointee.used -= 1
            }
            return
        }
        while let at = previous {
            if at.pointee.next == rule {
                publishNext(rule.pointee.next, of: at)
                return
            }
            previous = at.pointee.next
        }
    }

    private func publishNext(
        _ next: UnsafeMutablePointer<Rule>?, of rule: UnsafeMutablePointer<Rule>
    ) {
        let offset = MemoryLayout<Rule>.offset(of: \.next) ?? 0
        vd_store_release64(
            UnsafeMutableRawPointer(rule) + offset, UInt64(UInt(bitPattern: next)))
    }

    private func publish<T>(_ pointer: UnsafeMutablePointer<T>, at place: UnsafeMutableRawPointer) {
        vd_store_release64(place, UInt64(UInt(bitPattern: pointer)))
    }

    /// Publishes the subtables in order of falling priority.
    private func publishOrder() {
        order.sort { $0.pointee.maxPriority > $1.pointee.maxPriority }
        let old = table.pointee.list
        if order.isEmpty {
            vd_store_release64(UnsafeMutableRawPointer(table), 0)
        } else {
            let array = UnsafeMutablePointer<UnsafeMutablePointer<Subtable>>.allocate(
                capacity: order.count)
            let priorities = UnsafeMutablePointer<Int32>.allocate(capacity: order.count)
            for (index, subtable) in order.enumerated() {
                (array + index).initialize(to: subtable)
                (priorities + index).initialize(to: subtable.pointee.maxPriority)
            }
            let list = UnsafeMutablePointer<SubtableList>.allocate(capacity: 1)
            list.initialize(
                to: SubtableList(count: order.count, subtables: array, priorities: priorities))
            publish(list, at: UnsafeMutableRawPointer(table))
        }
        guard let old else { return }
        reclaimer.retire {
            old.pointee.subtables.deallocate()
            old.pointee.priorities.deallocate()
            old.deallocate()
        }
    }
}
