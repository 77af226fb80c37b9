// What each header refuses, one case a line: lengths that are short by one, versions and lengths
// that contradict the packet, options that run out. The header before the change is always a good
// one.

import Testing

@testable import Wire

@Suite struct MalformedTests {
    /// A good header, and whether a view takes `bytes` of `available` bytes.
    private struct Header: Sendable {
        let name: String
        let good: [UInt8]
        let accepts: @Sendable (UnsafeMutableRawPointer, Int) -> Bool
    }

    private static let headers: [Header] = [
        Header(name: "Ethernet", good: [UInt8](repeating: 1, count: 14)) {
            EthernetHeader($0, available: $1) != nil
        },
        Header(name: "VLAN", good: [0x20, 5, 8, 0]) { VLANHeader($0, available: $1) != nil },
        Header(name: "MPLS", good: [0, 1, 0x41, 64]) { MPLSHeader($0, available: $1) != nil },
        Header(name: "ARP", good: arp) { ARPHeader($0, available: $1) != nil },
        Header(name: "IPv4", good: ipv4) { IPv4Header($0, available: $1) != nil },
        Header(name: "IPv6", good: ipv6) { IPv6Header($0, available: $1) != nil },
        Header(name: "TCP", good: tcp) { TCPHeader($0, available: $1) != nil },
        Header(name: "UDP", good: [0, 53, 1, 0, 0, 8, 0, 0]) {
            UDPHeader($0, available: $1) != nil
        },
        Header(name: "SCTP", good: [UInt8](repeating: 3, count: 12)) {
            SCTPHeader($0, available: $1) != nil
        },
        Header(name: "ICMP", good: [8, 0, 0, 0, 0, 1, 0, 2]) {
            ICMPHeader($0, available: $1) != nil
        },
        Header(name: "ND", good: [135] + [UInt8](repeating: 0, count: 23)) {
            NeighborDiscovery($0, available: $1) != nil
        },
        Header(name: "IGMP", good: [0x16, 0, 0, 0, 224, 0, 0, 1]) {
            IGMPHeader($0, available: $1) != nil
        },
        Header(name: "GRE", good: gre) { GREHeader($0, available: $1) != nil },
        Header(name: "VXLAN", good: [8, 0, 0, 0, 0, 0, 1, 0]) {
            VXLANHeader($0, available: $1) != nil
        },
        Header(name: "Geneve", good: geneve) { GeneveHeader($0, available: $1) != nil },
        Header(name: "IPv6 fragment", good: [17, 0, 0, 1, 0, 0, 0, 7]) {
            IPv6FragmentHeader($0, available: $1) != nil
        },
    ]

    private static let arp: [UInt8] =
        [0, 1, 8, 0, 6, 4, 0, 1] + [UInt8](repeating: 9, count: 20)
    private static let ipv4: [UInt8] =
        [0x46, 0, 0, 28, 0, 1, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 1, 1, 1, 0]
        + [1, 2, 3, 4]
    private static let ipv6: [UInt8] =
        [0x60, 0, 0, 0, 0, 4, 17, 64] + [UInt8](repeating: 0xfd, count: 32) + [1, 2, 3, 4]
    private static let tcp: [UInt8] =
        [0, 80, 1, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0x60, 0x10, 0xff, 0xff, 0, 0, 0, 0, 1, 1, 1, 0]
    /// With checksum, key and sequence number.
    private static let gre: [UInt8] =
        [0xb0, 0, 0x65, 0x58, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 9]
    private static let geneve: [UInt8] =
        [0x02, 0, 0x65, 0x58, 0, 0, 7, 0, 1, 2, 0x80, 1, 0xa, 0xb, 0xc, 0xd]

    /// Any header is taken whole, and refused when its last byte is missing, or all are.
    @Test func shortByOne() {
        for header in Self.headers {
            withBytes(header.good) { base, count in
                #expect(header.accepts(base, count), "\(header.name)")
                #expect(!header.accepts(base, 0), "\(header.name)")
            }
            withBytes(Array(header.good.dropLast())) { base, count in
                #expect(!header.accepts(base, count), "\(header.name)")
            }
        }
    }

    /// One byte of a good header changed so that it contradicts itself or the packet.
    @Test(arguments: [
        ("IPv4", 0, 0x56), ("IPv4", 0, 0x36), ("IPv4", 0, 0x44), ("IPv4", 0, 0x4f),
        ("IPv4", 3, 23), ("IPv4", 3, 29), ("IPv4", 2, 1), ("IPv4", 0, 0x40),
        ("IPv6", 0, 0x40), ("IPv6", 0, 0x70), ("IPv6", 5, 5), ("IPv6", 4, 1),
        ("TCP", 12, 0x40), ("TCP", 12, 0x00), ("TCP", 12, 0x70), ("TCP", 12, 0xf0),
        ("ARP", 1, 2), ("ARP", 2, 0x86), ("ARP", 3, 1), ("ARP", 4, 8), ("ARP", 5, 16),
        ("ND", 0, 134), ("ND", 0, 137), ("ND", 0, 128),
        ("GRE", 1, 1), ("GRE", 1, 7), ("GRE", 0, 0xf0), ("GRE", 0, 0x40),
        ("Geneve", 0, 0x42), ("Geneve", 0, 0x82), ("Geneve", 0, 0x03), ("Geneve", 0, 0x3f),
    ] as [(String, Int, UInt8)])
    func contradictions(name: String, at: Int, value: UInt8) throws {
        let header = try #require(Self.headers.first { $0.name == name })
        var bytes = header.good
        bytes[at] = value
        withBytes(bytes) { base, count in #expect(!header.accepts(base, count)) }
    }

    /// Each extension header that does not fit, or claims less than it is.
    @Test(arguments: [
        (0, [6, 1, 0, 0, 0, 0, 0, 0]), (43, [6, 9, 0, 0, 0, 0, 0, 0]),
        (60, [6, 255, 0, 0, 0, 0, 0, 0]), (51, [6, 4, 0, 0, 0, 0, 0, 0]),
        (0, [6, 0, 0, 0, 0, 0, 0]), (44, [6, 0, 0, 1, 0, 0, 0]), (51, [6, 0, 0, 0]),
        (0, [60, 0, 0, 0, 0, 0, 0, 0, 6, 1, 0, 0, 0, 0, 0, 0]),
    ] as [(UInt8, [UInt8])])
    func extensions(next: UInt8, behind: [UInt8]) {
        var bytes = [UInt8](repeating: 0, count: 40)
        bytes[0] = 0x60
        bytes[6] = next
        withBytes(bytes + behind) { base, count in
            #expect(IPv6ExtensionHeaders(base, length: count) == nil)
        }
    }

    /// TCP options that lie about their length end the walk; what came before holds.
    @Test(arguments: [
        [2, 4, 5, 0xb4, 3, 4, 7, 0], [2, 4, 5, 0xb4, 3, 1, 7, 0], [2, 4, 5, 0xb4, 3, 0, 7, 0],
        [2, 4, 5, 0xb4, 0, 3, 3, 7], [2, 4, 5, 0xb4, 1, 1, 1, 3], [2, 4, 5, 0xb4, 3, 200, 7, 0],
    ] as [[UInt8]])
    func tcpOptions(options: [UInt8]) {
        var bytes = Array(Self.tcp[0..<20]) + options
        bytes[12] = 0x70
        withBytes(bytes) { base, count in
            let parsed = TCPHeader(base, available: count).map { TCPOptions($0) }
            #expect(parsed?.maximumSegment == 1460)
            #expect(parsed?.hasWindowScale == false)
        }
    }

    /// A window scale above 14 counts as 14 (RFC 7323).
    @Test func windowScaleIsBounded() {
        var bytes = Array(Self.tcp[0..<20]) + [3, 3, 200, 0]
        bytes[12] = 0x60
        withBytes(bytes) { base, count in
            #expect(TCPHeader(base, available: count).map { TCPOptions($0).windowScale } == 14)
        }
    }

    /// A Geneve option behind the options, across their end, or before their beginning.
    @Test func geneveOptions() {
        var bytes = Self.geneve
        withBytes(bytes) { base, count in
            let header = GeneveHeader(base, available: count)
            #expect(header?.option(at: 0)?.dataBytes == 4)
            #expect(header?.option(at: 4) == nil)
            #expect(header?.option(at: 8) == nil)
            #expect(header?.option(at: -4) == nil)
            #expect(header?.option(at: Int.max - 3) == nil)
        }
        bytes[11] = 2
        withBytes(bytes) { base, count in
            #expect(GeneveHeader(base, available: count)?.option(at: 0) == nil)
        }
    }
}
