// The memory behind one DPDK port. The control thread makes and destroys it; each receive queue
// belongs to one poll thread, each transmit queue to whoever holds its lock.

import PacketBuffer

/// One queue pair of a port, on cache lines of its own.
struct DPDKQueue {
    var counters = PortCounters()
    /// Held while one of the poll threads sends on this queue.
    var transmitLock: UInt32 = 0
    private var padding: (UInt32, UInt64) = (0, 0)
}

/// State of one DPDK port.
public struct DPDKPortState {
    public let deviceID: UInt16
    /// Written to every packet received.
    public var datapathPort: UInt32
    public let receiveQueues: Int
    public let transmitQueues: Int
    /// What was asked for, and what came of it.
    let options: DPDKPort.Options
    let receiveDescriptors: Int
    let transmitDescriptors: Int
    public var mtu: UInt32
    /// Whether the device completes TCP and UDP checksums.
    let completesChecksums: Bool
    /// Whether closing the port also removes the device, because opening it brought it.
    let removesDevice: Bool
    let pool: PacketPool
    /// The mempool of this port: the standard one, or one of its own for a larger MTU.
    let mempool: UnsafeMutableRawPointer
    /// Data room of the mempool's packets.
    let roomBytes: Int
    let queues: UnsafeMutablePointer<DPDKQueue>
    /// A batch for each queue's sending.
    let pending: UnsafeMutablePointer<PacketBatch>
}
