// Byte offsets of the packet header. They are those of DPDK 22.11's `rte_mbuf`, which `CDPDK`
// proves by static assertions, so that one handle serves DPDK's buffers and our own. Everything
// after the 128-byte header (our metadata, then the data room) is ours in both.

/// Where things lie in a packet's memory, in bytes from its header.
///
/// **Shape**: header (128, an `rte_mbuf`), metadata (64, `PacketMetadata`), data room.
@frozen public enum PacketLayout {
    @inlinable public static var bufferAddress: Int { 0 }
    @inlinable public static var dataOffset: Int { 16 }
    @inlinable public static var referenceCount: Int { 18 }
    @inlinable public static var segmentCount: Int { 20 }
    @inlinable public static var port: Int { 22 }
    @inlinable public static var offloadFlags: Int { 24 }
    @inlinable public static var packetType: Int { 32 }
    @inlinable public static var packetLength: Int { 36 }
    @inlinable public static var dataLength: Int { 40 }
    @inlinable public static var vlanTCI: Int { 42 }
    @inlinable public static var rssHash: Int { 44 }
    @inlinable public static var bufferLength: Int { 54 }
    @inlinable public static var pool: Int { 56 }
    @inlinable public static var next: Int { 64 }
    @inlinable public static var transmitOffload: Int { 72 }
    @inlinable public static var privateSize: Int { 88 }

    /// Size of the `rte_mbuf` header.
    @inlinable public static var headerBytes: Int { 128 }
    /// Size of the private area that holds `PacketMetadata`.
    @inlinable public static var metadataBytes: Int { 64 }
    /// Where the data room begins in our own pools.
    @inlinable public static var dataRoom: Int { 192 }

    /// Free bytes before the data of a fresh packet, for tags and tunnel headers.
    @inlinable public static var headroom: Int { 128 }
    /// Data room of a standard packet, headroom included.
    @inlinable public static var standardRoomBytes: Int { 2048 + 128 }
    /// Data room of a jumbo packet, headroom included: a 64 KiB super-packet with headers to spare.
    @inlinable public static var jumboRoomBytes: Int { 66_048 }
}
