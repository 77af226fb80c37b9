// One size class of our own packets: a slab of equal buffers and a stack of the free ones behind a
// spin lock. The stack holds pointers, so that freeing a packet does not touch its memory. Fixed
// capacity.

import CIntrinsics
import Glibc

/// The state of one size class, in raw memory that never moves.
///
/// **Owner**: any thread; `freeCount` and the stack are guarded by `lock`.
@frozen public struct PacketSlab: @unchecked Sendable {
    /// First word of the state; a DPDK mempool begins with its ASCII name instead.
    @inlinable public static var magicValue: UInt64 { 0xf5c3_a1e0_9b87_d6f2 }

    public var magic: UInt64
    public var slab: UnsafeMutableRawPointer
    public var slabBytes: Int
    /// Pointers to the free packets' headers, `freeCount` of them.
    public var stack: UnsafeMutablePointer<PacketBuffer>
    public var capacity: UInt32
    public var roomBytes: UInt32
    public var strideBytes: Int
    public var exhausted: UInt64
    public var lock: UInt32
    public var freeCount: UInt32

    /// Maps `capacity` buffers of `roomBytes` of data room and initialises their headers, which
    /// name `self` as their pool. Pages are touched as far as the headers go only.
    static func create(capacity: Int, roomBytes: Int) -> UnsafeMutablePointer<PacketSlab>? {
        guard capacity > 0, capacity <= 1 << 24 else { return nil }
        // An odd number of cache lines, so that headers spread over the cache's sets.
        let lines = (PacketLayout.dataRoom + roomBytes + 63) / 64
        let strideBytes = (lines | 1) * 64
        let slabBytes = strideBytes * capacity
        let mapped = mmap(
            nil, slabBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let slab = mapped, slab != UnsafeMutableRawPointer(bitPattern: -1) else { return nil }
        let stack = UnsafeMutablePointer<PacketBuffer>.allocate(capacity: capacity)
        let raw = UnsafeMutableRawPointer.allocate(
            byteCount: MemoryLayout<PacketSlab>.size, alignment: 64)
        let state = raw.bindMemory(to: PacketSlab.self, capacity: 1)
        state.initialize(
            to: PacketSlab(
                magic: magicValue, slab: slab, slabBytes: slabBytes, stack: stack,
                capacity: UInt32(capacity), roomBytes: UInt32(roomBytes), strideBytes: strideBytes,
                exhausted: 0, lock: 0, freeCount: UInt32(capacity)))
        for index in 0..<capacity {
            let packet = PacketBuffer(header: slab + index * strideBytes)
            initialiseHeader(of: packet, roomBytes: roomBytes, pool: raw)
            stack[capacity - 1 - index] = packet
        }
        return state
    }

    static func destroy(_ state: UnsafeMutablePointer<PacketSlab>) {
        munmap(state.pointee.slab, state.pointee.slabBytes)
        state.pointee.stack.deallocate()
        state.pointee.magic = 0
        UnsafeMutableRawPointer(state).deallocate()
    }

    private static func initialiseHeader(
        of packet: PacketBuffer, roomBytes: Int, pool: UnsafeMutableRawPointer
    ) {
        let header = packet.header
        header.storeBytes(of: header + PacketLayout.dataRoom, as: UnsafeMutableRawPointer.self)
        header.storeBytes(
            of: UInt16(truncatingIfNeeded: min(roomBytes, 0xffff)),
            toByteOffset: PacketLayout.bufferLength, as: UInt16.self)
        header.storeBytes(of: 0xffff, toByteOffset: PacketLayout.port, as: UInt16.self)
        header.storeBytes(
            of: pool, toByteOffset: PacketLayout.pool, as: UnsafeMutableRawPointer.self)
        header.storeBytes(
            of: UInt16(truncatingIfNeeded: PacketLayout.metadataBytes),
            toByteOffset: PacketLayout.privateSize, as: UInt16.self)
        packet.metadata.initialize(to: PacketMetadata(capacity: UInt32(roomBytes)))
    }
}

extension UnsafeMutablePointer where Pointee == PacketSlab {
    /// Takes up to `count` packets, not yet reset, and returns how many there were.
    @inlinable @inline(always)
    func take(_ count: Int, into packets: UnsafeMutablePointer<PacketBuffer>) -> Int {
        let lock = lockWord
        vd_spin_lock(lock)
        let free = Int(truncatingIfNeeded: pointee.freeCount)
        let taken = count < free ? count : free
        let left = free &- taken
        pointee.freeCount = UInt32(truncatingIfNeeded: left)
        vd_copy(packets, pointee.stack + left, UInt64(truncatingIfNeeded: taken &* 8))
        if taken < count { pointee.exhausted &+= UInt64(truncatingIfNeeded: count &- taken) }
        vd_spin_unlock(lock)
        return taken
    }

    /// Gives back `count` packets that belong here.
    @inlinable @inline(always)
    func give(_ packets: UnsafeMutablePointer<PacketBuffer>, count: Int) {
        let lock = lockWord
        vd_spin_lock(lock)
        let free = Int(truncatingIfNeeded: pointee.freeCount)
        assert(free &+ count <= Int(pointee.capacity), "a packet was freed twice")
        vd_copy(pointee.stack + free, packets, UInt64(truncatingIfNeeded: count &* 8))
        pointee.freeCount = UInt32(truncatingIfNeeded: free &+ count)
        vd_spin_unlock(lock)
    }

    /// Where `lock` lies; a test holds the offset to the struct.
    @inlinable var lockWord: UnsafeMutableRawPointer {
        @inline(always) get { UnsafeMutableRawPointer(self) + 56 }
    }
}
