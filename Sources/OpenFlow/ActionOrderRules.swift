// Which actions may stand together: the order of instructions, what may nest in what, and what a
// conjunction tolerates beside it. The rules need no match; `ActionCheck` has those that do.

import Flow

/// OpenFlow 1.1's instructions, in their order of execution.
public enum InstructionKind: UInt8, Comparable, CaseIterable, Hashable, Sendable {
    case meter, applyActions, clearActions, writeActions, writeMetadata, gotoTable

    public static func < (left: InstructionKind, right: InstructionKind) -> Bool {
        left.rawValue < right.rawValue
    }

    /// The number on the wire.
    public var number: UInt16 {
        switch self {
        case .gotoTable: return 1
        case .writeMetadata: return 2
        case .writeActions: return 3
        case .applyActions: return 4
        case .clearActions: return 5
        case .meter: return 6
        }
    }

    public init?(number: UInt16) {
        guard let kind = InstructionKind.allCases.first(where: { $0.number == number }) else {
            return nil
        }
        self = kind
    }
}

extension Action {
    /// The instruction that carries this action in `version`.
    public func instruction(in version: OpenFlowVersion) -> InstructionKind {
        switch self {
        case .meter: return version >= .v1_5 ? .applyActions : .meter
        case .clearActions: return .clearActions
        case .writeActions: return .writeActions
        case .writeMetadata: return .writeMetadata
        case .gotoTable: return .gotoTable
        default: return .applyActions
        }
    }

    /// The field that a set-field, load or move writes.
    var writtenField: Field? {
        switch self {
        case .setField(let set), .registerLoad(let set): return set.field
        case .registerMove(_, let destination): return destination.field
        default: return nil
        }
    }
}

enum ActionOrderRules {
    /// What may appear at the top of the list.
    enum Place { case actionList, instructions, nested }
    /// What the list is nested in, as far as it matters.
    enum Outer { case none, ct, clone }

    static func verify(
        _ actions: [Action], version: OpenFlowVersion, _ place: Place, outer: Outer
    ) throws(OpenFlowError) {
        var current = InstructionKind.meter
        for (position, action) in actions.enumerated() {
            if case .conjunction = action {
                try verifyConjunction(actions)
                return
            }
            try verifyNesting(action, outer)
            let next = action.instruction(in: version)
            if position > 0, current == .applyActions ? next < current : next <= current {
                throw OpenFlowError(.ofpbacUnsupportedOrder)
            }
            let isAllowed =
                place == .instructions || next == .applyActions
                || place == .actionList && next == .meter
            guard isAllowed else { throw OpenFlowError(.ofpbicUnsupInst) }
            current = next
        }
    }

    private static func verifyConjunction(_ actions: [Action]) throws(OpenFlowError) {
        for action in actions {
            switch action {
            case .conjunction, .note: continue
            default: throw OpenFlowError(.nxbacBadConjunction, "beside another action")
            }
        }
    }

    private static func verifyNesting(
        _ action: Action, _ outer: Outer
    ) throws(OpenFlowError) {
        let field = action.writtenField
        let writesConnection = field == .ctMark || field == .ctLabel
        if writesConnection && outer != .ct {
            throw OpenFlowError(.ofpbacBadSetArgument, "connection field outside of ct")
        }
        if case .nat = action {
            guard outer == .ct else {
                throw OpenFlowError(.ofpbacBadSetArgument, "nat outside of ct")
            }
            return
        }
        if outer == .ct && !writesConnection {
            throw OpenFlowError(.ofpbacBadArgument, "not allowed within ct")
        }
        if case .meter = action, outer != .none { throw OpenFlowError(.ofpbacBadArgument) }
    }
}
