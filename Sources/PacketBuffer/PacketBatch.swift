// Up to 32 packets that travel together. It lives in memory that its user provides once, before the
// loop: no Swift array, so nothing is counted and nothing is allocated.

/// A list of at most 32 packets in raw memory.
///
/// **Shape**: count (UInt32 at 0), 32 packets from 8; `byteCount` bytes, 8-byte aligned.
/// **Owner**: one thread.
@frozen public struct PacketBatch: @unchecked Sendable {
    public let base: UnsafeMutableRawPointer

    /// Packets in a full batch.
    @inlinable public static var capacity: Int { 32 }
    /// Memory that one batch needs.
    @inlinable public static var byteCount: Int { 8 + 32 * 8 }

    /// Uses `base` (`byteCount` bytes, 8-byte aligned) as an empty batch.
    @inlinable @inline(always)
    public init(emptyAt base: UnsafeMutableRawPointer) {
        self.base = base
        base.storeBytes(of: 0, as: UInt64.self)
    }

    /// Uses the batch already at `base`.
    @inlinable @inline(always)
    public init(at base: UnsafeMutableRawPointer) { self.base = base }

    /// Allocates a batch. Only before the loop; freed by `deallocate`.
    public static func allocate() -> PacketBatch {
        PacketBatch(emptyAt: .allocate(byteCount: byteCount, alignment: 64))
    }

    /// Frees what `allocate` made. The packets in it are not freed.
    public func deallocate() { base.deallocate() }

    @inlinable public var count: Int {
        @inline(always) get { Int(truncatingIfNeeded: base.load(as: UInt32.self)) }
        @inline(always) nonmutating set {
            assert(newValue >= 0 && newValue <= PacketBatch.capacity)
            base.storeBytes(of: UInt32(truncatingIfNeeded: newValue), as: UInt32.self)
        }
    }

    @inlinable public var isEmpty: Bool { @inline(always) get { count == 0 } }
    @inlinable public var isFull: Bool { @inline(always) get { count >= PacketBatch.capacity } }

    /// The packets, `count` of them.
    @inlinable public var packets: UnsafeMutablePointer<PacketBuffer> {
        @inline(always) get { (base + 8).assumingMemoryBound(to: PacketBuffer.self) }
    }

    @inlinable public subscript(index: Int) -> PacketBuffer {
        @inline(always) get {
            assert(index >= 0 && index < count)
            return packets[index]
        }
        @inline(always) nonmutating set {
            assert(index >= 0 && index < count)
            packets[index] = newValue
        }
    }

    /// Adds a packet; false, and nothing done, when the batch is full.
    @inlinable @inline(always) @discardableResult
    public func append(_ packet: PacketBuffer) -> Bool {
        let index = count
        guard index < PacketBatch.capacity else { return false }
        packets[index] = packet
        count = index &+ 1
        return true
    }

    /// Forgets the packets without freeing them.
    @inlinable @inline(always)
    public func removeAll() { count = 0 }
}
