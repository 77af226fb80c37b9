// Looking rules up and running them: tables, misses, resubmits. Part of the interpreter.

import Flow

extension Interpreter {
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
            let found = lookUp(in: entry)
            guard let rule = found else {
                trace(.miss, table: at, rule: nil, value: 0)
                if entry.pointee.missBehaviour == RuleTable.silentMiss { return }
                credit(.miss(entry))
                if isMissHonoured && entry.pointee.missBehaviour == 2 && at < 253 {
                    at &+= 1
                    continue
                }
                return miss(entry, table: at, isMissHonoured: isMissHonoured)
            }
            runRule(rule, table: at, isLast: isLast)
            return
        }
    }

    /// The rule for the packet as its key is now.
    @inline(__always)
    private func lookUp(
        in table: UnsafeMutablePointer<RuleTable>
    ) -> UnsafeMutablePointer<Rule>? {
        let s = state
        if s.pointee.key.load8(FlowLayout.ipFragment) != 0
            && !s.pointee.configuration.pointee.matchesFirstFragments
        {
            return lookUpFragment(in: table)
        }
        return table.lookup(
            s.pointee.key, version: s.pointee.version, scratch: s.pointee.conjunctions)
    }

    /// A fragment is looked up as if it had no ports, type and code.
    private func lookUpFragment(
        in table: UnsafeMutablePointer<RuleTable>
    ) -> UnsafeMutablePointer<Rule>? {
        let key = state.pointee.key
        let ports = key.load32(FlowLayout.l4Source)
        key.store32(0, at: FlowLayout.l4Source)
        let found = table.lookup(
            key, version: state.pointee.version, scratch: state.pointee.conjunctions)
        key.store32(ports, at: FlowLayout.l4Source)
        return found
    }

    private func runRule(_ rule: UnsafeMutablePointer<Rule>, table: UInt8, isLast: Bool) {
        let s = state
        credit(.rule(rule))
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
            rule.pointee.instructions, count: Int(rule.pointee.instructionCount), isLast: isLast)
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
        let saved = (table: state.pointee.table, rule: state.pointee.rule)
        state.pointee.table = table
        state.pointee.rule = nil
        var call = PacketInCall()
        call.reason = 0
        sendPacketIn(&call)
        state.pointee.table = saved.table
        state.pointee.rule = saved.rule
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

    func resubmit(_ instruction: Instruction, isLast: Bool) {
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
        let found = lookUp(in: entry)
        restore(port: oldPort, isSwapped: isSwapped)
        guard let rule = found else {
            credit(.miss(entry))
            trace(.miss, table: table, rule: nil, value: 0)
            return drop(.tableMiss)
        }
        runRule(rule, table: table, isLast: isLast)
    }

    private func restore(port: UInt32, isSwapped: Bool) {
        state.pointee.key.store32(port, at: FlowLayout.inPort)
        if isSwapped { _ = swapConntrackTuple() }
    }
}
