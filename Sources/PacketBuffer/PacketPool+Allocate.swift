// Taking packets from a pool, one or many at a time.

import CIntrinsics

extension PacketPool {
    /// An empty packet; nil when the class is exhausted.
    @inlinable
    public func allocate(_ sizeClass: PacketSizeClass) -> PacketBuffer? {
        // SAFETY: bits of a header pointer; `allocate` fills it in when it answers 1.
        var raw: UnsafeMutableRawPointer? = nil
        let got = withUnsafeMutablePointer(to: &raw) {
            allocate(
                sizeClass, count: 1,
                into: UnsafeMutableRawPointer($0).assumingMemoryBound(to: PacketBuffer.self))
        }
        guard got == 1, let header = raw else { return nil }
        return PacketBuffer(header: header)
    }

    /// An empty packet with room for `bytes` after its headroom; nil when there is none, or when no
    /// class is that large.
    @inlinable
    public func allocate(length bytes: Int) -> PacketBuffer? {
        if bytes <= PacketLayout.standardRoomBytes - PacketLayout.headroom {
            return allocate(.standard)
        }
        guard bytes <= PacketLayout.jumboRoomBytes - PacketLayout.headroom else { return nil }
        return allocate(.jumbo)
    }

    /// Takes up to `count` empty packets and returns how many there were.
    @inlinable
    public func allocate(
        _ sizeClass: PacketSizeClass, count: Int, into packets: UnsafeMutablePointer<PacketBuffer>
    ) -> Int {
        if sizeClass == .standard, let mempool = state.pointee.mempool,
            let function = state.pointee.mempoolAllocate
        {
            let status = vd_call_pool_allocate(
                function, mempool, packets, UInt32(truncatingIfNeeded: count))
            guard status == 0 else { return 0 }
            var index = 0
            while index < count {
                packets[index].metadata.pointee.capacity = UInt32(
                    truncatingIfNeeded: PacketLayout.standardRoomBytes)
                packets[index].reset()
                index &+= 1
            }
            return count
        }
        let taken = slab(sizeClass).take(count, into: packets)
        var index = 0
        while index < taken {
            packets[index].reset()
            index &+= 1
        }
        return taken
    }

    /// A copy of `packet` with its metadata, in a buffer of the class that its length needs; nil
    /// when that is exhausted.
    @inlinable
    public func copy(_ packet: PacketBuffer) -> PacketBuffer? {
        let headroom = packet.headroom
        let bytes = packet.length
        // A packet far from its buffer's start is brought back; positions move along with it.
        let target =
            headroom &+ bytes <= PacketLayout.standardRoomBytes
                || (packet.capacity > PacketLayout.standardRoomBytes
                    && bytes > PacketLayout.standardRoomBytes - PacketLayout.headroom)
            ? headroom : PacketLayout.headroom
        guard
            let twin = allocate(
                target &+ bytes <= PacketLayout.standardRoomBytes ? .standard : .jumbo),
            target &+ bytes <= twin.capacity
        else { return nil }
        let capacity = twin.metadata.pointee.capacity
        vd_copy(
            twin.metadata, packet.metadata, UInt64(truncatingIfNeeded: PacketLayout.metadataBytes))
        twin.metadata.pointee.capacity = capacity
        twin.rssHash = packet.rssHash
        twin.setHeadroom(target)
        twin.setLength(bytes)
        vd_copy(twin.data, packet.data, UInt64(truncatingIfNeeded: bytes))
        if target != headroom { twin.movePositions(by: target &- headroom) }
        return twin
    }
}

extension PacketBuffer {
    /// Shifts every position in the metadata, as the data moved within the buffer.
    @inlinable
    func movePositions(by bytes: Int) {
        let shift = UInt16(truncatingIfNeeded: bytes)
        metadata.pointee.checksumPosition &+= shift
        metadata.pointee.l2Position &+= shift
        metadata.pointee.l3Position &+= shift
        metadata.pointee.l4Position &+= shift
    }
}
