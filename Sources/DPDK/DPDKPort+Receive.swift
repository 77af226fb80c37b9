// What a received burst needs before the engine may have it: one segment, checked claims, counters.

import CDPDK
import CIntrinsics
import PacketBuffer

extension UnsafeMutablePointer where Pointee == DPDKPortState {
    /// Counts `count` packets at `first`, keeps those that are sound, packed to the front; how
    /// many.
    @inline(__always)
    func admit(
        _ first: UnsafeMutablePointer<PacketBuffer>, count: Int, _ burst: vd_burst, queue: Int
    ) -> Int {
        let counters = pointee.queues + queue
        let sound = count &- burst.special.nonzeroBitCount
        counters.pointee.counters.rxPackets &+= UInt64(truncatingIfNeeded: sound)
        counters.pointee.counters.rxBytes &+= UInt64(burst.bytes)
        counters.pointee.counters.multicast &+= UInt64(burst.multicast)
        if burst.special == 0 { return count }
        return admitSpecial(first, count: count, special: burst.special, counters)
    }

    /// Counts and keeps those of the special packets that are sound.
    @inline(never)
    private func admitSpecial(
        _ first: UnsafeMutablePointer<PacketBuffer>, count: Int, special: UInt32,
        _ queue: UnsafeMutablePointer<DPDKQueue>
    ) -> Int {
        var kept = 0
        var index = 0
        while index < count {
            var packet = first[index]
            let isSpecial = special &>> UInt32(truncatingIfNeeded: index) & 1 != 0
            index &+= 1
            if isSpecial {
                guard let sound = settle(packet, queue) else { continue }
                packet = sound
                let bytes = packet.length
                guard bytes >= 14 else {
                    queue.pointee.counters.rxErrors &+= 1
                    queue.pointee.counters.rxFrameErrors &+= 1
                    pointee.pool.free(packet)
                    continue
                }
                queue.pointee.counters.rxPackets &+= 1
                queue.pointee.counters.rxBytes &+= UInt64(truncatingIfNeeded: bytes)
                queue.pointee.counters.multicast &+= UInt64(
                    truncatingIfNeeded: packet.data.load(as: UInt8.self) & 1)
            }
            first[kept] = packet
            kept &+= 1
        }
        return kept
    }

    /// Makes one segment of several and checks the offload claim; nil when the packet had to go.
    private func settle(
        _ packet: PacketBuffer, _ queue: UnsafeMutablePointer<DPDKQueue>
    ) -> PacketBuffer? {
        let isPartial = vd_packet_checksum_partial(packet.header)
        let segmentBytes = vd_packet_segment_size(packet.header)
        guard let whole = linearise(packet) else {
            queue.pointee.counters.rxDropped &+= 1
            pointee.pool.free(packet)
            return nil
        }
        guard isPartial || segmentBytes != 0 else { return whole }
        // The device tells what, not where: the headers say where. Without a TCP or UDP header
        // there is nothing to complete.
        guard let scan = HeaderScan(whole) else { return whole }
        let gsoType = !scan.isTCP ? GSOType.udpL4 : scan.isIPv6 ? GSOType.tcp6 : GSOType.tcp4
        let claim = OffloadClaim(
            needsChecksum: true, gsoType: segmentBytes == 0 ? GSOType.none : gsoType,
            gsoSize: segmentBytes, checksumStart: UInt16(truncatingIfNeeded: scan.l4),
            checksumOffset: UInt16(truncatingIfNeeded: scan.checksumOffset))
        guard whole.accept(claim) else {
            queue.pointee.counters.rxErrors &+= 1
            pointee.pool.free(whole)
            return nil
        }
        return whole
    }

    /// The packet as one segment; a chain is copied and freed. Nil, and the chain kept, when it is
    /// too long, inconsistent or there is no buffer.
    private func linearise(_ packet: PacketBuffer) -> PacketBuffer? {
        let segments = packet.header.load(
            fromByteOffset: PacketLayout.segmentCount, as: UInt16.self)
        guard segments > 1 else { return packet }
        let bytes = packet.length
        guard let whole = pointee.pool.allocate(length: bytes) else { return nil }
        var done = 0
        var next: UnsafeMutableRawPointer? = packet.header
        while let segment = next {
            let size = Int(
                truncatingIfNeeded: segment.load(
                    fromByteOffset: PacketLayout.dataLength, as: UInt16.self))
            guard size <= bytes &- done else { break }
            let source = PacketBuffer(header: segment)
            vd_copy(whole.data + done, source.data, UInt64(truncatingIfNeeded: size))
            done &+= size
            next = segment.load(
                fromByteOffset: PacketLayout.next, as: UnsafeMutableRawPointer?.self)
        }
        guard done == bytes, next == nil else {
            pointee.pool.free(whole)
            return nil
        }
        whole.setLength(bytes)
        whole.inPort = packet.inPort
        whole.rssHash = packet.rssHash
        whole.metadata.pointee.flags = packet.metadata.pointee.flags
        pointee.pool.free(packet)
        return whole
    }
}
