// The 64 bytes of our own that follow every packet's header. Written by the receiving port, read
// and changed by the engine, read by the sending port; always by the one thread that holds the
// packet.

/// What the switch knows about one packet besides its bytes.
///
/// **Shape**: 64 bytes at header + 128. A *position* is an offset from the start of the buffer (not
/// from the packet's first byte), so it stays true when bytes are added to or taken from the front;
/// use `PacketBuffer.checksumStart`, `.l3Offset` and `.l4Offset` for offsets from the first byte.
@frozen public struct PacketMetadata: Sendable {
    /// Data room of this buffer in bytes, headroom included.
    public var capacity: UInt32
    /// Datapath port that the packet came in by.
    public var inPort: UInt32
    public var flags: PacketFlags
    /// A `GSOType` number; not `none` for a super-packet that stands for many segments.
    public var gsoType: UInt8
    public var reserved0: UInt8
    /// Payload bytes per segment of a super-packet.
    public var gsoSize: UInt16
    /// Length of all headers up to the payload, from the first byte; a hint from the sender.
    public var headerLength: UInt16
    /// Position where the partial checksum begins (the L4 header).
    public var checksumPosition: UInt16
    /// Offset of the checksum field from there.
    public var checksumOffset: UInt16
    public var l2Position: UInt16
    public var l3Position: UInt16
    public var l4Position: UInt16
    public var reserved1: UInt16
    /// `pkt_mark` of the packet.
    public var mark: UInt32
    /// Free for whoever holds the packet.
    public var scratch0: UInt64
    public var scratch1: UInt64
    public var scratch2: UInt64
    public var scratch3: UInt64

    /// Metadata of a fresh packet in a buffer of `capacity` bytes.
    @inlinable @inline(always)
    public init(capacity: UInt32) {
        self.capacity = capacity
        inPort = 0
        flags = PacketFlags(rawValue: 0)
        gsoType = 0
        reserved0 = 0
        gsoSize = 0
        headerLength = 0
        checksumPosition = 0
        checksumOffset = 0
        l2Position = 0
        l3Position = 0
        l4Position = 0
        reserved1 = 0
        mark = 0
        scratch0 = 0
        scratch1 = 0
        scratch2 = 0
        scratch3 = 0
    }
}
