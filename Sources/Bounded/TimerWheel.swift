// A timer wheel over records that live elsewhere. Each record lends eight bytes for its links; the
// wheel keeps one list head per tick. A deadline beyond the wheel's horizon is parked at the
// horizon: `next` hands the record out early, and the caller, who knows the true deadline,
// schedules it anew. The same serves records whose deadline moved without telling the wheel, which
// is how connections do it.

import CIntrinsics

/// A timer wheel over intrusive links of record numbers.
///
/// **Shape**: `slotCount` list heads; links are two UInt32 (next, previous) inside each record.
/// **Units**: milliseconds. **Owner**: one thread, or the table's lock. **Cost**: O(1) a call.
@frozen public struct TimerWheel: @unchecked Sendable {
    /// No record.
    @inlinable public static var none: UInt32 { UInt32.max }
    /// In `previous`, this bit says that the rest is a slot of the wheel, not a record.
    @inlinable static var headBit: UInt32 { 0x8000_0000 }

    @frozen public struct State {
        public var heads: UnsafeMutablePointer<UInt32>
        /// First link word of record 0.
        public var links: UnsafeMutableRawPointer
        public var strideBytes: Int
        public var tickMilliseconds: UInt64
        public var slotMask: UInt64
        /// The tick whose slot `next` drains.
        public var currentTick: UInt64
    }
    public let state: UnsafeMutablePointer<State>

    /// A wheel at time `now` over records whose links lie at `links + number * strideBytes`.
    public init(
        slotCount: Int, tickMilliseconds: Int, links: UnsafeMutableRawPointer, strideBytes: Int,
        now: UInt64
    ) {
        precondition(slotCount > 1 && tickMilliseconds > 0)
        let slots = Int.powerOfTwo(atLeast: slotCount)
        state = .allocate(capacity: 1)
        let heads = UnsafeMutablePointer<UInt32>.allocate(capacity: slots)
        heads.initialize(repeating: TimerWheel.none, count: slots)
        state.initialize(
            to: State(
                heads: heads, links: links, strideBytes: strideBytes,
                tickMilliseconds: UInt64(tickMilliseconds), slotMask: UInt64(slots - 1),
                currentTick: now / UInt64(tickMilliseconds)))
    }

    public func deallocate() {
        state.pointee.heads.deallocate()
        state.deallocate()
    }

    @inlinable @inline(always)
    func link(_ record: UInt32) -> UnsafeMutablePointer<UInt32> {
        (state.pointee.links + Int(truncatingIfNeeded: record) &* state.pointee.strideBytes)
            .assumingMemoryBound(to: UInt32.self)
    }

    /// Puts `record`, which must not be in the wheel, where it comes up at or after `deadline`, or
    /// at the horizon if that is nearer.
    @inlinable
    public func schedule(_ record: UInt32, at deadline: UInt64) {
        let tick = deadline / state.pointee.tickMilliseconds &+ 1
        let nearest = state.pointee.currentTick &+ 1
        let farthest = state.pointee.currentTick &+ state.pointee.slotMask
        let chosen = tick < nearest ? nearest : tick > farthest ? farthest : tick
        let slot = Int(truncatingIfNeeded: chosen & state.pointee.slotMask)
        let head = state.pointee.heads[slot]
        let link = link(record)
        link[0] = head
        link[1] = TimerWheel.headBit | UInt32(truncatingIfNeeded: slot)
        if head != TimerWheel.none { self.link(head)[1] = record }
        state.pointee.heads[slot] = record
    }

    /// Takes `record`, which must be in the wheel, out.
    @inlinable
    public func cancel(_ record: UInt32) {
        let link = link(record)
        let next = link[0]
        let previous = link[1]
        if previous & TimerWheel.headBit != 0 {
            state.pointee.heads[Int(truncatingIfNeeded: previous & ~TimerWheel.headBit)] = next
        } else {
            self.link(previous)[0] = next
        }
        if next != TimerWheel.none { self.link(next)[1] = previous }
    }

    /// Takes out and returns a record whose slot was reached by `now`, or `none`. Call it until
    /// `none`, or until a budget is spent; then go on later. `stepBudget` bounds the empty slots
    /// that one call passes.
    @inlinable
    public func next(now: UInt64, stepBudget: Int = 4096) -> UInt32 {
        let target = now / state.pointee.tickMilliseconds
        var steps = 0
        while true {
            let slot = Int(truncatingIfNeeded: state.pointee.currentTick & state.pointee.slotMask)
            let record = state.pointee.heads[slot]
            if record != TimerWheel.none {
                cancel(record)
                return record
            }
            guard state.pointee.currentTick < target, steps < stepBudget else {
                return TimerWheel.none
            }
            state.pointee.currentTick &+= 1
            steps &+= 1
        }
    }
}
