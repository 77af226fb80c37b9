// Software segmentation: cuts a TCP or UDP super-packet into the packets that it stands for, each
// with complete headers and checksums. For outputs that cannot take a super-packet (DPDK devices,
// dummies, tunnels). It yields one segment a call, so that the caller can send them by the batch.

import CIntrinsics

/// Walks the segments of one super-packet. The super-packet stays the caller's, unchanged.
///
/// **Source**: RFC 9293 (sequence numbers, FIN and PSH), RFC 3168 (CWR on the first segment alone),
/// RFC 6864 (IPv4 identification).
@frozen public struct Segmenter {
    public let packet: PacketBuffer
    public let scan: HeaderScan
    /// Segments in all.
    public let segmentCount: Int
    /// Segments already yielded.
    public var index: Int
    @usableFromInline let segmentBytes: Int
    @usableFromInline let payloadBytes: Int

    /// What `next` found.
    @frozen public enum Step {
        case segment(PacketBuffer)
        case finished
        /// The pool is empty; the rest of the super-packet is lost.
        case exhausted
    }

    /// Prepares to segment `packet`; nil when it is no super-packet or its headers do not bear it.
    #if !DEBUG
        @_noAllocation
    #endif
    public init?(_ packet: PacketBuffer) {
        let type = packet.metadata.pointee.gsoType & ~GSOType.ecnBit
        let size = Int(truncatingIfNeeded: packet.metadata.pointee.gsoSize)
        guard type != GSOType.none, size > 0, let scan = HeaderScan(packet) else { return nil }
        guard scan.isTCP == (type != GSOType.udpL4) else { return nil }
        self.packet = packet
        self.scan = scan
        payloadBytes = scan.l4 &+ scan.l4Bytes &- scan.payload
        segmentBytes = size
        segmentCount = payloadBytes == 0 ? 1 : (payloadBytes &+ size &- 1) / size
        guard segmentCount <= OffloadClaim.segmentsMax,
            scan.payload &+ size <= PacketLayout.jumboRoomBytes &- PacketLayout.headroom
        else { return nil }
        index = 0
    }

    /// Makes the next segment.
    #if !DEBUG
        @_noAllocation
    #endif
    public mutating func next(from pool: PacketPool) -> Step {
        guard index < segmentCount else { return .finished }
        let done = index &* segmentBytes
        let left = payloadBytes &- done
        let bytes = left < segmentBytes ? left : segmentBytes
        guard let segment = pool.allocate(length: scan.payload &+ bytes) else { return .exhausted }
        segment.setLength(scan.payload &+ bytes)
        let source = packet.data
        let target = segment.data
        vd_copy(target, source, UInt64(truncatingIfNeeded: scan.payload))
        vd_copy(
            target + scan.payload, source + scan.payload + done, UInt64(truncatingIfNeeded: bytes))
        finishL3(target, payloadBytes: bytes)
        finishL4(target, payloadBytes: bytes, done: done)
        describe(segment)
        index &+= 1
        return .segment(segment)
    }

    private func finishL3(_ data: UnsafeMutableRawPointer, payloadBytes bytes: Int) {
        let l3 = data + scan.l3
        if scan.isIPv6 {
            Segmenter.store16(l3 + 4, scan.payload &- scan.l3 &- 40 &+ bytes)
            return
        }
        Segmenter.store16(l3 + 2, scan.payload &- scan.l3 &+ bytes)
        let id = UInt16(bigEndian: l3.loadUnaligned(fromByteOffset: 4, as: UInt16.self))
        Segmenter.store16(l3 + 4, Int(truncatingIfNeeded: id) &+ index)
        l3.storeBytes(of: 0, toByteOffset: 10, as: UInt16.self)
        let sum = InternetSum.add(l3, count: scan.l4 &- scan.l3, to: 0)
        l3.storeBytes(of: ~InternetSum.fold(sum), toByteOffset: 10, as: UInt16.self)
    }

    private func finishL4(_ data: UnsafeMutableRawPointer, payloadBytes bytes: Int, done: Int) {
        let l4 = data + scan.l4
        let l4Bytes = scan.payload &- scan.l4 &+ bytes
        if scan.isTCP {
            let sequence = UInt32(bigEndian: l4.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
            l4.storeBytes(
                of: (sequence &+ UInt32(truncatingIfNeeded: done)).bigEndian, toByteOffset: 4,
                as: UInt32.self)
            var flags = l4.load(fromByteOffset: 13, as: UInt8.self)
            if index &+ 1 < segmentCount { flags &= ~0x09 }  // FIN, PSH: the last alone
            if index > 0 { flags &= ~0x80 }  // CWR: the first alone
            l4.storeBytes(of: flags, toByteOffset: 13, as: UInt8.self)
        } else {
            Segmenter.store16(l4 + 4, l4Bytes)
        }
        l4.storeBytes(of: 0, toByteOffset: scan.checksumOffset, as: UInt16.self)
        let sum = InternetSum.add(
            l4, count: l4Bytes, to: scan.pseudoSum(data, l4Bytes: l4Bytes))
        l4.storeBytes(
            of: InternetSum.checksum(sum), toByteOffset: scan.checksumOffset, as: UInt16.self)
    }

    private func describe(_ segment: PacketBuffer) {
        segment.inPort = packet.inPort
        segment.metadata.pointee.mark = packet.metadata.pointee.mark
        segment.metadata.pointee.flags = .checksumValid
        if packet.metadata.pointee.flags.contains(.rssValid) {
            segment.rssHash = packet.rssHash
            segment.metadata.pointee.flags.add(.rssValid)
        }
        segment.l3Offset = scan.l3
        segment.l4Offset = scan.l4
    }

    @inline(always)
    private static func store16(_ at: UnsafeMutableRawPointer, _ value: Int) {
        at.storeBytes(of: UInt16(truncatingIfNeeded: value).bigEndian, as: UInt16.self)
    }
}
