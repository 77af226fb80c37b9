// Output in all its forms: to a port, a reserved port, through a patch into another bridge, to the
// controllers, to mirrors, and on clones.

import Flow

extension Interpreter {
    // MARK: Saved keys

    /// Saves key and base for `restoreKeys`; false if nested too deep.
    func saveKeys() -> Bool {
        guard state.pointee.savedCount < InterpreterLimit.savedKeys else {
            drop(.recursionTooDeep)
            return false
        }
        let place = state.pointee.savedKeys + state.pointee.savedCount &* 2 &* FlowLayout.byteCount
        place.copyMemory(from: state.pointee.key.base, byteCount: FlowLayout.byteCount)
        (place + FlowLayout.byteCount).copyMemory(
            from: state.pointee.base.base, byteCount: FlowLayout.byteCount)
        state.pointee.savedCount &+= 1
        return true
    }

    func restoreKeys() {
        state.pointee.savedCount &-= 1
        let place = state.pointee.savedKeys + state.pointee.savedCount &* 2 &* FlowLayout.byteCount
        state.pointee.key.base.copyMemory(from: place, byteCount: FlowLayout.byteCount)
        state.pointee.base.base.copyMemory(
            from: place + FlowLayout.byteCount, byteCount: FlowLayout.byteCount)
    }

    /// Whether nothing at all follows an instruction that ends its list.
    @inline(__always)
    func isFinal(_ isLast: Bool) -> Bool {
        isLast && hasEmptyActionSet
            && state.pointee.configuration.pointee.mirrorCount == 0
    }

    /// Runs `body` on a copy of the packet where something after it needs the original; the key is
    /// restored behind it.
    func onCopy(isLast: Bool, _ body: (Interpreter, Bool) -> Void) {
        if isFinal(isLast) {
            body(self, true)
            return
        }
        guard saveKeys() else { return }
        let length = state.pointee.frameLength
        append(DatapathOperation(.clone))
        let start = state.pointee.operationCount
        body(self, true)
        if state.pointee.operationCount == start && state.pointee.executedCount < start {
            state.pointee.operationCount &-= 1
        } else {
            append(DatapathOperation(.cloneEnd))
        }
        state.pointee.frameLength = length
        restoreKeys()
    }

    func clone(_ body: UnsafeMutablePointer<Instruction>, count: Int, isLast: Bool) {
        let s = state
        let stackCount = s.pointee.stackCount
        onCopy(isLast: isLast) { interpreter, _ in
            interpreter.withOwnActionSet(copied: true) {
                interpreter.runInstructions(body, count: count, isLast: true)
                let exits = interpreter.state.pointee.exits
                interpreter.finishActionSet(isLast: true)
                if interpreter.state.pointee.isPausing { interpreter.finishPause() }
                interpreter.state.pointee.exits = exits
            }
        }
        s.pointee.stackCount = min(stackCount, s.pointee.stackCount)
    }

    // MARK: Ports

    /// Outputs to OpenFlow port `port`, reserved ones included.
    func output(_ port: UInt32, maxLength: UInt16, isLast: Bool) {
        let inPort = state.pointee.key.load32(FlowLayout.inPort)
        switch port {
        case ReservedOpenFlowPort.inPort: emit(toPort: inPort, isLast: isLast)
        case ReservedOpenFlowPort.normal: normal(isLast: isLast)
        case ReservedOpenFlowPort.flood: flood(all: false)
        case ReservedOpenFlowPort.all: flood(all: true)
        case ReservedOpenFlowPort.controller:
            var call = PacketInCall()
            call.maxLength = maxLength
            call.reason = state.pointee.controllerReason
            sendPacketIn(&call)
        case ReservedOpenFlowPort.any, ReservedOpenFlowPort.unset: break
        case ReservedOpenFlowPort.table:
            if state.pointee.isPacketOut {
                runTable(0, isMissHonoured: true, isLast: isLast)
            }
        default:
            if port == inPort {
                remark(.skippingOutputToInputPort)
                drop(.noOutputPort)
            } else {
                emit(toPort: port, isLast: isLast)
            }
        }
    }

    /// FLOOD (without `no-flood` ports) or ALL: every port but the input.
    private func flood(all: Bool) {
        let inPort = state.pointee.key.load32(FlowLayout.inPort)
        let configuration = state.pointee.configuration
        for index in 0..<configuration.pointee.portCount {
            let port = configuration.pointee.ports[index]
            if port.openflowPort == inPort { continue }
            if !all && port.flags & PortFlag.noFlood != 0 { continue }
            emit(toPort: port.openflowPort, isLast: false)
            if state.pointee.exits { return }
        }
    }

    /// Sends the packet as the key has it to one real port.
    func emit(toPort number: UInt32, isLast: Bool) {
        let configuration = state.pointee.configuration
        guard let index = configuration.index(ofPort: number) else {
            remark(.nonexistentOutputPort)
            return drop(.noOutputPort)
        }
        let port = configuration.pointee.ports + Int(index)
        if port.pointee.flags & PortFlag.noForward != 0 || port.pointee.kind == .broken {
            remark(.portDown)
            return drop(.portDisabled)
        }
        let mirrored = mirrorBits(ofBundle: port.pointee.bundle)
        let last = isFinal(isLast) && mirrored == 0
        switch port.pointee.kind {
        case .patch: crossPatch(port, isLast: last)
        case .device where port.pointee.policyBridge != .max:
            enterPolicy(of: port, PolicyDirection.toPort, isLast: last)
        case .device: send(to: port, isLast: last)
        case .policed: leavePolicy(port, isLast: last)
        case .tunnel:
            commit()
            append(DatapathOperation(.tunnel, b: port.pointee.datapathPort))
            state.pointee.isCacheable = false
            drop(.tunnelUnresolved)
        case .broken: break
        }
        if mirrored != 0 { mirror(mirrored, of: port.pointee.bundle) }
    }

    /// Sends the packet as the key has it out of a device.
    func send(to port: UnsafeMutablePointer<BridgePort>, isLast: Bool) {
        commit()
        if state.pointee.truncation != 0 {
            append(DatapathOperation(.truncate, b: state.pointee.truncation))
        }
        append(
            DatapathOperation(
                .output, flags: isLast ? DatapathOperation.last : 0,
                b: port.pointee.datapathPort))
        state.pointee.outputCount &+= 1
    }

    /// Continues in the bridge at the other end of a patch.
    private func crossPatch(_ port: UnsafeMutablePointer<BridgePort>, isLast: Bool) {
        let peerPort = port.pointee.peerPort
        cross(to: port.pointee.peerBridge, inPort: peerPort, isLast: isLast) {
            if let index = state.pointee.configuration.index(ofPort: peerPort),
                state.pointee.configuration.pointee.ports[Int(index)].flags & PortFlag.noReceive
                    == 0
            {
                mirrorIngress(peerPort)
                runWholePipeline()
            } else {
                drop(.portDisabled)
            }
        }
    }

    /// Runs all tables on the packet in hand, to the end of the pipeline.
    func runWholePipeline() {
        withOwnActionSet(copied: false) {
            runTable(0, isMissHonoured: true, isLast: true)
            finishActionSet(isLast: true)
            if state.pointee.isPausing { finishPause() }
        }
    }

    /// Runs `body` on the packet, or a copy if it is needed after, as received on port `inPort` of
    /// another bridge; then everything is as before.
    func cross(
        to bridge: UInt16, inPort: UInt32, metadata: UInt64 = 0, isLast: Bool, _ body: () -> Void
    ) {
        let s = state
        guard s.pointee.depth < InterpreterLimit.depth else {
            remark(.recursionTooDeep)
            return drop(.recursionTooDeep)
        }
        let saved = (
            bridge: s.pointee.bridge, configuration: s.pointee.configuration,
            table: s.pointee.table, rule: s.pointee.rule,
            stack: s.pointee.stackCount, mirrors: s.pointee.mirrorsDone, exits: s.pointee.exits,
            length: s.pointee.frameLength
        )
        guard saveKeys() else { return }
        guard enter(bridge: bridge) else {
            restoreKeys()
            return drop(.noOutputPort)
        }
        if !isLast { append(DatapathOperation(.clone)) }
        let start = s.pointee.operationCount
        let key = s.pointee.key
        let words = key.base.assumingMemoryBound(to: UInt64.self)
        for index in 0..<15 { words[index] = 0 }
        if metadata != 0 { key.store64(metadata, at: FlowLayout.metadata) }
        key.store32(inPort, at: FlowLayout.inPort)
        key.store32(ReservedOpenFlowPort.unset, at: FlowLayout.actsetOutput)
        markDirty(FlowLayout.inPort / 8)
        clearConntrack(recorded: false)
        s.pointee.mirrorsDone = 0
        s.pointee.depth &+= 1
        trace(.bridge, table: 0, rule: nil, value: UInt64(bridge))
        body()
        s.pointee.depth &-= 1
        if !isLast {
            if s.pointee.operationCount == start && s.pointee.executedCount < start {
                s.pointee.operationCount &-= 1
            } else {
                append(DatapathOperation(.cloneEnd))
            }
        }
        restoreKeys()
        s.pointee.bridge = saved.bridge
        s.pointee.configuration = saved.configuration
        s.pointee.table = saved.table
        s.pointee.rule = saved.rule
        s.pointee.stackCount = saved.stack
        s.pointee.mirrorsDone = saved.mirrors
        s.pointee.exits = saved.exits
        s.pointee.frameLength = saved.length
        trace(.bridge, table: 0, rule: nil, value: UInt64(saved.bridge.pointee.index))
    }

    // MARK: Controllers

    func controller(_ operands: UnsafeMutablePointer<ControllerOperands>) {
        var call = PacketInCall()
        call.reason = operands.pointee.reason
        if call.reason == 1 { call.reason = state.pointee.controllerReason }
        call.controllerID = operands.pointee.controllerID
        call.maxLength = operands.pointee.maxLength
        call.meterID = operands.pointee.meterID
        call.userdata = operands.pointee.userdata
        call.userdataCount = operands.pointee.userdataCount
        if operands.pointee.pause {
            commit()
            flush()
            state.pointee.isCacheable = false
            state.pointee.isPausing = true
            state.pointee.pausedCall = call
            state.pointee.pausedTable = state.pointee.table
            state.pointee.pausedRule = state.pointee.rule
            state.pointee.outputCount &+= 1
            return
        }
        sendPacketIn(&call)
    }

    /// Sends the packet as it is now to the control room.
    func sendPacketIn(_ call: inout PacketInCall) {
        state.pointee.isCacheable = false
        state.pointee.outputCount &+= 1
        commit()
        append(
            DatapathOperation(.userspace, a: UInt16(call.reason), b: UInt32(call.controllerID)))
        flush()
        if let packetIn = state.pointee.hooks.packetIn {
            packetIn(state.pointee.hooks.context, &call)
        }
    }

    func learn(_ operands: UnsafeMutablePointer<LearnOperands>) {
        state.pointee.rejudgeSeconds = 1
        if let learn = state.pointee.hooks.learn {
            learn(state.pointee.hooks.context, operands)
        }
        if operands.pointee.resultDestination.count > 0 {
            write(operands.pointee.resultDestination, high: 0, low: 1)
        }
    }

    func finTimeout() {
        let key = state.pointee.key
        guard key.load8(FlowLayout.ipProtocol) == 6,
            key.load16(FlowLayout.tcpFlags) & 0x5 != 0, let rule = state.pointee.rule,
            let hook = state.pointee.hooks.finTimeout
        else { return }
        hook(state.pointee.hooks.context, rule)
    }

    func checkPacketLarger(_ range: BitRange, length: UInt32) {
        // Tags that were pushed or popped count.
        commit()
        let isLarger = state.pointee.frameLength > Int(length)
        // The outcome holds for frames that arrive on the same side of the bound.
        let bound = Int(length) &+ state.pointee.arrivalLength &- state.pointee.frameLength
        let arrival = UInt32(truncatingIfNeeded: max(bound, 0))
        if isLarger {
            state.pointee.lengthMin = max(state.pointee.lengthMin, bound < 0 ? 0 : arrival &+ 1)
        } else {
            state.pointee.lengthMax = min(state.pointee.lengthMax, arrival)
        }
        write(range, high: 0, low: isLarger ? 1 : 0)
    }

    // MARK: Mirrors

    private func mirrorBits(ofBundle index: UInt16) -> UInt32 {
        guard state.pointee.configuration.pointee.mirrorCount > 0, index != .max else { return 0 }
        return state.pointee.configuration.pointee.bundles[Int(index)].mirrorDestination
            & ~state.pointee.mirrorsDone
    }

    /// Sends the packet as received to the mirrors that select its input port.
    func mirrorIngress(_ inPort: UInt32) {
        let configuration = state.pointee.configuration
        guard configuration.pointee.mirrorCount > 0, let index = configuration.index(ofPort: inPort)
        else { return }
        let bundle = configuration.pointee.ports[Int(index)].bundle
        guard bundle != .max else { return }
        let bits = configuration.pointee.bundles[Int(bundle)].mirrorSource
        if bits != 0 { mirror(bits, of: bundle) }
    }

    /// Sends the packet as it is to those of the mirrors `selected` that want it: it came in, or
    /// goes out, on `bundle`.
    private func mirror(_ selected: UInt32, of bundle: UInt16) {
        let configuration = state.pointee.configuration
        let arrived = VLANTags(state.pointee.key)
        let source = configuration.pointee.bundles[Int(bundle)]
        guard arrived.areTaken(by: source) else { return }
        let tags = arrived.received(on: source)
        var bits = selected & ~state.pointee.mirrorsDone
        while bits != 0 {
            let number = bits.trailingZeroBitCount
            bits &= bits &- 1
            guard number < configuration.pointee.mirrorCount else { continue }
            let mirror = configuration.pointee.mirrors + number
            guard Bundle.contains(mirror.pointee.vlans, tags.outer.vid) else { continue }
            state.pointee.mirrorsDone |= UInt32(1) &<< UInt32(number) | mirror.pointee.duplicates
            credit(.mirror(state.pointee.bridge.pointee.mirrorCounters + number &* 2))
            let savedTruncation = state.pointee.truncation
            state.pointee.truncation = mirror.pointee.snapLength
            if mirror.pointee.outputBundle != .max {
                outputNormal(mirror.pointee.outputBundle, tags, isLast: false)
            } else {
                mirrorToVLAN(mirror.pointee.outputVLAN, tags)
            }
            state.pointee.truncation = savedTruncation
            bits &= ~state.pointee.mirrorsDone
        }
    }

    /// Floods a mirrored packet in VLAN `vlan`, unless it is there already.
    private func mirrorToVLAN(_ vlan: UInt16, _ tags: VLANTags) {
        let configuration = state.pointee.configuration
        let destination = state.pointee.key.load48(FlowLayout.ethDestination)
        guard vlan != .max, vlan != tags.outer.vid,
            destination & 0xffff_ffff_fff0 != 0x0180_c200_0000
        else { return }
        var moved = tags
        moved.outer.vid = vlan
        for index in 0..<configuration.pointee.bundleCount
        where carries(UInt16(index), vlan: vlan)
            && !configuration.pointee.bundles[index].isMirrorOutput
        {
            outputNormal(UInt16(index), moved, isLast: false)
        }
    }
}
