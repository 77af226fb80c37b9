// A compiled action list with all memory it needs. The control room makes it and keeps it alive for
// as long as a rule, a bucket, a continuation or a reader inside an epoch can still reach it.

import Flow

/// Instructions and their operand blocks, in raw memory.
///
/// **Owner**: the control room; poll threads read it through the pointers of rules and buckets.
public final class Program: @unchecked Sendable {
    public let instructions: UnsafeMutablePointer<Instruction>
    public let count: Int
    private var blocks: [UnsafeMutableRawPointer]

    /// - Parameter blocks: operand blocks that the instructions point to, freed with the program.
    public init(_ list: [Instruction], blocks: [UnsafeMutableRawPointer]) {
        count = list.count
        instructions = .allocate(capacity: max(list.count, 1))
        for (index, instruction) in list.enumerated() {
            (instructions + index).initialize(to: instruction)
        }
        self.blocks = blocks
    }

    deinit {
        instructions.deallocate()
        for block in blocks { block.deallocate() }
    }

    /// Bytes that `copy(to:)` writes.
    var copyByteCount: Int {
        let tracking = (0..<count).count { instructions[$0].code == .ct }
        return operandsOffset + tracking * MemoryLayout<ConntrackOperands>.stride
    }

    private var operandsOffset: Int { (count * MemoryLayout<Instruction>.stride + 15) & ~15 }

    /// Copies the instructions to `memory`, and right behind them the operands of `ct`, which every
    /// new connection reads; other operands stay where they are.
    func copy(to memory: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Instruction> {
        let stride = MemoryLayout<ConntrackOperands>.stride
        let copies = memory.bindMemory(to: Instruction.self, capacity: count)
        var place = memory + operandsOffset
        for index in 0..<count {
            var instruction = instructions[index]
            if instruction.code == .ct,
                let operands = UnsafeRawPointer(bitPattern: UInt(instruction.x))
            {
                place.copyMemory(from: operands, byteCount: stride)
                instruction.x = UInt64(UInt(bitPattern: place))
                place += stride
            }
            (copies + index).initialize(to: instruction)
        }
        return copies
    }
}
