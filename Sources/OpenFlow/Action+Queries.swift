// Questions that flow tables ask of actions: where they output, what they need, and what an
// action set executes.

import Flow

extension Action {
    /// Whether write-actions may put it into the action set.
    public var isAllowedInActionSet: Bool { ActionSet.place(of: self) != .forbidden }

    /// The actions nested in this one.
    public var nested: [Action] {
        switch self {
        case .clone(let actions), .writeActions(let actions): return actions
        case .ct(let ct): return ct.exec + (ct.nat.map { [.nat($0)] } ?? [])
        default: return []
        }
    }

    /// Every field that it names.
    var namedFields: [Field] {
        switch self {
        case .outputRegister(let field, _), .stackPush(let field), .stackPop(let field),
            .checkPacketLarger(let field, _):
            return [field.field]
        case .setField(let set), .registerLoad(let set): return [set.field]
        case .registerMove(let source, let destination): return [source.field, destination.field]
        case .deleteField(let field): return [field]
        case .bundle(let bundle): return bundle.destination.map { [$0.field] } ?? []
        case .multipath(let multipath): return [multipath.destination.field]
        case .ct(let ct): return ct.zoneField.map { [$0.field] } ?? []
        case .learn(let learn):
            var fields = learn.resultDestination.map { [$0.field] } ?? []
            for specification in learn.specifications {
                if case .field(let source) = specification.source { fields.append(source.field) }
                switch specification.destination {
                case .match(let target), .load(let target): fields.append(target.field)
                case .output: break
                }
            }
            return fields
        default: return []
        }
    }
}

extension [Action] {
    /// Whether any, nested ones too, outputs to `port`: the filter of flow requests.
    public func outputs(to port: UInt32) -> Bool {
        contains { action in
            switch action {
            case .output(port, _), .enqueue(port, _): return true
            case .controller: return port == ReservedPort.controller
            default: return action.nested.outputs(to: port)
            }
        }
    }

    /// Whether any, nested ones too, sends to `group`.
    public func outputs(toGroup group: UInt32) -> Bool {
        contains { action in
            if case .group(group) = action { return true }
            return action.nested.outputs(toGroup: group)
        }
    }

    /// Bit n is set where `tun_metadata<n>` is named.
    public var tunnelOptionsUsed: UInt64 {
        reduce(0) { used, action in
            var used = used | action.nested.tunnelOptionsUsed
            for field in action.namedFields {
                if let index = field.tunnelMetadataIndex { used |= 1 << UInt64(index) }
            }
            return used
        }
    }
}

/// The action set of OpenFlow 1.1: what write-actions collects and the end of the pipeline runs.
public enum ActionSet {
    /// Where an action of the set is executed. Slots hold one action each, the last written.
    enum Place: Int, Comparable {
        case stripVLAN, popMPLS, pushMPLS, pushVLAN, decrementTTL, decrementMPLSTTL
        case set
        case ct, ctClear, resubmit, output, group
        case forbidden

        static func < (left: Place, right: Place) -> Bool { left.rawValue < right.rawValue }
    }

    /// The actions to execute, in order; none where the set has no final action such as output.
    ///
    /// **Source**: OpenFlow 1.3, section 5.10; ovs-actions(7), "Action Sets".
    public static func executionOrder(of set: [Action]) -> [Action] {
        var slots = [Action?](repeating: nil, count: Place.set.rawValue)
        var changes: [Action] = []
        var final: Action?
        var finalPlace = Place.set
        for action in set {
            let place = place(of: action)
            if place < .set {
                slots[place.rawValue] = action
            } else if place == .set {
                changes.append(action)
            } else if place != .forbidden, place >= finalPlace {
                final = action
                finalPlace = place
            }
        }
        guard let final else { return [] }
        return slots.compactMap { $0 } + changes + [final]
    }

    static func place(of action: Action) -> Place {
        switch action {
        case .stripVLAN: return .stripVLAN
        case .popMPLS: return .popMPLS
        case .pushMPLS: return .pushMPLS
        case .pushVLAN: return .pushVLAN
        case .decrementTTL: return .decrementTTL
        case .decrementMPLSTTL: return .decrementMPLSTTL
        case .setField, .registerLoad, .registerMove, .setEthSource, .setEthDestination,
            .setIPDSCP, .setIPECN, .setIPTTL, .setIPv4Source, .setIPv4Destination,
            .setL4SourcePort, .setL4DestinationPort, .setMPLSLabel, .setMPLSTC, .setMPLSTTL,
            .setQueue, .setTunnel, .setVLANVID, .setVLANPCP:
            return .set
        case .ct: return .ct
        case .ctClear: return .ctClear
        case .resubmit: return .resubmit
        case .output: return .output
        case .controller(let controller): return controller.isPlainOutput ? .output : .forbidden
        case .group: return .group
        default: return .forbidden
        }
    }
}
