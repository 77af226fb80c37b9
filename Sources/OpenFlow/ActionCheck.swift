// The rules for a flow's actions that depend on its match and on the switch: prerequisites of
// fields, what earlier actions did to the packet, ports, tables, groups and meters. Run on every
// flow-mod, group-mod and packet-out before it takes effect.

import Flow

/// Checks actions against a match and a switch.
///
/// **Errors**: OFPBAC_MATCH_INCONSISTENT where a field or action needs headers that the match does
/// not promise; OFPBAC_BAD_OUT_PORT, OFPBIC_BAD_TABLE_ID, OFPBAC_BAD_OUT_GROUP,
/// OFPMMFC_INVALID_METER for what the switch lacks; OFPBAC_BAD_SET_LEN, OFPBAC_BAD_SET_ARGUMENT,
/// OFPBAC_BAD_ARGUMENT, OFPBAC_BAD_TAG for what no packet allows.
public struct ActionCheck {
    /// OpenFlow 1.0 tolerates inconsistencies that later versions refuse.
    public var version: OpenFlowVersion
    /// What is known of the packets.
    public var context: FieldContext
    public var oxm: OXMCodec
    /// Plain port numbers must be below.
    public var portLimit: UInt32 = 0xff00
    /// The flow's table; 255 where it has none yet.
    public var table: UInt8 = 255
    /// How many tables there are; 255 where any will do.
    public var tableCount: UInt8 = 255
    /// Nil accepts every group.
    public var groupExists: ((UInt32) -> Bool)?
    /// Nil accepts every meter.
    public var meterExists: ((UInt32) -> Bool)?

    public init(
        version: OpenFlowVersion, match: FlowMatch, tunnelOptions: TunnelOptionTable? = nil
    ) {
        self.init(version: version, context: FieldContext(match), tunnelOptions: tunnelOptions)
    }

    public init(
        version: OpenFlowVersion, context: FieldContext, tunnelOptions: TunnelOptionTable?
    ) {
        self.version = version
        self.context = context
        self.oxm = OXMCodec(tunnelOptions: tunnelOptions)
    }

    public func check(_ actions: [Action]) throws(OpenFlowError) {
        var run = ActionCheckRun(check: self, context: context)
        try run.check(actions)
        if run.isInconsistent && version > .v1_0 {
            throw OpenFlowError(.ofpbacMatchInconsistent)
        }
    }
}

/// The state of one check: the packet as the actions so far have left it.
private struct ActionCheckRun {
    let check: ActionCheck
    var context: FieldContext
    /// Whether an action does not suit the packet in a way that OpenFlow 1.0 lets pass.
    var isInconsistent = false

    mutating func check(_ actions: [Action]) throws(OpenFlowError) {
        for action in actions {
            try checkHeaders(action)
            try checkFields(action)
            try checkTargets(action)
            try checkNested(action)
            context.apply(action)
        }
    }

    /// Header changes that need a header.
    private mutating func checkHeaders(_ action: Action) throws(OpenFlowError) {
        switch action {
        case .setVLANVID(_, let pushIfNeeded), .setVLANPCP(_, let pushIfNeeded):
            require(context.hasVLAN || pushIfNeeded)
        case .stripVLAN: require(context.hasVLAN)
        case .pushVLAN:
            if context.innerVLANTCI & 0x1000 != 0 { throw OpenFlowError(.ofpbacBadTag) }
        case .setIPv4Source, .setIPv4Destination: require(context.isIPv4)
        case .setIPDSCP, .setIPECN, .setIPTTL, .decrementTTL: require(context.isIP)
        case .setL4SourcePort, .setL4DestinationPort:
            require(context.meets(.tcp) || context.meets(.udp) || context.meets(.sctp))
        case .setMPLSLabel, .setMPLSTC, .setMPLSTTL, .decrementMPLSTTL: require(context.isMPLS)
        case .pushMPLS: require(context.packetType == 0)
        case .popMPLS: require(context.packetType == 0 && context.isMPLS)
        case .finTimeout: require(context.ipProtocol == 6)
        default: break
        }
    }

    private mutating func require(_ condition: Bool) {
        if !condition { isInconsistent = true }
    }

    private func checkFields(_ action: Action) throws(OpenFlowError) {
        switch action {
        case .setField(let set), .registerLoad(let set): try checkSet(set)
        case .registerMove(let source, let destination):
            try checkSource(source)
            try checkDestination(destination)
        case .outputRegister(let source, _), .stackPush(let source): try checkSource(source)
        case .stackPop(let destination): try checkDestination(destination)
        case .bundle(let bundle):
            if let destination = bundle.destination { try checkDestination(destination) }
        case .multipath(let multipath): try checkDestination(multipath.destination)
        case .deleteField(let field):
            guard field.tunnelMetadataIndex != nil else {
                throw OpenFlowError(.ofpbacBadArgument, "delete_field")
            }
        case .learn(let learn): try checkLearn(learn)
        default: break
        }
    }

    private func checkSet(_ set: SetFieldAction) throws(OpenFlowError) {
        let info = set.field.info
        guard info.writable else { throw OpenFlowError(.ofpbacBadSetArgument, info.name) }
        guard meetsForChange(info.prerequisite), set.field != .vlanVID || context.hasVLAN else {
            throw OpenFlowError(.ofpbacMatchInconsistent, info.name)
        }
    }

    /// As `meets`, but that a match on the connection's state does not promise a valid one.
    private func meetsForChange(_ prerequisite: FieldPrerequisite) -> Bool {
        prerequisite == .ct ? context.ctState & 0x0b != 0 : context.meets(prerequisite)
    }

    private func checkSource(
        _ source: Subfield, _ context: FieldContext? = nil
    ) throws(OpenFlowError) {
        try check.oxm.checkSource(source)
        let info = source.field.info
        guard (context ?? self.context).meets(info.prerequisite) else {
            throw OpenFlowError(.ofpbacMatchInconsistent, info.name)
        }
    }

    private func checkDestination(
        _ destination: Subfield, _ context: FieldContext? = nil
    ) throws(OpenFlowError) {
        try checkSource(destination, context)
        guard destination.field.info.writable else {
            throw OpenFlowError(.ofpbacBadSetArgument, destination.field.info.name)
        }
    }

    /// The learned flow's fields need what its own match says so far.
    private func checkLearn(_ learn: LearnAction) throws(OpenFlowError) {
        var learned = FlowMatch()
        for specification in learn.specifications {
            if case .field(let source) = specification.source { try checkSource(source) }
            switch specification.destination {
            case .match(let target):
                try checkSource(target, FieldContext(learned))
                if case .immediate(let value) = specification.source {
                    learned.constrain(target, to: value, oxm: check.oxm)
                }
            case .load(let target): try checkDestination(target, FieldContext(learned))
            case .output: break
            }
        }
    }

    /// Ports, tables, groups and meters.
    private func checkTargets(_ action: Action) throws(OpenFlowError) {
        switch action {
        case .output(let port, _), .outputTruncated(let port, _):
            try ActionPorts.check(port, limit: check.portLimit)
        case .enqueue(let port, _):
            guard port < check.portLimit || port == ReservedPort.inPort
                || port == ReservedPort.local
            else { throw OpenFlowError(.ofpbacBadOutPort, "enqueue") }
        case .bundle(let bundle):
            for member in bundle.members where member != ReservedPort.any {
                try ActionPorts.check(member, limit: check.portLimit)
            }
        case .group(let group):
            if let exists = check.groupExists, !exists(group) {
                throw OpenFlowError(.ofpbacBadOutGroup, "group \(group)")
            }
        case .controller(let controller):
            if controller.meterID != 0 { try checkMeter(controller.meterID) }
        case .meter(let meter):
            guard meter != 0, meter <= 0xffff_0000 else {
                throw OpenFlowError(.ofpmmfcInvalidMeter, "meter \(meter)")
            }
            try checkMeter(meter)
        case .gotoTable(let table):
            guard check.table == 255 || table > check.table,
                check.tableCount == 255 || table < check.tableCount
            else { throw OpenFlowError(.ofpbicBadTableId, "table \(table)") }
        default: break
        }
    }

    private func checkMeter(_ meter: UInt32) throws(OpenFlowError) {
        if let exists = check.meterExists, !exists(meter) {
            throw OpenFlowError(.ofpmmfcInvalidMeter, "meter \(meter)")
        }
    }

    private mutating func checkNested(_ action: Action) throws(OpenFlowError) {
        switch action {
        case .resubmit(let resubmit):
            if resubmit.withConntrackTuple && !context.isConnectionValid {
                throw OpenFlowError(.ofpbacMatchInconsistent, "resubmit with ct")
            }
        case .clone(let actions):
            var nested = self
            try nested.check(actions)
            isInconsistent = nested.isInconsistent
        case .writeActions(let actions):
            // When the set runs the packet may be another: only hard errors count.
            var nested = self
            try nested.check(actions)
        case .ct(let ct): try checkConntrack(ct)
        case .nat(let nat):
            guard context.isIP, nat.ipv4Min == nil || context.isIPv4,
                nat.ipv6Min == nil || context.isIPv6
            else { throw OpenFlowError(.ofpbacMatchInconsistent, "nat") }
        default: break
        }
    }

    private mutating func checkConntrack(_ ct: ConntrackAction) throws(OpenFlowError) {
        let isInvalid = context.ctState & 0x10 != 0
        guard context.isIP, !(isInvalid && ct.commit),
            ct.alg != 21 || context.ipProtocol == 6, ct.alg != 69 || context.ipProtocol == 17
        else { throw OpenFlowError(.ofpbacMatchInconsistent, "ct") }
        if let zone = ct.zoneField {
            // What nests is not looked at here, as in Open vSwitch.
            try checkSource(zone)
            return
        }
        var nested = self
        try nested.check((ct.nat.map { [.nat($0)] } ?? []) + ct.exec)
        isInconsistent = nested.isInconsistent
    }
}

extension FlowMatch {
    /// Constrains a part of a field to an immediate value.
    mutating func constrain(_ target: Subfield, to value: FieldValue, oxm: OXMCodec) {
        let count = oxm.byteCount(of: target.field)
        var wide = FieldValue(0, byteCount: count)
        var mask = wide
        wide.setBits(at: target.offset, count: target.bitCount, from: value)
        mask.setBits(
            at: target.offset, count: target.bitCount,
            from: .ones(bitCount: target.bitCount, byteCount: (target.bitCount + 7) / 8))
        if let index = target.field.tunnelMetadataIndex {
            guard let mapping = oxm.tunnelOptions?.mapping(index) else { return }
            setTunnelOption(mapping, value: wide, mask: mask)
        } else {
            set(target.field, value: wide, mask: mask)
        }
    }
}
