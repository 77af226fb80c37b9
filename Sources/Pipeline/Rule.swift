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
/// **Shape**: fixed size; `next` chains rules of equal match, highest priority first.
/// **Owner**: the control room writes all but the counters; poll threads add to the counters with
/// relaxed atomics.
@frozen public struct Rule {
    public var priority: Int32
    public var table: UInt8
    public var flags: UInt8
    public var bridge: UInt16
    /// The number by which the control room knows it.
    public var id: UInt64
    /// Visible to readers at versions `addVersion ..< removeVersion`.
    public var addVersion: UInt64
    public var removeVersion: UInt64
    public var instructions: UnsafeMutablePointer<Instruction>
    public var instructionCount: Int
    public var clauses: UnsafeMutablePointer<ConjunctionClause>?
    public var clauseCount: Int
    public var next: UnsafeMutablePointer<Rule>?
    /// Its table, whose lookups are counted with the rule's packets.
    public var home: UnsafeMutablePointer<RuleTable>
    public var packetCount: UInt64
    public var byteCount: UInt64
    /// Milliseconds on the engine's clock; 0 until used.
    public var lastUsed: UInt64
    /// Paths of poll threads that credit this rule; it may be freed only at 0.
    public var pathReferences: UInt32
    /// TCP flags seen, and other bits poll threads leave for the control room.
    public var finSeen: UInt32

    /// Leave it out of packet and byte counts (OpenFlow 1.3's NO_PKT_COUNTS …) — kept for reading.
    @inlinable public static var hidden: UInt8 { 1 }

    public init(
        id: UInt64, bridge: UInt16, table: UInt8, priority: Int32, addVersion: UInt64,
        home: UnsafeMutablePointer<RuleTable>, program: Program
    ) {
        self.priority = priority
        self.table = table
        self.flags = 0
        self.bridge = bridge
        self.id = id
        self.addVersion = addVersion
        self.removeVersion = .max
        self.instructions = program.instructions
        self.instructionCount = program.count
        self.clauses = nil
        self.clauseCount = 0
        self.next = nil
        self.home = home
        self.packetCount = 0
        self.byteCount = 0
        self.lastUsed = 0
        self.pathReferences = 0
        self.finSeen = 0
    }
}

extension UnsafeMutablePointer where Pointee == Rule {
    /// Whether a reader at `version` sees the rule.
    @inlinable @inline(always)
    public func isVisible(at version: UInt64) -> Bool {
        pointee.addVersion <= version && version < pointee.removeVersion
    }

    /// Counts a packet of `bytes` bytes at `now` milliseconds.
    @inlinable @inline(always)
    public func credit(packets: UInt64, bytes: UInt64, now: UInt64) {
        let base = UnsafeMutableRawPointer(self)
        _ = vd_fetch_add64(
            base + MemoryLayout<Rule>.offset(of: \.packetCount).unsafelyUnwrapped, packets)
        _ = vd_fetch_add64(
            base + MemoryLayout<Rule>.offset(of: \.byteCount).unsafelyUnwrapped, bytes)
        vd_store_relaxed64(base + MemoryLayout<Rule>.offset(of: \.lastUsed).unsafelyUnwrapped, now)
    }
}
