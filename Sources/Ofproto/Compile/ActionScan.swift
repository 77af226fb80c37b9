// What an action list refers to: groups, meters, learned cookies, tunnel options. Looked at once
// when a rule is made, so that filters and dependencies cost nothing later.

import Flow
import OpenFlow

/// The references of an action list, those of nested lists included.
struct ActionScan {
    private(set) var groups: [UInt32] = []
    private(set) var meters: [UInt32] = []
    /// `learn(delete_learned)` actions of the list itself.
    private(set) var deletingLearns: [LearnAction] = []

    init(_ actions: [Action]) {
        for case .learn(let learn) in actions where learn.deleteLearned {
            deletingLearns.append(learn)
        }
        visit(actions)
    }

    private mutating func visit(_ actions: [Action]) {
        for action in actions {
            switch action {
            case .group(let id): if !groups.contains(id) { groups.append(id) }
            case .meter(let id): if !meters.contains(id) { meters.append(id) }
            case .clone(let inner), .writeActions(let inner): visit(inner)
            case .ct(let ct): visit(ct.exec)
            default: break
            }
        }
    }
}
