// The interpreter: runs the compiled tables on one packet and records what it does. The engine calls
// it on a miss and executes the recording; ofproto/trace calls it with hooks that only watch. Both
// therefore say the same.

import Flow

extension Interpreter {
    /// Clears the recording and all scratch for a new packet. The caller has filled `key`.
    public func begin(version: UInt64, now: UInt64, frameLength: Int) {
        let s = state
        s.pointee.version = version
        s.pointee.now = now
        s.pointee.frameLength = frameLength
        s.pointee.rule = nil
        s.pointee.table = 0
        s.pointee.depth = 0
        s.pointee.resubmits = 0
        s.pointee.exits = false
        s.pointee.isPausing = false
        s.pointee.isConsumed = false
        s.pointee.hasFragments = false
        s.pointee.isPacketOut = false
        s.pointee.mirrorsDone = 0
        s.pointee.queue = 0
        s.pointee.baseQueue = 0
        s.pointee.truncation = 0
        s.pointee.keepCount = 0
        s.pointee.operationCount = 0
        s.pointee.executedCount = 0
        s.pointee.ruleCount = 0
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
        s.pointee.savedCount = 0
        s.pointee.frameCount = 0
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
        if !state.pointee.isRefused { mirrorIngress(inPort) }
        runTable(0, isMissHonoured: true, isLast: true)
        // What the action set does counts as done by the first rule.
        if state.pointee.ruleCount > 0 && state.pointee.actionSetCount > 0 {
            state.pointee.rule = state.pointee.rules[0]
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
        finishActionSet(isLast: true)
        if state.pointee.isPausing { finishPause() }
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

    // MARK: Tables

    /// Looks the key up in `table` and runs the rule found.
    func runTable(_ table: UInt8, isMissHonoured: Bool, isLast: Bool) {
        let s = state
        guard s.pointee.depth < InterpreterLimit.depth else {
            remark(.recursionTooDeep)
            return drop(.recursionTooDeep)
        }
        guard s.pointee.resubmits < InterpreterLimit.resubmits else {
            remark(.tooManyResubmits)
            return drop(.tooManyResubmits)
        }
        s.pointee.resubmits &+= 1
        var at = table
        while true {
            let entry = s.pointee.bridge.pointee.tables + Int(at)
            visit(at)
            entry.pointee.lookupCount &+= 1
            let found = entry.lookup(
                s.pointee.key, version: s.pointee.version, scratch: s.pointee.conjunctions)
            guard let rule = found else {
                trace(.miss, table: at, rule: nil, value: 0)
                if isMissHonoured && entry.pointee.missBehaviour == 2 && at < 253 {
                    at &+= 1
                    continue
                }
                return miss(entry, table: at, isMissHonoured: isMissHonoured)
            }
            entry.pointee.matchedCount &+= 1
            runRule(rule, table: at, isLast: isLast)
            return
        }
    }

    private func runRule(_ rule: UnsafeMutablePointer<Rule>, table: UInt8, isLast: Bool) {
        let s = state
        if s.pointee.ruleCount < InterpreterLimit.rules {
            s.pointee.rules[s.pointee.ruleCount] = rule
            s.pointee.ruleCount &+= 1
        } else {
            s.pointee.isCacheable = false
        }
        trace(.rule, table: table, rule: rule, value: 0)
        if s.pointee.isRefused {
            if s.pointee.dropReason == .noOutputPort { remark(.portIsMirrorOutput) }
            return
        }
        let savedTable = s.pointee.table
        let savedRule = s.pointee.rule
        s.pointee.table = table
        s.pointee.rule = rule
        s.pointee.depth &+= 1
        runInstructions(
            rule.pointee.instructions, count: rule.pointee.instructionCount, isLast: isLast)
        s.pointee.depth &-= 1
        s.pointee.table = savedTable
        s.pointee.rule = savedRule
    }

    private func miss(
        _ entry: UnsafeMutablePointer<RuleTable>, table: UInt8, isMissHonoured: Bool
    ) {
        drop(.tableMiss)
        guard isMissHonoured, !state.pointee.isRefused else { return }
        let behaviour = entry.pointee.missBehaviour
        let sends =
            behaviour == 1
            || behaviour == 0 && state.pointee.configuration.pointee.missToController
        guard sends else { return }
        if let index = state.pointee.configuration.index(
            ofPort: state.pointee.key.load32(FlowLayout.inPort)),
            state.pointee.configuration.pointee.ports[Int(index)].flags & PortFlag.noPacketIn != 0
        {
            return
        }
        let savedTable = state.pointee.table
        let savedRule = state.pointee.rule
        state.pointee.table = table
        state.pointee.rule = nil
        var call = PacketInCall()
        call.reason = 0
        sendPacketIn(&call)
        state.pointee.table = savedTable
        state.pointee.rule = savedRule
    }

    @inline(__always)
    private func visit(_ table: UInt8) {
        let s = state
        let id = UInt32(s.pointee.bridge.pointee.index) &<< 8 | UInt32(table)
        for index in 0..<s.pointee.visitedCount where s.pointee.visited[index] == id { return }
        if s.pointee.visitedCount < InterpreterLimit.visited {
            s.pointee.visited[s.pointee.visitedCount] = id
            s.pointee.visitedCount &+= 1
        } else {
            s.pointee.isCacheable = false
        }
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
            let endsHere = isLast && position == count
            if state.pointee.hooks.trace != nil {
                trace(
                    .instruction, table: state.pointee.table, rule: state.pointee.rule,
                    value: UInt64(UInt(bitPattern: instruction)))
            }
            guard perform(instruction, isLast: endsHere) else { return }
            if state.pointee.hasFragments {
                let rest = list + position
                let left = count &- position
                forEachFragment { $0.runInstructions(rest, count: left, isLast: false) }
                return
            }
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
            if state.pointee.exits || state.pointee.isConsumed { return }
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
        case .setMPLS: setMPLS(value: UInt32(truncatingIfNeeded: i.pointee.x), mask: UInt32(truncatingIfNeeded: i.pointee.y))
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
            s.pointee.actionSetCount = 0
            s.pointee.key.store32(ReservedOpenFlowPort.unset, at: FlowLayout.actsetOutput)
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

    private func resubmit(_ instruction: Instruction, isLast: Bool) {
        let s = state
        let key = s.pointee.key
        let oldPort = key.load32(FlowLayout.inPort)
        let table = instruction.a == 255 ? s.pointee.table : instruction.a
        let isSwapped = instruction.b == 1 && swapConntrackTuple()
        let isOtherPort =
            instruction.c != ReservedOpenFlowPort.inPort && instruction.c != oldPort
        if isOtherPort {
            key.store32(instruction.c, at: FlowLayout.inPort)
            markDirty(FlowLayout.inPort / 8)
        }
        if isOtherPort || isSwapped {
            lookupOnly(table, restoringPort: oldPort, isSwapped: isSwapped, isLast: isLast)
        } else {
            runTable(table, isMissHonoured: false, isLast: isLast)
        }
    }

    /// A resubmit whose changed key holds for the lookup but not for the actions.
    private func lookupOnly(
        _ table: UInt8, restoringPort oldPort: UInt32, isSwapped: Bool, isLast: Bool
    ) {
        let s = state
        guard s.pointee.depth < InterpreterLimit.depth,
            s.pointee.resubmits < InterpreterLimit.resubmits
        else {
            drop(.recursionTooDeep)
            return restore(port: oldPort, isSwapped: isSwapped)
        }
        s.pointee.resubmits &+= 1
        let entry = s.pointee.bridge.pointee.tables + Int(table)
        visit(table)
        entry.pointee.lookupCount &+= 1
        let found = entry.lookup(
            s.pointee.key, version: s.pointee.version, scratch: s.pointee.conjunctions)
        restore(port: oldPort, isSwapped: isSwapped)
        guard let rule = found else {
            trace(.miss, table: table, rule: nil, value: 0)
            return drop(.tableMiss)
        }
        entry.pointee.matchedCount &+= 1
        runRule(rule, table: table, isLast: isLast)
    }

    private func restore(port: UInt32, isSwapped: Bool) {
        state.pointee.key.store32(port, at: FlowLayout.inPort)
        if isSwapped { _ = swapConntrackTuple() }
    }

    // MARK: Pause

    func push(frame: ContinuationFrame) {
        guard state.pointee.frameCount < InterpreterLimit.frames else { return }
        state.pointee.frames[state.pointee.frameCount] = frame
        state.pointee.frameCount &+= 1
    }

    /// Hands the paused packet and its frames to the runner.
    func finishPause() {
        state.pointee.isPausing = false
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
        state.pointee.frameCount = 0
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

/// The reserved OpenFlow ports the interpreter acts on.
@frozen public enum ReservedOpenFlowPort {
    @inlinable public static var unset: UInt32 { 0xffff_fff7 }
    @inlinable public static var inPort: UInt32 { 0xffff_fff8 }
    @inlinable public static var table: UInt32 { 0xffff_fff9 }
    @inlinable public static var normal: UInt32 { 0xffff_fffa }
    @inlinable public static var flood: UInt32 { 0xffff_fffb }
    @inlinable public static var all: UInt32 { 0xffff_fffc }
    @inlinable public static var controller: UInt32 { 0xffff_fffd }
    @inlinable public static var local: UInt32 { 0xffff_fffe }
    /// OFPP_NONE and OFPP_ANY.
    @inlinable public static var any: UInt32 { 0xffff_ffff }
}
