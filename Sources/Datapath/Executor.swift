// Executes recorded operations on the packet in hand: as the interpreter goes on a miss, or a whole
// path at once on a hit. Copies are made only where something after an output needs the packet.

import Conntrack
import Flow
import PacketBuffer
import Pipeline

/// The packet in hand and what is pending for it.
@frozen public struct ExecutionState {
    @inlinable public static var depthMax: Int { 16 }
    /// Nil once it was sent, dropped or held.
    public var packet: PacketBuffer?
    public var positions = PacketPositions()
    public var truncation: UInt32 = 0
    public var priority: UInt32 = 0
    public var mark: UInt32 = 0
    public var savedCount: Int = 0
    public var saved: UnsafeMutablePointer<SavedExecution>
    /// The record's dependencies on a hit; nil on a miss, where ct() has done its work already.
    public var dependencies: UnsafeMutablePointer<RecordDependency>?
    public var extras: (UInt16, UInt16, UInt16, UInt16) = (0, 0, 0, 0)
    public var kinds: (UInt8, UInt8, UInt8, UInt8) = (0, 0, 0, 0)
    public var now: UInt64 = 0
    public var dropReason: DropReason = .none
    public var sentCount: UInt32 = 0

    public init() {
        saved = .allocate(capacity: ExecutionState.depthMax)
    }

    /// Takes a packet in hand, nothing pending for it yet.
    @inline(__always)
    mutating func begin(_ packet: PacketBuffer) {
        self.packet = packet
        truncation = 0
        priority = 0
        mark = 0
        savedCount = 0
        dropReason = .none
        sentCount = 0
    }
}

/// What `clone` keeps.
@frozen public struct SavedExecution {
    public var packet: PacketBuffer?
    public var positions: PacketPositions
    public var truncation: UInt32
    /// What conntrack knows of the packet; a copy's `ct()` leaves the original's as it was.
    public var verdict: ConntrackVerdict?
}

extension Engine {
    /// Executes `count` operations.
    func execute(_ operations: UnsafeMutablePointer<DatapathOperation>, count: Int) {
        let x = state.pointee.execution
        var position = 0
        while position < count {
            let operation = operations + position
            position &+= 1
            switch operation.pointee.code {
            case .output:
                output(operation.pointee)
            case .clone: beginClone()
            case .cloneEnd: endClone()
            case .userspace, .drop: break
            case .truncate: x.pointee.truncation = operation.pointee.b
            case .setPriority: x.pointee.priority = operation.pointee.b
            case .setMark: x.pointee.mark = operation.pointee.b
            case .tunnel: discard(.tunnelUnresolved)
            default:
                guard let packet = x.pointee.packet else { continue }
                edit(packet, operation.pointee)
            }
        }
    }

    /// Operations that change the packet in hand.
    private func edit(_ packet: PacketBuffer, _ o: DatapathOperation) {
        let x = state.pointee.execution
        switch o.code {
        case .setEthernet: PacketEditor.setEthernet(packet, o)
        case .setIPv4:
            if o.flags & 3 != 0 { forgetConnection() }
            PacketEditor.setIPv4(packet, x.pointee.positions, o)
        case .setIPv6Source:
            forgetConnection()
            PacketEditor.setIPv6Address(
                packet, x.pointee.positions, x.pointee.positions.l3 &+ 8, high: o.c, low: o.d)
        case .setIPv6Destination:
            forgetConnection()
            PacketEditor.setIPv6Address(
                packet, x.pointee.positions, x.pointee.positions.l3 &+ 24, high: o.c, low: o.d)
        case .setIPv6: PacketEditor.setIPv6(packet, x.pointee.positions, o)
        case .setL4:
            forgetConnection()
            PacketEditor.setL4(packet, x.pointee.positions, o)
        case .setICMP: PacketEditor.setICMP(packet, x.pointee.positions, o)
        case .setARP: PacketEditor.setARP(packet, x.pointee.positions, o)
        case .setARPHardware: PacketEditor.setARPHardware(packet, x.pointee.positions, o)
        case .setNDTarget: PacketEditor.setNDTarget(packet, x.pointee.positions, o)
        case .setNDLinkLayer: PacketEditor.setNDLinkLayer(packet, x.pointee.positions, o)
        case .setNDExtension: PacketEditor.setNDExtension(packet, x.pointee.positions, o)
        case .pushVLAN: pushTag(packet, tpid: o.a, tci: UInt16(truncatingIfNeeded: o.b))
        case .popVLAN: popTag(packet)
        case .pushMPLS: pushLabel(packet, ethType: o.a, entry: o.b)
        case .popMPLS: popLabel(packet, ethType: o.a)
        case .setMPLS:
            if packet.length >= x.pointee.positions.mplsOffset &+ 4 {
                PacketEditor.store32(o.b, packet.data, x.pointee.positions.mplsOffset)
            }
        case .conntrack: conntrackOperation(packet, o)
        case .meter: police(packet, o.b)
        default: break
        }
    }

    /// A packet with other addresses or ports is looked up anew by the next `ct()` in its zone.
    @inline(__always)
    private func forgetConnection() { state.pointee.verdict.pointee.isCached = false }

    // MARK: Output

    private func output(_ o: DatapathOperation) {
        let x = state.pointee.execution
        guard let packet = x.pointee.packet else { return }
        let truncation = x.pointee.truncation
        x.pointee.truncation = 0
        if o.flags & DatapathOperation.last != 0 && truncation == 0 {
            x.pointee.packet = nil
            send(packet, to: o.b)
            return
        }
        guard let copy = state.pointee.pool.copy(packet) else {
            state.pointee.counters.drop(.noBuffer)
            return
        }
        if truncation != 0 && copy.length > Int(truncation) {
            if copy.needsChecksum { _ = copy.finishChecksum() }
            _ = copy.trim(to: Int(truncation))
            copy.metadata.pointee.gsoType = 0
        }
        send(copy, to: o.b)
    }

    @inline(__always)
    private func send(_ packet: PacketBuffer, to port: UInt32) {
        if state.pointee.outbox.push(packet, to: port) {
            state.pointee.execution.pointee.sentCount &+= 1
        } else {
            state.pointee.counters.drop(.transmitQueueFull)
            state.pointee.pool.free(packet)
        }
    }

    /// Drops the packet in hand.
    func discard(_ reason: DropReason) {
        let x = state.pointee.execution
        guard let packet = x.pointee.packet else { return }
        x.pointee.packet = nil
        if x.pointee.dropReason == .none { x.pointee.dropReason = reason }
        state.pointee.pool.free(packet)
    }

    // MARK: Clone

    private func beginClone() {
        let x = state.pointee.execution
        guard x.pointee.savedCount < ExecutionState.depthMax else { return discard(.pathTooLong) }
        (x.pointee.saved + x.pointee.savedCount).initialize(
            to: SavedExecution(
                packet: x.pointee.packet, positions: x.pointee.positions,
                truncation: x.pointee.truncation,
                verdict: x.pointee.dependencies == nil ? state.pointee.verdict.pointee : nil))
        x.pointee.savedCount &+= 1
        guard let packet = x.pointee.packet else { return }
        let copy = state.pointee.pool.copy(packet)
        if copy == nil { state.pointee.counters.drop(.noBuffer) }
        x.pointee.packet = copy
        x.pointee.truncation = 0
    }

    private func endClone() {
        let x = state.pointee.execution
        guard x.pointee.savedCount > 0 else { return }
        if let packet = x.pointee.packet { state.pointee.pool.free(packet) }
        x.pointee.savedCount &-= 1
        let saved = x.pointee.saved[x.pointee.savedCount]
        x.pointee.packet = saved.packet
        x.pointee.positions = saved.positions
        x.pointee.truncation = saved.truncation
        if let verdict = saved.verdict { state.pointee.verdict.pointee = verdict }
    }

    /// Frees whatever a finished execution still holds.
    func finishExecution() {
        let x = state.pointee.execution
        while x.pointee.savedCount > 0 { endClone() }
        if let packet = x.pointee.packet {
            x.pointee.packet = nil
            state.pointee.pool.free(packet)
        }
    }

    // MARK: Tags and labels

    private func pushTag(_ packet: PacketBuffer, tpid: UInt16, tci: UInt16) {
        guard packet.insert(4, at: 12) else { return discard(.headerStackFull) }
        PacketEditor.store16(tpid, packet.data, 12)
        PacketEditor.store16(tci, packet.data, 14)
        shift(by: 4)
    }

    private func popTag(_ packet: PacketBuffer) {
        guard packet.length >= 18, packet.remove(4, at: 12) else { return }
        shift(by: -4)
    }

    @inline(__always)
    private func shift(by bytes: Int) {
        let x = state.pointee.execution
        x.pointee.positions.l3 &+= bytes
        x.pointee.positions.l4 &+= bytes
        x.pointee.positions.mplsOffset &+= bytes
    }

    private func pushLabel(_ packet: PacketBuffer, ethType: UInt16, entry: UInt32) {
        let x = state.pointee.execution
        let offset = x.pointee.positions.mplsOffset
        // A checksum still to be completed cannot be found again below a label.
        if packet.needsChecksum { _ = packet.finishChecksum() }
        guard offset >= 14, packet.insert(4, at: offset) else {
            return discard(.headerStackFull)
        }
        PacketEditor.store32(entry, packet.data, offset)
        PacketEditor.store16(ethType, packet.data, offset &- 2)
        x.pointee.positions.l3 &+= 4
        x.pointee.positions.l4 &+= 4
    }

    private func popLabel(_ packet: PacketBuffer, ethType: UInt16) {
        let x = state.pointee.execution
        let offset = x.pointee.positions.mplsOffset
        guard offset >= 14, packet.length >= offset &+ 4, packet.remove(4, at: offset) else {
            return
        }
        PacketEditor.store16(ethType, packet.data, offset &- 2)
        x.pointee.positions.l3 &-= 4
        x.pointee.positions.l4 &-= 4
    }

    // MARK: Others

    private func police(_ packet: PacketBuffer, _ id: UInt32) {
        let pipeline = state.pointee.pipeline
        guard id >= 1, id <= pipeline.pointee.meterCapacity,
            let meter = pipeline.pointee.meters[Int(id) &- 1]
        else { return }
        var level: UInt8 = 0
        let verdict = meter.police(
            length: packet.length, now: state.pointee.execution.pointee.now, level: &level)
        if verdict == 1 {
            discard(.meter)
        } else if verdict == 2 {
            remark(packet, level: level)
        }
    }

    /// A DSCP remark band: raises the drop precedence of an assured-forwarding class.
    private func remark(_ packet: PacketBuffer, level: UInt8) {
        let p = state.pointee.execution.pointee.positions
        guard p.l3 >= 14, packet.length >= p.l3 &+ 20, !p.isIPv6 else { return }
        let tos = packet.data.load(fromByteOffset: p.l3 &+ 1, as: UInt8.self)
        let precedence = min((tos &>> 3 & 3) &+ level, 3)
        let new = tos & 0xe7 | precedence &<< 3
        PacketEditor.setIPv4(
            packet, p, DatapathOperation(.setIPv4, flags: 4, a: UInt16(new) &<< 8))
    }

    private func conntrackOperation(_ packet: PacketBuffer, _ o: DatapathOperation) {
        if o.flags & 8 != 0 {
            state.pointee.verdict.pointee.clear()
            return
        }
        let x = state.pointee.execution
        guard o.flags & 4 != 0, let dependencies = x.pointee.dependencies, o.b < 4 else { return }
        let kind =
            o.b == 0
            ? x.pointee.kinds.0
            : o.b == 1 ? x.pointee.kinds.1 : o.b == 2 ? x.pointee.kinds.2 : x.pointee.kinds.3
        // Without a connection there was nothing to translate, and the index is not a connection's.
        guard kind == 1 else { return }
        let extra =
            o.b == 0
            ? x.pointee.extras.0
            : o.b == 1 ? x.pointee.extras.1 : o.b == 2 ? x.pointee.extras.2 : x.pointee.extras.3
        packet.l3Offset = x.pointee.positions.l3
        packet.l4Offset = x.pointee.positions.l4
        natRewrite(packet, dependencies[Int(o.b)].index, isReply: extra & 1 == 1)
    }
}
