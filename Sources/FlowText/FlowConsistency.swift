// Whether actions fit a flow's match: what they must know of the packet's headers, ports and
// tables. Some misfits are wrong in every version of OpenFlow; others only OpenFlow 1.0 tolerates,
// and then nothing in the flow may need a later version.

import Flow
import OpenFlow

/// Follows the actions of one flow and keeps what they make of the headers.
struct FlowConsistency {
    private var headers: FieldContext
    private let table: UInt8
    /// Whether only OpenFlow 1.0 would take the actions so far.
    private var needsOldVersion = false

    private init(_ headers: FieldContext, table: UInt8) {
        self.headers = headers
        self.table = table
    }

    /// Throws as the tools do where the actions of a flow do not fit its match.
    static func check(_ flow: ParsedFlow) throws(FlowTextError) {
        var checker = FlowConsistency(FieldContext(flow.match), table: flow.table)
        try checker.check(flow.actions)
        let newFlags: FlowFlags = [.resetCounts, .noPacketCounts, .noByteCounts]
        let needsNewVersion =
            !flow.flags.isDisjoint(with: newFlags) || needsNewVersion(flow.actions)
        let unsendable: [Field] = [.skbPriority, .tunnelTTL, .tunnelTOS]
        if checker.needsOldVersion && needsNewVersion
            || unsendable.contains(where: { flow.match.constrains($0) })
        {
            throw invalid("OFPBAC_MATCH_INCONSISTENT")
        }
    }

    private static func invalid(_ code: String) -> FlowTextError {
        FlowTextError("actions are invalid with specified match (\(code))")
    }

    /// Whether some action does not exist in OpenFlow 1.0. A clone forgets what came before it.
    private static func needsNewVersion(_ actions: [Action]) -> Bool {
        var needed = false
        for action in actions {
            switch action {
            case .pushVLAN, .meter: needed = true
            case .clone(let inner): needed = needsNewVersion(inner)
            case .writeActions(let inner): needed = needed || needsNewVersion(inner)
            case .ct(let ct): needed = needed || needsNewVersion(ct.exec)
            default: break
            }
        }
        return needed
    }

    // MARK: Actions

    private mutating func check(_ actions: [Action]) throws(FlowTextError) {
        let before = headers
        for action in actions { try check(action) }
        headers = before
    }

    private mutating func check(_ action: Action) throws(FlowTextError) {
        switch action {
        case .output(let port, _): try checkPort(port)
        case .outputTruncated(let port, _): try checkPort(port)
        case .enqueue(let port, _):
            let special = port == ReservedPort.inPort || port == ReservedPort.local
            guard port < ReservedPort.max || special else {
                throw FlowConsistency.invalid("OFPBAC_BAD_OUT_PORT")
            }
        case .bundle(let bundle):
            if let destination = bundle.destination { try checkDestination(destination) }
            for member in bundle.members {
                if member != ReservedPort.any { try checkPort(member) }
                if member == ReservedPort.controller {
                    throw FlowConsistency.invalid("OFPBAC_BAD_OUT_PORT")
                }
            }
        case .outputRegister(let source, _), .stackPush(let source): try checkSource(source)
        case .registerMove(let source, let target):
            try checkSource(source)
            try checkDestination(target)
        case .stackPop(let target): try checkDestination(target)
        case .multipath(let multipath): try checkDestination(multipath.destination)
        case .setField(let set), .registerLoad(let set): try checkSetField(set)
        case .deleteField(let field):
            guard field.tunnelMetadataIndex != nil else {
                throw FlowConsistency.invalid("OFPBAC_BAD_ARGUMENT")
            }
        case .meter(let meter):
            guard meter != 0, meter <= 0xffff_0000 else {
                throw FlowConsistency.invalid("OFPMMFC_INVALID_METER")
            }
        case .gotoTable(let next):
            guard table == 255 || next > table else {
                throw FlowConsistency.invalid("OFPBIC_BAD_TABLE_ID")
            }
        default:
            checkHeaders(action)
            try checkNested(action)
        }
    }

    private mutating func checkNested(_ action: Action) throws(FlowTextError) {
        switch action {
        case .resubmit(let resubmit):
            guard !resubmit.withConntrackTuple || headers.isConnectionValid else {
                throw FlowConsistency.invalid("OFPBAC_MATCH_INCONSISTENT")
            }
        case .learn(let learn): try checkLearn(learn)
        case .ct(let ct): try checkConntrack(ct)
        case .nat(let nat): try checkNAT(nat)
        case .clone(let inner): try check(inner)
        case .writeActions(let inner):
            var nested = self
            try nested.check(inner)
        case .pushVLAN:
            guard headers.innerVLANTCI & 0x1000 == 0 else {
                throw FlowConsistency.invalid("OFPBAC_BAD_TAG")
            }
            headers.innerVLANTCI = headers.vlanTCI
            headers.vlanTCI = 0x1000
        default: break
        }
    }

    private mutating func checkHeaders(_ action: Action) {
        switch action {
        case .setVLANVID(_, let push), .setVLANPCP(_, let push):
            if !headers.hasVLAN, !push { needsOldVersion = true }
            headers.vlanTCI |= 0x1000
        case .stripVLAN:
            if !headers.hasVLAN { needsOldVersion = true }
            headers.vlanTCI = headers.innerVLANTCI
            headers.innerVLANTCI = 0
        case .setIPv4Source, .setIPv4Destination:
            if !headers.isIPv4 { needsOldVersion = true }
        case .setIPDSCP, .setIPECN, .setIPTTL, .decrementTTL:
            if !headers.isIP { needsOldVersion = true }
        case .setL4SourcePort, .setL4DestinationPort:
            let hasPorts = [6, 17, 132].contains(headers.ipProtocol)
            if !headers.isIP || headers.ipFragment & 2 != 0 || !hasPorts { needsOldVersion = true }
        case .setMPLSLabel, .setMPLSTC, .setMPLSTTL, .decrementMPLSTTL:
            if !headers.isMPLS { needsOldVersion = true }
        case .pushMPLS(let type):
            if headers.packetType != 0 { needsOldVersion = true }
            headers.ethType = type
            headers.ipProtocol = 0
        case .popMPLS(let type):
            if headers.packetType != 0 || !headers.isMPLS { needsOldVersion = true }
            headers.ethType = type
        case .finTimeout:
            if headers.ipProtocol != 6 { needsOldVersion = true }
        default: break
        }
    }

    // MARK: Parts of actions

    private func checkPort(_ port: UInt32) throws(FlowTextError) {
        if port < ReservedPort.max { return }
        switch port {
        case ReservedPort.inPort, ReservedPort.table, ReservedPort.normal, ReservedPort.flood,
            ReservedPort.all, ReservedPort.controller, ReservedPort.local:
            return
        default: throw FlowConsistency.invalid("OFPBAC_BAD_OUT_PORT")
        }
    }

    private func checkSource(_ source: Subfield) throws(FlowTextError) {
        guard headers.meets(source.field.info.prerequisite) else {
            throw FlowConsistency.invalid("OFPBAC_MATCH_INCONSISTENT")
        }
    }

    private func checkDestination(_ target: Subfield) throws(FlowTextError) {
        try checkSource(target)
        guard target.field.info.writable else {
            throw FlowConsistency.invalid("OFPBAC_BAD_SET_ARGUMENT")
        }
    }

    private mutating func checkSetField(_ set: SetFieldAction) throws(FlowTextError) {
        guard headers.meets(set.field.info.prerequisite),
            set.field != .vlanVID || headers.hasVLAN
        else { throw FlowConsistency.invalid("OFPBAC_MATCH_INCONSISTENT") }
        if set.field == .vlanTCI {
            headers.vlanTCI = UInt16(truncatingIfNeeded: set.value.low64)
        }
    }

    private mutating func checkConntrack(_ ct: ConntrackAction) throws(FlowTextError) {
        let invalidCommit = headers.ctState & 0x10 != 0 && ct.commit
        let wrongHelper =
            ct.alg == 21 && headers.ipProtocol != 6 || ct.alg == 69 && headers.ipProtocol != 17
        guard headers.isIP, !invalidCommit, !wrongHelper else {
            throw FlowConsistency.invalid("OFPBAC_MATCH_INCONSISTENT")
        }
        if let zone = ct.zoneField {
            try checkSource(zone)
            return
        }
        if let nat = ct.nat { try checkNAT(nat) }
        try check(ct.exec)
    }

    private func checkNAT(_ nat: NATAction) throws(FlowTextError) {
        let wrongFamily =
            nat.ipv4Min != nil && !headers.isIPv4 || nat.ipv6Min != nil && !headers.isIPv6
        guard headers.isIP, !wrongFamily else {
            throw FlowConsistency.invalid("OFPBAC_MATCH_INCONSISTENT")
        }
    }

    /// The learned flow's match gives the ground for its later specifications.
    private func checkLearn(_ learn: LearnAction) throws(FlowTextError) {
        var learned = MatchParser(FlowTextContext())
        for spec in learn.specifications {
            if case .field(let source) = spec.source { try checkSource(source) }
            let learnedHeaders = FlowConsistency(FieldContext(learned.result), table: table)
            switch spec.destination {
            case .match(let target):
                try learnedHeaders.checkSource(target)
                if case .immediate(let value) = spec.source { learned.write(value, to: target) }
            case .load(let target): try learnedHeaders.checkDestination(target)
            case .output: break
            }
        }
    }
}
