// A compiled action list with all memory it needs. The control room makes it and keeps it alive for
// as long as a rule, a bucket, a continuation or a reader inside an epoch can still reach it.

import Flow

/// Instructions and their operand blocks, in raw memory.
///
/// **Owner**: the control room; poll threads read it through the pointers of rules and buckets.
public final class Program: @unchecked Sendable {
    public let instructions: UnsafeMutablePointer<Instruction>
    public let count: Int
    /// Whether a `learn`, `controller` or other act that must happen for each packet is in it.
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
}
