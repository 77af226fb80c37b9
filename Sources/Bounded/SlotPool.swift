// A free list of slot numbers below a capacity. Slots that were never used are handed out last, so
// that the memory behind a large table is touched only as far as it is needed.

/// Hands out and takes back `UInt32` slot numbers.
///
/// **Shape**: one pointer to a header and a stack. **Owner**: one thread, or the table's lock.
/// **Cost**: one cache line a call.
@frozen public struct SlotPool: @unchecked Sendable {
    @frozen public struct State {
        /// Numbers returned, `freeCount` of them.
        public var stack: UnsafeMutablePointer<UInt32>
        public var memory: MappedMemory
        public var freeCount: UInt32
        /// Numbers from here up were never handed out.
        public var fresh: UInt32
        public var capacity: UInt32
    }
    public let state: UnsafeMutablePointer<State>

    /// A pool of the numbers 0 ..< capacity; nil when memory is short or `capacity` is not in
    /// 1...2^31.
    public init?(capacity: Int) {
        guard capacity > 0, capacity <= 1 << 31,
            let memory = MappedMemory.reserve(byteCount: capacity * 4)
        else { return nil }
        state = .allocate(capacity: 1)
        state.initialize(
            to: State(
                stack: memory.base.bindMemory(to: UInt32.self, capacity: capacity),
                memory: memory, freeCount: 0, fresh: 0, capacity: UInt32(capacity)))
    }

    public func deallocate() {
        state.pointee.memory.release()
        state.deallocate()
    }

    @inlinable public var capacity: Int { Int(state.pointee.capacity) }
    /// Slots in use.
    @inlinable public var usedCount: Int {
        Int(state.pointee.fresh) &- Int(state.pointee.freeCount)
    }
    /// All numbers at or above this were never handed out; scans stop here.
    @inlinable public var highWater: Int { Int(state.pointee.fresh) }

    /// A free slot, or nil when all are in use.
    @inlinable @inline(always)
    public func take() -> UInt32? {
        let free = state.pointee.freeCount
        if free > 0 {
            state.pointee.freeCount = free &- 1
            return state.pointee.stack[Int(free &- 1)]
        }
        let fresh = state.pointee.fresh
        guard fresh < state.pointee.capacity else { return nil }
        state.pointee.fresh = fresh &+ 1
        return fresh
    }

    /// What `take` would hand out now.
    @inlinable @inline(always)
    public var next: UInt32? {
        let free = state.pointee.freeCount
        if free > 0 { return state.pointee.stack[Int(free &- 1)] }
        return state.pointee.fresh < state.pointee.capacity ? state.pointee.fresh : nil
    }

    /// Gives `slot`, which must be in use, back.
    @inlinable @inline(always)
    public func give(_ slot: UInt32) {
        let free = state.pointee.freeCount
        assert(slot < state.pointee.fresh && free < state.pointee.fresh, "a slot was freed twice")
        state.pointee.stack[Int(free)] = slot
        state.pointee.freeCount = free &+ 1
    }
}
