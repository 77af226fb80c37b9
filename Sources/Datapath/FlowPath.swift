// A path: the operations, credits and conditions that one way through the pipeline came to. Shared
// by every record that took the same steps; counts packets for all that it passed.

import Bounded
import CIntrinsics
import Flow
import Pipeline

/// The head of a path; operations, credits and visited tables follow it in the same slot.
@frozen public struct FlowPath {
    public var hash: UInt64 = 0
    public var references: UInt32 = 0
    public var operationCount: UInt16 = 0
    public var creditCount: UInt16 = 0
    public var visitedCount: UInt16 = 0
    public var dependencyCount: UInt8 = 0
    /// Whether an operation asks a connection how to rewrite the packet.
    public var translates = false
    /// Kinds and extras of up to four dependencies.
    public var kinds: (UInt8, UInt8, UInt8, UInt8) = (0, 0, 0, 0)
    public var extras: (UInt16, UInt16, UInt16, UInt16) = (0, 0, 0, 0)
    public var lengthMin: UInt32 = 0
    public var lengthMax: UInt32 = .max
    public var rejudgeSeconds: UInt32 = 0
    public var dropReason: UInt16 = 0
    public var bridge: UInt16 = 0
    public var dirtyLow: UInt64 = 0
    public var dirtyHigh: UInt64 = 0
    /// Counts not yet paid in.
    public var packets: UInt64 = 0
    public var bytes: UInt64 = 0
    public var lastUsed: UInt64 = 0
    /// The port of a path that does nothing but to send the packet as it came; else `UInt32.max`.
    public var plainPort: UInt32 = .max
    /// Whether no dependency is one on a connection or its absence.
    public var isSteady = false
    /// Of the changes up to number `quietUntil`, none from `quietSince` on was in a visited table.
    public var quietSince: UInt32 = 0
    public var quietUntil: UInt32 = 0

    @inlinable public init() {}
}

extension UnsafeMutablePointer where Pointee == FlowPath {
    /// Counts one packet of `bytes` bytes at `now` milliseconds.
    @inlinable @inline(always)
    func count(bytes: UInt64, now: UInt64) {
        pointee.packets &+= 1
        pointee.bytes &+= bytes
        pointee.lastUsed = now
    }

    /// The four kinds as one word, the first one lowest.
    @inlinable @inline(always)
    var kindsWord: UInt32 {
        let k = pointee.kinds
        return UInt32(k.0) | UInt32(k.1) &<< 8 | UInt32(k.2) &<< 16 | UInt32(k.3) &<< 24
    }

    /// The four extras as one word, the first one lowest.
    @inlinable @inline(always)
    var extrasWord: UInt64 {
        let e = pointee.extras
        return UInt64(e.0) | UInt64(e.1) &<< 16 | UInt64(e.2) &<< 32 | UInt64(e.3) &<< 48
    }
}

/// All paths of one poll thread.
///
/// **Shape**: slots of 63 lines, an odd number, so that heads spread over all sets of a cache: the
/// head, then without gaps at most 40 operations, 280 credits and 176 visited tables, room for a
/// logical router's pipelines.
@frozen public struct PathTable {
    @inlinable public static var slotBytes: Int { 63 * 64 }
    @inlinable public static var operationsMax: Int { 40 }
    @inlinable public static var creditsMax: Int { 280 }
    @inlinable public static var visitedMax: Int { 176 }
    @inlinable static var operationsOffset: Int { 112 }
    @inlinable static var operationBytes: Int { 24 }
    @inlinable static var creditBytes: Int { 8 }

    public let base: UnsafeMutableRawPointer
    public let index: TagIndex
    public let slots: SlotPool
    public let hash: KeyedHash

    public init?(capacity: Int, secret: HashSecret) {
        guard let index = TagIndex(capacity: capacity + capacity / 4),
            let slots = SlotPool(capacity: capacity),
            let memory = MappedMemory.reserve(byteCount: capacity * PathTable.slotBytes)
        else { return nil }
        precondition(MemoryLayout<FlowPath>.stride <= PathTable.operationsOffset)
        precondition(
            MemoryLayout<DatapathOperation>.stride == PathTable.operationBytes
                && MemoryLayout<Credit>.stride == PathTable.creditBytes)
        precondition(
            PathTable.operationsOffset + PathTable.operationsMax * PathTable.operationBytes
                + PathTable.creditsMax * PathTable.creditBytes + PathTable.visitedMax * 4
                <= PathTable.slotBytes)
        self.index = index
        self.slots = slots
        base = memory.base
        hash = KeyedHash(secret)
    }

    @inlinable @inline(always)
    public func path(_ slot: UInt32) -> UnsafeMutablePointer<FlowPath> {
        (base + Int(slot) &* PathTable.slotBytes).assumingMemoryBound(to: FlowPath.self)
    }
    @inlinable @inline(always)
    public func operations(_ slot: UInt32) -> UnsafeMutablePointer<DatapathOperation> {
        (base + Int(slot) &* PathTable.slotBytes + PathTable.operationsOffset)
            .assumingMemoryBound(to: DatapathOperation.self)
    }
    @inlinable @inline(always)
    public func credits(_ slot: UInt32) -> UnsafeMutablePointer<Credit> {
        let operationCount = Int(path(slot).pointee.operationCount)
        return UnsafeMutableRawPointer(operations(slot) + operationCount)
            .assumingMemoryBound(to: Credit.self)
    }
    @inlinable @inline(always)
    public func visited(_ slot: UInt32) -> UnsafeMutablePointer<UInt32> {
        UnsafeMutableRawPointer(credits(slot) + Int(path(slot).pointee.creditCount))
            .assumingMemoryBound(to: UInt32.self)
    }

    /// Asks for the head of a path and what lies behind it in one of the usual length.
    @inlinable @inline(always)
    func prefetch(_ slot: UInt32) {
        let first = UnsafeRawPointer(path(slot))
        for line in 0..<4 { Prefetch.read(first + line &* 64) }
    }

    /// The path that the interpreter's recording came to, shared or new; nil if it is too long or
    /// no slot is free. The caller owns one reference. `changeCount` is the number of rule changes
    /// that the recording has seen.
    public func intern(
        _ state: UnsafeMutablePointer<InterpreterState>, changeCount: UInt32
    ) -> UInt32? {
        let s = state
        guard s.pointee.operationCount <= PathTable.operationsMax,
            s.pointee.creditCount <= PathTable.creditsMax,
            s.pointee.visitedCount <= PathTable.visitedMax
        else { return nil }
        let hashed = digest(s)
        if let found = index.find(hashed, where: { isEqual($0, s, hashed) }) {
            path(found).pointee.references &+= 1
            return found
        }
        guard let slot = slots.take() else { return nil }
        guard index.insert(hashed, value: slot) else {
            slots.give(slot)
            return nil
        }
        fill(slot, s, hashed)
        path(slot).pointee.quietSince = changeCount
        path(slot).pointee.quietUntil = changeCount
        return slot
    }

    /// Gives one reference back; the last one pays its credits and frees the slot.
    public func release(_ slot: UInt32) {
        let head = path(slot)
        head.pointee.references &-= 1
        guard head.pointee.references == 0 else { return }
        flush(slot)
        let credits = credits(slot)
        for position in 0..<Int(head.pointee.creditCount) {
            credits[position].reference(by: UInt32.max)
        }
        _ = index.remove(head.pointee.hash, value: slot)
        slots.give(slot)
    }

    /// Pays in what the path counted.
    public func flush(_ slot: UInt32) {
        let head = path(slot)
        let packets = head.pointee.packets
        guard packets != 0 else { return }
        let bytes = head.pointee.bytes
        head.pointee.packets = 0
        head.pointee.bytes = 0
        let credits = credits(slot)
        for position in 0..<Int(head.pointee.creditCount) {
            credits[position].pay(packets: packets, bytes: bytes, now: head.pointee.lastUsed)
        }
    }

    private func fill(
        _ slot: UInt32, _ s: UnsafeMutablePointer<InterpreterState>, _ hashed: UInt64
    ) {
        let head = path(slot)
        head.initialize(to: FlowPath())
        head.pointee.hash = hashed
        head.pointee.references = 1
        head.pointee.operationCount = UInt16(s.pointee.operationCount)
        head.pointee.creditCount = UInt16(s.pointee.creditCount)
        head.pointee.visitedCount = UInt16(s.pointee.visitedCount)
        head.pointee.dependencyCount = UInt8(s.pointee.dependencyCount)
        let kinds = PathTable.kinds(s)
        let extras = PathTable.extras(s)
        head.pointee.kinds = kinds
        head.pointee.extras = extras
        head.pointee.lengthMin = s.pointee.lengthMin
        head.pointee.lengthMax = s.pointee.lengthMax
        head.pointee.rejudgeSeconds = s.pointee.rejudgeSeconds
        head.pointee.dropReason = s.pointee.dropReason.rawValue
        head.pointee.bridge = s.pointee.bridge.pointee.index
        head.pointee.dirtyLow = s.pointee.dirtyLow
        head.pointee.dirtyHigh = s.pointee.dirtyHigh
        let operations = operations(slot)
        for position in 0..<s.pointee.operationCount {
            let operation = s.pointee.operations[position]
            operations[position] = operation
            if operation.code == .conntrack && operation.flags & 4 != 0 {
                head.pointee.translates = true
            }
        }
        head.pointee.plainPort = PathTable.plainPort(s)
        head.pointee.isSteady = (0..<s.pointee.dependencyCount).allSatisfy {
            s.pointee.dependencies[$0].kind == 3
        }
        let credits = credits(slot)
        for position in 0..<s.pointee.creditCount {
            credits[position] = s.pointee.credits[position]
            credits[position].reference(by: 1)
        }
        let visited = visited(slot)
        for position in 0..<s.pointee.visitedCount {
            visited[position] = s.pointee.visited[position]
        }
    }

    /// The port of a lone output, if nothing else of the recording touches the packet or its
    /// copies: a connection's state is looked at with the dependencies.
    private static func plainPort(_ s: UnsafeMutablePointer<InterpreterState>) -> UInt32 {
        var port = UInt32.max
        for position in 0..<s.pointee.operationCount {
            let operation = s.pointee.operations[position]
            if operation.code == .conntrack && operation.flags & 4 == 0 { continue }
            guard operation.code == .output, port == .max else { return .max }
            port = operation.b
        }
        return port
    }

    @inline(__always)
    private static func kinds(
        _ s: UnsafeMutablePointer<InterpreterState>
    ) -> (UInt8, UInt8, UInt8, UInt8) {
        let d = s.pointee.dependencies
        let n = s.pointee.dependencyCount
        return (
            n > 0 ? d[0].kind : 0, n > 1 ? d[1].kind : 0, n > 2 ? d[2].kind : 0,
            n > 3 ? d[3].kind : 0
        )
    }

    @inline(__always)
    private static func extras(
        _ s: UnsafeMutablePointer<InterpreterState>
    ) -> (UInt16, UInt16, UInt16, UInt16) {
        let d = s.pointee.dependencies
        let n = s.pointee.dependencyCount
        return (
            n > 0 ? d[0].extra : 0, n > 1 ? d[1].extra : 0, n > 2 ? d[2].extra : 0,
            n > 3 ? d[3].extra : 0
        )
    }

    private func digest(_ s: UnsafeMutablePointer<InterpreterState>) -> UInt64 {
        var h =
            UInt64(s.pointee.operationCount) &<< 32 | UInt64(s.pointee.creditCount) &<< 16
            | UInt64(s.pointee.visitedCount)
        if s.pointee.operationCount > 0 {
            h ^= hash.hash(
                UnsafeRawPointer(s.pointee.operations), words: s.pointee.operationCount &* 3)
        }
        if s.pointee.creditCount > 0 {
            h = h &* 0xff51_afd7_ed55_8ccd
            h ^= hash.hash(UnsafeRawPointer(s.pointee.credits), words: s.pointee.creditCount)
        }
        h = hash.hash(h &+ UInt64(s.pointee.lengthMin) &* 31 &+ UInt64(s.pointee.lengthMax))
        return h
    }

    private func isEqual(
        _ slot: UInt32, _ s: UnsafeMutablePointer<InterpreterState>, _ hashed: UInt64
    ) -> Bool {
        let head = path(slot)
        prefetch(slot)
        guard head.pointee.hash == hashed,
            Int(head.pointee.operationCount) == s.pointee.operationCount,
            Int(head.pointee.creditCount) == s.pointee.creditCount,
            Int(head.pointee.visitedCount) == s.pointee.visitedCount,
            Int(head.pointee.dependencyCount) == s.pointee.dependencyCount,
            head.pointee.kinds == PathTable.kinds(s), head.pointee.extras == PathTable.extras(s),
            head.pointee.lengthMin == s.pointee.lengthMin,
            head.pointee.lengthMax == s.pointee.lengthMax,
            head.pointee.rejudgeSeconds == s.pointee.rejudgeSeconds,
            head.pointee.dirtyLow == s.pointee.dirtyLow,
            head.pointee.dirtyHigh == s.pointee.dirtyHigh,
            head.pointee.dropReason == s.pointee.dropReason.rawValue,
            head.pointee.bridge == s.pointee.bridge.pointee.index
        else { return false }
        let operations = operations(slot)
        for position in 0..<s.pointee.operationCount
        where operations[position] != s.pointee.operations[position] {
            return false
        }
        let credits = credits(slot)
        for position in 0..<s.pointee.creditCount
        where credits[position] != s.pointee.credits[position] {
            return false
        }
        let visited = visited(slot)
        for position in 0..<s.pointee.visitedCount
        where visited[position] != s.pointee.visited[position] {
            return false
        }
        return true
    }
}
