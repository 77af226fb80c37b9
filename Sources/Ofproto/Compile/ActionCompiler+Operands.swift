// The operand blocks of the larger instructions. Every block is remembered so that the program
// frees it; a block's address travels in the instruction.

import Flow
import OpenFlow
import Pipeline

extension ActionCompiler {
    /// Moves `value` into memory that the program owns.
    private mutating func block<T>(_ value: T) -> UInt64 {
        let memory = UnsafeMutablePointer<T>.allocate(capacity: 1)
        memory.initialize(to: value)
        blocks.append(UnsafeMutableRawPointer(memory))
        return UInt64(UInt(bitPattern: memory))
    }

    private mutating func array<T>(_ values: [T]) -> UnsafeMutablePointer<T> {
        let memory = UnsafeMutablePointer<T>.allocate(capacity: max(values.count, 1))
        for (index, value) in values.enumerated() { (memory + index).initialize(to: value) }
        blocks.append(UnsafeMutableRawPointer(memory))
        return memory
    }

    /// Address and number of the instructions of a nested list.
    mutating func nested(_ actions: [Action]) -> (place: UInt64, count: UInt32) {
        let list = instructions(actions)
        return (UInt64(UInt(bitPattern: array(list))), UInt32(list.count))
    }

    mutating func operands(_ action: ControllerAction) -> UInt64 {
        var operands = ControllerOperands()
        operands.maxLength = action.maxLength
        operands.controllerID = action.controllerID
        operands.reason = action.reason
        operands.pause = action.pause
        operands.meterID = action.meterID == 0 ? 0 : resolver.datapathMeter(action.meterID)
        if !action.userdata.isEmpty {
            operands.userdata = array(action.userdata)
            operands.userdataCount = action.userdata.count
        }
        return block(operands)
    }

    mutating func operands(_ action: BundleAction) -> UInt64 {
        block(
            BundleOperands(
                fields: action.fields.rawValue, basis: action.basis,
                algorithm: action.algorithm.rawValue, members: array(action.members),
                memberCount: action.members.count,
                destination: action.destination.flatMap(range) ?? BitRange(packed: 0)))
    }

    mutating func operands(_ action: MultipathAction) -> UInt64 {
        block(
            MultipathOperands(
                fields: action.fields.rawValue, basis: action.basis,
                algorithm: action.algorithm.rawValue, links: action.links,
                argument: action.argument,
                destination: range(action.destination) ?? BitRange(packed: 0)))
    }

    mutating func operands(_ action: LearnAction) -> UInt64 {
        let handle = resolver.register(action)
        learnHandles.append(handle)
        return block(
            LearnOperands(
                handle: handle,
                resultDestination: action.resultDestination.flatMap(range)
                    ?? BitRange(packed: 0)))
    }

    mutating func operands(_ action: ConntrackAction) -> UInt64 {
        var operands = ConntrackOperands()
        operands.commit = action.commit
        operands.force = action.force
        operands.zone = action.zone
        if let zoneField = action.zoneField, let range = range(zoneField) {
            operands.zoneRange = range
        }
        operands.recircTable = action.recircTable
        operands.alg = action.alg
        if let nat = action.nat { operands.nat = natOperands(nat) }
        if !action.exec.isEmpty {
            let list = instructions(action.exec)
            operands.exec = array(list)
            operands.execCount = list.count
        }
        return block(operands)
    }

    private func natOperands(_ action: NATAction) -> NATOperands {
        var operands = NATOperands()
        switch action.kind {
        case .existing: operands.kind = 1
        case .source: operands.kind = 2
        case .destination: operands.kind = 3
        }
        if action.persistent { operands.flags |= 1 }
        if action.hash { operands.flags |= 2 }
        if action.random { operands.flags |= 4 }
        if let low = action.ipv4Min {
            operands.flags |= 8
            operands.minLow = UInt64(low)
            operands.maxLow = UInt64(action.ipv4Max ?? low)
        } else if let low = action.ipv6Min {
            let high = action.ipv6Max ?? low
            operands.flags |= 16
            operands.minHigh = low.high64
            operands.minLow = low.low64
            operands.maxHigh = high.high64
            operands.maxLow = high.low64
        }
        if let low = action.portMin {
            operands.flags |= 32
            operands.portMin = low
            operands.portMax = action.portMax ?? low
        }
        return operands
    }
}
