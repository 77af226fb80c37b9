// Sending to packet sockets and TAP devices with virtio-net headers, so that partial checksums and
// super-packets pass as they are. What a device cannot take is segmented here or dropped and
// counted.

import CIntrinsics
import Glibc
import PacketBuffer

extension UnsafeMutablePointer where Pointee == KernelPortState {
    /// Sends `count` packets; consumes them all.
    func transmitFrames(_ packets: UnsafeMutablePointer<PacketBuffer>, count: Int) -> Int {
        var sent = 0
        var index = 0
        while index < count {
            if pointee.vectors.pending.isFull { sent &+= flush() }
            queue(packets[index], sent: &sent)
            index &+= 1
        }
        return sent &+ flush()
    }

    /// Prepares one packet and adds it to those pending, or drops it.
    private func queue(_ packet: PacketBuffer, sent: inout Int) {
        let slot = pointee.vectors.pending.count
        let header = pointee.vectors.sendHeaders + slot &* PortVectors.headerStride
        let bytes = packet.length
        guard bytes >= 14 else { return drop(packet, isError: true) }
        let isSuper = packet.isSuperPacket
        // A tagged packet may be four bytes longer than the MTU and the Ethernet header say.
        if !isSuper, bytes > Int(truncatingIfNeeded: pointee.mtu) &+ 18 {
            return drop(packet, isError: false)
        }
        if packet.needsChecksum || isSuper {
            guard let scan = HeaderScan(packet), scan.l4 == packet.checksumStart else {
                guard packet.finishChecksum() else { return drop(packet, isError: true) }
                VirtioHeader.writePlain(to: header, checksumValid: true)
                return push(packet, slot, bytes: bytes)
            }
            if isSuper, packet.metadata.pointee.gsoType == GSOType.udpL4,
                !pointee.takesUDPSegments
            {
                return queueSegments(of: packet, sent: &sent)
            }
            packet.refreshPartialChecksum(scan)
            VirtioHeader.write(scan, of: packet, to: header)
        } else {
            VirtioHeader.writePlain(
                to: header,
                checksumValid: packet.metadata.pointee.flags.contains(.checksumValid))
        }
        push(packet, slot, bytes: bytes)
    }

    @inline(__always)
    private func push(_ packet: PacketBuffer, _ slot: Int, bytes: Int) {
        let vector = pointee.vectors.sendVectors + (slot &* 2 &+ 1)
        vector.pointee.iov_base = packet.data
        vector.pointee.iov_len = bytes
        pointee.vectors.pending.append(packet)
    }

    /// Segments in software, flushing whenever the vectors are full.
    private func queueSegments(of packet: PacketBuffer, sent: inout Int) {
        guard var segmenter = Segmenter(packet) else { return drop(packet, isError: true) }
        while true {
            if pointee.vectors.pending.isFull { sent &+= flush() }
            guard case .segment(let segment) = segmenter.next(from: pointee.pool) else { break }
            let slot = pointee.vectors.pending.count
            let header = pointee.vectors.sendHeaders + slot &* PortVectors.headerStride
            VirtioHeader.writePlain(to: header, checksumValid: true)
            push(segment, slot, bytes: segment.length)
        }
        pointee.counters.txDropped &+= UInt64(
            truncatingIfNeeded: segmenter.segmentCount &- segmenter.index)
        pointee.pool.free(packet)
    }

    /// Sends all that is pending and frees it.
    private func flush() -> Int {
        let count = pointee.vectors.pending.count
        guard count > 0 else { return 0 }
        var sent = 0
        var next = 0
        while next < count {
            let result = send(from: next, count: count &- next)
            if result > 0 {
                note(sent: Int(truncatingIfNeeded: result), from: next)
                sent &+= Int(truncatingIfNeeded: result)
                next &+= Int(truncatingIfNeeded: result)
                continue
            }
            switch failure(-result, at: next) {
            case .skipOne: next &+= 1
            case .dropRest:
                pointee.counters.txDropped &+= UInt64(truncatingIfNeeded: count &- next)
                next = count
            case .again: break
            }
        }
        pointee.pool.free(pointee.vectors.pending)
        return sent
    }

    private enum Failure { case skipOne, dropRest, again }

    /// Decides what a failed send means for the packet at `index` and those behind it.
    private func failure(_ number: Int32, at index: Int) -> Failure {
        switch number {
        case EINTR: return .again
        case EAGAIN, ENOBUFS, ENOMEM: return .dropRest
        case EMSGSIZE:
            pointee.counters.txDropped &+= 1
            return .skipOne
        case EINVAL:
            let packet = pointee.vectors.pending[index]
            if packet.metadata.pointee.gsoType == GSOType.udpL4 { pointee.takesUDPSegments = false }
            pointee.counters.txErrors &+= 1
            return .skipOne
        case ENETDOWN, ENXIO, ENODEV, EIO, EBADF, EBADFD:
            pointee.deviceError = number
            return .dropRest
        default:
            pointee.counters.txErrors &+= 1
            return .skipOne
        }
    }

    /// Sends up to `count` pending packets from `index` on; how many, or the negated errno.
    private func send(from index: Int, count: Int) -> Int32 {
        if case .tap = pointee.kind {
            let result = vd_writev(
                pointee.fileDescriptor, pointee.vectors.sendVectors + index &* 2, 2)
            return result >= 0 ? 1 : Int32(truncatingIfNeeded: result)
        }
        return vd_sendmmsg(
            pointee.fileDescriptor, pointee.vectors.sendMessages + index,
            UInt32(truncatingIfNeeded: count))
    }

    private func note(sent: Int, from first: Int) {
        var bytes = 0
        var index = first
        while index < first &+ sent {
            bytes &+= pointee.vectors.pending[index].length
            index &+= 1
        }
        pointee.deviceError = 0
        pointee.counters.txPackets &+= UInt64(truncatingIfNeeded: sent)
        pointee.counters.txBytes &+= UInt64(truncatingIfNeeded: bytes)
    }

    private func drop(_ packet: PacketBuffer, isError: Bool) {
        if isError {
            pointee.counters.txErrors &+= 1
        } else {
            pointee.counters.txDropped &+= 1
        }
        pointee.pool.free(packet)
    }
}
