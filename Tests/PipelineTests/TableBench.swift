// What the table tests share: seeded numbers, random rules over few values so that they meet, keys
// that may match them, and a list of rules that is searched from end to end.

import Flow
import TestSupport

@testable import Pipeline

/// Keeps what is retired until told that no reader is left.
final class PatientReclaimer: Reclaimer {
    private var waiting: [() -> Void] = []
    func retire(_ free: @escaping () -> Void) { waiting.append(free) }
    func reclaim() {
        let due = waiting
        waiting = []
        for free in due { free() }
    }
}

/// A rule as the model knows it.
struct ModelRule {
    let rule: UnsafeMutablePointer<Rule>
    let match: FlowMatch
    var clauses: [ConjunctionClause] = []

    var priority: Int32 { rule.pointee.priority }

    func isVisible(_ version: UInt64) -> Bool {
        rule.pointee.addVersion <= version && version < rule.pointee.removeVersion
    }

    /// Field by field, without the words that the table compares.
    func matches(_ key: FlowKey) -> Bool {
        match.words.allSatisfy { word in key.word(Int(word.index)) & word.mask == word.value }
    }

    func free() {
        rule.pointee.clauses?.deallocate()
        rule.free()
    }
}

/// Makes rules and keys.
struct TableGenerator {
    var random: SeededRandom
    private var lastID: UInt64 = 0
    private let program = Program([], blocks: [])

    /// Where the lookups of these rules are counted; nobody looks.
    private let home: UnsafeMutablePointer<RuleTable>

    init(seed: UInt64) {
        random = SeededRandom(seed)
        home = .allocate(capacity: 1)
        home.initialize(to: RuleTable())
    }

    mutating func match(conjunctionID: UInt32? = nil) -> FlowMatch {
        var match = FlowMatch()
        if random.chance(50) { match.set(.inPort, to: UInt64(1 + random.below(3))) }
        if random.chance(60) {
            match.set(.ethType, to: 0x0800)
            if random.chance(60) {
                match.set(.ipProtocol, to: random.pick([6, 17]))
                if random.chance(50) {
                    let mask: UInt64 = random.pick([0xffff, 0xfffe, 0xfff0, 0x0001])
                    match.setBits(
                        Field.tcpDestination.info.location, value: UInt64(random.below(4)),
                        mask: mask)
                }
            }
            if random.chance(50) {
                let prefix = random.pick([8, 24, 31, 32])
                let mask = UInt64(UInt32.max << UInt32(32 - prefix))
                match.setBits(
                    Field.ipv4Source.info.location, value: address(), mask: mask)
            }
        }
        if random.chance(15) {
            match.setBits(
                Field.reg0.info.location, value: UInt64(random.below(4)),
                mask: random.pick([1, 3, 0xffff_ffff]))
        }
        if let conjunctionID { match.set(.conjunctionID, to: UInt64(conjunctionID)) }
        return match
    }

    mutating func address() -> UInt64 {
        random.pick([0x0a00_0001, 0x0a00_0002, 0x0a00_0100, 0x0b00_0001])
    }

    mutating func rule(
        version: UInt64, hasConjunctions: Bool, match: FlowMatch? = nil
    ) -> ModelRule {
        lastID += 1
        var clauses: [ConjunctionClause] = []
        var conjunctionID: UInt32?
        if hasConjunctions {
            if random.chance(45) {
                for _ in 0..<(1 + random.below(2)) {
                    let id = UInt32(1 + random.below(3))
                    // The number of clauses is the id's, as controllers do it.
                    let clause = UInt8(random.below(1 + Int(id)))
                    clauses.append(
                        ConjunctionClause(id: id, clause: clause, clauses: UInt8(1 + id)))
                }
            } else if random.chance(30) {
                conjunctionID = UInt32(1 + random.below(3))
            }
        }
        let priority = Int32(random.below(12))
        let match = match ?? self.match(conjunctionID: conjunctionID)
        let rule = UnsafeMutablePointer<Rule>.make(
            id: lastID, bridge: 0, table: 0, priority: priority, addVersion: version, home: home,
            program: program, match: match)
        if !clauses.isEmpty {
            let list = UnsafeMutablePointer<ConjunctionClause>.allocate(capacity: clauses.count)
            for (index, clause) in clauses.enumerated() {
                (list + index).initialize(to: clause)
            }
            rule.pointee.clauses = list
            rule.pointee.clauseCount = UInt32(clauses.count)
        }
        return ModelRule(rule: rule, match: match, clauses: clauses)
    }

    mutating func fill(_ key: FlowKey) {
        key.clear()
        key.store32(UInt32(1 + random.below(3)), at: FlowLayout.inPort)
        key.store16(random.pick([0x0800, 0x0800, 0x0806]), at: FlowLayout.ethType)
        key.store8(random.pick([6, 17]), at: FlowLayout.ipProtocol)
        key.store32(UInt32(address()), at: FlowLayout.ipv4Source)
        key.store16(UInt16(random.below(5)), at: FlowLayout.l4Destination)
        key.store32(UInt32(random.below(4)), at: FlowLayout.reg)
    }
}

/// A table that is a list.
struct ModelTable {
    var rules: [ModelRule] = []

    /// Rules that a lookup may answer, by rule number: several where equal priorities leave the
    /// choice open.
    func lookup(_ key: FlowKey, version: UInt64) -> Set<UInt64> {
        let matching = rules.filter { $0.isVisible(version) && $0.matches(key) }
        let hard = best(matching.filter { $0.clauses.isEmpty })
        let floor = hard.first?.priority ?? Int32.min
        let soft = matching.filter { !$0.clauses.isEmpty && $0.priority >= floor }
        for priority in Set(soft.map(\.priority)).sorted(by: >) {
            let found = conjunctions(soft.filter { $0.priority == priority }, key, version)
            if !found.isEmpty { return found }
        }
        return Set(hard.map { $0.rule.pointee.id })
    }

    private func best(_ list: [ModelRule]) -> [ModelRule] {
        guard let priority = list.map(\.priority).max() else { return [] }
        return list.filter { $0.priority == priority }
    }

    /// What the ids, all of whose clauses are in `soft`, lead to.
    private func conjunctions(_ soft: [ModelRule], _ key: FlowKey, _ version: UInt64) -> Set<UInt64>
    {
        var found: Set<UInt64> = []
        let clauses = Set(soft.flatMap(\.clauses))
        for id in Set(clauses.map(\.id)) {
            let mine = clauses.filter { $0.id == id }
            guard let count = mine.first?.clauses, mine.count == Int(count) else { continue }
            key.store32(id, at: FlowLayout.conjunctionID)
            let hard = rules.filter {
                $0.clauses.isEmpty && $0.isVisible(version) && $0.matches(key)
            }
            key.store32(0, at: FlowLayout.conjunctionID)
            found.formUnion(best(hard).map { $0.rule.pointee.id })
        }
        return found
    }
}
