// A bounded ring from many threads to one, for elements of a fixed size. Every slot carries a
// sequence number that says whose turn it is, so a slow producer holds up nobody but the consumer
// behind it.

import CIntrinsics

/// A multi-producer, single-consumer ring of fixed-size elements.
///
/// **Shape**: one pointer; elements are raw bytes. **Owner**: any producer threads and one consumer
/// thread.
@frozen public struct MPSCRing: @unchecked Sendable {
    @inlinable static var tail: Int { 0 }
    @inlinable static var head: Int { 64 }
    @inlinable static var refused: Int { 128 }
    @inlinable static var slots: Int { 192 }

    public let base: UnsafeMutableRawPointer
    public let mask: UInt64
    /// Bytes from slot to slot: an 8-byte sequence number and the element.
    public let stride: Int

    /// A ring of at least `capacity` elements (rounded up to a power of two) of `elementBytes`
    /// each; nil when memory is short.
    public init?(capacity: Int, elementBytes: Int) {
        guard capacity > 0, capacity <= 1 << 24, elementBytes > 0, elementBytes <= 1 << 17 else {
            return nil
        }
        let count = Int.powerOfTwo(atLeast: Swift.max(2, capacity))
        stride = 8 + ((elementBytes + 7) & ~7)
        guard let memory = MappedMemory.reserve(byteCount: MPSCRing.slots + count * stride) else {
            return nil
        }
        base = memory.base
        mask = UInt64(count - 1)
        for index in 0..<count {
            base.storeBytes(
                of: UInt64(index), toByteOffset: MPSCRing.slots + index * stride, as: UInt64.self)
        }
    }

    public func deallocate() {
        MappedMemory(base: base, byteCount: MPSCRing.slots + capacity * stride).release()
    }

    @inlinable public var capacity: Int { Int(mask) &+ 1 }
    @inlinable public var elementBytes: Int { stride &- 8 }
    /// How often `push` found the ring full.
    @inlinable public var refusedCount: UInt64 { vd_load_relaxed64(base + MPSCRing.refused) }

    /// Copies `byteCount` bytes in as one element; false when the ring is full.
    @inlinable
    public func push(_ source: UnsafeRawPointer, byteCount: Int) -> Bool {
        assert(byteCount <= elementBytes)
        while true {
            let position = vd_load_relaxed64(base + MPSCRing.tail)
            let slot = slot(position)
            let sequence = vd_load_acquire64(slot)
            if sequence == position {
                if vd_cas64(base + MPSCRing.tail, position, position &+ 1) {
                    vd_copy(slot + 8, source, UInt64(truncatingIfNeeded: byteCount))
                    vd_store_release64(slot, position &+ 1)
                    return true
                }
            } else if Int64(bitPattern: sequence &- position) < 0 {
                _ = vd_fetch_add64(base + MPSCRing.refused, 1)
                return false
            }
            vd_pause()
        }
    }

    /// The oldest element, or nil when the ring is empty; then call `release`.
    @inlinable
    public func front() -> UnsafeMutableRawPointer? {
        let position = base.load(fromByteOffset: MPSCRing.head, as: UInt64.self)
        let slot = slot(position)
        return vd_load_acquire64(slot) == position &+ 1 ? slot + 8 : nil
    }

    /// Frees the element that `front` gave.
    @inlinable
    public func release() {
        let position = base.load(fromByteOffset: MPSCRing.head, as: UInt64.self)
        base.storeBytes(of: position &+ 1, toByteOffset: MPSCRing.head, as: UInt64.self)
        vd_store_release64(slot(position), position &+ mask &+ 1)
    }

    /// Copies the oldest element out; false when the ring is empty.
    @inlinable
    public func pop(into target: UnsafeMutableRawPointer, byteCount: Int) -> Bool {
        assert(byteCount <= elementBytes)
        guard let source = front() else { return false }
        vd_copy(target, source, UInt64(truncatingIfNeeded: byteCount))
        release()
        return true
    }

    @inlinable @inline(always)
    func slot(_ position: UInt64) -> UnsafeMutableRawPointer {
        base + (MPSCRing.slots &+ Int(truncatingIfNeeded: position & mask) &* stride)
    }
}
