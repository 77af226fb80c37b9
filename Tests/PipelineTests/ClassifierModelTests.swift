// The classifier against linear search: seeded rules come and go in versions; every lookup, at the
// newest version and at the one before, finds what a list would.

import Flow
import Testing

@testable import Pipeline

@Suite struct ClassifierModelTests {
    @Test("Lookups agree with linear search", arguments: 0..<24)
    func agrees(seed: Int) {
        run(seed: UInt64(seed), hasConjunctions: false, rounds: 400)
    }

    @Test("Lookups through conjunctions agree with linear search", arguments: 0..<24)
    func agreesWithConjunctions(seed: Int) {
        run(seed: UInt64(1000 + seed), hasConjunctions: true, rounds: 300)
    }

    private func run(seed: UInt64, hasConjunctions: Bool, rounds: Int) {
        var generator = TableGenerator(seed: seed)
        let table = UnsafeMutablePointer<RuleTable>.allocate(capacity: 1)
        table.initialize(to: RuleTable())
        let reclaimer = PatientReclaimer()
        let writer = TableWriter(table, reclaimer: reclaimer)
        let scratch = UnsafeMutablePointer<ConjunctionScratch>.allocate(capacity: 1)
        scratch.initialize(to: ConjunctionScratch())
        let key = FlowKey.allocate()
        var model = ModelTable()
        var gone: [ModelRule] = []
        var version: UInt64 = 1
        var found = 0
        for round in 0..<rounds {
            // Rules that the last version no longer shows leave the table.
            for old in gone {
                writer.remove(old.rule, match: old.match)
                old.free()
            }
            model.rules.removeAll { rule in gone.contains { $0.rule == rule.rule } }
            gone = []
            version += 1
            let grows = (round / 50) % 2 == 0
            for _ in 0..<(1 + generator.random.below(4)) {
                if generator.random.chance(grows ? 75 : 25) || model.rules.isEmpty {
                    let made = generator.rule(version: version, hasConjunctions: hasConjunctions)
                    writer.insert(made.rule, match: made.match)
                    model.rules.append(made)
                } else {
                    let victim = model.rules[generator.random.below(model.rules.count)]
                    guard victim.rule.pointee.removeVersion == .max,
                        victim.rule.pointee.addVersion < version
                    else { continue }
                    victim.rule.pointee.removeVersion = version
                    gone.append(victim)
                }
            }
            for _ in 0..<12 {
                generator.fill(key)
                for at in [version, version - 1] {
                    let answer = table.lookup(key, version: at, scratch: scratch)
                    let expected = model.lookup(key, version: at)
                    if let answer {
                        found += 1
                        #expect(expected.contains(answer.pointee.id), "seed \(seed) round \(round)")
                    } else {
                        #expect(expected.isEmpty, "seed \(seed) round \(round)")
                    }
                    #expect(key.load32(FlowLayout.conjunctionID) == 0)
                }
            }
            if generator.random.chance(20) { reclaimer.reclaim() }
        }
        #expect(found > rounds)
        for rule in model.rules { writer.remove(rule.rule, match: rule.match) }
        #expect(table.pointee.list == nil)
        #expect(!table.pointee.hasConjunctions)
        for rule in model.rules { rule.free() }
        reclaimer.reclaim()
        key.deallocate()
        scratch.pointee.rules.deallocate()
        scratch.deallocate()
        table.deallocate()
    }

    /// The best rule of a subtable is not visible yet: a lower one of it, or another subtable's,
    /// is.
    @Test func aHigherRuleThatIsNotVisibleHidesNothing() {
        var generator = TableGenerator(seed: 5)
        let table = UnsafeMutablePointer<RuleTable>.allocate(capacity: 1)
        table.initialize(to: RuleTable())
        let writer = TableWriter(table, reclaimer: PatientReclaimer())
        let scratch = UnsafeMutablePointer<ConjunctionScratch>.allocate(capacity: 1)
        scratch.initialize(to: ConjunctionScratch())
        let key = FlowKey.allocate()
        var match = FlowMatch()
        match.set(.inPort, to: 1)
        func insert(_ priority: Int32, _ match: FlowMatch, _ version: UInt64) -> UInt64 {
            let made = generator.rule(version: version, hasConjunctions: false, match: match)
            made.rule.pointee.priority = priority
            writer.insert(made.rule, match: match)
            return made.rule.pointee.id
        }
        let low = insert(1, match, 1)
        let high = insert(9, match, 3)
        let other = insert(5, FlowMatch(), 2)
        key.store32(1, at: FlowLayout.inPort)
        func answer(_ version: UInt64) -> UInt64? {
            table.lookup(key, version: version, scratch: scratch)?.pointee.id
        }
        #expect(answer(0) == nil)
        #expect(answer(1) == low)
        #expect(answer(2) == other)
        #expect(answer(3) == high)
    }
}
