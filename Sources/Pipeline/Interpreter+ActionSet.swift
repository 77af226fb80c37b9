// The action set: gathered while tables run, executed in OpenFlow's order at the end of the
// pipeline. Copies of the packet (clones, patches, forks of `ct()`) have sets of their own, on a
// stack.

import Flow

extension Interpreter {
    /// Whether no action set waits for the packet, but those that are being executed.
    @inline(__always)
    var hasEmptyActionSet: Bool {
        state.pointee.actionSetCount &- state.pointee.actionSetExecuting
            == state.pointee.actionSetBase
    }

    /// Runs `body` with an action set of its own, empty or a copy of the present one; the present
    /// one is as it was after it.
    func withOwnActionSet(copied: Bool, _ body: () -> Void) {
        let s = state
        let base = s.pointee.actionSetBase
        let count = s.pointee.actionSetCount
        let executing = s.pointee.actionSetExecuting
        s.pointee.actionSetBase = count
        s.pointee.actionSetExecuting = 0
        if copied {
            for index in (base &+ executing)..<max(count, base &+ executing) {
                add(s.pointee.actionSet[index])
            }
        }
        body()
        s.pointee.actionSetBase = base
        s.pointee.actionSetCount = count
        s.pointee.actionSetExecuting = executing
    }

    private func add(_ instruction: Instruction) {
        guard state.pointee.actionSetCount < InterpreterLimit.actionSet else {
            state.pointee.isCacheable = false
            return drop(.pathTooLong)
        }
        state.pointee.actionSet[state.pointee.actionSetCount] = instruction
        state.pointee.actionSetCount &+= 1
    }

    /// Adds instructions to the action set.
    func writeActions(_ list: UnsafeMutablePointer<Instruction>, count: Int) {
        for index in 0..<count {
            add(list[index])
            if list[index].code == .output {
                setActionSetOutput(list[index].c)
            } else if list[index].code == .group {
                setActionSetOutput(ReservedOpenFlowPort.unset)
            }
        }
    }

    private func setActionSetOutput(_ port: UInt32) {
        state.pointee.key.store32(port, at: FlowLayout.actsetOutput)
        markDirty(FlowLayout.actsetOutput / 8)
    }

    func clearActionSet() {
        state.pointee.actionSetCount =
            state.pointee.actionSetBase &+ state.pointee.actionSetExecuting
        state.pointee.key.store32(ReservedOpenFlowPort.unset, at: FlowLayout.actsetOutput)
    }

    /// Runs the action set at the end of the pipeline.
    public func finishActionSet(isLast: Bool) {
        guard !hasEmptyActionSet, !state.pointee.isPausing else { return }
        state.pointee.exits = false
        let start = state.pointee.actionSetBase
        let reason = state.pointee.controllerReason
        if reason == 1 { state.pointee.controllerReason = 3 }
        runActionSet(from: start, isLast: isLast)
        state.pointee.controllerReason = reason
        state.pointee.actionSetCount = start
    }

    /// Runs the entries from `start` in OpenFlow's order of an action set and takes them off: of
    /// each kind that may appear once the last one counts; field writes keep their order; output
    /// only without group. What they write to the action set stays in their place.
    func runActionSet(from start: Int, isLast: Bool) {
        let s = state
        let end = s.pointee.actionSetCount
        guard end > start else { return }
        let executing = s.pointee.actionSetExecuting
        s.pointee.actionSetExecuting = executing &+ (end &- start)
        runEntries(start, end, isLast: isLast)
        s.pointee.actionSetExecuting = executing
        let written = s.pointee.actionSetCount &- end
        for index in 0..<max(written, 0) {
            s.pointee.actionSet[start &+ index] = s.pointee.actionSet[end &+ index]
        }
        s.pointee.actionSetCount = start &+ max(written, 0)
    }

    private func runEntries(_ start: Int, _ end: Int, isLast: Bool) {
        let s = state
        let set = s.pointee.actionSet
        func last(_ code: Opcode, or other: Opcode? = nil) -> Int? {
            var position = end &- 1
            while position >= start {
                if set[position].code == code || set[position].code == other { return position }
                position &-= 1
            }
            return nil
        }
        func run(_ position: Int, isLast: Bool) {
            runInstructions(set + position, count: 1, isLast: isLast)
        }
        for code in [
            Opcode.stripVLAN, .popMPLS, .pushMPLS, .pushVLAN, .decrementTTL, .decrementMPLSTTL,
        ] {
            if let position = last(code) { run(position, isLast: false) }
            if s.pointee.exits { return }
        }
        for position in start..<end {
            switch set[position].code {
            case .setWord, .move, .setVLANVID, .setVLANPCP, .setMPLS, .checkPacketLarger,
                .deleteField, .multipath:
                run(position, isLast: false)
            default: break
            }
        }
        if let position = last(.setQueue) { run(position, isLast: false) }
        let conntrack = last(.ct)
        if let position = last(.group) {
            run(position, isLast: isLast)
        } else if let position = last(.output, or: .controller) {
            run(position, isLast: isLast && conntrack == nil)
        } else if let position = last(.resubmit) {
            run(position, isLast: isLast && conntrack == nil)
        }
        if let conntrack { run(conntrack, isLast: isLast) }
    }
}
