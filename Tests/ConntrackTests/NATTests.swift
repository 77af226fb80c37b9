// NAT of both kinds and families: headers, checksums, keys, replies, errors, ranges and their
// exhaustion.

import Flow
import PacketBuffer
import Testing
import Wire

@testable import Conntrack

@Suite struct NATTests {
    static func nat(
        _ action: UInt8, _ first: Host, _ last: Host? = nil, ports: ClosedRange<UInt16>? = nil,
        zone: UInt16 = 0
    ) -> ConntrackRequest {
        Bench.request(zone: zone, commit: true) {
            $0.hasNAT = true
            $0.nat.action = action
            $0.nat.minAddress = first.address
            $0.nat.maxAddress = (last ?? first).address
            if let ports {
                $0.nat.action |= action << 1
                $0.nat.minPort = ports.lowerBound
                $0.nat.maxPort = ports.upperBound
            }
        }
    }
    static let apply = Bench.request { $0.hasNAT = true }
    let outside = Host(0xc0a8_0063)
    let outside6 = Host(0x63, isIPv6: true)

    /// Source NAT out, and back in the reply, with right checksums and key.
    @Test(arguments: [false, true], [false, true])
    func sourceNAT(isIPv6: Bool, isPartial: Bool) throws {
        let bench = try Bench()
        let a = isIPv6 ? client6 : client
        let b = isIPv6 ? server6 : server
        let n = isIPv6 ? outside6 : outside
        var sketch = Sketch.tcp(a, 1024, b, 80, syn, seq: 1)
        sketch.isPartial = isPartial
        #expect(try bench.run(sketch, NATTests.nat(NATAction.source, n)) == 0x61)
        #expect(bench.source == n.address && bench.destination == b.address)
        if isPartial {
            let length = 20
            #expect(
                TCPHeader(unchecked: bench.transport).checksum
                    == TransportChecksum.partial(
                        ip: bench.ip, isIPv6: isIPv6, protocol: 6, length: length))
        } else {
            #expect(bench.isSound)
        }
        #expect(bench.verdict.didRewrite)
        if isIPv6 {
            #expect(ConntrackAddress(ipv6: bench.key.base + FlowLayout.ipv6Source) == n.address)
        } else {
            #expect(bench.key.load32(FlowLayout.ipv4Source) == n.number)
        }
        #expect(bench.verdict.original.source == a.address)
        // The packet goes through the same zone again and is known as what it was.
        #expect(bench.again(Bench.request()) == 0x61)
        #expect(bench.verdict.connection != ConntrackVerdict.noConnection)
        // The answer to the outside address comes back to the inside one.
        #expect(
            try bench.run(.tcp(b, 80, n, 1024, syn | ack, seq: 9, ack: 2), NATTests.apply) == 0xaa)
        #expect(bench.destination == a.address && bench.source == b.address)
        #expect(bench.isSound)
        // Without nat the reply is recognised but not rewritten.
        #expect(
            try bench.run(.tcp(b, 80, n, 1024, ack, seq: 10, ack: 2), Bench.request()) == 0x2a)
        #expect(bench.destination == n.address)
        // Traffic straight to the inside address is no answer.
        #expect(try bench.run(.tcp(b, 80, a, 1024, ack, seq: 10, ack: 2), Bench.request()) == 0x21)
    }

    @Test(arguments: [false, true])
    func destinationNATWithPort(isIPv6: Bool) throws {
        let bench = try Bench()
        let a = isIPv6 ? client6 : client
        let b = isIPv6 ? server6 : server
        let n = isIPv6 ? outside6 : outside
        let request = NATTests.nat(NATAction.destination, b, ports: 8080...8080)
        #expect(try bench.run(.udp(a, 1024, n, 80), request) == 0xa1)
        #expect(bench.destination == b.address)
        #expect(bench.transport.network16(at: 2) == 8080)
        #expect(bench.key.load16(FlowLayout.l4Destination) == 8080)
        #expect(bench.isSound)
        #expect(try bench.run(.udp(b, 8080, a, 1024), NATTests.apply) == 0x6a)
        #expect(bench.source == n.address && bench.transport.network16(at: 0) == 80)
        #expect(bench.isSound)
        #expect(try bench.run(.udp(a, 1024, n, 80), NATTests.apply) == 0xa2)
        #expect(bench.destination == b.address)
    }

    /// A UDP packet without checksum on IPv4 stays without.
    @Test func zeroUDPChecksum() throws {
        let bench = try Bench()
        var bytes = Sketch.udp(client, 1, server, 53).bytes()
        bytes[26] = 0
        bytes[27] = 0
        let packet = try bench.make(bytes)
        bench.packet = packet
        bench.fillKey(.udp(client, 1, server, 53))
        #expect(bench.again(NATTests.nat(NATAction.source, outside)) == 0x61)
        #expect(bench.transport.network16(at: 6) == 0)
    }

    /// Errors about a NATed connection are rewritten outside and inside.
    @Test(arguments: [false, true])
    func errorInside(isIPv6: Bool) throws {
        let bench = try Bench()
        let a = isIPv6 ? client6 : client
        let b = isIPv6 ? server6 : server
        let n = isIPv6 ? outside6 : outside
        let router = Host(0x0a00_00fe, isIPv6: isIPv6)
        try bench.run(
            .udp(a, 1024, b, 53), NATTests.nat(NATAction.source, n, ports: 2000...2000))
        let quoted = Sketch.udp(n, 2000, b, 53).bytes()
        let error = Sketch.icmp(router, n, type: isIPv6 ? 1 : 3, code: 1, rest: 0, quoted)
        #expect(try bench.run(error, NATTests.apply) == 0xac)
        #expect(bench.destination == a.address && bench.source == router.address)
        #expect(bench.isSound)
        let inner = bench.transport + 8
        let innerSource =
            isIPv6
            ? ConntrackAddress(ipv6: inner + 8) : ConntrackAddress(ipv4: inner.network32(at: 12))
        #expect(innerSource == a.address)
        let innerTransport = inner + (isIPv6 ? 40 : 20)
        #expect(innerTransport.network16(at: 0) == 1024)
        #expect(innerTransport.network16(at: 2) == 53)
        #expect(
            TransportChecksum.isValid(
                innerTransport, length: quoted.count - (isIPv6 ? 40 : 20), ip: inner,
                isIPv6: isIPv6, protocol: 17))
        // A quotation of eight bytes only is rewritten as far as it goes.
        let short = Sketch.icmp(
            router, n, type: isIPv6 ? 1 : 3, code: 1, rest: 0,
            Array(quoted.prefix(isIPv6 ? 48 : 28)))
        #expect(try bench.run(short, NATTests.apply) == 0xac)
        #expect(bench.isSound)
    }

    @Test func echoThroughNAT() throws {
        let bench = try Bench()
        #expect(
            try bench.run(.icmp(client, server, type: 8), NATTests.nat(NATAction.source, outside))
                == 0x61)
        #expect(bench.isSound)
        #expect(try bench.run(.icmp(server, outside, type: 0), NATTests.apply) == 0xaa)
        #expect(bench.destination == client.address && bench.isSound)
    }

    /// Clashes move to other ports; when all are taken nothing is made and the search was bounded.
    @Test func portsRunOut() throws {
        let bench = try Bench()
        let request = NATTests.nat(NATAction.source, outside, ports: 3000...3009)
        var ports: Set<UInt16> = []
        for number in UInt32(1)...10 {
            #expect(
                try bench.run(.udp(Host(0x0a00_0100 + number), 1024, server, 53), request) == 0x61)
            ports.insert(bench.transport.network16(at: 0))
        }
        #expect(ports.count == 10 && ports.min() == 3000 && ports.max() == 3009)
        #expect(try bench.run(.udp(Host(0x0a00_0200), 1024, server, 53), request) == 0x21)
        #expect(bench.verdict.outcome == .natExhausted)
        #expect(bench.source == Host(0x0a00_0200).address)
        #expect(bench.table.connectionCount == 10)
        // Another server has the ports to itself.
        #expect(try bench.run(.udp(Host(0x0a00_0200), 1024, Host(9), 53), request) == 0x61)
    }

    /// Without a port range the sender's port is kept where it is free, and another of its class is
    /// found.
    @Test func implicitPorts() throws {
        let bench = try Bench()
        let request = NATTests.nat(NATAction.source, outside)
        try bench.run(.udp(client, 5000, server, 53), request)
        #expect(bench.transport.network16(at: 0) == 5000)
        try bench.run(.udp(Host(0x0a00_0009), 5000, server, 53), request)
        #expect(bench.transport.network16(at: 0) == 5001)
        try bench.run(.udp(client, 300, server, 53), request)
        try bench.run(.udp(Host(0x0a00_0009), 300, server, 53), request)
        #expect(bench.transport.network16(at: 0) == 301)
        try bench.run(.udp(client, 700, server, 53), request)
        try bench.run(.udp(Host(0x0a00_0009), 700, server, 53), request)
        #expect(bench.transport.network16(at: 0) == 701)
        #expect(bench.isSound)
    }

    /// An all-zero range keeps the address and changes ports only where they clash.
    @Test func allZero() throws {
        let bench = try Bench()
        try bench.run(.udp(server, 53, client, 5000))
        let request = NATTests.nat(NATAction.source, Host(0))
        #expect(try bench.run(.udp(client, 6000, server, 53), request) == 0x61)
        #expect(bench.source == client.address && bench.transport.network16(at: 0) == 6000)
    }

    /// Addresses of a range are all used, and a persistent choice depends on the source alone.
    @Test(arguments: [false, true])
    func addressRange(isIPv6: Bool) throws {
        let bench = try Bench()
        let first = Host(isIPv6 ? 0xffff_fffe : 0x0a01_0000, isIPv6: isIPv6)
        var request = NATTests.nat(NATAction.source, first, first)
        let last = ConntrackAddress(high: 0xfd00_0000_0000_0000, low: 0x1_0000_0001)
        request.nat.maxAddress = isIPv6 ? last : Host(0x0a01_0003).address
        var seen: Set<UInt64> = []
        for port in UInt16(1000)...1100 {
            try bench.run(
                .udp(isIPv6 ? client6 : client, port, isIPv6 ? server6 : server, 53), request)
            seen.insert(isIPv6 ? bench.source.low : UInt64(bench.source.ipv4))
        }
        #expect(seen.count == 4)
        request.nat.isPersistent = true
        seen = []
        for port in UInt16(2000)...2050 {
            try bench.run(
                .udp(isIPv6 ? client6 : client, port, isIPv6 ? server6 : server, 53), request)
            seen.insert(isIPv6 ? bench.source.low : UInt64(bench.source.ipv4))
        }
        #expect(seen.count == 1)
    }

    /// A plain nat with commit on a new connection makes an ordinary one.
    @Test func plainNAT() throws {
        let bench = try Bench()
        let request = Bench.request(commit: true) { $0.hasNAT = true }
        #expect(try bench.run(.udp(client, 6000, server, 53), request) == new)
        #expect(try bench.run(.udp(server, 53, client, 6000), request) == estReply)
    }

    @Test func sctpPorts() throws {
        let bench = try Bench()
        var sketch = Sketch(from: client, to: server, number: IPProtocol.sctp)
        sketch.payload = [4, 0, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 20, 0, 0, 0, 9]
        sketch.payload += [UInt8](repeating: 0, count: 12)
        #expect(
            try bench.run(sketch, NATTests.nat(NATAction.source, outside, ports: 99...99)) == 0x61)
        #expect(bench.transport.network16(at: 0) == 99 && bench.isSound)
    }

    /// The hit path's rewriting does to a packet what level 2 does.
    @Test(arguments: [false, true])
    func fastRewrite(isIPv6: Bool) throws {
        let bench = try Bench()
        let a = isIPv6 ? client6 : client
        let b = isIPv6 ? server6 : server
        let n = isIPv6 ? outside6 : outside
        try bench.run(.udp(a, 1024, b, 53), NATTests.nat(NATAction.source, n, ports: 7...7))
        let index = bench.verdict.connection
        for (sketch, isReply) in [
            (Sketch.udp(a, 1024, b, 53), false), (Sketch.udp(b, 53, n, 7), true),
        ] {
            let packet = try bench.make(sketch.bytes())
            packet.l4Offset = 14 + (isIPv6 ? 40 : 20)
            #expect(
                bench.table.natRewrite(index, isReply: isReply, packet: packet, isIPv6: isIPv6))
            try bench.run(sketch, NATTests.apply)
            let slow = try #require(bench.packet)
            let one = UnsafeRawBufferPointer(start: packet.data, count: packet.length)
            let other = UnsafeRawBufferPointer(start: slow.data, count: slow.length)
            #expect(one.elementsEqual(other))
            bench.pool.free(packet)
        }
    }
}
