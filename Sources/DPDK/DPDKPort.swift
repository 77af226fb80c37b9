// A handle to one DPDK port: any device or vdev that `dpdk-devargs` names, and vhost-user sockets.
// A pointer; `receive` and `transmit` are the poll threads', the rest is control's.

import CDPDK
import CIntrinsics
import PacketBuffer

/// A DPDK port.
///
/// **Shape**: one pointer, copied freely. **Owner**: one poll thread a receive queue; any thread
/// sends, under the transmit queue's spin lock; the control thread opens it, and closes it once
/// poll threads have let go.
public struct DPDKPort: @unchecked Sendable {
    public let state: UnsafeMutablePointer<DPDKPortState>

    init(_ initial: DPDKPortState) {
        state = .allocate(capacity: 1)
        state.initialize(to: initial)
    }

    /// DPDK devices are polled.
    public var fileDescriptor: Int32 { -1 }

    /// What went through our hands, all queues together.
    public var counters: PortCounters {
        var total = PortCounters()
        for index in 0..<max(state.pointee.receiveQueues, state.pointee.transmitQueues) {
            total += state.pointee.queues[index].counters
        }
        return total
    }

    /// Receives what waits on `queue`, up to the room in `batch`, and appends it there; how many.
    ///
    /// Every packet appended is one segment of at least 14 bytes, its offload claims checked.
    #if !DEBUG
        @_noAllocation
    #endif
    public func receive(into batch: PacketBatch, queue: Int = 0) -> Int {
        let room = PacketBatch.capacity &- batch.count
        guard room > 0, queue >= 0, queue < state.pointee.receiveQueues else { return 0 }
        var burst = vd_burst()
        let first = batch.packets + batch.count
        let got = Int(
            truncatingIfNeeded: vd_rx_burst(
                state.pointee.deviceID, UInt16(truncatingIfNeeded: queue), first.headers,
                UInt16(truncatingIfNeeded: room), state.pointee.datapathPort, &burst))
        guard got > 0 else { return 0 }
        let admitted = state.admit(first, count: got, burst, queue: queue)
        batch.count &+= admitted
        return admitted
    }

    /// Sends `count` packets on `queue` and takes them all: those not sent are dropped and counted.
    /// Returns how many were sent.
    #if !DEBUG
        @_noAllocation
    #endif
    public func transmit(
        _ packets: UnsafeMutablePointer<PacketBuffer>, count: Int, queue: Int = 0
    ) -> Int {
        guard count > 0, queue >= 0 else { return 0 }
        // More threads than queues share them.
        let index = queue % state.pointee.transmitQueues
        let lock = state.lockWord(index)
        vd_spin_lock(lock)
        defer { vd_spin_unlock(lock) }
        return state.send(packets, count: count, queue: index)
    }
}

extension UnsafeMutablePointer where Pointee == PacketBuffer {
    /// The same memory as C sees it: an array of header pointers.
    var headers: UnsafeMutablePointer<UnsafeMutableRawPointer?> {
        // SAFETY: `PacketBuffer` is frozen and is one non-null pointer.
        UnsafeMutableRawPointer(self).assumingMemoryBound(to: UnsafeMutableRawPointer?.self)
    }
}

extension PortCounters {
    /// Adds every counter.
    public static func += (sum: inout PortCounters, part: PortCounters) {
        sum.rxPackets &+= part.rxPackets
        sum.rxBytes &+= part.rxBytes
        sum.txPackets &+= part.txPackets
        sum.txBytes &+= part.txBytes
        sum.rxDropped &+= part.rxDropped
        sum.txDropped &+= part.txDropped
        sum.rxErrors &+= part.rxErrors
        sum.txErrors &+= part.txErrors
        sum.multicast &+= part.multicast
        sum.collisions &+= part.collisions
        sum.rxCRCErrors &+= part.rxCRCErrors
        sum.rxFrameErrors &+= part.rxFrameErrors
        sum.rxOverErrors &+= part.rxOverErrors
        sum.rxMissedErrors &+= part.rxMissedErrors
    }
}
