// A bounded ring from one thread to one other, for elements of a fixed size. Poll threads and the
// control room talk through it; a full ring is an answer, not an error.

import CIntrinsics

/// A single-producer, single-consumer ring of fixed-size elements.
///
/// **Shape**: one pointer; elements are raw bytes. **Owner**: one producer thread and one consumer
/// thread.
@frozen public struct SPSCRing: @unchecked Sendable {
    // Byte offsets of the control words; producer and consumer have cache lines of their own.
    @inlinable static var tail: Int { 0 }
    @inlinable static var producerHead: Int { 8 }
    @inlinable static var refused: Int { 16 }
    @inlinable static var head: Int { 64 }
    @inlinable static var consumerTail: Int { 72 }
    @inlinable static var elements: Int { 128 }

    public let base: UnsafeMutableRawPointer
    public let mask: UInt64
    public let elementBytes: Int

    /// A ring of at least `capacity` elements (rounded up to a power of two) of `elementBytes`
    /// each; nil when memory is short.
    public init?(capacity: Int, elementBytes: Int) {
        guard capacity > 0, capacity <= 1 << 24, elementBytes > 0, elementBytes <= 1 << 17 else {
            return nil
        }
        let slots = Int.powerOfTwo(atLeast: capacity)
        let stride = (elementBytes + 7) & ~7
        guard
            let memory = MappedMemory.reserve(byteCount: SPSCRing.elements + slots * stride)
        else { return nil }
        base = memory.base
        mask = UInt64(slots - 1)
        self.elementBytes = stride
    }

    public func deallocate() {
        MappedMemory(base: base, byteCount: SPSCRing.elements + capacity * elementBytes).release()
    }

    @inlinable public var capacity: Int { Int(mask) &+ 1 }
    /// Elements in the ring now; a snapshot.
    @inlinable public var count: Int {
        Int(truncatingIfNeeded: vd_load_acquire64(base + SPSCRing.tail)
            &- vd_load_acquire64(base + SPSCRing.head))
    }
    /// How often `push` found the ring full.
    @inlinable public var refusedCount: UInt64 { vd_load_relaxed64(base + SPSCRing.refused) }

    /// Where the next element is to be written, or nil when the ring is full; then call `commit`.
    @inlinable @inline(always)
    public func reserve() -> UnsafeMutableRawPointer? {
        let tail = base.load(fromByteOffset: SPSCRing.tail, as: UInt64.self)
        if tail &- base.load(fromByteOffset: SPSCRing.producerHead, as: UInt64.self) > mask {
            let head = vd_load_acquire64(base + SPSCRing.head)
            base.storeBytes(of: head, toByteOffset: SPSCRing.producerHead, as: UInt64.self)
            if tail &- head > mask {
                let refused = vd_load_relaxed64(base + SPSCRing.refused)
                vd_store_relaxed64(base + SPSCRing.refused, refused &+ 1)
                return nil
            }
        }
        return element(tail)
    }

    /// Publishes the element that `reserve` gave.
    @inlinable @inline(always)
    public func commit() {
        let tail = base.load(fromByteOffset: SPSCRing.tail, as: UInt64.self)
        vd_store_release64(base + SPSCRing.tail, tail &+ 1)
    }

    /// Copies `byteCount` bytes in as one element; false when the ring is full.
    @inlinable @inline(always)
    public func push(_ source: UnsafeRawPointer, byteCount: Int) -> Bool {
        assert(byteCount <= elementBytes)
        guard let target = reserve() else { return false }
        vd_copy(target, source, UInt64(truncatingIfNeeded: byteCount))
        commit()
        return true
    }

    /// The oldest element, or nil when the ring is empty; then call `release`.
    @inlinable @inline(always)
    public func front() -> UnsafeMutableRawPointer? {
        let head = base.load(fromByteOffset: SPSCRing.head, as: UInt64.self)
        if head == base.load(fromByteOffset: SPSCRing.consumerTail, as: UInt64.self) {
            let tail = vd_load_acquire64(base + SPSCRing.tail)
            base.storeBytes(of: tail, toByteOffset: SPSCRing.consumerTail, as: UInt64.self)
            if head == tail { return nil }
        }
        return element(head)
    }

    /// Frees the element that `front` gave.
    @inlinable @inline(always)
    public func release() {
        let head = base.load(fromByteOffset: SPSCRing.head, as: UInt64.self)
        vd_store_release64(base + SPSCRing.head, head &+ 1)
    }

    /// Copies the oldest element out; false when the ring is empty.
    @inlinable @inline(always)
    public func pop(into target: UnsafeMutableRawPointer, byteCount: Int) -> Bool {
        assert(byteCount <= elementBytes)
        guard let source = front() else { return false }
        vd_copy(target, source, UInt64(truncatingIfNeeded: byteCount))
        release()
        return true
    }

    @inlinable @inline(always)
    func element(_ position: UInt64) -> UnsafeMutableRawPointer {
        base + (SPSCRing.elements &+ Int(truncatingIfNeeded: position & mask) &* elementBytes)
    }
}
