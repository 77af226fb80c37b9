// Extraction from literal frames: every header once with all its fields, and each way to be
// malformed with what is still understood then. As in Open vSwitch a truncated header leaves the
// outer layers.

import Flow
import Testing

@Suite struct ExtractorTests {
    /// Runs `body` on the key and layout of a frame that lies in memory of its exact size.
    private func extract(
        _ frame: [UInt8], vlanLimit: Int = 1, _ body: (FlowKey, FrameLayout?) -> Void
    ) {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(frame.count, 1), alignment: 1)
        defer { memory.deallocate() }
        frame.withUnsafeBytes {
            if let base = $0.baseAddress { memory.copyMemory(from: base, byteCount: frame.count) }
        }
        let key = FlowKey.allocate()
        defer { key.deallocate() }
        let layout = FlowExtractor.extract(
            memory, length: frame.count, vlanLimit: vlanLimit, into: key)
        body(key, layout)
    }

    private static let addresses: [UInt8] = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1]
    private static func frame(_ type: UInt16, _ rest: [UInt8]) -> [UInt8] {
        addresses + [UInt8(type >> 8), UInt8(type & 255)] + rest
    }
    private static func ipv4(
        _ proto: UInt8, _ rest: [UInt8], fragment: UInt16 = 0, options: [UInt8] = []
    ) -> [UInt8] {
        let length = 20 + options.count + rest.count
        return frame(
            0x0800,
            [
                0x40 | UInt8(5 + options.count / 4), 0xb9, UInt8(length >> 8), UInt8(length & 255),
                0, 1, UInt8(fragment >> 8), UInt8(fragment & 255), 63, proto, 0, 0, 10, 0, 0, 1,
                10, 0, 0, 2,
            ] + options + rest)
    }
    private static func ipv6(_ next: UInt8, _ rest: [UInt8]) -> [UInt8] {
        frame(
            0x86dd,
            [0x6a, 0x51, 0x23, 0x45, UInt8(rest.count >> 8), UInt8(rest.count & 255), next, 62]
                + [0xfd] + [UInt8](repeating: 0, count: 14) + [1]
                + [0xfd] + [UInt8](repeating: 0, count: 14) + [2] + rest)
    }
    private static let udp: [UInt8] = [0x03, 0xe8, 0, 53, 0, 9, 0, 0, 1]
    private static let tcp: [UInt8] =
        [0x03, 0xe8, 0, 80, 0, 0, 0, 1, 0, 0, 0, 2, 0x51, 0x12, 0, 9, 0, 0, 0, 0]

    @Test func ethernet() {
        extract(Self.frame(0x88b5, [1, 2])) { key, layout in
            #expect(key.load48(FlowLayout.ethDestination) == 0x0200_0000_0002)
            #expect(key.load48(FlowLayout.ethSource) == 0x0200_0000_0001)
            #expect(key.load16(FlowLayout.ethType) == 0x88b5)
            #expect(layout?.l3 == 14 && layout?.l4 == 0 && layout?.hasL4 == false)
        }
        extract(Array(Self.frame(0x0800, []).dropLast())) { _, layout in #expect(layout == nil) }
        extract([]) { _, layout in #expect(layout == nil) }
    }

    @Test func lengthFieldsAndSNAP() {
        extract(Self.frame(38, [0x42, 0x42, 3] + [UInt8](repeating: 0, count: 35))) { key, _ in
            #expect(key.load16(FlowLayout.ethType) == 0x05ff)
        }
        let snap: [UInt8] = [0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0x00]
        let inner = Array(Self.ipv4(17, Self.udp).dropFirst(14))
        extract(Self.frame(45, snap + inner)) { key, layout in
            #expect(key.load16(FlowLayout.ethType) == 0x0800)
            #expect(layout?.l3 == 22 && key.load16(FlowLayout.l4Destination) == 53)
        }
        // Another organisation, a type that is a length, and a header that is cut.
        for bad in [[0xaa, 0xaa, 3, 0, 0, 9, 8, 0], [0xaa, 0xaa, 3, 0, 0, 0, 0, 9]] as [[UInt8]] {
            extract(Self.frame(45, bad + inner)) { key, _ in
                #expect(key.load16(FlowLayout.ethType) == 0x05ff)
            }
        }
        extract(Self.frame(7, Array(snap.dropLast()))) { key, _ in
            #expect(key.load16(FlowLayout.ethType) == 0x05ff)
        }
    }

    @Test func tags() {
        let frame = Self.addresses + [0x88, 0xa8, 0x60, 7, 0x81, 0x00, 0x20, 5, 0x08, 0x00]
            + Self.ipv4(17, Self.udp).dropFirst(14)
        extract(frame, vlanLimit: 2) { key, layout in
            #expect(key.load16(FlowLayout.vlanTPID) == 0x88a8)
            #expect(key.load16(FlowLayout.vlanTCI) == 0x7007)
            #expect(key.load16(FlowLayout.innerVLANTPID) == 0x8100)
            #expect(key.load16(FlowLayout.innerVLANTCI) == 0x3005)
            #expect(layout?.l3 == 22 && key.load8(FlowLayout.ipProtocol) == 17)
        }
        extract(frame, vlanLimit: 1) { key, layout in
            #expect(key.load16(FlowLayout.vlanTCI) == 0x7007)
            #expect(key.load16(FlowLayout.ethType) == 0x8100 && layout?.l3 == 18)
            #expect(key.load8(FlowLayout.ipProtocol) == 0)
        }
        extract(frame, vlanLimit: 0) { key, _ in
            #expect(key.load16(FlowLayout.vlanTCI) == 0)
            #expect(key.load16(FlowLayout.ethType) == 0x88a8)
        }
        // A tag without the type behind it.
        extract(Self.addresses + [0x81, 0, 0, 5]) { key, layout in
            #expect(layout != nil && key.load16(FlowLayout.vlanTCI) == 0)
            #expect(key.load16(FlowLayout.ethType) == 0x8100)
        }
    }

    @Test func ipv4Fields() {
        extract(Self.ipv4(6, Self.tcp, options: [1, 1, 1, 0]) + [0, 0]) { key, layout in
            #expect(key.load32(FlowLayout.ipv4Source) == 0x0a00_0001)
            #expect(key.load32(FlowLayout.ipv4Destination) == 0x0a00_0002)
            #expect(key.load8(FlowLayout.ipTOS) == 0xb9 && key.load8(FlowLayout.ipTTL) == 63)
            #expect(key.load16(FlowLayout.l4Source) == 1000)
            #expect(key.load16(FlowLayout.tcpFlags) == 0x112)
            #expect(layout?.l4 == 38 && layout?.hasL4 == true && layout?.padding == 2)
            #expect(key.load8(FlowLayout.ipFragment) == 0)
        }
    }

    /// A header that lies about itself leaves an Ethernet packet of its type.
    @Test(arguments: [
        (14, 0x55), (14, 0x44), (14, 0x4f), (16, 0x10), (17, 19), (17, 255),
    ] as [(Int, UInt8)])
    func ipv4Malformed(at: Int, value: UInt8) {
        var frame = Self.ipv4(17, Self.udp)
        frame[at] = value
        extract(frame) { key, layout in
            #expect(key.load16(FlowLayout.ethType) == 0x0800)
            #expect(key.load32(FlowLayout.ipv4Source) == 0)
            #expect(key.load8(FlowLayout.ipProtocol) == 0 && layout?.hasL4 == false)
        }
        extract(Array(Self.ipv4(17, Self.udp).prefix(33))) { key, layout in
            #expect(key.load32(FlowLayout.ipv4Source) == 0 && layout?.l4 == 0)
        }
    }

    @Test func fragments() {
        extract(Self.ipv4(17, Self.udp, fragment: 0x2000)) { key, layout in
            #expect(key.load8(FlowLayout.ipFragment) == 1 && layout?.alwaysJudge == true)
            #expect(key.load16(FlowLayout.l4Destination) == 53)
        }
        extract(Self.ipv4(17, Self.udp, fragment: 0x0003)) { key, layout in
            #expect(key.load8(FlowLayout.ipFragment) == 3)
            #expect(key.load16(FlowLayout.l4Destination) == 0 && layout?.hasL4 == false)
            #expect(key.load8(FlowLayout.ipProtocol) == 17)
        }
        extract(Self.ipv6(44, [17, 0, 0, 1, 0, 0, 0, 7] + Self.udp)) { key, _ in
            #expect(key.load8(FlowLayout.ipFragment) == 1)
            #expect(key.load16(FlowLayout.l4Destination) == 53)
        }
        extract(Self.ipv6(44, [17, 0, 0, 8, 0, 0, 0, 7] + Self.udp)) { key, _ in
            #expect(key.load8(FlowLayout.ipFragment) == 3)
            #expect(key.load16(FlowLayout.l4Destination) == 0)
        }
        // An atomic fragment is none.
        extract(Self.ipv6(44, [17, 0, 0, 0, 0, 0, 0, 7] + Self.udp)) { key, _ in
            #expect(key.load8(FlowLayout.ipFragment) == 0)
            #expect(key.load16(FlowLayout.l4Destination) == 53)
        }
    }

    @Test func ipv6Fields() {
        extract(Self.ipv6(6, Self.tcp)) { key, layout in
            #expect(key.load32(FlowLayout.ipv6Label) == 0x12345)
            #expect(key.load8(FlowLayout.ipTOS) == 0xa5 && key.load8(FlowLayout.ipTTL) == 62)
            #expect(key.load64(FlowLayout.ipv6Source) == 0xfd00_0000_0000_0000)
            #expect(key.load64(FlowLayout.ipv6Destination + 8) == 2)
            #expect(key.load16(FlowLayout.l4Destination) == 80 && layout?.l4 == 54)
        }
        let chain: [UInt8] = [60, 0, 1, 4, 0, 0, 0, 0, 43, 0, 1, 4, 0, 0, 0, 0]
            + [51, 0, 0, 0, 0, 0, 0, 0, 17, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        extract(Self.ipv6(0, chain + Self.udp)) { key, layout in
            #expect(key.load8(FlowLayout.ipProtocol) == 17 && layout?.l4 == 90)
            #expect(key.load16(FlowLayout.l4Source) == 1000)
        }
    }

    @Test func ipv6Malformed() {
        for change in [(14, 0x4a), (18, 1), (19, 10)] as [(Int, UInt8)] {
            var frame = Self.ipv6(17, Self.udp)
            frame[change.0] = change.1
            extract(frame) { key, layout in
                #expect(key.load8(FlowLayout.ipTTL) == 0 && layout?.hasL4 == false)
            }
        }
        // Extension headers that reach behind the datagram.
        for chain in [[17, 9, 0, 0, 0, 0, 0, 0], [17, 0, 0]] as [[UInt8]] {
            extract(Self.ipv6(0, chain)) { key, layout in
                #expect(key.load8(FlowLayout.ipProtocol) == 0 && layout?.hasL4 == false)
            }
        }
    }

    /// A transport header that is one byte short has no ports.
    @Test(arguments: [
        (6, 20), (17, 8), (132, 12), (1, 8), (2, 8),
    ] as [(UInt8, Int)])
    func shortTransport(proto: UInt8, size: Int) {
        let body = [UInt8](repeating: 8, count: size)
        extract(Self.ipv4(proto, body)) { key, layout in
            #expect(layout?.hasL4 == true)
            #expect(key.load16(FlowLayout.l4Source) != 0)
        }
        extract(Self.ipv4(proto, Array(body.dropLast()))) { key, layout in
            #expect(layout?.hasL4 == false)
            #expect(key.load32(FlowLayout.l4Source) == 0)
            #expect(key.load8(FlowLayout.ipProtocol) == proto)
        }
    }

    @Test func icmp() {
        extract(Self.ipv4(1, [8, 0, 0, 0, 0x12, 0x34, 0, 1])) { key, layout in
            #expect(key.load16(FlowLayout.l4Source) == 8 && layout?.icmpID == 0x1234)
            #expect(layout?.alwaysJudge == false)
        }
        extract(Self.ipv4(1, [3, 1, 0, 0, 0, 0, 0, 0])) { key, layout in
            #expect(key.load16(FlowLayout.l4Destination) == 1 && layout?.alwaysJudge == true)
        }
    }

    @Test func arp() {
        let body: [UInt8] = [0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1]
            + [2, 0, 0, 0, 0, 2, 10, 0, 0, 2]
        extract(Self.frame(0x0806, body)) { key, layout in
            #expect(key.load8(FlowLayout.ipProtocol) == 2 && layout?.alwaysJudge == true)
            #expect(key.load32(FlowLayout.ipv4Source) == 0x0a00_0001)
            #expect(key.load32(FlowLayout.ipv4Destination) == 0x0a00_0002)
            #expect(key.load48(FlowLayout.arpSourceHardware) == 0x0200_0000_0001)
            #expect(key.load48(FlowLayout.arpTargetHardware) == 0x0200_0000_0002)
        }
        for (at, value) in [(1, 2), (2, 9), (4, 8), (5, 6)] as [(Int, UInt8)] {
            var bad = body
            bad[at] = value
            extract(Self.frame(0x0806, bad)) { key, _ in
                #expect(key.load8(FlowLayout.ipProtocol) == 0)
                #expect(key.load32(FlowLayout.ipv4Source) == 0)
            }
        }
        extract(Self.frame(0x0806, Array(body.dropLast()))) { key, _ in
            #expect(key.load32(FlowLayout.ipv4Destination) == 0)
        }
    }

    @Test func neighbourDiscovery() {
        let target: [UInt8] = [0xfe, 0x80] + [UInt8](repeating: 0, count: 13) + [9]
        let solicit: [UInt8] = [135, 0, 0, 0, 0, 0, 0, 0] + target + [1, 1, 2, 0, 0, 0, 0, 1]
        extract(Self.ipv6(58, solicit)) { key, layout in
            #expect(key.load64(FlowLayout.ndTarget + 8) == 9 && layout?.alwaysJudge == true)
            #expect(key.load48(FlowLayout.arpSourceHardware) == 0x0200_0000_0001)
        }
        // An option of no length, one that reaches too far, and a second address: no field is left.
        let bad: [[UInt8]] = [
            [1, 0, 2, 0, 0, 0, 0, 1], [1, 9, 2, 0, 0, 0, 0, 1],
            [1, 1, 2, 0, 0, 0, 0, 1, 1, 1, 2, 0, 0, 0, 0, 2],
        ]
        for options in bad {
            extract(Self.ipv6(58, Array(solicit.prefix(24)) + options)) { key, _ in
                #expect(key.load64(FlowLayout.ndTarget) == 0)
                #expect(key.load48(FlowLayout.arpSourceHardware) == 0)
                #expect(key.load16(FlowLayout.l4Source) == 135)
            }
        }
        extract(Self.ipv6(58, Array(solicit.prefix(23)))) { key, _ in
            #expect(key.load64(FlowLayout.ndTarget) == 0)
        }
    }

    @Test func labels() {
        let stack: [UInt8] = [0, 1, 0x40, 64, 0, 2, 0x40, 63, 0, 3, 0x41, 62]
        extract(Self.frame(0x8847, stack + Self.udp)) { key, layout in
            #expect(key.load32(FlowLayout.mplsStack) == 0x0001_4040)
            #expect(key.load32(FlowLayout.mplsStack + 8) == 0x0003_413e)
            #expect(layout?.mpls == 14)
        }
        extract(Self.frame(0x8847, [0, 1, 0x40])) { key, _ in
            #expect(key.load32(FlowLayout.mplsStack) == 0)
        }
    }
}
