// The inside of a dummy port: a ring of injected packets, and optionally a ring and files of what
// was sent.

import CIntrinsics
import PacketBuffer

/// Queues of one dummy port.
struct DummyQueues {
    let injected: PacketRing
    /// Packets sent, kept for the control thread; nil when nobody looks.
    let sent: PacketRing?
    let sentCapture: PacketCapture?
    let receivedCapture: PacketCapture?

    static func destroy(_ queues: UnsafeMutablePointer<DummyQueues>, pool: PacketPool) {
        while let packet = queues.pointee.injected.pop() { pool.free(packet) }
        queues.pointee.injected.deallocate()
        if let sent = queues.pointee.sent {
            while let packet = sent.pop() { pool.free(packet) }
            sent.deallocate()
        }
        queues.pointee.sentCapture?.close()
        queues.pointee.receivedCapture?.close()
        queues.deinitialize(count: 1)
        queues.deallocate()
    }
}

extension UnsafeMutablePointer where Pointee == KernelPortState {
    /// Takes what was injected.
    func receiveDummy(into batch: PacketBatch) -> Int {
        guard let dummy = pointee.dummy else { return 0 }
        let before = batch.count
        while !batch.isFull {
            guard let packet = dummy.pointee.injected.pop() else { break }
            packet.inPort = pointee.datapathPort
            pointee.counters.rxPackets &+= 1
            pointee.counters.rxBytes &+= UInt64(truncatingIfNeeded: packet.length)
            pointee.counters.multicast &+= UInt64(
                truncatingIfNeeded: packet.data.load(as: UInt8.self) & 1)
            if let capture = dummy.pointee.receivedCapture { capture.append(packet) }
            batch.append(packet)
        }
        if dummy.pointee.injected.count == 0 {
            // Silence the eventfd, then look again: an injection between the two rings it anew.
            _ = vd_read(pointee.fileDescriptor, pointee.vectors.control, 8)
            if dummy.pointee.injected.count != 0 { wakeDummy() }
        }
        return batch.count &- before
    }

    /// Keeps or drops what is sent, segmented and with whole checksums as a device would see it.
    func transmitDummy(_ packets: UnsafeMutablePointer<PacketBuffer>, count: Int) -> Int {
        var sent = 0
        var index = 0
        while index < count {
            let packet = packets[index]
            index &+= 1
            guard packet.isSuperPacket else {
                sent &+= deliver(packet)
                continue
            }
            if var segmenter = Segmenter(packet) {
                while case .segment(let segment) = segmenter.next(from: pointee.pool) {
                    sent &+= deliver(segment)
                }
            } else {
                pointee.counters.txErrors &+= 1
            }
            pointee.pool.free(packet)
        }
        return sent
    }

    private func deliver(_ packet: PacketBuffer) -> Int {
        guard packet.finishChecksum() else {
            pointee.counters.txErrors &+= 1
            pointee.pool.free(packet)
            return 0
        }
        pointee.counters.txPackets &+= 1
        pointee.counters.txBytes &+= UInt64(truncatingIfNeeded: packet.length)
        guard let dummy = pointee.dummy else { return 0 }
        if let capture = dummy.pointee.sentCapture { capture.append(packet) }
        if let ring = dummy.pointee.sent, ring.push(packet) { return 1 }
        pointee.pool.free(packet)
        return 1
    }

    /// Makes the dummy's descriptor readable.
    func wakeDummy() {
        // The count is written from the vectors' own memory: eight bytes with the value one.
        let one = pointee.vectors.sendHeaders
        one.storeBytes(of: 1, as: UInt64.self)
        _ = vd_write(pointee.fileDescriptor, one, 8)
    }
}
