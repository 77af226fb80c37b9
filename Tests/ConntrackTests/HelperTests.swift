// FTP and TFTP: what control connections announce, with and without NAT.

import Testing
import Wire

@testable import Conntrack

@Suite struct HelperTests {
    static let ftp = Bench.request(commit: true) { $0.helper = .ftp }
    let outside = Host(0xc0a8_0963)

    func connect(
        _ bench: Bench, _ a: Host, _ b: Host, answerTo: Host? = nil, _ request: ConntrackRequest
    ) throws {
        let n = answerTo ?? a
        try bench.run(.tcp(a, 1024, b, 21, syn, seq: 99), request)
        let back = Bench.request { $0.hasNAT = request.hasNAT }
        try bench.run(.tcp(b, 21, n, 1024, syn | ack, seq: 499, ack: 100), back)
        try bench.run(.tcp(a, 1024, b, 21, ack, seq: 100, ack: 500), request)
        #expect(bench.verdict.state & 0x3f == est)
    }

    /// PORT: the server's data connection is related, and carries the parent's mark and tuple.
    @Test func active() throws {
        let bench = try Bench()
        var request = HelperTests.ftp
        request.hasMark = true
        request.mark = 77
        request.markMask = UInt32.max
        try connect(bench, client, server, request)
        #expect(
            try bench.run(
                .tcp(
                    client, 1024, server, 21, ack | psh, seq: 100, ack: 500,
                    "PORT 10,0,0,1,4,210\r\n"),
                request) == est)
        #expect(bench.payloadText == "PORT 10,0,0,1,4,210\r\n")
        #expect(try bench.run(.tcp(server, 20, client, 1234, syn)) == 0x25)
        #expect(bench.verdict.mark == 77)
        #expect(bench.verdict.original.destinationPort == 21)
        #expect(try bench.run(.tcp(client, 1234, server, 20, syn | ack, ack: 1)) == 0x2e)
        let entries = bench.entries()
        #expect(entries.count == 2 && entries[0].helper == .ftp)
        #expect(entries[1].parent?.destinationPort == 21)
        // Another port is not expected; and nothing is once the control connection is gone.
        #expect(try bench.run(.tcp(server, 20, client, 1235, syn), Bench.request()) == new)
        bench.table.flush()
        #expect(try bench.run(.tcp(server, 20, client, 1234, syn), Bench.request()) == new)
        #expect(bench.table.state.pointee.expectations.count == 0)
    }

    /// 227 of the server: the client's data connection is related.
    @Test func passive() throws {
        let bench = try Bench()
        try connect(bench, client, server, HelperTests.ftp)
        #expect(
            try bench.run(
                .tcp(
                    server, 21, client, 1024, ack | psh, seq: 500, ack: 100,
                    "227 Entering Passive Mode (10,0,0,2,8,1).\r\n"), Bench.request()) == estReply)
        #expect(try bench.run(.tcp(client, 4444, server, 2049, syn)) == 0x25)
    }

    @Test(arguments: [false, true])
    func extended(isIPv6: Bool) throws {
        let bench = try Bench()
        let a = isIPv6 ? client6 : client
        let b = isIPv6 ? server6 : server
        try connect(bench, a, b, HelperTests.ftp)
        let text = isIPv6 ? "EPRT |2|fd00::1|5000|\r\n" : "EPRT |1|10.0.0.1|5000|\r\n"
        #expect(
            try bench.run(.tcp(a, 1024, b, 21, ack | psh, seq: 100, ack: 500, text)) == est)
        #expect(try bench.run(.tcp(b, 20, a, 5000, syn)) == 0x25)
        let reply = "229 Entering Extended Passive Mode (|||6000|)\r\n"
        #expect(
            try bench.run(
                .tcp(b, 21, a, 1024, ack | psh, seq: 500, ack: 100 + UInt32(text.utf8.count), reply)
            )
                == estReply)
        #expect(try bench.run(.tcp(a, 7777, b, 6000, syn)) == 0x25)
    }

    /// An address that is not the speaker's own is refused, as is nonsense.
    @Test(arguments: [
        "PORT 10,0,0,9,4,210\r\n", "PORT 10,0,0,1,4\r\n", "PORT 10,0,0,1,400,1\r\n", "PORT\r\n",
        "PORT 10,0,0,1,0,0\r\n", "EPRT |1|10.0.0.9|5000|\r\n", "EPRT |2|fd00::1|5000|\r\n",
        "EPRT |1|10.0.0.1|70000|\r\n", "EPRT ||||\r\n", "229 (|||99999|)\r\n", "229 (|||",
        "PORT 999999999999999999999,1,1,1,1,1", "227 (10,0,0,1,1,1",
    ])
    func refused(text: String) throws {
        let bench = try Bench()
        try connect(bench, client, server, HelperTests.ftp)
        let state = try bench.run(
            .tcp(client, 1024, server, 21, ack | psh, seq: 100, ack: 500, text))
        if text.hasPrefix("227 (10,0,0,1,1,1") {
            #expect(state & ConntrackState.invalid != 0)
        } else {
            #expect(state & ConntrackState.invalid != 0)
            #expect(bench.verdict.outcome == .badHelperMessage)
        }
        #expect(bench.table.state.pointee.expectations.count == 0)
    }

    /// Under source NAT the address in PORT becomes the outside one, and numbers are shifted from
    /// then on.
    @Test func activeWithNAT() throws {
        let bench = try Bench()
        var request = NATTests.nat(NATAction.source, outside)
        request.helper = .ftp
        try connect(bench, client, server, answerTo: outside, request)
        let text = "PORT 10,0,0,1,4,210\r\n"
        try bench.run(
            .tcp(client, 1024, server, 21, ack | psh, seq: 100, ack: 500, text), request)
        #expect(bench.payloadText == "PORT 192,168,9,99,4,210\r\n")
        #expect(bench.isSound)
        let old = UInt32(text.utf8.count)
        let growth: UInt32 = 4
        // The server acknowledges what it got; the client sees what it sent.
        #expect(
            try bench.run(
                .tcp(
                    server, 21, outside, 1024, ack | psh, seq: 500, ack: 100 + old + growth,
                    "200 ok\r\n"),
                NATTests.apply) == 0xaa)
        #expect(TCPHeader(unchecked: bench.transport).acknowledgement == 100 + old)
        #expect(bench.isSound && bench.destination == client.address)
        #expect(
            try bench.run(
                .tcp(client, 1024, server, 21, ack, seq: 100 + old, ack: 508, "LIST\r\n"), request)
                == 0x62)
        #expect(TCPHeader(unchecked: bench.transport).sequence == 100 + old + growth)
        #expect(bench.isSound)
        // The data connection comes to the outside address and is brought in.
        var data = NATTests.apply
        data.commit = true
        data.nat.action = NATAction.source
        #expect(try bench.run(.tcp(server, 20, outside, 1234, syn), data) == 0xa5)
        #expect(bench.destination == client.address && bench.isSound)
        #expect(try bench.run(.tcp(client, 1234, server, 20, syn | ack, ack: 1), data) == 0x6e)
        #expect(bench.source == outside.address && bench.isSound)
    }

    /// Under destination NAT the server's 227 shows the address that the client knows.
    @Test func passiveWithNAT() throws {
        let bench = try Bench()
        var request = NATTests.nat(NATAction.destination, server)
        request.helper = .ftp
        try bench.run(.tcp(client, 1024, outside, 21, syn, seq: 99), request)
        try bench.run(.tcp(server, 21, client, 1024, syn | ack, seq: 499, ack: 100), NATTests.apply)
        #expect(bench.source == outside.address)
        try bench.run(.tcp(client, 1024, outside, 21, ack, seq: 100, ack: 500), request)
        var back = NATTests.apply
        back.helper = .ftp
        try bench.run(
            .tcp(
                server, 21, client, 1024, ack | psh, seq: 500, ack: 100,
                "227 Entering Passive Mode (10,0,0,2,8,1).\r\n"), back)
        #expect(bench.payloadText == "227 Entering Passive Mode (192,168,9,99,8,1).\r\n")
        #expect(bench.isSound)
        var data = NATTests.apply
        data.commit = true
        data.nat.action = NATAction.destination
        #expect(try bench.run(.tcp(client, 4000, outside, 2049, syn), data) == 0xa5)
        #expect(bench.destination == server.address && bench.isSound)
    }

    /// A text that shrinks, on a frame with padding.
    @Test func shrinkingText() throws {
        let bench = try Bench()
        let inside = Host(0xc0a8_0a0a)
        var request = NATTests.nat(NATAction.source, Host(0x0101_0101))
        request.helper = .ftp
        try connect(bench, inside, server, answerTo: Host(0x0101_0101), request)
        var sketch = Sketch.tcp(
            inside, 1024, server, 21, ack | psh, seq: 100, ack: 500, "PORT 192,168,10,10,1,2\r\n")
        try bench.run(sketch, request)
        #expect(bench.payloadText == "PORT 1,1,1,1,1,2\r\n")
        #expect(bench.isSound)
        // Shifted back by six from now on.
        sketch.sequence = 100 + 24
        sketch.payload = Array("NOOP\r\n".utf8)
        #expect(try bench.run(sketch, request) == 0x62)
        #expect(TCPHeader(unchecked: bench.transport).sequence == 100 + 18)
    }

    /// A helper's connection never takes the hit path.
    @Test func noTouch() throws {
        let bench = try Bench()
        try connect(bench, client, server, HelperTests.ftp)
        var facts = ConntrackPacketFacts()
        facts.tcpFlags = ack
        facts.sequence = 100
        facts.acknowledgement = 500
        #expect(
            !bench.table.touch(
                bench.verdict.connection, generation: bench.verdict.generation, isReply: false,
                facts: facts, now: bench.now))
    }

    @Test func tftp() throws {
        let bench = try Bench()
        let request = Bench.request(commit: true) { $0.helper = .tftp }
        #expect(try bench.run(.udp(client, 3000, server, 69), request) == new)
        #expect(try bench.run(.udp(server, 5555, client, 3000)) == 0x25)
        #expect(try bench.run(.udp(client, 3000, server, 5555)) == 0x2e)
        #expect(try bench.run(.udp(server, 5555, client, 3001), Bench.request()) == new)
    }

    /// One control connection cannot fill the table of expectations.
    @Test func expectationsAreBounded() throws {
        let bench = try Bench()
        try connect(bench, client, server, HelperTests.ftp)
        var sequence: UInt32 = 100
        for port in 1...200 {
            let text = "PORT 10,0,0,1,9,\(port)\r\n"
            try bench.run(
                .tcp(client, 1024, server, 21, ack | psh, seq: sequence, ack: 500, text))
            sequence += UInt32(text.utf8.count)
        }
        #expect(bench.table.state.pointee.expectations.count == ExpectationTable.perParentMax)
        #expect(try bench.run(.tcp(server, 20, client, 9 << 8 | 1, syn), Bench.request()) == new)
        #expect(try bench.run(.tcp(server, 20, client, 9 << 8 | 200, syn), Bench.request()) == 0x25)
    }

    /// Addresses are read and written in every form.
    @Test(
        arguments: [
            ("fd00::1", "fd00::1"), ("::", "::"), ("::1", "::1"), ("1::", "1::"),
            ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("FD00:0:0:0:0:0:0:A", "fd00::a"),
            ("::ffff:1.2.3.4", "::ffff:102:304"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
            ("1:2:3:4:5:6:7", nil), ("1::2::3", nil), (":1", nil), ("12345::", nil), ("1:", nil),
            ("1:2:3:4:5:6:7:8:9", nil), ("::1.2.3", nil), ("", nil),
        ] as [(String, String?)])
    func addressText(text: String, wanted: String?) {
        let bytes = Array(text.utf8)
        let address = bytes.withUnsafeBufferPointer { buffer -> ConntrackAddress? in
            var zero: UInt8 = 0
            return withUnsafePointer(to: &zero) {
                AddressText.parse(buffer.baseAddress ?? $0, count: buffer.count, isIPv6: true)
            }
        }
        guard let address else {
            #expect(wanted == nil)
            return
        }
        let written = withUnsafeTemporaryAllocation(byteCount: 64, alignment: 8) { buffer in
            guard let base = buffer.baseAddress else { return "" }
            let count = AddressText.write(address, isIPv6: true, separator: 0x2e, to: base)
            return String(decoding: buffer.prefix(count), as: UTF8.self)
        }
        #expect(written == wanted)
    }
}
