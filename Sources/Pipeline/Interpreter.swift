// The interpreter: runs the compiled tables on one packet and records what it does. The engine
// calls it on a miss and executes the recording; ofproto/trace calls it with hooks that only watch.
// Both therefore say the same.

import Flow

extension Interpreter {
    /// Clears the recording and all scratch for a new packet. The caller has filled `key`.
    public func begin(version: UInt64, now: UInt64, frameLength: Int) {
        let s = state
        s.pointee.version = version
        s.pointee.now = now
        s.pointee.frameLength = frameLength
        s.pointee.arrivalLength = frameLength
        s.pointee.rule = nil
        s.pointee.table = 0
        s.pointee.depth = 0
        s.pointee.resubmits = 0
        s.pointee.exits = false
        s.pointee.isPausing = false
        s.pointee.pending = nil
        s.pointee.recirculation = 0
        s.pointee.isUncredited = false
        s.pointee.isPacketOut = false
        s.pointee.mirrorsDone = 0
        s.pointee.queue = 0
        s.pointee.baseQueue = 0
        s.pointee.truncation = 0
        s.pointee.keepCount = 0
        s.pointee.operationCount = 0
        s.pointee.executedCount = 0
        s.pointee.creditCount = 0
        s.pointee.lengthChange = 0
        s.pointee.visitedCount = 0
        s.pointee.dependencyCount = 0
        s.pointee.dirtyLow = 0
        s.pointee.dirtyHigh = 0
        s.pointee.lengthMin = 0
        s.pointee.lengthMax = .max
        s.pointee.rejudgeSeconds = 0
        s.pointee.isCacheable = true
        s.pointee.outputCount = 0
        s.pointee.dropReason = .none
        s.pointee.isRefused = false
        s.pointee.controllerReason = 1
        s.pointee.stackCount = 0
        s.pointee.actionSetCount = 0
        s.pointee.actionSetBase = 0
        s.pointee.actionSetExecuting = 0
        s.pointee.savedCount = 0
        s.pointee.frameCount = 0
        s.pointee.frameBase = 0
        s.pointee.base.copy(from: s.pointee.key)
    }

    /// Judges the packet in `key` as received on OpenFlow port `inPort` of `bridge`.
    public func judge(bridge index: UInt16, inPort: UInt32) {
        guard enter(bridge: index) else {
            drop(.noOutputPort)
            return
        }
        state.pointee.key.store32(inPort, at: FlowLayout.inPort)
        state.pointee.key.store32(ReservedOpenFlowPort.unset, at: FlowLayout.actsetOutput)
        state.pointee.base.store32(inPort, at: FlowLayout.inPort)
        guard !dropsAsFragment() else { return }
        state.pointee.isRefused = isRefused(inPort)
        if !state.pointee.isRefused, let port = policedPort(inPort) {
            enterPolicy(of: port, PolicyDirection.fromPort, isLast: true)
        } else {
            if !state.pointee.isRefused { mirrorIngress(inPort) }
            runTable(0, isMissHonoured: true, isLast: true)
        }
        // What the action set does counts as done by the first rule.
        if !hasEmptyActionSet && state.pointee.creditCount > 0 {
            state.pointee.rule = state.pointee.credits[0].rule
        }
        finishActionSet(isLast: true)
        if state.pointee.isPausing { finishPause() }
        if state.pointee.outputCount == 0 && state.pointee.dropReason == .none {
            drop(.ruleDrop)
        }
    }

    /// Runs an action list (packet-out) on the packet in `key`.
    public func run(
        _ instructions: UnsafeMutablePointer<Instruction>, count: Int, bridge index: UInt16,
        inPort: UInt32
    ) {
        guard enter(bridge: index) else { return drop(.noOutputPort) }
        state.pointee.isPacketOut = true
        state.pointee.controllerReason = 5
        state.pointee.isCacheable = false
        state.pointee.key.store32(inPort, at: FlowLayout.inPort)
        state.pointee.base.store32(inPort, at: FlowLayout.inPort)
        runInstructions(instructions, count: count, isLast: true)
        finishActionSet(isLast: true)
        if state.pointee.isPausing { finishPause() }
    }

    /// Goes on with saved frames, innermost first.
    public func resume(_ frames: UnsafePointer<ContinuationFrame>, count: Int) {
        state.pointee.isCacheable = false
        runFrames(frames, count: count)
        finishActionSet(isLast: true)
        if state.pointee.isPausing { finishPause() }
    }

    /// Runs what was left of lists, innermost first.
    func runFrames(_ frames: UnsafePointer<ContinuationFrame>, count: Int) {
        for index in 0..<count {
            let frame = frames[index]
            guard enter(bridge: frame.bridge) else { return drop(.staleContinuation) }
            state.pointee.table = frame.table
            state.pointee.rule = frame.rule
            runInstructions(frame.instructions, count: frame.count, isLast: index == count &- 1)
            if state.pointee.isPausing {
                // Paused again: what is left of the outer frames waits too.
                for rest in (index &+ 1)..<max(count, index &+ 1) { push(frame: frames[rest]) }
                break
            }
            if state.pointee.exits { break }
        }
    }

    /// Makes `index` the current bridge.
    @inline(__always)
    public func enter(bridge index: UInt16) -> Bool {
        guard Int(index) < PipelineState.bridgesMax,
            let bridge = state.pointee.pipeline.pointee.bridges[Int(index)],
            let configuration = bridge.pointee.configuration
        else { return false }
        state.pointee.bridge = bridge
        state.pointee.configuration = configuration
        return true
    }

    /// Whether the input port takes no packets, or is for mirrored ones only.
    private func isRefused(_ inPort: UInt32) -> Bool {
        let configuration = state.pointee.configuration
        guard let index = configuration.index(ofPort: inPort) else { return false }
        let port = configuration.pointee.ports + Int(index)
        if port.pointee.flags & PortFlag.noReceive != 0 {
            drop(.portDisabled)
            return true
        }
        if port.pointee.bundle != .max
            && configuration.pointee.bundles[Int(port.pointee.bundle)].isMirrorOutput
        {
            drop(.noOutputPort)
            return true
        }
        return false
    }

    private func dropsAsFragment() -> Bool {
        guard state.pointee.configuration.pointee.dropsFragments,
            state.pointee.key.load8(FlowLayout.ipFragment) != 0
        else { return false }
        drop(.fragment)
        return true
    }

    /// Notes why the packet goes no further; the first reason stays.
    @inline(__always)
    func drop(_ reason: DropReason) {
        if state.pointee.dropReason == .none { state.pointee.dropReason = reason }
    }

    // MARK: Instructions

    /// Runs `count` instructions; `isLast` says that nothing after them needs the packet.
    func runInstructions(
        _ list: UnsafeMutablePointer<Instruction>, count: Int, isLast: Bool
    ) {
        var position = 0
        while position < count {
            let instruction = list + position
            position &+= 1
            // Behind what only an `exit` follows, nothing needs the packet either; but an action
            // set that is being executed goes on behind it.
            let endsHere = position == count
                ? isLast
                : position &+ 1 == count && list[position].code == .exit
                    && state.pointee.actionSetExecuting == 0
            if state.pointee.hooks.trace != nil {
                trace(
                    .instruction, table: state.pointee.table, rule: state.pointee.rule,
                    value: UInt64(UInt(bitPattern: instruction)))
            }
            guard perform(instruction, isLast: endsHere) else { return }
            if state.pointee.isPausing {
                if position < count {
                    push(
                        frame: ContinuationFrame(
                            instructions: list + position, count: count &- position,
                            rule: state.pointee.rule, bridge: state.pointee.bridge.pointee.index,
                            table: state.pointee.table))
                }
                return
            }
            if state.pointee.exits { return }
        }
    }

    /// Runs one instruction; false ends this list.
    private func perform(_ i: UnsafeMutablePointer<Instruction>, isLast: Bool) -> Bool {
        let s = state
        switch i.pointee.code {
        case .setWord:
            if holds(i.pointee.b) { writeWord(i.pointee.a, value: i.pointee.x, mask: i.pointee.y) }
        case .output:
            output(i.pointee.c, maxLength: i.pointee.b, isLast: isLast)
        case .resubmit:
            resubmit(i.pointee, isLast: isLast)
        case .gotoTable:
            runTable(i.pointee.a, isMissHonoured: true, isLast: isLast)
        case .ct:
            if let operands: UnsafeMutablePointer<ConntrackOperands> = pointer(i.pointee.x) {
                conntrack(operands, isLast: isLast)
            }
        case .ctClear: clearConntrack(recorded: true)
        case .move: move(i.pointee)
        case .outputRegister:
            let port = read(BitRange(packed: i.pointee.x)).low
            if port <= 0xffff_ffff {
                output(UInt32(port), maxLength: i.pointee.b, isLast: isLast)
            }
        case .outputTruncated:
            s.pointee.truncation = UInt32(truncatingIfNeeded: i.pointee.x)
            output(i.pointee.c, maxLength: 0, isLast: isLast)
            s.pointee.truncation = 0
        case .controller:
            if let operands: UnsafeMutablePointer<ControllerOperands> = pointer(i.pointee.x) {
                controller(operands)
            }
        case .enqueue:
            let queue = s.pointee.queue
            s.pointee.queue = UInt32(truncatingIfNeeded: i.pointee.x) &+ 1
            output(i.pointee.c, maxLength: 0, isLast: isLast)
            s.pointee.queue = queue
        case .setQueue: s.pointee.queue = i.pointee.c &+ 1
        case .popQueue: s.pointee.queue = 0
        case .bundle:
            if let operands: UnsafeMutablePointer<BundleOperands> = pointer(i.pointee.x) {
                bundle(operands, isLast: isLast)
            }
        case .multipath:
            if let operands: UnsafeMutablePointer<MultipathOperands> = pointer(i.pointee.x) {
                multipath(operands)
            }
        case .group: group(i.pointee.c, isLast: isLast)
        case .setVLANVID: setVLAN(vid: i.pointee.b, pcp: nil, pushes: i.pointee.a == 1)
        case .setVLANPCP: setVLAN(vid: nil, pcp: i.pointee.b, pushes: i.pointee.a == 1)
        case .stripVLAN: stripVLAN()
        case .pushVLAN: pushVLAN(i.pointee.b)
        case .stackPush: return stackPush(BitRange(packed: i.pointee.x))
        case .stackPop: stackPop(BitRange(packed: i.pointee.x), guarded: i.pointee.b)
        case .decrementTTL: return decrementTTL(i.pointee)
        case .decrementMPLSTTL: return decrementMPLSTTL()
        case .setMPLS:
            setMPLS(
                value: UInt32(truncatingIfNeeded: i.pointee.x),
                mask: UInt32(truncatingIfNeeded: i.pointee.y))
        case .pushMPLS: pushMPLS(i.pointee.b)
        case .popMPLS: popMPLS(i.pointee.b)
        case .finTimeout: finTimeout()
        case .learn:
            if let operands: UnsafeMutablePointer<LearnOperands> = pointer(i.pointee.x) {
                learn(operands)
            }
        case .conjunction: break
        case .exit:
            s.pointee.exits = true
            return false
        case .clone:
            if let body: UnsafeMutablePointer<Instruction> = pointer(i.pointee.x) {
                clone(body, count: Int(i.pointee.c), isLast: isLast)
            }
        case .checkPacketLarger:
            checkPacketLarger(BitRange(packed: i.pointee.x), length: i.pointee.c)
        case .deleteField:
            let bits = s.pointee.key.load64(FlowLayout.tunnelMetadataPresent)
            s.pointee.key.store64(
                bits & ~(UInt64(1) &<< UInt64(i.pointee.a)), at: FlowLayout.tunnelMetadataPresent)
        case .meter:
            commit()
            append(DatapathOperation(.meter, b: i.pointee.c))
        case .clearActions:
            clearActionSet()
        case .writeActions:
            if let body: UnsafeMutablePointer<Instruction> = pointer(i.pointee.x) {
                writeActions(body, count: Int(i.pointee.c))
            }
        }
        return true
    }

    @inline(__always)
    private func pointer<T>(_ bits: UInt64) -> UnsafeMutablePointer<T>? {
        UnsafeMutablePointer(bitPattern: UInt(bits))
    }

    // MARK: Pause

    func push(frame: ContinuationFrame) {
        guard state.pointee.frameCount < InterpreterLimit.frames else { return }
        state.pointee.frames[state.pointee.frameCount] = frame
        state.pointee.frameCount &+= 1
    }

    /// Hands the paused packet and its frames to the runner, or goes on with fragments.
    func finishPause() {
        state.pointee.isPausing = false
        if let pending = state.pointee.pending { return finish(pending) }
        if let pending = state.pointee.pausedCall {
            var call = pending
            call.isPaused = true
            let table = state.pointee.table
            let rule = state.pointee.rule
            state.pointee.table = state.pointee.pausedTable
            state.pointee.rule = state.pointee.pausedRule
            sendPacketIn(&call)
            state.pointee.table = table
            state.pointee.rule = rule
        }
        state.pointee.pausedCall = nil
        state.pointee.frameCount = state.pointee.frameBase
    }

    // MARK: Trace

    @inline(__always)
    func trace(
        _ kind: TraceEvent.Kind, table: UInt8, rule: UnsafeMutablePointer<Rule>?, value: UInt64
    ) {
        guard let hook = state.pointee.hooks.trace else { return }
        var event = TraceEvent(
            kind: kind, depth: state.pointee.depth, bridge: state.pointee.bridge.pointee.index,
            table: table, rule: rule, value: value)
        hook(state.pointee.hooks.context, &event)
    }

    @inline(__always)
    func remark(_ remark: TraceRemark) {
        trace(.remark, table: state.pointee.table, rule: state.pointee.rule, value: remark.rawValue)
    }
}
