// Compiles OpenFlow actions into the flat instructions that the interpreter runs. Field writes
// become masked writes of 64-bit key words; larger actions get an operand block that the program
// owns. Called by the bridge for every rule, group bucket and packet-out; the control loop owns it.

import Flow
import OpenFlow
import Pipeline

/// What the compiler must ask of the bridge.
public protocol ActionResolver: AnyObject {
    /// The bridge's meaning of `tun_metadata<n>`.
    var tunnelOptions: TunnelOptionTable { get }
    /// The datapath's number for one of the bridge's meters; 0 where there is none.
    func datapathMeter(_ meterID: UInt32) -> UInt32
    /// Registers a `learn` action and returns the handle by which its events name it.
    func register(_ learn: LearnAction) -> UInt64
}

/// The outcome of a compilation.
public struct CompiledActions {
    public let program: Program
    /// Clauses of conjunctive matches among the actions.
    public let clauses: [ConjunctionClause]
    /// Handles that were registered; to be given back when the program is freed.
    public let learnHandles: [UInt64]
}

/// Compiles one action list.
///
/// **Source**: ovs-actions(7).
public struct ActionCompiler {
    let resolver: any ActionResolver
    var blocks: [UnsafeMutableRawPointer] = []
    var clauses: [ConjunctionClause] = []
    var learnHandles: [UInt64] = []

    init(resolver: any ActionResolver) { self.resolver = resolver }

    /// The program of `actions`.
    public static func compile(
        _ actions: [Action], resolver: any ActionResolver
    ) -> CompiledActions {
        var compiler = ActionCompiler(resolver: resolver)
        let list = compiler.instructions(actions)
        return CompiledActions(
            program: Program(list, blocks: compiler.blocks), clauses: compiler.clauses,
            learnHandles: compiler.learnHandles)
    }

    mutating func instructions(_ actions: [Action]) -> [Instruction] {
        var list: [Instruction] = []
        list.reserveCapacity(actions.count)
        for action in actions { append(action, to: &list) }
        return list
    }

    private mutating func append(_ action: Action, to list: inout [Instruction]) {
        if appendOutput(action, to: &list) { return }
        if appendHeaderChange(action, to: &list) { return }
        if appendControl(action, to: &list) { return }
        appendPipeline(action, to: &list)
    }

    /// Actions that send the packet somewhere.
    private mutating func appendOutput(_ action: Action, to list: inout [Instruction]) -> Bool {
        switch action {
        case .output(let port, let maxLength):
            list.append(Instruction(.output, b: maxLength, c: port))
        case .outputTruncated(let port, let maxLength):
            list.append(Instruction(.outputTruncated, c: port, x: UInt64(maxLength)))
        case .outputRegister(let source, let maxLength):
            guard let range = range(source) else { return true }
            list.append(Instruction(.outputRegister, b: maxLength, x: range.packed))
        case .controller(let controller):
            list.append(Instruction(.controller, x: operands(controller)))
        case .enqueue(let port, let queue):
            list.append(Instruction(.enqueue, c: port, x: UInt64(queue)))
        case .bundle(let bundle):
            list.append(Instruction(.bundle, x: operands(bundle)))
        case .group(let group):
            list.append(Instruction(.group, c: group))
        default: return false
        }
        return true
    }

    /// Actions that change headers or metadata.
    private mutating func appendHeaderChange(
        _ action: Action, to list: inout [Instruction]
    ) -> Bool {
        switch action {
        case .setField(let set), .registerLoad(let set):
            write(set.field, value: set.value, mask: set.mask, to: &list)
        case .setVLANVID(let vid, let push):
            list.append(Instruction(.setVLANVID, a: push ? 1 : 0, b: vid))
        case .setVLANPCP(let pcp, let push):
            list.append(Instruction(.setVLANPCP, a: push ? 1 : 0, b: UInt16(pcp)))
        case .stripVLAN: list.append(Instruction(.stripVLAN))
        case .pushVLAN(let type): list.append(Instruction(.pushVLAN, b: type))
        case .setEthSource(let address): write(.ethSource, address.value, to: &list)
        case .setEthDestination(let address): write(.ethDestination, address.value, to: &list)
        case .setIPv4Source(let address): write(.ipv4Source, UInt64(address), to: &list)
        case .setIPv4Destination(let address):
            write(.ipv4Destination, UInt64(address), to: &list)
        case .setIPDSCP(let tos): write(.ipDSCP, UInt64(tos >> 2), guard: .ip, to: &list)
        case .setIPECN(let ecn): write(.ipECN, UInt64(ecn), guard: .ip, to: &list)
        case .setIPTTL(let ttl): write(.ipTTL, UInt64(ttl), guard: .ip, to: &list)
        case .setL4SourcePort(let port): write(.tcpSource, UInt64(port), guard: .l4, to: &list)
        case .setL4DestinationPort(let port):
            write(.tcpDestination, UInt64(port), guard: .l4, to: &list)
        case .decrementTTL(let controllers): list.append(decrementTTL(controllers))
        case .setMPLSLabel(let label):
            list.append(
                Instruction(.setMPLS, x: UInt64(label & 0xf_ffff) << 12, y: 0xffff_f000))
        case .setMPLSTC(let tc):
            list.append(Instruction(.setMPLS, x: UInt64(tc & 7) << 9, y: 0xe00))
        case .setMPLSTTL(let ttl): list.append(Instruction(.setMPLS, x: UInt64(ttl), y: 0xff))
        case .decrementMPLSTTL: list.append(Instruction(.decrementMPLSTTL))
        case .pushMPLS(let type): list.append(Instruction(.pushMPLS, b: type))
        case .popMPLS(let type): list.append(Instruction(.popMPLS, b: type))
        case .setTunnel(let id, _): write(.tunnelID, id, to: &list)
        case .writeMetadata(let value, let mask):
            write(
                .metadata, value: FieldValue(value, byteCount: 8),
                mask: FieldValue(mask, byteCount: 8), to: &list)
        case .deleteField(let field):
            guard let index = field.tunnelMetadataIndex else { return true }
            list.append(Instruction(.deleteField, a: UInt8(index)))
        default: return false
        }
        return true
    }

    /// Actions that move bits about or keep state.
    private mutating func appendControl(_ action: Action, to list: inout [Instruction]) -> Bool {
        switch action {
        case .registerMove(let from, let to): appendMove(from: from, to: to, to: &list)
        case .stackPush(let source):
            guard let range = range(widened(source)) else { return true }
            list.append(Instruction(.stackPush, x: range.packed))
        case .stackPop(let target):
            guard let range = range(widened(target)) else { return true }
            list.append(
                Instruction(.stackPop, b: fieldGuard(target.field).rawValue, x: range.packed))
            markPresent(target.field, to: &list)
        case .multipath(let multipath):
            list.append(Instruction(.multipath, x: operands(multipath)))
        case .checkPacketLarger(let target, let length):
            guard let range = range(target) else { return true }
            list.append(Instruction(.checkPacketLarger, c: UInt32(length), x: range.packed))
        case .setQueue(let queue): list.append(Instruction(.setQueue, c: queue))
        case .popQueue: list.append(Instruction(.popQueue))
        case .finTimeout(let idle, let hard):
            list.append(Instruction(.finTimeout, x: UInt64(idle), y: UInt64(hard)))
        case .learn(let learn): list.append(Instruction(.learn, x: operands(learn)))
        case .conjunction(let id, let clause, let clauses):
            self.clauses.append(ConjunctionClause(id: id, clause: clause, clauses: clauses))
            list.append(Instruction(.conjunction))
        default: return false
        }
        return true
    }

    /// Actions that steer the pipeline.
    private mutating func appendPipeline(_ action: Action, to list: inout [Instruction]) {
        switch action {
        case .resubmit(let resubmit):
            list.append(
                Instruction(
                    .resubmit, a: resubmit.table, b: resubmit.withConntrackTuple ? 1 : 0,
                    c: resubmit.inPort))
        case .exit: list.append(Instruction(.exit))
        case .ct(let ct): list.append(Instruction(.ct, x: operands(ct)))
        case .ctClear: list.append(Instruction(.ctClear))
        case .clone(let actions):
            let (place, count) = nested(actions)
            list.append(Instruction(.clone, c: count, x: place))
        case .meter(let meter):
            list.append(Instruction(.meter, c: resolver.datapathMeter(meter)))
        case .clearActions: list.append(Instruction(.clearActions))
        case .writeActions(let actions):
            let (place, count) = nested(actions)
            list.append(Instruction(.writeActions, c: count, x: place))
        case .gotoTable(let table): list.append(Instruction(.gotoTable, a: table))
        default: break  // `note`, and `nat` outside of `ct`, do nothing.
        }
    }

    private func decrementTTL(_ controllers: [UInt16]) -> Instruction {
        let kept = controllers.prefix(4)
        var ids: UInt64 = 0
        for (index, id) in kept.enumerated() { ids |= UInt64(id) << UInt64(index * 16) }
        return Instruction(.decrementTTL, c: UInt32(kept.count), x: ids)
    }

    private mutating func appendMove(
        from: Subfield, to target: Subfield, to list: inout [Instruction]
    ) {
        let isWide = from.field == .inPort16 && from.isWhole && target.field == .inPort16
        let source = isWide ? Subfield(.inPort) : from
        let destination = isWide ? Subfield(.inPort) : target
        guard let sourceRange = range(source), let range = range(destination) else { return }
        list.append(
            Instruction(
                .move, a: UInt8(truncatingIfNeeded: fieldGuard(target.field).rawValue),
                b: fieldGuard(from.field).rawValue, x: range.packed, y: sourceRange.packed))
        markPresent(target.field, to: &list)
    }

    /// The 16-bit view of `in_port` goes through the stack at its full width, so that reserved
    /// ports come back whole.
    private func widened(_ subfield: Subfield) -> Subfield {
        subfield.field == .inPort16 && subfield.isWhole ? Subfield(.inPort) : subfield
    }
}
