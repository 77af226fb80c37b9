// What one port has done, under the names of the OVSDB `Interface.statistics` column.

/// Counters of one port. Plain stores by the owning poll thread; others read them relaxed.
@frozen public struct PortCounters: Sendable, Equatable {
    public var rxPackets: UInt64 = 0
    public var rxBytes: UInt64 = 0
    public var txPackets: UInt64 = 0
    public var txBytes: UInt64 = 0
    /// Packets that found no room (no buffer, a full ring, or cut by the kernel).
    public var rxDropped: UInt64 = 0
    /// Packets that the device would not take (busy, down, or too large for its MTU).
    public var txDropped: UInt64 = 0
    /// Malformed packets, a virtio-net header that does not fit its packet included.
    public var rxErrors: UInt64 = 0
    public var txErrors: UInt64 = 0
    public var multicast: UInt64 = 0
    public var collisions: UInt64 = 0
    public var rxCRCErrors: UInt64 = 0
    public var rxFrameErrors: UInt64 = 0
    public var rxOverErrors: UInt64 = 0
    public var rxMissedErrors: UInt64 = 0

    @inlinable public init() {}
}
