// Headers against literal bytes, both ways, and malformed ones.

import Testing

@testable import Wire

/// Runs `body` on a copy of `bytes` that ends where they end.
func withBytes<R>(_ bytes: [UInt8], _ body: (UnsafeMutableRawPointer, Int) -> R) -> R {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: max(bytes.count, 1), alignment: 1)
    defer { memory.deallocate() }
    bytes.withUnsafeBytes { source in
        if let base = source.baseAddress { memory.copyMemory(from: base, byteCount: bytes.count) }
    }
    return body(memory, bytes.count)
}

@Suite struct WireTests {
    static let ipv4: [UInt8] = [
        0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11, 0xb8, 0x61, 0xc0, 0xa8, 0x00,
        0x01, 0xc0, 0xa8, 0x00, 0xc7,
    ]

    @Test func ethernet() {
        withBytes([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x86, 0xdd]) { base, count in
            let header = EthernetHeader(base, available: count)
            #expect(header?.destination == 0x0102_0304_0506)
            #expect(header?.source == 0x0708_090a_0b0c)
            #expect(header?.type == EtherType.ipv6)
            #expect(EthernetHeader(base, available: 13) == nil)
        }
    }

    /// The header of a well-known worked example, and its checksum.
    @Test func ipv4Fields() {
        withBytes(WireTests.ipv4 + [UInt8](repeating: 0, count: 0x73 - 20)) { base, count in
            let header = IPv4Header(base, available: count)
            #expect(header?.isChecksumValid == true)
            #expect(header?.totalLength == 0x73)
            #expect(header?.protocolNumber == IPProtocol.udp)
            #expect(header?.source == 0xc0a8_0001)
            #expect(header?.isFragment == false)
            #expect(header?.payloadLength == 0x73 - 20)
        }
    }

    /// Setters keep the checksum right by increments.
    @Test func ipv4Setters() {
        withBytes(WireTests.ipv4) { base, _ in
            let header = IPv4Header(unchecked: base)
            header.source = 0x0a00_0001
            header.destination = 0xffff_ffff
            header.ttl = 1
            header.tos = 0xb8
            header.totalLength = 1500
            header.fragmentField = 0x2001
            header.identification = 0xbeef
            #expect(header.isChecksumValid)
            #expect(header.fragmentOffset == 8 && header.hasMoreFragments)
        }
    }

    @Test(
        arguments: [
            (0, 0x55), (0, 0x44), (2, 0x01), (0, 0x4f),
        ] as [(Int, UInt8)])
    func ipv4Malformed(at: Int, value: UInt8) {
        var bytes = WireTests.ipv4
        bytes[3] = 20
        bytes[at] = value
        withBytes(bytes) { base, count in
            #expect(IPv4Header(base, available: count) == nil)
            #expect(IPv4Header(base, available: 19) == nil)
        }
    }

    /// Hop-by-hop, then a first fragment, then TCP.
    @Test func ipv6Extensions() {
        var bytes = [UInt8](repeating: 0, count: 40)
        bytes[0] = 0x60
        bytes[6] = 0
        bytes += [44, 0, 1, 4, 0, 0, 0, 0]
        bytes += [6, 0, 0, 1, 0xde, 0xad, 0xbe, 0xef]
        bytes += [UInt8](repeating: 0, count: 20)
        withBytes(bytes) { base, count in
            let walk = IPv6ExtensionHeaders(base, length: count)
            #expect(walk?.protocolNumber == IPProtocol.tcp)
            #expect(walk?.isFragment == true && walk?.isLaterFragment == false)
            #expect(walk?.fragmentHeaderOffset == 48)
            #expect(walk?.fragmentNextHeaderOffset == 40)
            #expect(walk?.transportOffset == 56)
        }
        bytes[51] = 9  // Offset 8, more.
        withBytes(bytes) { base, count in
            let walk = IPv6ExtensionHeaders(base, length: count)
            #expect(walk?.isLaterFragment == true)
            #expect(walk?.protocolNumber == IPProtocol.fragment)
        }
        // A length that reaches behind the packet.
        bytes[41] = 200
        withBytes(bytes) { base, count in
            #expect(IPv6ExtensionHeaders(base, length: count) == nil)
            #expect(IPv6ExtensionHeaders(base, length: 47) == nil)
            #expect(IPv6ExtensionHeaders(base, length: 39) == nil)
        }
    }

    @Test func tcpOptions() {
        let bytes: [UInt8] = [
            0x30, 0x39, 0x00, 0x50, 0, 0, 0, 1, 0, 0, 0, 2, 0xf0, 0x02, 0xff, 0xff, 0, 0, 0, 0,
            2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7,
            5, 18, 0, 0, 0, 5, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 3, 1, 1,
        ]
        withBytes(bytes) { base, count in
            let header = TCPHeader(base, available: count)
            #expect(header?.headerBytes == 60)
            let options = header.map { TCPOptions($0) }
            #expect(options?.maximumSegment == 1460)
            #expect(options?.windowScale == 7 && options?.hasWindowScale == true)
            #expect(options?.isSACKPermitted == true && options?.hasTimestamp == true)
            #expect(options?.sackBlockCount == 2 && options?.sackRightEdge == 9)
            #expect(TCPHeader(base, available: 59) == nil)
        }
        // Options of length zero end the walk.
        withBytes(Array(bytes[0..<12]) + [0x60, 2, 0, 0, 0, 0, 0, 0, 3, 0, 3, 3]) { base, count in
            let options = TCPHeader(base, available: count).map { TCPOptions($0) }
            #expect(options?.hasWindowScale == false)
        }
    }

    /// The reference value of RFC 3720: 32 zero bytes.
    @Test func crc32c() {
        withBytes([UInt8](repeating: 0, count: 32)) { base, count in
            #expect(~CRC32C.update(0xffff_ffff, base, count: count) == 0x8a91_36aa)
        }
    }

    /// Incremental updates agree with full sums, for random words.
    @Test func incrementalChecksum() {
        var state: UInt64 = 1
        func next() -> UInt8 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 40)
        }
        for length in [8, 20, 21, 64, 1501] {
            for _ in 0..<50 {
                withBytes((0..<length).map { _ in next() }) { base, count in
                    base.setNetwork16(0, at: 2)
                    base.setNetwork16(InternetChecksum.checksum(base, count: count), at: 2)
                    #expect(InternetChecksum.checksum(base, count: count) == 0)
                    let value = UInt32(next()) << 24 | UInt32(next()) << 8 | UInt32(next())
                    InternetChecksum.adjust(base + 2, from: base.network32(at: 4), to: value)
                    base.setNetwork32(value, at: 4)
                    #expect(InternetChecksum.checksum(base, count: count) == 0)
                }
            }
        }
    }

    /// An ARP request as tcpdump shows it.
    @Test func arp() {
        withBytes([UInt8](repeating: 0, count: 28)) { base, count in
            ARPHeader.write(
                to: base, operation: ARPHeader.request, senderHardware: 0x0200_0000_0001,
                senderProtocol: 0x0a00_0001, targetHardware: 0, targetProtocol: 0x0a00_0002)
            let header = ARPHeader(base, available: count)
            #expect(header?.operation == 1)
            #expect(header?.senderHardware == 0x0200_0000_0001)
            #expect(header?.targetProtocol == 0x0a00_0002)
            base.setNetwork8(7, at: 4)
            #expect(ARPHeader(base, available: count) == nil)
        }
    }

    @Test func tunnels() {
        withBytes([0xb0, 0, 0x65, 0x58, 1, 2, 0, 0, 0, 0, 0, 9, 0, 0, 0, 5]) { base, count in
            let header = GREHeader(base, available: count)
            #expect(header?.headerBytes == 16)
            #expect(header?.key == 9 && header?.sequence == 5)
            #expect(GREHeader(base, available: 15) == nil)
        }
        withBytes([8, 0, 0, 0, 0x12, 0x34, 0x56, 0]) { base, count in
            #expect(VXLANHeader(base, available: count)?.vni == 0x123456)
        }
        withBytes([2, 0, 0x65, 0x58, 0, 0, 7, 0, 1, 2, 0x80, 1, 0, 0, 0, 3]) { base, count in
            let header = GeneveHeader(base, available: count)
            let option = header?.option(at: 0)
            #expect(header?.vni == 7)
            #expect(option?.optionClass == 0x102 && option?.type == 0x80)
            #expect(option?.dataOffset == 12 && option?.dataBytes == 4)
            #expect(header?.option(at: 8) == nil)
            #expect(GeneveHeader(base, available: 15) == nil)
        }
    }

    @Test func labelsAndTags() {
        withBytes([0x00, 0x01, 0x05, 0x40]) { base, count in
            let header = MPLSHeader(base, available: count)
            #expect(header?.label == 16 && header?.trafficClass == 2)
            #expect(header?.isBottom == true && header?.ttl == 64)
        }
        withBytes([0x6f, 0xff, 0x08, 0x00]) { base, count in
            let tag = VLANHeader(base, available: count)
            #expect(tag?.vid == 0xfff && tag?.priority == 3 && tag?.nextType == EtherType.ipv4)
        }
    }

    /// Link-layer options are found; a length of zero ends the walk.
    @Test func neighborDiscovery() {
        var bytes = [UInt8](repeating: 0, count: 24)
        bytes[0] = 135
        bytes += [1, 1, 2, 0, 0, 0, 0, 1]
        withBytes(bytes) { base, count in
            let message = NeighborDiscovery(base, available: count)
            #expect(message?.linkLayerAddressOffset(type: 1) == 26)
            #expect(message?.linkLayerAddressOffset(type: 2) == nil)
        }
        bytes[25] = 0
        withBytes(bytes) { base, count in
            let message = NeighborDiscovery(base, available: count)
            #expect(message?.linkLayerAddressOffset(type: 1) == nil)
        }
    }
}
