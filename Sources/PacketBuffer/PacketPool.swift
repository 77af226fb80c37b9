// Where packets come from and go back to. Two size classes of our own; the standard one may be
// taken over by a DPDK mempool, through C function pointers that the DPDK module attaches. A packet
// knows its pool, so packets of before and after the change live side by side.

import CIntrinsics

/// How much room a packet needs.
@frozen public enum PacketSizeClass: Sendable {
    /// 2048 bytes after the headroom: everything up to the usual MTUs.
    case standard
    /// A super-packet of 64 KiB and its headers.
    case jumbo
}

/// The memory behind a `PacketPool`.
@frozen public struct PacketPoolState: @unchecked Sendable {
    public var standard: UnsafeMutablePointer<PacketSlab>
    public var jumbo: UnsafeMutablePointer<PacketSlab>
    /// The DPDK mempool of the standard class, once attached.
    public var mempool: UnsafeMutableRawPointer?
    public var mempoolAllocate: vd_pool_allocate_fn?
    public var mempoolFree: vd_pool_free_fn?
}

/// A source of packets for every thread.
///
/// **Shape**: one pointer, copied freely. **Owner**: any thread. **Cost**: one spin lock a call, so
/// ports allocate and free by the batch.
@frozen public struct PacketPool: @unchecked Sendable {
    public let state: UnsafeMutablePointer<PacketPoolState>

    /// Maps both classes.
    ///
    /// **Errors**: nil when a capacity is not in 1...2^24 or memory is short.
    public init?(standardCapacity: Int, jumboCapacity: Int) {
        guard
            let standard = PacketSlab.create(
                capacity: standardCapacity, roomBytes: PacketLayout.standardRoomBytes)
        else { return nil }
        guard
            let jumbo = PacketSlab.create(
                capacity: jumboCapacity, roomBytes: PacketLayout.jumboRoomBytes)
        else {
            PacketSlab.destroy(standard)
            return nil
        }
        state = .allocate(capacity: 1)
        state.initialize(
            to: PacketPoolState(
                standard: standard, jumbo: jumbo, mempool: nil, mempoolAllocate: nil,
                mempoolFree: nil))
    }

    /// Uses the pool already at `state`, as a thread does that was given a raw pointer.
    @inlinable @inline(always)
    public init(at state: UnsafeMutablePointer<PacketPoolState>) { self.state = state }

    /// Unmaps everything. No packet of this pool may be in use.
    public func destroy() {
        PacketSlab.destroy(state.pointee.standard)
        PacketSlab.destroy(state.pointee.jumbo)
        state.deallocate()
    }

    /// Lets a DPDK mempool serve the standard class from now on.
    ///
    /// **Owner**: the control thread, before poll threads run or while they are paused.
    public func attach(
        mempool: UnsafeMutableRawPointer, allocate: @escaping vd_pool_allocate_fn,
        free: @escaping vd_pool_free_fn
    ) {
        state.pointee.mempoolFree = free
        state.pointee.mempoolAllocate = allocate
        state.pointee.mempool = mempool
    }

    /// Whether the standard class comes from a DPDK mempool.
    @inlinable public var hasMempool: Bool { state.pointee.mempool != nil }

    /// Packets of our own slabs that are free now. A snapshot.
    public func available(_ sizeClass: PacketSizeClass) -> Int {
        Int(vd_load_relaxed32(slab(sizeClass).lockWord + 4))
    }

    /// How often a packet was asked of our own slabs in vain.
    public func exhausted(_ sizeClass: PacketSizeClass) -> UInt64 {
        slab(sizeClass).pointee.exhausted
    }

    @inlinable @inline(always)
    func slab(_ sizeClass: PacketSizeClass) -> UnsafeMutablePointer<PacketSlab> {
        switch sizeClass {
        case .standard: state.pointee.standard
        case .jumbo: state.pointee.jumbo
        }
    }
}
