// Chooses which rule a full table gives up: one of the largest group of rules that share the
// configured fields, and in it the one of least importance that would expire first. Rules without a
// timeout are never given up.

import Flow
import OpenFlow

/// The evictable rules of one table.
///
/// **Cost**: logarithmic in the size of a group for each insertion and choice.
/// **Source**: ovs-vswitchd.conf.db(5), Flow_Table:overflow_policy.
final class EvictionIndex {
    private let fields: [Subfield]
    private var groups: [UInt64: EvictionHeap] = [:]
    /// Groups by number of rules; `sizeMax` is the highest in use.
    private var bySize: [Int: Set<UInt64>] = [:]
    private var sizeMax = 0
    private var nextStamp: UInt64 = 1

    init(fields: [Subfield]) { self.fields = fields }

    func insert(_ rule: OFRule) {
        let group = groupID(rule.match)
        rule.evictionGroup = group
        rule.evictionStamp = nextStamp
        nextStamp += 1
        let size = groups[group]?.count ?? 0
        groups[group, default: EvictionHeap()].insert(rule)
        resize(group, from: size, to: size + 1)
    }

    func remove(_ rule: OFRule) {
        guard rule.evictionStamp != 0, let size = groups[rule.evictionGroup]?.count else {
            return
        }
        groups[rule.evictionGroup]?.forget(rule)
        rule.evictionStamp = 0
        resize(rule.evictionGroup, from: size, to: size - 1)
        if size == 1 { groups[rule.evictionGroup] = nil }
    }

    /// The rule to give up first.
    func choose() -> OFRule? {
        guard sizeMax > 0, let group = bySize[sizeMax]?.first else { return nil }
        return groups[group]?.first()
    }

    /// Orders all rules again, after use has put off when they expire.
    func refresh() {
        for group in groups.keys { groups[group]?.rebuild() }
    }

    private func resize(_ group: UInt64, from old: Int, to new: Int) {
        if old > 0 {
            bySize[old]?.remove(group)
            if bySize[old]?.isEmpty == true { bySize[old] = nil }
        }
        if new > 0 { bySize[new, default: []].insert(group) }
        if new > sizeMax { sizeMax = new }
        while sizeMax > 0 && bySize[sizeMax] == nil { sizeMax -= 1 }
    }

    private func groupID(_ match: FlowMatch) -> UInt64 {
        var hash: UInt64 = 0x9e37_79b9_7f4a_7c15
        for field in fields {
            let value = match.get(field.field).value
            hash = (hash ^ value.bits(at: field.offset, count: field.bitCount))
                &* 0xff51_afd7_ed55_8ccd
            hash ^= hash >> 32
        }
        return hash
    }
}

/// A binary heap of rules, the first to go on top. Removal is lazy: a rule whose stamp has changed
/// is skipped.
struct EvictionHeap {
    private struct Entry {
        let order: UInt64
        let stamp: UInt64
        let rule: OFRule
        var isLive: Bool { rule.evictionStamp == stamp }
    }
    private var entries: [Entry] = []
    /// Rules that are still in.
    private(set) var count = 0

    mutating func insert(_ rule: OFRule) {
        count += 1
        push(Entry(order: EvictionHeap.order(rule), stamp: rule.evictionStamp, rule: rule))
    }

    /// Counts `rule` out; its entry falls away later.
    mutating func forget(_ rule: OFRule) {
        count -= 1
        if entries.count > 32 && entries.count > count * 4 {
            entries.removeAll { !$0.isLive || $0.rule === rule }
            heapify()
        }
    }

    mutating func first() -> OFRule? {
        while let top = entries.first {
            if top.isLive { return top.rule }
            pop()
        }
        return nil
    }

    mutating func rebuild() {
        entries = entries.filter(\.isLive).map {
            Entry(order: EvictionHeap.order($0.rule), stamp: $0.stamp, rule: $0.rule)
        }
        heapify()
    }

    /// Importance above the time of expiry in seconds.
    private static func order(_ rule: OFRule) -> UInt64 {
        var expiry = UInt64.max
        if rule.hardTimeout != 0 { expiry = rule.modified + UInt64(rule.hardTimeout) * 1000 }
        if rule.idleTimeout != 0 {
            expiry = min(expiry, rule.lastUsed + UInt64(rule.idleTimeout) * 1000)
        }
        return UInt64(rule.importance) << 48 | min(expiry, 1 << 48 - 1)
    }

    private mutating func push(_ entry: Entry) {
        entries.append(entry)
        siftUp(entries.count - 1)
    }

    private mutating func pop() {
        let last = entries.removeLast()
        guard !entries.isEmpty else { return }
        entries[0] = last
        siftDown(0)
    }

    private mutating func heapify() {
        for index in stride(from: entries.count / 2 - 1, through: 0, by: -1) { siftDown(index) }
    }

    private mutating func siftUp(_ start: Int) {
        var index = start
        while index > 0 {
            let parent = (index - 1) / 2
            guard entries[index].order < entries[parent].order else { return }
            entries.swapAt(index, parent)
            index = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var index = start
        while true {
            var least = index
            for child in [index * 2 + 1, index * 2 + 2]
            where child < entries.count && entries[child].order < entries[least].order {
                least = child
            }
            guard least != index else { return }
            entries.swapAt(index, least)
            index = least
        }
    }
}
