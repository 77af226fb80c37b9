// Giving packets back. Each goes to the pool that its own header names.

import CIntrinsics

extension PacketPool {
    /// Gives `packet` back.
    @inlinable
    public func free(_ packet: PacketBuffer) {
        var raw = packet
        withUnsafeMutablePointer(to: &raw) { free($0, count: 1) }
    }

    /// Gives back every packet of `batch` and empties it.
    @inlinable
    public func free(_ batch: PacketBatch) {
        free(batch.packets, count: batch.count)
        batch.removeAll()
    }

    /// Gives back `count` packets. Runs of packets of one pool cost one lock.
    @inlinable
    public func free(_ packets: UnsafeMutablePointer<PacketBuffer>, count: Int) {
        var first = 0
        while first < count {
            let pool = packets[first].pool
            var end = first &+ 1
            while end < count, packets[end].pool == pool { end &+= 1 }
            release(packets + first, count: end &- first, to: pool)
            first = end
        }
    }

    @inlinable
    func release(
        _ packets: UnsafeMutablePointer<PacketBuffer>, count: Int, to pool: UnsafeMutableRawPointer?
    ) {
        guard let pool else { return }
        if pool.load(as: UInt64.self) == PacketSlab.magicValue {
            // SAFETY: the magic word begins a `PacketSlab` and nothing else; a mempool begins with
            // its name in ASCII.
            pool.assumingMemoryBound(to: PacketSlab.self).give(packets, count: count)
        } else if let function = state.pointee.mempoolFree {
            vd_call_pool_free(function, packets, UInt32(truncatingIfNeeded: count))
        }
    }
}

extension PacketBuffer {
    /// Whether the packet lives in one of our own slabs, which no DPDK driver may hold or free.
    @inlinable public var isFromSlab: Bool {
        guard let pool else { return false }
        return pool.load(as: UInt64.self) == PacketSlab.magicValue
    }
}
