// A sender's claims about checksums and segments: what fits is kept, what does not is refused, and
// no claim lets "completing a checksum" touch bytes that were judged.

import PacketBuffer
import Testing

@Suite struct OffloadClaimTests {
    private func withPacket(
        _ bytes: [UInt8], _ body: (PacketBuffer) throws -> Void
    ) throws {
        try withPool { pool in
            let packet = try #require(pool.allocate(length: bytes.count))
            bytes.withUnsafeBytes {
                _ = packet.assign($0.baseAddress.unsafelyUnwrapped, count: bytes.count)
            }
            try body(packet)
            pool.free(packet)
        }
    }

    private func claim(
        checksum: Bool = true, type: UInt8 = 0, size: Int = 0, start: Int, offset: Int
    ) -> OffloadClaim {
        OffloadClaim(
            needsChecksum: checksum, gsoType: type, gsoSize: UInt16(size),
            checksumStart: UInt16(start), checksumOffset: UInt16(offset))
    }

    @Test("A partial checksum is kept, and completed from the headers as they are at the output")
    func partial() throws {
        for isIPv6 in [false, true] {
            for isTCP in [false, true] {
                let frame = FrameBytes(isIPv6: isIPv6, isTCP: isTCP, payload: Array(0..<101))
                var spoilt = frame.bytes
                let field = frame.l4Offset + (isTCP ? 16 : 6)
                spoilt[field] = 0xab
                spoilt[field + 1] = 0xcd
                try withPacket(spoilt) { packet in
                    #expect(packet.accept(claim(start: frame.l4Offset, offset: isTCP ? 16 : 6)))
                    #expect(packet.needsChecksum)
                    #expect(packet.insert(4, at: 12))
                    packet.data.storeBytes(of: 0x0081, toByteOffset: 12, as: UInt16.self)
                    packet.data.storeBytes(of: 0x0100, toByteOffset: 14, as: UInt16.self)
                    #expect(packet.checksumStart == frame.l4Offset + 4)
                    #expect(packet.finishChecksum())
                    #expect(!packet.needsChecksum)
                    #expect(packet.remove(4, at: 12))
                    #expect(content(packet) == frame.bytes)
                }
            }
        }
    }

    @Test("A checksum claimed elsewhere is completed on entry, before anything is judged")
    func elsewhere() throws {
        let frame = FrameBytes(isTCP: false, payload: Array(0..<64))
        try withPacket(frame.bytes) { packet in
            // At the IPv4 destination address: the bytes change now, not after the judgement.
            #expect(packet.accept(claim(start: 30, offset: 0)))
            #expect(!packet.needsChecksum)
            #expect(content(packet)[30...31] != frame.bytes[30...31])
        }
    }

    @Test("Claims that do not fit the packet are refused")
    func refused() throws {
        let tcp = FrameBytes(payload: [UInt8](repeating: 7, count: 4000))
        let udp = FrameBytes(isTCP: false, payload: [UInt8](repeating: 7, count: 4000))
        let end = tcp.bytes.count
        let cases: [(FrameBytes, OffloadClaim)] = [
            (tcp, claim(start: end - 1, offset: 0)),
            (tcp, claim(start: 0xffff, offset: 0xffff)),
            (tcp, claim(start: 13, offset: 0)),
            (tcp, claim(type: GSOType.tcp4, size: 0, start: 34, offset: 16)),
            (tcp, claim(type: GSOType.tcp4, size: 1, start: 34, offset: 16)),
            (tcp, claim(type: GSOType.tcp6, size: 1000, start: 34, offset: 16)),
            (tcp, claim(type: GSOType.udpL4, size: 1000, start: 34, offset: 16)),
            (tcp, claim(type: GSOType.udpFragment, size: 1000, start: 34, offset: 16)),
            (tcp, claim(type: 0x7f, size: 1000, start: 34, offset: 16)),
            (tcp, claim(type: GSOType.tcp4, size: 1000, start: 35, offset: 16)),
            (tcp, claim(type: GSOType.tcp4, size: 1000, start: 34, offset: 6)),
            (tcp, claim(checksum: false, type: GSOType.ecnBit, start: 0, offset: 0)),
            (udp, claim(type: GSOType.tcp4, size: 1000, start: 34, offset: 6)),
            (udp, claim(type: GSOType.udpL4 | GSOType.ecnBit, size: 1000, start: 34, offset: 6)),
        ]
        for (index, (frame, claim)) in cases.enumerated() {
            try withPacket(frame.bytes) { packet in
                #expect(!packet.accept(claim), "case \(index)")
            }
        }
    }

    @Test("A super-packet that fits one segment is an ordinary packet")
    func oneSegment() throws {
        let frame = FrameBytes(payload: [UInt8](repeating: 1, count: 100))
        try withPacket(frame.bytes) { packet in
            #expect(packet.accept(claim(type: GSOType.tcp4, size: 1448, start: 34, offset: 16)))
            #expect(!packet.isSuperPacket && packet.needsChecksum)
        }
    }

    @Test("No truncation of a packet and no flipped byte in its headers makes the scan leave it")
    func scanIsBounded() throws {
        var generator = SystemRandomNumberGenerator()
        let seed = generator.next()
        var state = seed
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for round in 0..<20_000 {
            let frame = FrameBytes(
                isIPv6: round & 1 == 0, vlans: round & 2 == 0 ? [] : [[0x81, 0, 0, 1]],
                isTCP: round & 4 == 0, payload: [1, 2, 3])
            var bytes = frame.bytes
            for _ in 0..<random(4) { bytes[random(bytes.count)] = UInt8(random(256)) }
            bytes.removeLast(random(bytes.count - 14))
            try withPacket(bytes) { packet in
                if let scan = HeaderScan(packet) {
                    let isInside =
                        scan.l3 >= 14 && scan.l4 > scan.l3 && scan.payload > scan.l4
                        && scan.l4 + scan.l4Bytes <= bytes.count
                        && scan.payload <= scan.l4 + scan.l4Bytes
                    #expect(isInside, "seed \(seed) round \(round)")
                }
                _ = packet.accept(
                    claim(
                        type: UInt8(random(8)), size: random(2000), start: random(200),
                        offset: random(30)))
            }
        }
    }
}
