// One open port as a poll thread drives it: a kernel port or a DPDK port, without existentials.

import DPDK
import KernelPorts
import PacketBuffer

/// A device of the datapath.
enum DatapathDevice {
    case kernel(KernelPort)
    case dpdk(DPDKPort)

    /// Receives on one queue; kernel ports have one.
    @inline(__always)
    func receive(into batch: PacketBatch, queue: Int) -> Int {
        switch self {
        case .kernel(let port): return port.receive(into: batch)
        case .dpdk(let port): return port.receive(into: batch, queue: queue)
        }
    }

    /// Sends `count` packets and takes them all.
    @inline(__always)
    func transmit(_ packets: UnsafeMutablePointer<PacketBuffer>, count: Int, queue: Int) {
        switch self {
        case .kernel(let port): _ = port.transmit(packets, count: count)
        case .dpdk(let port): _ = port.transmit(packets, count: count, queue: queue)
        }
    }

    /// What a sleeping thread waits on; -1 where the device must be polled.
    var fileDescriptor: Int32 {
        switch self {
        case .kernel(let port): return port.fileDescriptor
        case .dpdk(let port): return port.fileDescriptor
        }
    }

    var receiveQueues: Int {
        switch self {
        case .kernel: return 1
        case .dpdk(let port): return port.state.pointee.receiveQueues
        }
    }

    var isKernel: Bool {
        if case .kernel = self { return true }
        return false
    }

    var counters: PortCounters {
        switch self {
        case .kernel(let port): return port.statistics
        case .dpdk(let port): return port.statistics
        }
    }

    func close() {
        switch self {
        case .kernel(let port): port.close()
        case .dpdk(let port): port.close()
        }
    }
}
