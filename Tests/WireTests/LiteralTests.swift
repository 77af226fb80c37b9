// Headers against literal bytes both ways: what a view reads from them, and that its setters and
// writers make exactly them.

import Testing

@testable import Wire

@Suite struct LiteralTests {
    /// Runs `write` on zeroed memory of the size of `bytes` and compares.
    private func writes(
        _ bytes: [UInt8], _ write: (UnsafeMutableRawPointer) -> Void,
        location: SourceLocation = #_sourceLocation
    ) {
        let made = withBytes([UInt8](repeating: 0, count: bytes.count)) { base, count in
            write(base)
            return Array(UnsafeRawBufferPointer(start: base, count: count))
        }
        #expect(made == bytes, sourceLocation: location)
    }

    @Test func ethernet() {
        writes([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x06]) {
            EthernetHeader.write(
                to: $0, destination: 0x0200_0000_0002, source: 0x0200_0000_0001,
                type: EtherType.arp)
        }
        writes([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5, 6, 0x86, 0xdd]) {
            let header = EthernetHeader($0, available: 14)
            header?.destination = 0xffff_ffff_ffff
            header?.source = 0x0102_0304_0506
            header?.type = EtherType.ipv6
        }
    }

    @Test func tagAndLabel() {
        writes([0x60, 0x2a, 0x08, 0x00]) {
            let tag = VLANHeader($0, available: 4)
            tag?.tci = 0x602a
            tag?.nextType = EtherType.ipv4
        }
        writes([0x00, 0x01, 0x4d, 0xfe]) {
            let label = MPLSHeader($0, available: 4)
            label?.label = 20
            label?.trafficClass = 6
            label?.isBottom = true
            label?.ttl = 254
        }
        withBytes([0xff, 0xff, 0xfe, 0x01]) { base, count in
            let label = MPLSHeader(base, available: count)
            #expect(label?.label == 0xfffff && label?.trafficClass == 7)
            #expect(label?.isBottom == false && label?.ttl == 1)
            label?.label = 0
            #expect(label?.trafficClass == 7 && label?.ttl == 1)
        }
    }

    @Test func arp() {
        let bytes: [UInt8] = [
            0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1, 2, 0, 0, 0, 0, 2, 10, 0, 0, 2,
        ]
        writes(bytes) {
            ARPHeader.write(
                to: $0, operation: ARPHeader.reply, senderHardware: 0x0200_0000_0001,
                senderProtocol: 0x0a00_0001, targetHardware: 0x0200_0000_0002,
                targetProtocol: 0x0a00_0002)
        }
        withBytes(bytes) { base, count in
            let header = ARPHeader(base, available: count)
            #expect(header?.targetHardware == 0x0200_0000_0002)
            #expect(header?.senderProtocol == 0x0a00_0001)
            header?.operation = 1
            header?.senderHardware = 0xffff_ffff_ffff
            header?.targetProtocol = 0xffff_ffff
            #expect(base.network16(at: 6) == 1 && base.network8(at: 13) == 0xff)
            #expect(base.network32(at: 24) == 0xffff_ffff && base.network8(at: 14) == 10)
        }
    }

    /// The worked example of a header whose checksum is b861.
    @Test func ipv4() {
        writes(WireTests.ipv4) {
            IPv4Header.write(
                to: $0, source: 0xc0a8_0001, destination: 0xc0a8_00c7,
                protocolNumber: IPProtocol.udp, totalLength: 0x73)
        }
        // An odd fragment, with options.
        let bytes: [UInt8] = [
            0x47, 0xb9, 0, 32, 0xbe, 0xef, 0x20, 0x03, 1, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8,
            0x94, 4, 0, 0, 0x01, 0x01, 0x01, 0x00, 9, 9, 9, 9,
        ]
        withBytes(bytes) { base, count in
            let header = IPv4Header(base, available: count)
            #expect(header?.headerBytes == 28 && header?.payloadLength == 4)
            #expect(header?.tos == 0xb9 && header?.ttl == 1 && header?.identification == 0xbeef)
            #expect(header?.fragmentOffset == 24 && header?.hasMoreFragments == true)
            #expect(header?.isFragment == true && header?.isChecksumValid == false)
            header?.computeChecksum()
            #expect(header?.isChecksumValid == true)
        }
    }

    @Test func ipv6() {
        var bytes: [UInt8] = [0x6a, 0x51, 0x23, 0x45, 0, 0, 58, 255]
        bytes += [0xfe, 0x80] + [UInt8](repeating: 0, count: 13) + [1]
        bytes += [0xff, 0x02] + [UInt8](repeating: 0, count: 13) + [2]
        withBytes(bytes) { base, count in
            let header = IPv6Header(base, available: count)
            #expect(header?.trafficClass == 0xa5 && header?.flowLabel == 0x12345)
            #expect(header?.nextHeader == 58 && header?.hopLimit == 255)
            #expect(header?.source.network16(at: 0) == 0xfe80)
            #expect(header?.destination.network8(at: 15) == 2)
        }
        writes(bytes) { base in
            bytes.withUnsafeBytes {
                guard let source = $0.baseAddress else { return }
                IPv6Header.write(
                    to: base, source: source + 8, destination: source + 24, nextHeader: 58,
                    payloadLength: 0, hopLimit: 255, trafficClass: 0xa5, flowLabel: 0x12345)
            }
        }
        withBytes(bytes) { base, count in
            let header = IPv6Header(base, available: count)
            header?.trafficClass = 0
            #expect(base.network32(at: 0) == 0x6001_2345)
            header?.flowLabel = 0xfffff
            #expect(base.network32(at: 0) == 0x600f_ffff)
        }
    }

    @Test func tcp() {
        let bytes: [UInt8] = [
            0x1f, 0x90, 0x00, 0x50, 1, 2, 3, 4, 5, 6, 7, 8, 0x51, 0x12, 0x20, 0x00, 0, 0, 0, 0,
        ]
        writes(bytes) {
            TCPHeader.write(
                to: $0, sourcePort: 8080, destinationPort: 80, sequence: 0x0102_0304,
                acknowledgement: 0x0506_0708,
                flags: TCPFlags.syn | TCPFlags.ack | TCPFlags.ns, window: 8192)
        }
        withBytes(bytes) { base, count in
            let header = TCPHeader(base, available: count)
            #expect(header?.sourcePort == 8080 && header?.destinationPort == 80)
            #expect(header?.sequence == 0x0102_0304 && header?.acknowledgement == 0x0506_0708)
            #expect(header?.flags == 0x112 && header?.window == 8192)
            #expect(header?.headerBytes == 20)
            header?.flags = 0xfff
            #expect(base.network16(at: 12) == 0x5fff)
        }
    }

    @Test func udpAndSCTP() {
        writes([0x00, 0x35, 0x30, 0x39, 0x00, 0x0c, 0, 0]) {
            UDPHeader.write(to: $0, sourcePort: 53, destinationPort: 12345, length: 12)
        }
        // A common header and the checksum of RFC 9260's form: least significant byte first.
        withBytes([0x0b, 0x59, 0x0b, 0x5a, 0, 0, 0xe, 0x50, 0x53, 0xc3, 5, 0x5f]) { base, count in
            let header = SCTPHeader(base, available: count)
            #expect(header?.sourcePort == 2905 && header?.destinationPort == 2906)
            #expect(header?.verificationTag == 0x0e50)
            #expect(header?.checksum == 0x5f05_c353)
            header?.checksum = CRC32C.sctp(base, count: count)
            #expect(header?.isChecksumValid(length: count) == true)
            base.setNetwork8(1, at: 4)
            #expect(header?.isChecksumValid(length: count) == false)
        }
    }

    /// An echo request of ping, with the checksum that it has on the wire.
    @Test func icmp() {
        let bytes: [UInt8] = [8, 0, 0xf7, 0xfd, 0, 1, 0, 1]
        withBytes(bytes) { base, count in
            let header = ICMPHeader(base, available: count)
            #expect(header?.type == ICMPType.echoRequest && header?.code == 0)
            #expect(header?.identifier == 1 && header?.sequence == 1)
            #expect(InternetChecksum.checksum(base, count: count) == 0)
            header?.type = ICMPType.echoReply
            header?.computeChecksum(length: count)
            #expect(header?.checksum == 0xfffd)
        }
    }

    /// UDP and ICMPv6 checksums with their pseudo-headers, computed by hand.
    @Test func transportChecksums() {
        let packet = WireTests.ipv4Packet
        withBytes(packet) { base, _ in
            #expect(
                TransportChecksum.isValid(
                    base + 20, length: 8, ip: base, isIPv6: false, protocol: IPProtocol.udp))
            base.setNetwork8(1, at: 19)
            #expect(
                !TransportChecksum.isValid(
                    base + 20, length: 8, ip: base, isIPv6: false, protocol: IPProtocol.udp))
        }
    }

    @Test func igmp() {
        withBytes([0x22, 0, 1, 2, 0, 0, 0, 3]) { base, count in
            let header = IGMPHeader(base, available: count)
            #expect(header?.type == IGMPHeader.reportV3 && header?.recordCount == 3)
            #expect(header?.checksum == 0x0102 && header?.code == 0)
        }
        withBytes([0x17, 0, 0, 0, 239, 1, 2, 3]) { base, count in
            #expect(IGMPHeader(base, available: count)?.group == 0xef01_0203)
        }
    }

    /// Every combination of GRE's optional words.
    @Test(arguments: [0x0000, 0x8000, 0x2000, 0x1000, 0xa000, 0x9000, 0x3000, 0xb000] as [UInt16])
    func gre(flags: UInt16) {
        var bytes: [UInt8] = [UInt8(flags >> 8), 0, 0x08, 0x00]
        if flags & 0x8000 != 0 { bytes += [0xaa, 0xaa, 0, 0] }
        if flags & 0x2000 != 0 { bytes += [0, 0, 0, 7] }
        if flags & 0x1000 != 0 { bytes += [0, 0, 0, 9] }
        withBytes(bytes) { base, count in
            let header = GREHeader(base, available: count)
            #expect(header?.headerBytes == count && header?.type == EtherType.ipv4)
            #expect(header?.key == (flags & 0x2000 != 0 ? 7 : 0))
            #expect(header?.sequence == (flags & 0x1000 != 0 ? 9 : 0))
        }
    }

    @Test func overlays() {
        withBytes([0x88, 0, 0x12, 0x34, 0, 0, 1, 0]) { base, count in
            let header = VXLANHeader(base, available: count)
            #expect(header?.groupPolicy == 0x1234 && header?.vni == 1)
            header?.flags = VXLANHeader.validFlags
            header?.vni = 0xffffff
            #expect(base.network32(at: 0) == 0x0800_0000)
            #expect(base.network32(at: 4) == 0xffff_ff00)
        }
        withBytes([0, 0xc0, 0x65, 0x58, 0x12, 0x34, 0x56, 0]) { base, count in
            let header = GeneveHeader(base, available: count)
            #expect(header?.isControl == true && header?.isCritical == true)
            #expect(header?.vni == 0x123456 && header?.headerBytes == 8)
            #expect(header?.option(at: 0) == nil)
        }
        withBytes([17, 0, 0x05, 0xb9, 0, 0, 0, 7]) { base, count in
            let header = IPv6FragmentHeader(base, available: count)
            #expect(header?.offset == 0x5b8 && header?.hasMore == true)
            #expect(header?.nextHeader == 17 && header?.identification == 7)
        }
    }
}

extension WireTests {
    /// From 10.0.0.1 to 10.0.0.2, UDP 1 to 2 without payload; the sum by hand: pseudo-header
    /// 0a00+0001+0a00+0002+0011+0008, header 0001+0002+0008.
    static let ipv4Packet: [UInt8] = [
        0x45, 0, 0, 28, 0, 1, 0x40, 0, 64, 17, 0x26, 0xce, 10, 0, 0, 1, 10, 0, 0, 2,
        0, 1, 0, 2, 0, 8, 0xeb, 0xd8,
    ]
}
