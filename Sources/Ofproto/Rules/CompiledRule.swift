// A rule's memory on the engine's side: the flat `Rule`, its program and its clauses. Lives until
// no poll thread can reach it; the control room holds it by strong reference until then.

import Flow
import Pipeline

/// Owns one compiled rule.
///
/// **Owner**: the control loop. The last reference goes only after the rule was unlinked, a grace
/// period has passed and no path credits the rule.
final class CompiledRule {
    let rule: UnsafeMutablePointer<Rule>
    let learnHandles: [UInt64]
    /// Whether its actions look no deeper into packets than narrow keys.
    let isShallow: Bool
    private let program: Program
    private let clauses: UnsafeMutablePointer<ConjunctionClause>?

    init(
        id: UInt64, bridge: UInt16, table: UInt8, priority: Int32, version: UInt64,
        home: UnsafeMutablePointer<RuleTable>, match: FlowMatch, actions: CompiledActions
    ) {
        program = actions.program
        learnHandles = actions.learnHandles
        isShallow = KeyDepth.isShallow(
            actions.program.instructions, count: actions.program.count)
        rule = .make(
            id: id, bridge: bridge, table: table, priority: priority, addVersion: version,
            home: home, program: actions.program, match: match)
        if actions.clauses.isEmpty {
            clauses = nil
        } else {
            let memory = UnsafeMutablePointer<ConjunctionClause>.allocate(
                capacity: actions.clauses.count)
            for (index, clause) in actions.clauses.enumerated() {
                (memory + index).initialize(to: clause)
            }
            clauses = memory
            rule.pointee.clauses = memory
            rule.pointee.clauseCount = UInt32(actions.clauses.count)
        }
    }

    /// Paths that still credit the rule.
    var isReferenced: Bool { rule.pointee.pathReferences != 0 }

    deinit {
        clauses?.deallocate()
        rule.free()
    }
}
