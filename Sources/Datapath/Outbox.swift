// Where a batch's transmissions collect: a bounded list of packets for each datapath port. The poll
// loop empties it with one transmit a port.

import PacketBuffer

/// Packets waiting for transmission by port.
///
/// **Shape**: `portsMax` rows of at most 256 packets, and the list of rows in use.
/// **Owner**: one poll thread.
@frozen public struct Outbox {
    @inlinable public static var portsMax: Int { 4096 }
    @inlinable public static var rowCapacity: Int { 256 }

    public let counts: UnsafeMutablePointer<UInt32>
    public let rows: UnsafeMutablePointer<UnsafeMutablePointer<PacketBuffer>?>
    public let dirty: UnsafeMutablePointer<UInt32>
    public let dirtyCount: UnsafeMutablePointer<Int>

    public init() {
        counts = .allocate(capacity: Outbox.portsMax)
        counts.initialize(repeating: 0, count: Outbox.portsMax)
        rows = .allocate(capacity: Outbox.portsMax)
        rows.initialize(repeating: nil, count: Outbox.portsMax)
        dirty = .allocate(capacity: Outbox.portsMax)
        dirtyCount = .allocate(capacity: 1)
        dirtyCount.pointee = 0
    }

    /// Makes the row of a port that has been opened. Called while the poll thread is paused.
    public func open(_ port: UInt32) {
        guard Int(port) < Outbox.portsMax, rows[Int(port)] == nil else { return }
        rows[Int(port)] = .allocate(capacity: Outbox.rowCapacity)
    }

    /// Queues `packet` for `port`; false if the port has no row or the row is full: the caller
    /// still owns the packet.
    @inlinable @inline(always)
    public func push(_ packet: PacketBuffer, to port: UInt32) -> Bool {
        guard Int(port) < Outbox.portsMax, let row = rows[Int(port)] else { return false }
        let count = counts[Int(port)]
        guard Int(count) < Outbox.rowCapacity else { return false }
        if count == 0 {
            dirty[dirtyCount.pointee] = port
            dirtyCount.pointee &+= 1
        }
        row[Int(count)] = packet
        counts[Int(port)] = count &+ 1
        return true
    }
}
