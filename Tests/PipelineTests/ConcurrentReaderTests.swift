// One writer, readers without a lock: while rules come and go in published versions, every lookup
// sees exactly the version it read, and memory is freed behind the readers' backs as in the daemon.

import Bounded
import CIntrinsics
import Flow
import Foundation
import Testing

@testable import Pipeline

@Suite(.serialized) struct ConcurrentReaderTests {
    /// Retires through epochs, in order, as the datapath's controller does.
    private final class EpochReclaimer: Reclaimer {
        let domain: EpochDomain
        private var waiting: [(epoch: UInt64, free: () -> Void)] = []
        init(_ domain: EpochDomain) { self.domain = domain }
        func retire(_ free: @escaping () -> Void) { waiting.append((domain.advance(), free)) }
        func reclaim() {
            while let first = waiting.first, domain.hasPassed(first.epoch) {
                waiting.removeFirst()
                first.free()
            }
        }
        var isEmpty: Bool { waiting.isEmpty }
    }

    /// What the reader threads work on.
    private struct Shared: @unchecked Sendable {
        let table: UnsafeMutablePointer<RuleTable>
        /// The version in force, the stop word, faults, lookups, readers that run, readers done.
        let words: UnsafeMutablePointer<UInt64>
        let domain: EpochDomain
        /// Expected priority by version and key, −1 for none.
        let expected: [[Int32]]
        let keys: [FlowKey]
    }

    private static func read(_ shared: Shared, thread: Int) {
        let scratch = UnsafeMutablePointer<ConjunctionScratch>.allocate(capacity: 1)
        scratch.initialize(to: ConjunctionScratch())
        var lookups: UInt64 = 0
        shared.domain.goOnline(thread)
        _ = vd_fetch_add64(shared.words + 4, 1)
        while vd_load_acquire64(shared.words + 1) == 0 {
            let version = vd_load_acquire64(shared.words)
            for (index, key) in shared.keys.enumerated() {
                let found = shared.table.lookup(key, version: version, scratch: scratch)
                let priority = found?.pointee.priority ?? -1
                if priority != shared.expected[Int(version)][index] {
                    _ = vd_fetch_add64(shared.words + 2, 1)
                }
                lookups += 1
            }
            shared.domain.quiesce(thread)
        }
        shared.domain.goOffline(thread)
        _ = vd_fetch_add64(shared.words + 3, lookups)
        _ = vd_fetch_add64(shared.words + 5, 1)
    }

    @Test("Readers see whole versions while the writer works", arguments: [false, true])
    func versionsAreWhole(hasConjunctions: Bool) throws {
        var generator = TableGenerator(seed: hasConjunctions ? 77 : 76)
        let versions = 600
        // The schedule and what it must look like, before any reader runs.
        var planned: [(added: [ModelRule], removed: [ModelRule])] = [([], [])]
        var model = ModelTable()
        let keys = (0..<24).map { _ in FlowKey.allocate() }
        for key in keys { generator.fill(key) }
        var expected: [[Int32]] = [keys.map { _ in -1 }]
        var live: [ModelRule] = []
        for version in 1...versions {
            var step: (added: [ModelRule], removed: [ModelRule]) = ([], [])
            for _ in 0..<(1 + generator.random.below(5)) {
                if live.count < 8 || live.count < 60 && generator.random.chance(52) {
                    var made = generator.rule(
                        version: UInt64(version), hasConjunctions: hasConjunctions)
                    // Priorities of their own, so that no answer is left open.
                    made.rule.pointee.priority = Int32(live.count * 1000 + version)
                    if hasConjunctions && !made.clauses.isEmpty {
                        made.rule.pointee.priority = Int32(1 + generator.random.below(3))
                    }
                    made = ModelRule(rule: made.rule, match: made.match, clauses: made.clauses)
                    step.added.append(made)
                    live.append(made)
                } else {
                    step.removed.append(live.remove(at: generator.random.below(live.count)))
                }
            }
            model.rules = live
            planned.append(step)
            expected.append(keys.map { key in Self.expectation(model, key) })
        }
        let faults = run(planned, keys: keys, expected: expected)
        #expect(faults == 0)
    }

    private static func expectation(_ model: ModelTable, _ key: FlowKey) -> Int32 {
        let answers = model.rules.filter { rule in
            // All of the model's rules are in force now, whatever their versions say.
            rule.rule.pointee.removeVersion == .max
        }
        var now = ModelTable()
        now.rules = answers
        let ids = now.lookup(key, version: .max - 1)
        let found = answers.filter { ids.contains($0.rule.pointee.id) }.map(\.priority)
        // Several conjunctions may be complete at one priority: those keys are not compared.
        return Set(found).count > 1 ? Int32.max : found.first ?? -1
    }

    private func run(
        _ planned: [(added: [ModelRule], removed: [ModelRule])], keys: [FlowKey],
        expected: [[Int32]]
    ) -> UInt64 {
        let table = UnsafeMutablePointer<RuleTable>.allocate(capacity: 1)
        table.initialize(to: RuleTable())
        let words = UnsafeMutablePointer<UInt64>.allocate(capacity: 6)
        words.initialize(repeating: 0, count: 6)
        let domain = EpochDomain(threadCapacity: 2)
        let reclaimer = EpochReclaimer(domain)
        let writer = TableWriter(table, reclaimer: reclaimer)
        // A key whose answer is open in some version is left out of all.
        let usable = keys.indices.filter { index in expected.allSatisfy { $0[index] != Int32.max } }
        let shared = Shared(
            table: table, words: words, domain: domain,
            expected: expected.map { row in usable.map { row[$0] } },
            keys: usable.map { keys[$0] })
        // Each reader has keys of its own: a lookup writes conj_id into them.
        for thread in 0..<2 {
            let own = Shared(
                table: table, words: words, domain: domain, expected: shared.expected,
                keys: shared.keys.map { key in
                    let copy = FlowKey.allocate()
                    copy.copy(from: key)
                    return copy
                })
            Thread.detachNewThread { Self.read(own, thread: thread) }
        }
        while vd_load_acquire64(words + 4) < 2 { usleep(100) }
        for (version, step) in planned.enumerated().dropFirst() {
            for made in step.added { writer.insert(made.rule, match: made.match) }
            for old in step.removed { old.rule.pointee.removeVersion = UInt64(version) }
            vd_store_release64(words, UInt64(version))
            let gone = step.removed
            if !gone.isEmpty {
                reclaimer.retire {
                    for old in gone { writer.remove(old.rule, match: old.match) }
                    reclaimer.retire { for old in gone { old.free() } }
                }
            }
            reclaimer.reclaim()
            if version % 8 == 0 { usleep(300) }
        }
        vd_store_release64(words + 1, 1)
        while vd_load_acquire64(words + 5) < 2 { usleep(100) }
        while !reclaimer.isEmpty { reclaimer.reclaim() }
        #expect(words[3] > 1000)
        #expect(!usable.isEmpty)
        return words[2]
    }
}
