// Growing, shrinking and resetting a packet within its buffer. Every verb checks the room and
// reports false, changing nothing, when there is none.

import CIntrinsics

extension PacketBuffer {
    /// Makes `bytes` of the headroom part of the packet. Their content is undefined.
    ///
    /// **Errors**: false when the headroom is too small.
    @inlinable @inline(always) @discardableResult
    public func prepend(_ bytes: Int) -> Bool {
        let room = headroom
        guard bytes >= 0, bytes <= room else { return false }
        setHeadroom(room &- bytes)
        setLength(length &+ bytes)
        return true
    }

    /// Takes `bytes` off the front.
    ///
    /// **Errors**: false when the packet is shorter, or its start would pass the first 64 KiB.
    @inlinable @inline(always) @discardableResult
    public func adjust(front bytes: Int) -> Bool {
        let room = headroom
        let bytesNow = length
        guard bytes >= 0, bytes <= bytesNow, room &+ bytes <= 0xffff else { return false }
        setHeadroom(room &+ bytes)
        setLength(bytesNow &- bytes)
        return true
    }

    /// Adds `bytes` at the end and returns where they begin; nil when the tailroom is too small.
    @inlinable @inline(always) @discardableResult
    public func append(_ bytes: Int) -> UnsafeMutableRawPointer? {
        let bytesNow = length
        guard bytes >= 0, bytes <= tailroom else { return nil }
        setLength(bytesNow &+ bytes)
        return data + bytesNow
    }

    /// Cuts the packet to `bytes`; false when it is shorter.
    @inlinable @inline(always) @discardableResult
    public func trim(to bytes: Int) -> Bool {
        guard bytes >= 0, bytes <= length else { return false }
        setLength(bytes)
        return true
    }

    /// Opens a gap of `bytes` at `offset` by moving the bytes before it forward into the headroom,
    /// as pushing a VLAN tag or MPLS label does. Positions behind the gap stay true.
    @inlinable @inline(always) @discardableResult
    public func insert(_ bytes: Int, at offset: Int) -> Bool {
        guard offset >= 0, offset <= length, prepend(bytes) else { return false }
        let first = data
        vd_move(first, first + bytes, UInt64(truncatingIfNeeded: offset))
        return true
    }

    /// Removes `bytes` at `offset` by moving the bytes before it back.
    @inlinable @inline(always) @discardableResult
    public func remove(_ bytes: Int, at offset: Int) -> Bool {
        guard offset >= 0, bytes >= 0, offset <= length, bytes <= length &- offset,
            headroom &+ bytes <= 0xffff
        else { return false }
        let first = data
        vd_move(first + bytes, first, UInt64(truncatingIfNeeded: offset))
        return adjust(front: bytes)
    }

    /// Replaces the whole content by `bytes` at `source`; false when they do not fit.
    @inlinable @discardableResult
    public func assign(_ source: UnsafeRawPointer, count bytes: Int) -> Bool {
        guard bytes >= 0, bytes <= capacity &- headroom else { return false }
        vd_copy(data, source, UInt64(truncatingIfNeeded: bytes))
        setLength(bytes)
        return true
    }

    /// Sets the position of the first byte without changing the length.
    @inlinable @inline(always)
    public func setHeadroom(_ bytes: Int) {
        header.storeBytes(
            of: UInt16(truncatingIfNeeded: bytes), toByteOffset: PacketLayout.dataOffset,
            as: UInt16.self)
    }

    /// Makes the packet empty and forgets all that was known about it. The buffer stays as it is.
    @inlinable @inline(always)
    public func reset() {
        header.storeBytes(
            of: UInt16(truncatingIfNeeded: PacketLayout.headroom),
            toByteOffset: PacketLayout.dataOffset, as: UInt16.self)
        header.storeBytes(of: 1, toByteOffset: PacketLayout.referenceCount, as: UInt16.self)
        header.storeBytes(of: 1, toByteOffset: PacketLayout.segmentCount, as: UInt16.self)
        header.storeBytes(of: 0, toByteOffset: PacketLayout.offloadFlags, as: UInt64.self)
        header.storeBytes(of: 0, toByteOffset: PacketLayout.packetType, as: UInt64.self)
        header.storeBytes(of: 0, toByteOffset: PacketLayout.dataLength, as: UInt64.self)
        header.storeBytes(of: 0, toByteOffset: PacketLayout.next, as: UInt64.self)
        header.storeBytes(of: 0, toByteOffset: PacketLayout.transmitOffload, as: UInt64.self)
        let room = metadata.pointee.capacity
        metadata.initialize(to: PacketMetadata(capacity: room))
    }
}
