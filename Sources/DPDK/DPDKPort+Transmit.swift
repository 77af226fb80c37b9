// Sending a burst: super-packets are segmented, checksums completed where the device does not, and
// what does not live in a mempool is copied to one, for a driver frees what it sent to where it
// came from.

import CDPDK
import CIntrinsics
import PacketBuffer

extension UnsafeMutablePointer where Pointee == DPDKPortState {
    /// Where the lock of a transmit queue lies.
    func lockWord(_ queue: Int) -> UnsafeMutableRawPointer {
        UnsafeMutableRawPointer(
            withUnsafeMutablePointer(to: &pointee.queues[queue].transmitLock) { $0 })
    }

    /// Sends `count` packets on a queue whose lock is held; consumes them all.
    func send(_ packets: UnsafeMutablePointer<PacketBuffer>, count: Int, queue: Int) -> Int {
        let plain = plainPrefix(packets, count: count)
        var sent = burst(packets, count: plain.count, bytes: plain.bytes, queue: queue)
        let pending = pointee.pending[queue]
        var index = plain.count
        while index < count {
            let packet = packets[index]
            index &+= 1
            if packet.isSuperPacket {
                sent &+= sendSegments(of: packet, queue: queue)
                continue
            }
            if pending.isFull { sent &+= flush(queue) }
            prepare(packet, queue: queue)
        }
        return sent &+ flush(queue)
    }

    /// How many packets from the first one on can be given to the device as they are, and their
    /// bytes; their offload flags are cleared.
    @inline(__always)
    private func plainPrefix(
        _ packets: UnsafeMutablePointer<PacketBuffer>, count: Int
    ) -> (count: Int, bytes: Int) {
        let longest = Int(truncatingIfNeeded: pointee.mtu) &+ 22
        let mempool = pointee.mempool
        var bytes = 0
        var index = 0
        while index < count {
            let packet = packets[index]
            let length = packet.length
            // Another port's mempool is as good, but it takes a closer look.
            guard packet.pool == mempool, length <= longest, !packet.isSuperPacket,
                !packet.needsChecksum
            else { break }
            // The flags still tell what was received; as a driver's orders they mean other things.
            packet.header.storeBytes(
                of: 0, toByteOffset: PacketLayout.offloadFlags, as: UInt64.self)
            bytes &+= length
            index &+= 1
        }
        return (index, bytes)
    }

    private func sendSegments(of packet: PacketBuffer, queue: Int) -> Int {
        let pending = pointee.pending[queue]
        var sent = 0
        if var segmenter = Segmenter(packet) {
            while case .segment(let segment) = segmenter.next(from: pointee.pool) {
                if pending.isFull { sent &+= flush(queue) }
                prepare(segment, queue: queue)
            }
            pointee.queues[queue].counters.txDropped &+= UInt64(
                truncatingIfNeeded: segmenter.segmentCount &- segmenter.index)
        } else {
            pointee.queues[queue].counters.txErrors &+= 1
        }
        pointee.pool.free(packet)
        return sent
    }

    /// Makes one packet ready and adds it to the pending batch, or drops it.
    private func prepare(_ packet: PacketBuffer, queue: Int) {
        // A tagged packet may be eight bytes longer than the MTU and the Ethernet header say.
        guard packet.length <= Int(truncatingIfNeeded: pointee.mtu) &+ 22 else {
            pointee.queues[queue].counters.txDropped &+= 1
            return pointee.pool.free(packet)
        }
        let ready = packet.isFromSlab ? moveToMempool(packet) : packet
        guard let ready else {
            pointee.queues[queue].counters.txDropped &+= 1
            return
        }
        // The flags still tell what was received; as a driver's orders they mean something else.
        ready.header.storeBytes(of: 0, toByteOffset: PacketLayout.offloadFlags, as: UInt64.self)
        guard completeChecksum(of: ready) else {
            pointee.queues[queue].counters.txErrors &+= 1
            return pointee.pool.free(ready)
        }
        pointee.pending[queue].append(ready)
    }

    private func completeChecksum(of packet: PacketBuffer) -> Bool {
        guard packet.needsChecksum else { return true }
        guard pointee.completesChecksums, let scan = HeaderScan(packet),
            scan.l4 == packet.checksumStart, scan.l3 < 128, scan.l4 &- scan.l3 < 512
        else { return packet.finishChecksum() }
        packet.refreshPartialChecksum(scan)
        vd_packet_request_checksum(
            packet.header, UInt16(truncatingIfNeeded: scan.l3),
            UInt16(truncatingIfNeeded: scan.l4 &- scan.l3), scan.isTCP, scan.isIPv6)
        return true
    }

    /// A copy of a slab's packet in this port's mempool; the original is freed. Nil when it does
    /// not fit.
    private func moveToMempool(_ packet: PacketBuffer) -> PacketBuffer? {
        defer { pointee.pool.free(packet) }
        let bytes = packet.length
        var header: UnsafeMutableRawPointer?
        guard bytes <= pointee.roomBytes &- PacketLayout.headroom,
            vd_mempool_allocate(pointee.mempool, &header, 1) == 0, let header
        else { return nil }
        let twin = PacketBuffer(header: header)
        twin.metadata.initialize(
            to: PacketMetadata(capacity: UInt32(truncatingIfNeeded: pointee.roomBytes)))
        twin.setLength(bytes)
        vd_copy(twin.data, packet.data, UInt64(truncatingIfNeeded: bytes))
        twin.metadata.pointee.flags = packet.metadata.pointee.flags
        if packet.needsChecksum {
            twin.checksumStart = packet.checksumStart
            twin.metadata.pointee.checksumOffset = packet.metadata.pointee.checksumOffset
        }
        return twin
    }

    /// Gives the pending batch to the device, and frees what it does not take.
    private func flush(_ queue: Int) -> Int {
        let pending = pointee.pending[queue]
        let count = pending.count
        guard count > 0 else { return 0 }
        var bytes = 0
        var index = 0
        while index < count {
            bytes &+= pending[index].length
            index &+= 1
        }
        let sent = burst(pending.packets, count: count, bytes: bytes, queue: queue)
        pending.removeAll()
        return sent
    }

    /// Gives `count` packets of `bytes` bytes to the device, and frees what it does not take.
    private func burst(
        _ packets: UnsafeMutablePointer<PacketBuffer>, count: Int, bytes: Int, queue: Int
    ) -> Int {
        var sent = 0
        while sent < count {
            let taken = vd_tx_burst(
                pointee.deviceID, UInt16(truncatingIfNeeded: queue), (packets + sent).headers,
                UInt16(truncatingIfNeeded: count &- sent))
            if taken == 0 { break }
            sent &+= Int(truncatingIfNeeded: taken)
        }
        var total = bytes
        if sent < count {
            var index = sent
            while index < count {
                total &-= packets[index].length
                index &+= 1
            }
            pointee.pool.free(packets + sent, count: count &- sent)
        }
        pointee.queues[queue].counters.txPackets &+= UInt64(truncatingIfNeeded: sent)
        pointee.queues[queue].counters.txBytes &+= UInt64(truncatingIfNeeded: total)
        pointee.queues[queue].counters.txDropped &+= UInt64(truncatingIfNeeded: count &- sent)
        return sent
    }
}
