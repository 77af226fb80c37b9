// A rule as the poll threads see it: flat, reached by pointer, visible between two versions. The
// control room's own view of the same rule (cookie, timeouts, text) is in Ofproto.

import Bounded
import CIntrinsics
import Flow

/// One clause of a conjunctive match that a rule takes part in.
@frozen public struct ConjunctionClause: Hashable, Sendable {
    public var id: UInt32
    public var clause: UInt8
    public var clauses: UInt8
    public init(id: UInt32, clause: UInt8, clauses: UInt8) {
        self.id = id
        self.clause = clause
        self.clauses = clauses
    }
}

/// A compiled rule.
///
/// **Shape**: a line that a lookup reads, a line of counters, then the masked words of its match
/// and its program, in one block. `next` chains rules of equal match, highest priority first.
/// **Owner**: the control room writes all but the counters; poll threads add to the counters with
/// relaxed atomics.
@frozen public struct Rule {
    public var priority: Int32
    public var table: UInt8
    public var flags: UInt8
    public var bridge: UInt16
    /// Visible to readers at versions `addVersion ..< removeVersion`.
    public var addVersion: UInt64
    public var removeVersion: UInt64
    public var next: UnsafeMutablePointer<Rule>?
    public var instructions: UnsafeMutablePointer<Instruction>
    public var instructionCount: UInt32
    public var clauseCount: UInt32
    public var clauses: UnsafeMutablePointer<ConjunctionClause>?
    /// Masked words behind the rule.
    public let wordCount: UInt32
    /// Of the whole block.
    let blockBytes: UInt32

    public var packetCount: UInt64
    public var byteCount: UInt64
    /// Milliseconds on the engine's clock; 0 until used.
    public var lastUsed: UInt64
    /// Its table, whose lookups are counted with the rule's packets.
    public var home: UnsafeMutablePointer<RuleTable>
    /// The number by which the control room knows it.
    public var id: UInt64
    /// Paths of poll threads that credit this rule; it may be freed only at 0.
    public var pathReferences: UInt32
    /// TCP flags seen, and other bits poll threads leave for the control room.
    public var finSeen: UInt32
    public var reserved0: UInt64
    public var reserved1: UInt64

    /// Leave it out of packet and byte counts (OpenFlow 1.3's NO_PKT_COUNTS …) — kept for reading.
    @inlinable public static var hidden: UInt8 { 1 }

    init(
        id: UInt64, bridge: UInt16, table: UInt8, priority: Int32, addVersion: UInt64,
        home: UnsafeMutablePointer<RuleTable>, wordCount: Int, blockBytes: Int,
        instructions: UnsafeMutablePointer<Instruction>, instructionCount: Int
    ) {
        self.priority = priority
        self.table = table
        self.flags = 0
        self.bridge = bridge
        self.id = id
        self.addVersion = addVersion
        self.removeVersion = .max
        self.instructions = instructions
        self.instructionCount = UInt32(instructionCount)
        self.clauses = nil
        self.clauseCount = 0
        self.wordCount = UInt32(wordCount)
        self.blockBytes = UInt32(blockBytes)
        self.next = nil
        self.home = home
        self.packetCount = 0
        self.byteCount = 0
        self.lastUsed = 0
        self.pathReferences = 0
        self.finSeen = 0
        self.reserved0 = 0
        self.reserved1 = 0
    }
}

extension UnsafeMutablePointer where Pointee == Rule {
    /// A new rule with the words of `match`; give it back with `free()`.
    ///
    /// The caller keeps `program`, whose operands the rule shares, while the rule can be reached.
    public static func make(
        id: UInt64, bridge: UInt16, table: UInt8, priority: Int32, addVersion: UInt64,
        home: UnsafeMutablePointer<RuleTable>, program: Program, match: FlowMatch
    ) -> UnsafeMutablePointer<Rule> {
        precondition(MemoryLayout<Rule>.stride == 128)
        let count = match.words.count
        let programOffset = (128 + 8 * count + 15) & ~15
        let byteCount = programOffset + program.copyByteCount
        let block = RuleMemory.allocate(byteCount: byteCount)
        let rule = block.bindMemory(to: Rule.self, capacity: 1)
        rule.initialize(
            to: Rule(
                id: id, bridge: bridge, table: table, priority: priority, addVersion: addVersion,
                home: home, wordCount: count, blockBytes: byteCount,
                instructions: program.copy(to: block + programOffset),
                instructionCount: program.count))
        let words = (block + 128).bindMemory(to: UInt64.self, capacity: count)
        for (index, word) in match.words.enumerated() { words[index] = word.value }
        return rule
    }

    /// Gives the rule's memory back. Nobody may hold a pointer to it.
    public func free() {
        RuleMemory.free(UnsafeMutableRawPointer(self), byteCount: Int(pointee.blockBytes))
    }

    /// Asks for the lines of a rule that will be run: of most rules, all.
    @inline(__always)
    func prefetch() {
        let base = UnsafeRawPointer(self)
        vd_prefetch(base + 128)
        vd_prefetch(base)
        vd_prefetch_write(base + 64)
        vd_prefetch(base + 192)
        vd_prefetch(base + 256)
    }

    /// The masked words of the rule's match, in the order of its subtable.
    @inlinable @inline(always)
    var words: UnsafeMutablePointer<UInt64> {
        UnsafeMutableRawPointer(self + 1).assumingMemoryBound(to: UInt64.self)
    }

    /// Whether a reader at `version` sees the rule.
    @inlinable @inline(always)
    public func isVisible(at version: UInt64) -> Bool {
        pointee.addVersion <= version && version < pointee.removeVersion
    }

    /// Counts packets of `bytes` bytes in all at `now` milliseconds.
    @inlinable @inline(always)
    public func credit(packets: UInt64, bytes: UInt64, now: UInt64, isShared: Bool = true) {
        let base = UnsafeMutableRawPointer(self)
        Credit.add(
            packets, at: base + MemoryLayout<Rule>.offset(of: \.packetCount).unsafelyUnwrapped,
            isShared: isShared)
        Credit.add(
            bytes, at: base + MemoryLayout<Rule>.offset(of: \.byteCount).unsafelyUnwrapped,
            isShared: isShared)
        vd_store_relaxed64(base + MemoryLayout<Rule>.offset(of: \.lastUsed).unsafelyUnwrapped, now)
    }
}
