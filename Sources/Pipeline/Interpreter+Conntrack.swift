// ct(), ct_clear and the original tuple. A `ct(table=N)` is not a second trip through caches: the
// connection is looked up here and the tables go on at N in the same judgement.

import Flow

extension Interpreter {
    func conntrack(_ operands: UnsafeMutablePointer<ConntrackOperands>, isLast: Bool) {
        let s = state
        commit()
        var call = ConntrackCall()
        call.zone = operands.pointee.zone
        if operands.pointee.zoneRange.count > 0 {
            call.zone = UInt16(truncatingIfNeeded: read(operands.pointee.zoneRange).low)
        }
        call.commit = operands.pointee.commit
        call.force = operands.pointee.force
        call.alg = operands.pointee.alg
        call.nat = operands.pointee.nat
        if operands.pointee.execCount > 0, let exec = operands.pointee.exec {
            fillExec(exec, count: operands.pointee.execCount, into: &call)
        }
        call.context = s.pointee.recirculation
        let recirculates = operands.pointee.recircTable != 255
        let needsOriginal = recirculates && !isFinal(isLast)
        var flags: UInt8 = 0
        if call.commit { flags |= 1 }
        if call.force { flags |= 2 }
        if call.nat.kind != 0 { flags |= 4 }
        let position = s.pointee.operationCount
        append(
            DatapathOperation(
                .conntrack, flags: flags, a: call.zone, b: UInt32(s.pointee.dependencyCount)))
        flush()
        let untranslated = AddressFields(s.pointee.key)
        if let hook = s.pointee.hooks.conntrack {
            hook(s.pointee.hooks.context, &call)
        }
        if call.isConsumed {
            s.pointee.isCacheable = false
            clearConntrack(recorded: false)
            return
        }
        if call.hasFragments {
            s.pointee.isCacheable = false
            s.pointee.isPausing = true
            s.pointee.pending = PendingFragments(
                recircTable: recirculates ? operands.pointee.recircTable : nil,
                rule: s.pointee.rule, bridge: s.pointee.bridge.pointee.index,
                table: s.pointee.table, recirculation: UInt64(UInt(bitPattern: operands)))
            return
        }
        if call.isVolatile { s.pointee.isCacheable = false }
        if call.dependency.kind != 0 {
            depend(call.dependency)
            note(dependency: call.dependency, at: position)
        }
        syncBaseAfterConntrack()
        for index in 21...29 { markDirty(index) }
        guard recirculates else {
            // What NAT did is seen behind a recirculation only.
            untranslated.write(to: s.pointee.key)
            untranslated.write(to: s.pointee.base)
            clearConntrack(recorded: false)
            return
        }
        trace(
            .recirculate, table: s.pointee.table, rule: s.pointee.rule,
            value: UInt64(operands.pointee.recircTable))
        let lengthChange = s.pointee.lengthChange
        let recirculation = s.pointee.recirculation
        countAnew()
        s.pointee.recirculation = UInt64(UInt(bitPattern: operands))
        if needsOriginal {
            onCopy(isLast: false) { interpreter, _ in
                interpreter.fork(to: operands.pointee.recircTable)
            }
            untranslated.write(to: s.pointee.key)
            untranslated.write(to: s.pointee.base)
            clearConntrack(recorded: false)
        } else {
            runTable(operands.pointee.recircTable, isMissHonoured: true, isLast: isLast)
        }
        s.pointee.lengthChange = lengthChange
        s.pointee.recirculation = recirculation
    }

    /// Goes on at `table` with a copy of the packet, to the end of the pipeline.
    func fork(to table: UInt8) {
        let exits = state.pointee.exits
        withOwnActionSet(copied: true) {
            runTable(table, isMissHonoured: true, isLast: true)
            finishActionSet(isLast: true)
            if state.pointee.isPausing { finishPause() }
        }
        state.pointee.exits = exits
    }

    /// Points the conntrack operation at the dependency that holds its connection.
    private func note(dependency: Dependency, at position: Int) {
        for index in 0..<state.pointee.dependencyCount
        where state.pointee.dependencies[index].kind == dependency.kind
            && state.pointee.dependencies[index].index == dependency.index
        {
            if position < state.pointee.operationCount {
                state.pointee.operations[position].b = UInt32(index)
            }
            return
        }
    }

    /// NAT rewrote the packet and the key together: the base follows.
    private func syncBaseAfterConntrack() {
        let key = state.pointee.key
        let base = state.pointee.base
        func sync(_ offset: Int, _ count: Int) {
            for place in stride(from: offset, to: offset &+ count, by: 4) {
                let value = key.load32(place)
                if base.load32(place) != value {
                    base.store32(value, at: place)
                    markDirty(place / 8)
                }
            }
        }
        sync(FlowLayout.l4Source, 4)
        sync(FlowLayout.ipv4Source, 8)
        sync(FlowLayout.ipv6Source, 32)
    }

    /// Runs `exec(...)` on scratch copies of ct_mark and ct_label.
    private func fillExec(
        _ exec: UnsafeMutablePointer<Instruction>, count: Int, into call: inout ConntrackCall
    ) {
        let key = state.pointee.key
        let words = key.base.assumingMemoryBound(to: UInt64.self)
        let saved = (words[21], words[22], words[23])
        var masks: (UInt64, UInt64, UInt64) = (0, 0, 0)
        for position in 0..<count {
            let instruction = exec[position]
            if instruction.code == .setWord {
                switch instruction.a {
                case 21: masks.0 |= instruction.y
                case 22: masks.1 |= instruction.y
                case 23: masks.2 |= instruction.y
                default: continue
                }
                let index = Int(instruction.a)
                words[index] = words[index] & ~instruction.y | instruction.x
            } else if instruction.code == .move {
                let target = BitRange(packed: instruction.x)
                let value = read(BitRange(packed: instruction.y))
                // The mask is what the same write of all ones would change.
                let before = (words[21], words[22], words[23])
                words[21] = 0
                words[22] = 0
                words[23] = 0
                write(target, high: .max, low: .max)
                masks.0 |= words[21]
                masks.1 |= words[22]
                masks.2 |= words[23]
                words[21] = before.0
                words[22] = before.1
                words[23] = before.2
                write(target, high: value.high, low: value.low)
            }
        }
        call.mark = key.load32(FlowLayout.ctMark)
        call.labelHigh = key.load64(FlowLayout.ctLabel)
        call.labelLow = key.load64(FlowLayout.ctLabel &+ 8)
        call.markMask = UInt32(truncatingIfNeeded: masks.0 &>> 32).byteSwapped
        call.labelHighMask = masks.1.byteSwapped
        call.labelLowMask = masks.2.byteSwapped
        call.mark &= call.markMask
        call.labelHigh &= call.labelHighMask
        call.labelLow &= call.labelLowMask
        words[21] = saved.0
        words[22] = saved.1
        words[23] = saved.2
    }

    /// Clears all ct_* fields; `recorded` for the `ct_clear` action.
    func clearConntrack(recorded: Bool) {
        let words = state.pointee.key.base.assumingMemoryBound(to: UInt64.self)
        let wasTracked = state.pointee.key.load32(FlowLayout.ctState) != 0
        for index in 21..<30 { words[index] = 0 }
        for index in 21..<30 { markDirty(index) }
        if recorded && wasTracked { append(DatapathOperation(.conntrack, flags: 8)) }
    }

    /// Exchanges addresses and ports with the connection's original tuple; false if there is none.
    func swapConntrackTuple() -> Bool {
        let key = state.pointee.key
        guard key.load32(FlowLayout.ctState) & 0x20 != 0, key.load8(FlowLayout.ctProtocol) != 0
        else { return false }
        func swapBytes(_ first: Int, _ second: Int, _ count: Int) {
            for index in 0..<count {
                let held = key.load8(first &+ index)
                key.store8(key.load8(second &+ index), at: first &+ index)
                key.store8(held, at: second &+ index)
            }
        }
        switch key.load16(FlowLayout.ethType) {
        case 0x0800: swapBytes(FlowLayout.ipv4Source, FlowLayout.ctIPv4Source, 8)
        case 0x86dd: swapBytes(FlowLayout.ipv6Source, FlowLayout.ctIPv6Source, 32)
        default: return false
        }
        swapBytes(FlowLayout.ipProtocol, FlowLayout.ctProtocol, 1)
        swapBytes(FlowLayout.l4Source, FlowLayout.ctSourcePort, 4)
        for index in 32..<39 { markDirty(index) }
        return true
    }
}
