// Software segmentation against frames written by hand.

import PacketBuffer
import Testing

@Suite struct SegmenterTests {
    /// Sends `frame` through the segmenter and compares every segment with the frame it should be.
    private func check(_ frame: FrameBytes, gsoType: UInt8, gsoSize: Int) throws {
        try withPool(standard: 80, jumbo: 2) { pool in
            let bytes = frame.bytes
            let packet = try #require(pool.allocate(.jumbo))
            bytes.withUnsafeBytes {
                _ = packet.assign($0.baseAddress.unsafelyUnwrapped, count: bytes.count)
            }
            #expect(
                packet.accept(
                    OffloadClaim(
                        needsChecksum: true, gsoType: gsoType, gsoSize: UInt16(gsoSize),
                        checksumStart: UInt16(frame.l4Offset),
                        checksumOffset: frame.isTCP ? 16 : 6)))
            packet.inPort = 5
            var segmenter = try #require(Segmenter(packet))
            let count = (frame.payload.count + gsoSize - 1) / gsoSize
            #expect(segmenter.segmentCount == count)
            for index in 0..<count {
                guard case .segment(let segment) = segmenter.next(from: pool) else {
                    Issue.record("segment \(index) is missing")
                    break
                }
                var expected = frame
                expected.id = frame.id &+ UInt16(index)
                expected.sequence = frame.sequence &+ UInt32(index * gsoSize)
                if index + 1 < count { expected.tcpFlags &= ~0x09 }
                if index > 0 { expected.tcpFlags &= ~0x80 }
                expected.payload = Array(
                    frame.payload[index * gsoSize..<min((index + 1) * gsoSize, frame.payload.count)]
                )
                #expect(content(segment) == expected.bytes, "segment \(index)")
                #expect(segment.inPort == 5 && !segment.isSuperPacket && !segment.needsChecksum)
                pool.free(segment)
            }
            guard case .finished = segmenter.next(from: pool) else {
                Issue.record("too many segments")
                return
            }
            pool.free(packet)
        }
    }

    private func payload(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    }

    @Test("TCP over IPv4: lengths, wrapping ids and sequence numbers, FIN, PSH and CWR, checksums")
    func tcp4() throws {
        try check(
            FrameBytes(tcpFlags: 0x99, payload: payload(65_000)),
            gsoType: GSOType.tcp4 | GSOType.ecnBit,
            gsoSize: 1448)
    }

    @Test("TCP over IPv6 behind two VLAN tags, with an odd last segment")
    func tcp6() throws {
        let tags: [[UInt8]] = [[0x88, 0xa8, 0, 7], [0x81, 0, 0x20, 9]]
        try check(
            FrameBytes(isIPv6: true, vlans: tags, payload: payload(4 * 1428 + 33)),
            gsoType: GSOType.tcp6, gsoSize: 1428)
    }

    @Test("UDP over both: one datagram a segment with its own length")
    func udp() throws {
        for isIPv6 in [false, true] {
            try check(
                FrameBytes(isIPv6: isIPv6, isTCP: false, payload: payload(10_001)),
                gsoType: GSOType.udpL4, gsoSize: 1200)
        }
    }

    @Test("An empty pool ends segmentation and says so")
    func exhausted() throws {
        try withPool(standard: 2, jumbo: 1) { pool in
            let frame = FrameBytes(payload: payload(5000))
            let packet = try #require(pool.allocate(.jumbo))
            frame.bytes.withUnsafeBytes {
                _ = packet.assign($0.baseAddress.unsafelyUnwrapped, count: $0.count)
            }
            #expect(
                packet.accept(
                    OffloadClaim(
                        needsChecksum: true, gsoType: GSOType.tcp4, gsoSize: 1000,
                        checksumStart: 34,
                        checksumOffset: 16)))
            var segmenter = try #require(Segmenter(packet))
            var segments: [PacketBuffer] = []
            while case .segment(let segment) = segmenter.next(from: pool) {
                segments.append(segment)
            }
            #expect(segments.count == 2)
            guard case .exhausted = segmenter.next(from: pool) else {
                Issue.record("exhaustion was not reported")
                return
            }
            for segment in segments + [packet] { pool.free(segment) }
        }
    }
}
