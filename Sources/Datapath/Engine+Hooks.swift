// What the interpreter asks of the engine: conntrack, execution so far, packet-ins and learning.
// The hooks' context is the engine's state.

import Conntrack
import Dpif
import Flow
import PacketBuffer
import Pipeline

extension Engine {
    @inline(__always)
    init(context: UnsafeMutableRawPointer?) {
        self.init(
            state: context.unsafelyUnwrapped.assumingMemoryBound(to: EngineState.self))
    }

    /// Points the interpreter at this engine.
    func installHooks() {
        var hooks = PipelineHooks()
        hooks.context = UnsafeMutableRawPointer(state)
        hooks.flush = { context, _ in Engine(context: context).flushOperations() }
        hooks.conntrack = { context, call in
            Engine(context: context).track(call.assumingMemoryBound(to: ConntrackCall.self))
        }
        hooks.packetIn = { context, call in
            Engine(context: context).packetIn(call.assumingMemoryBound(to: PacketInCall.self))
        }
        hooks.learn = { context, operands in
            Engine(context: context).learn(operands.assumingMemoryBound(to: LearnOperands.self))
        }
        hooks.finTimeout = { context, rule in
            Engine(context: context).finTimeout(rule.assumingMemoryBound(to: Rule.self))
        }
        hooks.nextFragment = { context, call in
            Engine(context: context).nextFragment(call.assumingMemoryBound(to: ConntrackCall.self))
        }
        hooks.reparse = { context, _ in Engine(context: context).reparse() }
        state.pointee.interpreter.state.pointee.hooks = hooks
    }

    private func flushOperations() {
        let i = state.pointee.interpreter.state
        execute(
            i.pointee.operations + i.pointee.executedCount,
            count: i.pointee.operationCount &- i.pointee.executedCount)
        i.pointee.executedCount = i.pointee.operationCount
    }

    /// `ct()` on the packet in hand.
    private func track(_ call: UnsafeMutablePointer<ConntrackCall>) {
        let s = state
        let x = s.pointee.execution
        guard let packet = x.pointee.packet else {
            call.pointee.isConsumed = true
            return
        }
        let key = s.pointee.interpreter.state.pointee.key
        packet.l3Offset = x.pointee.positions.l3
        packet.l4Offset = x.pointee.positions.l4
        s.pointee.zoneHints.note(
            call.pointee.zone, port: packet.metadata.pointee.inPort,
            isFirst: !s.pointee.isTracked)
        s.pointee.isTracked = true
        let request = s.pointee.request
        fill(request, call, packet)
        let verdict = s.pointee.verdict
        if key.load8(FlowLayout.ipFragment) != 0, trackFragment(packet, call) { return }
        s.pointee.conntrack.execute(
            request, key: key, packet: packet, now: s.pointee.now, verdict: verdict)
        if verdict.pointee.outcome == .ownerLimit || verdict.pointee.outcome == .halfOpenLimit {
            s.pointee.counters.overBudget &+= 1
        }
        verdict.pointee.write(to: key)
        finish(call, verdict)
    }

    private func fill(
        _ request: UnsafeMutablePointer<ConntrackRequest>,
        _ call: UnsafeMutablePointer<ConntrackCall>,
        _ packet: PacketBuffer
    ) {
        request.pointee.zone = call.pointee.zone
        request.pointee.commit = call.pointee.commit
        request.pointee.force = call.pointee.force
        let alg = call.pointee.alg
        request.pointee.helper = alg == 21 ? .ftp : alg == 69 ? .tftp : .none
        request.pointee.hasMark = call.pointee.markMask != 0
        request.pointee.hasLabel = call.pointee.labelHighMask | call.pointee.labelLowMask != 0
        request.pointee.mark = call.pointee.mark
        request.pointee.markMask = call.pointee.markMask
        request.pointee.labelHigh = call.pointee.labelHigh
        request.pointee.labelLow = call.pointee.labelLow
        request.pointee.labelHighMask = call.pointee.labelHighMask
        request.pointee.labelLowMask = call.pointee.labelLowMask
        request.pointee.timeoutPolicy = state.pointee.zonePolicies[Int(call.pointee.zone)]
        request.pointee.ownerPort = packet.metadata.pointee.inPort
        request.pointee.hasNAT = call.pointee.nat.kind != 0
        guard call.pointee.nat.kind != 0 else { return }
        request.pointee.nat = NATRange()
        let nat = call.pointee.nat
        if nat.kind == 2 {
            request.pointee.nat.action = NATAction.source
        } else if nat.kind == 3 {
            request.pointee.nat.action = NATAction.destination
        }
        if nat.flags & 32 != 0 {
            request.pointee.nat.action |=
                nat.kind == 2 ? NATAction.sourcePort : NATAction.destinationPort
            request.pointee.nat.minPort = nat.portMin
            request.pointee.nat.maxPort = nat.portMax
        }
        request.pointee.nat.isPersistent = nat.flags & 1 != 0
        request.pointee.nat.isRandom = nat.flags & 4 != 0
        if nat.flags & 8 != 0 {
            request.pointee.nat.minAddress = ConntrackAddress(
                ipv4: UInt32(truncatingIfNeeded: nat.minLow))
            request.pointee.nat.maxAddress = ConntrackAddress(
                ipv4: UInt32(truncatingIfNeeded: nat.maxLow))
        } else if nat.flags & 16 != 0 {
            request.pointee.nat.minAddress = ConntrackAddress(high: nat.minHigh, low: nat.minLow)
            request.pointee.nat.maxAddress = ConntrackAddress(high: nat.maxHigh, low: nat.maxLow)
        }
    }

    /// What a record of this judgement would depend on.
    private func finish(
        _ call: UnsafeMutablePointer<ConntrackCall>,
        _ verdict: UnsafeMutablePointer<ConntrackVerdict>
    ) {
        if verdict.pointee.didCreate || verdict.pointee.isError
            || verdict.pointee.state & ConntrackState.invalid != 0
        {
            call.pointee.isVolatile = true
        }
        if verdict.pointee.connection != ConntrackVerdict.noConnection {
            call.pointee.dependency = Dependency(
                kind: 1, extra: verdict.pointee.isReply ? 1 : 0, index: verdict.pointee.connection,
                generation: verdict.pointee.generation)
        } else if let absence = state.pointee.conntrack.absence(of: verdict) {
            call.pointee.dependency = Dependency(
                kind: 2, extra: 0, index: absence.index, generation: absence.generation)
            // An expectation with a free port does not show in the counter: look again soon.
            state.pointee.interpreter.state.pointee.rejudgeSeconds = 1
        } else {
            call.pointee.isVolatile = true
        }
    }

    /// Parses the packet in hand anew after its outer shape changed; metadata stays.
    private func reparse() {
        let s = state
        guard let packet = s.pointee.execution.pointee.packet else { return }
        let fresh = s.pointee.revalidationKey
        fresh.clear()
        guard
            let layout = FlowExtractor.extract(
                packet.data, length: packet.length, vlanLimit: Int(s.pointee.vlanLimit),
                into: fresh)
        else { return }
        let key = s.pointee.interpreter.state.pointee.key
        let start = FlowLayout.ethDestination
        key.copyBytes(
            from: fresh.base + start, count: FlowLayout.tunnelMetadata - start, to: start)
        setPositions(layout, key)
    }

    // MARK: Events

    private func packetIn(_ call: UnsafeMutablePointer<PacketInCall>) {
        let s = state
        guard var packet = s.pointee.execution.pointee.packet else { return }
        let i = s.pointee.interpreter.state
        let account = account(ofPort: packet.metadata.pointee.inPort)
        guard account.pointee.packetIns.take(now: s.pointee.now) else {
            s.pointee.counters.overBudget &+= 1
            s.pointee.counters.drop(.packetInBudget)
            if call.pointee.isPaused { finishPaused() }
            return
        }
        var head = EventHeader()
        head.kind = 1
        head.bridge = i.pointee.bridge.pointee.index
        head.table = i.pointee.table
        head.reason = call.pointee.reason
        head.controllerID = call.pointee.controllerID
        head.maxLength = call.pointee.maxLength
        head.meterID = call.pointee.meterID
        head.ruleID = i.pointee.rule.map { $0.pointee.id } ?? 0
        if call.pointee.isPaused {
            head.isPaused = 1
            head.argument = s.pointee.continuations.save(i)
        }
        var copy: PacketBuffer?
        if packet.needsChecksum || packet.isSuperPacket, let made = s.pointee.pool.copy(packet) {
            _ = made.finishChecksum()
            copy = made
            packet = made
        }
        head.keyCount = UInt32(FlowLayout.byteCount)
        head.userdataCount = UInt32(truncatingIfNeeded: call.pointee.userdataCount)
        head.frameCount = UInt32(truncatingIfNeeded: packet.length)
        let total =
            EventHeader.byteCount &+ FlowLayout.byteCount &+ call.pointee.userdataCount
            &+ packet.length
        if let place = s.pointee.events.reserve(total) {
            place.storeBytes(of: head, as: EventHeader.self)
            var offset = EventHeader.byteCount
            (place + offset).copyMemory(
                from: i.pointee.key.base, byteCount: FlowLayout.byteCount)
            offset &+= FlowLayout.byteCount
            if let userdata = call.pointee.userdata {
                (place + offset).copyMemory(from: userdata, byteCount: call.pointee.userdataCount)
            }
            offset &+= call.pointee.userdataCount
            (place + offset).copyMemory(from: packet.data, byteCount: packet.length)
            s.pointee.events.commit(total)
        } else {
            s.pointee.counters.drop(.eventQueueFull)
        }
        if let copy { s.pointee.pool.free(copy) }
        if call.pointee.isPaused { finishPaused() }
    }

    /// A paused packet lives on in its continuation only, if it has one.
    private func finishPaused() {
        let x = state.pointee.execution
        if let packet = x.pointee.packet {
            x.pointee.packet = nil
            state.pointee.pool.free(packet)
        }
    }

    private func learn(_ operands: UnsafeMutablePointer<LearnOperands>) {
        let i = state.pointee.interpreter.state
        var head = EventHeader()
        head.kind = 2
        head.bridge = i.pointee.bridge.pointee.index
        head.ruleID = i.pointee.rule.map { $0.pointee.id } ?? 0
        head.argument = operands.pointee.handle
        head.keyCount = UInt32(FlowLayout.byteCount)
        post(head, key: i.pointee.key)
    }

    private func finTimeout(_ rule: UnsafeMutablePointer<Rule>) {
        var head = EventHeader()
        head.kind = 3
        head.ruleID = rule.pointee.id
        post(head, key: nil)
    }

    private func post(_ head: EventHeader, key: FlowKey?) {
        let total = EventHeader.byteCount &+ Int(head.keyCount)
        guard let place = state.pointee.events.reserve(total) else {
            return state.pointee.counters.drop(.eventQueueFull)
        }
        place.storeBytes(of: head, as: EventHeader.self)
        if let key {
            (place + EventHeader.byteCount).copyMemory(
                from: key.base, byteCount: FlowLayout.byteCount)
        }
        state.pointee.events.commit(total)
    }
}
