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
        place(rule, match.words.map(\.value), in: subtable)
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
        unlink(rule, match.words.map(\.value), from: subtable)
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
                wordCount: count, wordIndex: index, wordMask: mask, maxPriority: Int32.min,
                slots: TableWriter.makeSlots(count: 4), ruleCount: 0))
        return subtable
    }

    private static func makeSlots(count: Int) -> UnsafeMutablePointer<SubtableSlots> {
        let entries = UnsafeMutablePointer<SubtableEntry>.allocate(capacity: count)
        entries.initialize(
            repeating: SubtableEntry(hash: 0, rule: nil, words: nil, state: 0), count: count)
        let slots = UnsafeMutablePointer<SubtableSlots>.allocate(capacity: 1)
        slots.initialize(to: SubtableSlots(mask: count - 1, used: 0, entries: entries))
        return slots
    }

    private static func free(_ subtable: UnsafeMutablePointer<Subtable>) {
        let slots = subtable.pointee.slots
        for position in 0...slots.pointee.mask {
            slots.pointee.entries[position].words?.deallocate()
        }
        slots.pointee.entries.deallocate()
        slots.deallocate()
        subtable.pointee.wordIndex.deallocate()
        subtable.pointee.wordMask.deallocate()
        subtable.deallocate()
    }

    private func hash(_ values: [UInt64]) -> UInt64 {
        var hash: UInt64 = 0x9e37_79b9_7f4a_7c15
        for value in values {
            hash = (hash ^ value) &* 0xff51_afd7_ed55_8ccd
            hash ^= hash &>> 32
        }
        return hash &* 0xc4ce_b9fe_1a85_ec53 | 1
    }

    private func entry(
        _ values: [UInt64], in subtable: UnsafeMutablePointer<Subtable>
    ) -> UnsafeMutablePointer<SubtableEntry>? {
        let hash = hash(values)
        let slots = subtable.pointee.slots
        var position = Int(truncatingIfNeeded: hash >> 20) & slots.pointee.mask
        while slots.pointee.entries[position].state != 0 {
            let entry = slots.pointee.entries + position
            if entry.pointee.state == 1 && entry.pointee.hash == hash,
                let words = entry.pointee.words,
                values.indices.allSatisfy({ words[$0] == values[$0] })
            {
                return entry
            }
            position = (position + 1) & slots.pointee.mask
        }
        return nil
    }

    private func place(
        _ rule: UnsafeMutablePointer<Rule>, _ values: [UInt64],
        in subtable: UnsafeMutablePointer<Subtable>
    ) {
        if let entry = entry(values, in: subtable) {
            link(rule, into: entry)
            return
        }
        growIfNeeded(subtable)
        let words = UnsafeMutablePointer<UInt64>.allocate(capacity: max(values.count, 1))
        for (index, value) in values.enumerated() { words[index] = value }
        rule.pointee.next = nil
        put(
            SubtableEntry(hash: hash(values), rule: rule, words: words, state: 1),
            in: subtable.pointee.slots)
    }

    /// Writes an entry into a free slot; its state is stored last, with release order.
    private func put(_ entry: SubtableEntry, in slots: UnsafeMutablePointer<SubtableSlots>) {
        var position = Int(truncatingIfNeeded: entry.hash >> 20) & slots.pointee.mask
        while slots.pointee.entries[position].state != 0 {
            position = (position + 1) & slots.pointee.mask
        }
        let slot = slots.pointee.entries + position
        slot.pointee.hash = entry.hash
        slot.pointee.rule = entry.rule
        slot.pointee.words = entry.words
        vd_store_release64(UnsafeMutableRawPointer(slot) + 24, 1)
        slots.pointee.used += 1
    }

    private func growIfNeeded(_ subtable: UnsafeMutablePointer<Subtable>) {
        let old = subtable.pointee.slots
        guard (old.pointee.used + 1) * 2 > old.pointee.mask + 1 else { return }
        var live = 0
        for position in 0...old.pointee.mask where old.pointee.entries[position].state == 1 {
            live += 1
        }
        var size = 4
        while size < (live + 1) * 4 { size *= 2 }
        let new = TableWriter.makeSlots(count: size)
        var dead: [UnsafeMutablePointer<UInt64>] = []
        for position in 0...old.pointee.mask {
            let entry = old.pointee.entries[position]
            if entry.state == 1 {
                put(entry, in: new)
            } else if let words = entry.words {
                dead.append(words)
            }
        }
        publish(new, at: UnsafeMutableRawPointer(subtable) + 32)
        let unreachable = dead
        reclaimer.retire {
            for words in unreachable { words.deallocate() }
            old.pointee.entries.deallocate()
            old.deallocate()
        }
    }

    private func link(
        _ rule: UnsafeMutablePointer<Rule>, into entry: UnsafeMutablePointer<SubtableEntry>
    ) {
        var previous: UnsafeMutablePointer<Rule>?
        var current = entry.pointee.rule
        while let at = current, at.pointee.priority > rule.pointee.priority {
            previous = at
            current = at.pointee.next
        }
        rule.pointee.next = current
        if let previous {
            publishNext(rule, of: previous)
        } else {
            publish(rule, at: UnsafeMutableRawPointer(entry) + 8)
        }
    }

    private func unlink(
        _ rule: UnsafeMutablePointer<Rule>, _ values: [UInt64],
        from subtable: UnsafeMutablePointer<Subtable>
    ) {
        guard let entry = entry(values, in: subtable) else { return }
        if entry.pointee.rule == rule {
            if let next = rule.pointee.next {
                publish(next, at: UnsafeMutableRawPointer(entry) + 8)
            } else {
                vd_store_release64(UnsafeMutableRawPointer(entry) + 24, 2)
            }
            return
        }
        var previous = entry.pointee.rule
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
