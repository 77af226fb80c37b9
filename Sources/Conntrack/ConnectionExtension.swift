// Tuples that only some connections have: what replies bear where NAT made that another than the
// original reversed, and the connection that announced a related one. A line each, beside the
// connection's own, so that those without pay nothing.

import Bounded

/// The lines that connections may have besides their own.
///
/// **Shape**: 64 bytes each, a tuple in front; number 0 is none. **Owner**: the table's lock.
@frozen public struct ExtensionPool {
    @usableFromInline let memory: MappedMemory
    @usableFromInline let slots: SlotPool

    /// Reserves room for `capacity` tuples; nil when memory is short.
    init?(capacity: Int) {
        guard let memory = MappedMemory.reserve(byteCount: (capacity + 1) * 64),
            let slots = SlotPool(capacity: capacity)
        else { return nil }
        self.memory = memory
        self.slots = slots
    }

    func deallocate() {
        memory.release()
        slots.deallocate()
    }

    @inlinable @inline(always)
    func tuple(_ number: UInt32) -> UnsafeMutablePointer<ConntrackTuple> {
        (memory.base + Int(truncatingIfNeeded: number) &* 64)
            .assumingMemoryBound(to: ConntrackTuple.self)
    }

    /// The number of a line that holds `tuple`; nil when there is none left.
    func keep(_ tuple: ConntrackTuple) -> UInt32? {
        guard let slot = slots.take() else { return nil }
        self.tuple(slot &+ 1).initialize(to: tuple)
        return slot &+ 1
    }

    /// Gives a line back, if `number` is one.
    func give(_ number: UInt32) {
        if number != 0 { slots.give(number &- 1) }
    }
}

extension ConntrackTable {
    /// What the packets of a connection bear, from its originator.
    @inlinable @inline(always)
    func original(_ index: UInt32) -> ConntrackTuple {
        cold(index).pointee.original(hot(index))
    }

    /// What the answers to a connection bear.
    @inlinable @inline(always)
    func reply(_ index: UInt32) -> ConntrackTuple {
        let translation = hot(index).pointee.translation
        return translation == 0
            ? original(index).reversed : state.pointee.extensions.tuple(translation).pointee
    }

    /// The original tuple of the connection that announced a related one.
    func parent(_ index: UInt32) -> ConntrackTuple {
        state.pointee.extensions.tuple(cold(index).pointee.announcement).pointee
    }

    /// Sets what the answers to a connection bear; false when no line is left.
    func setReply(_ index: UInt32, _ tuple: ConntrackTuple) -> Bool {
        let hot = hot(index)
        if hot.pointee.translation == 0 {
            guard let number = state.pointee.extensions.keep(tuple) else { return false }
            hot.pointee.translation = number
        } else {
            state.pointee.extensions.tuple(hot.pointee.translation).pointee = tuple
        }
        return true
    }

    /// Gives a connection's lines back.
    func giveSlots(_ index: UInt32) {
        state.pointee.extensions.give(hot(index).pointee.translation)
        state.pointee.extensions.give(cold(index).pointee.announcement)
        state.pointee.slots.give(index)
    }
}
