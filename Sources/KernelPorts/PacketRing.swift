// A bounded ring of packets between two threads, for dummy ports. One consumer; producers take a
// lock.

import CIntrinsics
import PacketBuffer

/// A fixed-capacity queue of packets.
///
/// **Shape**: raw memory: head, tail and lock on lines of their own, then the slots.
/// **Owner**: any thread pushes; one thread pops.
struct PacketRing {
    private let base: UnsafeMutableRawPointer
    private let mask: UInt32

    /// `capacity` is a power of two.
    init(capacity: Int) {
        precondition(capacity > 0 && capacity & (capacity - 1) == 0)
        base = .allocate(byteCount: 192 + capacity * 8, alignment: 64)
        vd_zero(base, 192)
        mask = UInt32(capacity - 1)
    }

    func deallocate() { base.deallocate() }

    private var head: UnsafeMutableRawPointer { base }
    private var tail: UnsafeMutableRawPointer { base + 64 }
    private var lock: UnsafeMutableRawPointer { base + 128 }
    private var slots: UnsafeMutablePointer<PacketBuffer> {
        (base + 192).assumingMemoryBound(to: PacketBuffer.self)
    }

    /// Packets waiting.
    var count: Int {
        Int(truncatingIfNeeded: vd_load_acquire32(tail) &- vd_load_acquire32(head))
    }

    /// Adds a packet; false when the ring is full.
    func push(_ packet: PacketBuffer) -> Bool {
        vd_spin_lock(lock)
        let end = vd_load_relaxed32(tail)
        let isRoom = end &- vd_load_acquire32(head) <= mask
        if isRoom {
            slots[Int(truncatingIfNeeded: end & mask)] = packet
            vd_store_release32(tail, end &+ 1)
        }
        vd_spin_unlock(lock)
        return isRoom
    }

    /// Takes the oldest packet.
    func pop() -> PacketBuffer? {
        let first = vd_load_relaxed32(head)
        guard vd_load_acquire32(tail) != first else { return nil }
        let packet = slots[Int(truncatingIfNeeded: first & mask)]
        vd_store_release32(head, first &+ 1)
        return packet
    }
}
