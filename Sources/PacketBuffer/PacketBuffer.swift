// A handle to one packet: a pointer to an `rte_mbuf`-compatible header. The packet is one linear
// segment. Whoever holds the handle owns the packet and must give it on or free it once; nothing is
// counted.

/// A packet in one linear buffer, from our own pools or from DPDK's.
///
/// **Shape**: one pointer; see `PacketLayout`. **Owner**: the thread that holds it.
@frozen public struct PacketBuffer: @unchecked Sendable {
    /// The `rte_mbuf`-compatible header.
    public let header: UnsafeMutableRawPointer

    /// SAFETY: `header` must point to a header that a pool initialised; pools and DPDK ports see to
    /// it.
    @inlinable @inline(always)
    public init(header: UnsafeMutableRawPointer) { self.header = header }

    /// First byte of the buffer; the headroom begins here.
    @inlinable public var buffer: UnsafeMutableRawPointer {
        @inline(always) get {
            header.load(as: UnsafeMutableRawPointer?.self).unsafelyUnwrapped
        }
    }

    /// First byte of the packet.
    @inlinable public var data: UnsafeMutableRawPointer {
        @inline(always) get { buffer + headroom }
    }

    /// Bytes in the packet.
    @inlinable public var length: Int {
        @inline(always) get {
            Int(
                truncatingIfNeeded: header.load(
                    fromByteOffset: PacketLayout.packetLength, as: UInt32.self))
        }
    }

    /// Sets the length after bytes were written at `data`; at most `length + tailroom`.
    @inlinable @inline(always)
    public func setLength(_ bytes: Int) {
        assert(bytes >= 0 && bytes <= capacity - headroom)
        header.storeBytes(
            of: UInt32(truncatingIfNeeded: bytes), toByteOffset: PacketLayout.packetLength,
            as: UInt32.self)
        header.storeBytes(
            of: UInt16(truncatingIfNeeded: bytes), toByteOffset: PacketLayout.dataLength,
            as: UInt16.self)
    }

    /// Bytes of data room, headroom included.
    @inlinable public var capacity: Int {
        @inline(always) get { Int(truncatingIfNeeded: metadata.pointee.capacity) }
    }

    /// Free bytes before the packet; also the position of its first byte.
    @inlinable public var headroom: Int {
        @inline(always) get {
            Int(
                truncatingIfNeeded: header.load(
                    fromByteOffset: PacketLayout.dataOffset, as: UInt16.self))
        }
    }

    /// Free bytes after the packet.
    @inlinable public var tailroom: Int {
        @inline(always) get { capacity &- headroom &- length }
    }

    /// What the switch knows about the packet.
    @inlinable public var metadata: UnsafeMutablePointer<PacketMetadata> {
        @inline(always) get {
            (header + PacketLayout.headerBytes).assumingMemoryBound(to: PacketMetadata.self)
        }
    }

    /// The device's flow hash; meaningful with `PacketFlags.rssValid`.
    @inlinable public var rssHash: UInt32 {
        @inline(always) get {
            header.load(fromByteOffset: PacketLayout.rssHash, as: UInt32.self)
        }
        @inline(always) nonmutating set {
            header.storeBytes(of: newValue, toByteOffset: PacketLayout.rssHash, as: UInt32.self)
        }
    }

    /// The pool that the buffer goes back to.
    @inlinable public var pool: UnsafeMutableRawPointer? {
        @inline(always) get {
            header.load(
                fromByteOffset: PacketLayout.pool, as: UnsafeMutableRawPointer?.self)
        }
    }

    /// Datapath port that the packet came in by.
    @inlinable public var inPort: UInt32 {
        @inline(always) get { metadata.pointee.inPort }
        @inline(always) nonmutating set { metadata.pointee.inPort = newValue }
    }

    /// Whether the packet stands for many segments.
    @inlinable public var isSuperPacket: Bool {
        @inline(always) get { metadata.pointee.gsoType != GSOType.none }
    }
}
