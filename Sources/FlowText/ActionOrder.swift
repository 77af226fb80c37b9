// The rules about which actions may stand together: the order of instructions, what may nest in
// what, and what a conjunction tolerates beside it.

import Flow
import OpenFlow

enum ActionOrder {
    static func verify(
        _ actions: [Action], instructions: Bool, outer: ActionParser.Outer
    ) throws(FlowTextError) {
        var current = ActionName.Instruction.meter
        for (position, action) in actions.enumerated() {
            if case .conjunction = action {
                try verifyConjunction(actions)
                return
            }
            try verifyNesting(action, outer)
            let next = ActionName.instruction(of: action)
            if position > 0, current == .applyActions ? next < current : next <= current {
                if next == current {
                    throw FlowTextError(
                        "duplicate \(current.name) instruction not allowed, for OpenFlow 1.1+ "
                            + "compatibility")
                }
                throw FlowTextError(
                    "invalid instruction ordering: \(next.name) must appear before "
                        + "\(current.name), for OpenFlow 1.1+ compatibility")
            }
            if !instructions, next != .applyActions, next != .meter {
                throw FlowTextError("\(next.name) instruction not allowed here")
            }
            current = next
        }
    }

    private static func verifyConjunction(_ actions: [Action]) throws(FlowTextError) {
        for action in actions {
            switch action {
            case .conjunction, .note: continue
            default:
                throw FlowTextError(
                    "\"conjunction\" actions may be used along with \"note\" but not any other "
                        + "kind of action (such as the \"\(ActionName.name(of: action))\" action "
                        + "used here)")
            }
        }
    }

    private static func verifyNesting(
        _ action: Action, _ outer: ActionParser.Outer
    ) throws(FlowTextError) {
        let target = writtenField(of: action)
        let writesConntrack = target == .ctMark || target == .ctLabel
        if writesConntrack, outer != .ct {
            throw FlowTextError("cannot set CT fields outside of ct action")
        }
        if case .nat = action {
            guard outer == .ct else {
                throw FlowTextError("Cannot have NAT action outside of \"ct\" action")
            }
            return
        }
        if outer == .ct {
            guard let target else { throw unsupported(action, outer) }
            guard writesConntrack else {
                throw FlowTextError(
                    "ct action doesn't support nested modification of \(target.info.name)")
            }
        }
        if case .meter = action, outer != .none { throw unsupported(action, outer) }
    }

    private static func writtenField(of action: Action) -> Field? {
        switch action {
        case .setField(let set), .registerLoad(let set): return set.field
        case .registerMove(_, let target): return target.field
        default: return nil
        }
    }

    private static func unsupported(
        _ action: Action, _ outer: ActionParser.Outer
    ) -> FlowTextError {
        FlowTextError(
            "\(outer.name) action doesn't support nested action \(ActionName.name(of: action))")
    }
}
