// UDP, ICMP, other protocols and SCTP; zones, marks, labels, force, limits, timeouts, expiry.

import Testing
import Wire

@testable import Conntrack

@Suite struct FlowTests {
    @Test(arguments: [false, true])
    func udp(isIPv6: Bool) throws {
        let bench = try Bench()
        let a = isIPv6 ? client6 : client
        let b = isIPv6 ? server6 : server
        #expect(try bench.run(.udp(a, 5000, b, 53)) == new)
        #expect(try bench.run(.udp(a, 5000, b, 53)) == new)
        #expect(bench.entries().map(\.timeoutSeconds) == [60])
        let generation = bench.verdict.generation
        #expect(try bench.run(.udp(b, 53, a, 5000)) == estReply)
        #expect(bench.verdict.generation != generation)
        #expect(bench.entries().map(\.timeoutSeconds) == [30])
        #expect(try bench.run(.udp(a, 5000, b, 53)) == est)
        #expect(bench.table.connectionCount == 1)
        #expect(bench.entries()[0].originalPackets == 3)
        #expect(bench.entries()[0].replyPackets == 1)
    }

    /// On the hit path a one-sided flow stays NEW; its first answer goes to level 2.
    @Test func touchUDP() throws {
        let bench = try Bench()
        try bench.run(.udp(client, 5000, server, 53))
        try bench.run(.udp(client, 5000, server, 53))
        let facts = ConntrackPacketFacts()
        var verdict = bench.verdict
        #expect(
            bench.table.touch(
                verdict.connection, generation: verdict.generation, isReply: false, facts: facts,
                now: bench.now))
        #expect(
            !bench.table.touch(
                verdict.connection, generation: verdict.generation, isReply: true, facts: facts,
                now: bench.now))
        try bench.run(.udp(server, 53, client, 5000))
        verdict = bench.verdict
        #expect(
            bench.table.touch(
                verdict.connection, generation: verdict.generation, isReply: true, facts: facts,
                now: bench.now))
    }

    @Test(arguments: [false, true])
    func echo(isIPv6: Bool) throws {
        let bench = try Bench()
        let a = isIPv6 ? client6 : client
        let b = isIPv6 ? server6 : server
        let (request, reply): (UInt8, UInt8) = isIPv6 ? (128, 129) : (8, 0)
        #expect(try bench.run(.icmp(b, a, type: reply)) == invalid)
        #expect(try bench.run(.icmp(a, b, type: request)) == new)
        #expect(try bench.run(.icmp(a, b, type: request)) == new)
        #expect(bench.entries().map(\.timeoutSeconds) == [60])
        #expect(try bench.run(.icmp(b, a, type: reply)) == estReply)
        #expect(bench.entries().map(\.timeoutSeconds) == [30])
        #expect(try bench.run(.icmp(a, b, type: request)) == est)
        #expect(bench.verdict.original.sourcePort == UInt16(request))
        // Another identifier is another connection.
        #expect(try bench.run(.icmp(a, b, type: request, rest: 0x0008_0001)) == new)
        // Neighbour discovery and other types are not tracked.
        #expect(try bench.run(.icmp(a, b, type: isIPv6 ? 135 : 9)) == invalid)
        #expect(try bench.run(.icmp(a, b, type: request, code: 1)) == invalid)
    }

    /// An ICMP error belongs to the connection it quotes, in the direction of the error.
    @Test(arguments: [false, true])
    func relatedError(isIPv6: Bool) throws {
        let bench = try Bench()
        let a = isIPv6 ? client6 : client
        let b = isIPv6 ? server6 : server
        let router = Host(0x0a00_00fe, isIPv6: isIPv6)
        let sketch = Sketch.udp(a, 5000, b, 53)
        try bench.run(sketch)
        let error = Sketch.icmp(router, a, type: isIPv6 ? 1 : 3, code: 1, rest: 0, sketch.bytes())
        #expect(try bench.run(error) == 0x2c)
        #expect(bench.verdict.isError && bench.verdict.connection != ConntrackVerdict.noConnection)
        // About nothing known.
        let other = Sketch.icmp(
            router, a, type: isIPv6 ? 1 : 3, code: 1, rest: 0,
            Sketch.udp(a, 5001, b, 53).bytes())
        #expect(try bench.run(other) == invalid)
        #expect(bench.verdict.outcome == .unknownError)
        // Sent to somebody who did not send the quoted packet.
        let stray = Sketch.icmp(
            router, Host(77, isIPv6: isIPv6), type: isIPv6 ? 1 : 3, code: 1, rest: 0,
            sketch.bytes())
        #expect(try bench.run(stray) == invalid)
        // Cut off in the quoted header.
        let short = Sketch.icmp(
            router, a, type: isIPv6 ? 1 : 3, code: 1, rest: 0,
            Array(sketch.bytes().prefix(isIPv6 ? 44 : 24)))
        #expect(try bench.run(short) == invalid)
        #expect(bench.table.connectionCount == 1)
    }

    @Test func otherProtocol() throws {
        let bench = try Bench()
        var sketch = Sketch(from: client, to: server, number: IPProtocol.gre)
        sketch.payload = [0, 0, 8, 0]
        #expect(try bench.run(sketch) == new)
        var answer = Sketch(from: server, to: client, number: IPProtocol.gre)
        answer.payload = [0, 0, 8, 0, 1]
        #expect(try bench.run(answer) == estReply)
    }

    /// Equal tuples in different zones never meet, and a packet's second zone starts afresh.
    @Test func zones() throws {
        let bench = try Bench()
        #expect(
            try bench.run(.udp(client, 5000, server, 53), Bench.request(zone: 1, commit: true))
                == new)
        #expect(bench.again(Bench.request(zone: 2)) == new)
        #expect(bench.verdict.connection == ConntrackVerdict.noConnection)
        #expect(try bench.run(.udp(server, 53, client, 5000), Bench.request(zone: 2)) == new)
        #expect(try bench.run(.udp(server, 53, client, 5000), Bench.request(zone: 1)) == estReply)
        #expect(bench.entries().map(\.zone) == [1])
    }

    /// A look and then a commit on one packet count it once.
    @Test func lookThenCommit() throws {
        let bench = try Bench()
        #expect(try bench.run(.udp(client, 5000, server, 53), Bench.request()) == new)
        #expect(bench.again(Bench.request(commit: true)) == new)
        #expect(bench.table.connectionCount == 1)
        try bench.run(.udp(server, 53, client, 5000), Bench.request())
        #expect(bench.again(Bench.request(commit: true)) == estReply)
        #expect(bench.entries()[0].replyPackets == 1)
    }

    @Test func marksAndLabels() throws {
        let bench = try Bench()
        let set = Bench.request(commit: true) {
            $0.hasMark = true
            $0.mark = 0x0f
            $0.markMask = 0xff
            $0.hasLabel = true
            $0.labelHigh = 1 << 63
            $0.labelHighMask = 1 << 63
            $0.labelLow = 0x22
            $0.labelLowMask = 0xff
        }
        try bench.run(.udp(client, 5000, server, 53), set)
        #expect(bench.verdict.mark == 0x0f && bench.verdict.labelLow == 0x22)
        let generation = bench.verdict.generation
        let more = Bench.request(commit: true) {
            $0.hasMark = true
            $0.mark = 0x100
            $0.markMask = 0x100
        }
        try bench.run(.udp(server, 53, client, 5000), more)
        #expect(bench.verdict.mark == 0x10f && bench.verdict.labelHigh == 1 << 63)
        #expect(bench.verdict.generation != generation)
        let settled = bench.verdict.generation
        try bench.run(.udp(server, 53, client, 5000), more)
        #expect(bench.verdict.generation == settled)
        bench.verdict.write(to: bench.key)
        #expect(bench.entries()[0].mark == 0x10f)
    }

    /// Force removes a connection that the other side began.
    @Test func force() throws {
        let bench = try Bench()
        try bench.run(.udp(client, 5000, server, 53))
        let force = Bench.request(commit: true) { $0.force = true }
        #expect(try bench.run(.udp(client, 5000, server, 53), force) == new)
        #expect(bench.entries()[0].original.source == client.address)
        #expect(try bench.run(.udp(server, 53, client, 5000), force) == new)
        #expect(bench.entries().count == 1)
        #expect(bench.entries()[0].original.source == server.address)
    }

    @Test func limits() throws {
        let bench = try Bench(capacity: 10)
        bench.table.setZoneLimit(5, to: 2)
        let zone5 = Bench.request(zone: 5, commit: true)
        for port in UInt16(1)...3 { try bench.run(.udp(client, port, server, 53), zone5) }
        #expect(bench.verdict.state == new && bench.verdict.outcome == .zoneLimit)
        #expect(bench.table.zoneLimit(5)?.count == 2)
        #expect(bench.table.flush(zone: 5) == 2)
        #expect(bench.table.zoneLimit(5)?.count == 0)
        for port in UInt16(1)...10 { try bench.run(.udp(client, port, server, 53)) }
        #expect(bench.table.connectionCount == 10)
        try bench.run(.udp(client, 11, server, 53))
        #expect(bench.verdict.outcome == .tableFull)
        #expect(bench.table.flush() == 10)
        bench.table.setMaxConnections(3)
        for port in UInt16(1)...10 { try bench.run(.udp(client, port, server, 53)) }
        #expect(bench.table.connectionCount == 3)
    }

    /// Half-open flows have a limit of their own, and making one established frees its place.
    @Test func halfOpen() throws {
        let bench = try Bench()
        bench.table.setOwnerBudget(9, connectionLimit: 0, halfOpenLimit: 2)
        let owned = Bench.request(commit: true) { $0.ownerPort = 9 }
        for port in UInt16(1)...3 { try bench.run(.udp(client, port, server, 53), owned) }
        #expect(bench.verdict.outcome == .halfOpenLimit)
        try bench.run(.udp(server, 53, client, 1), owned)
        #expect(bench.table.ownerBudget(9)?.halfOpenCount == 1)
        #expect(bench.table.ownerBudget(9)?.connectionCount == 2)
        try bench.run(.udp(client, 3, server, 53), owned)
        #expect(bench.verdict.didCreate)
        bench.table.flush()
        #expect(bench.table.ownerBudget(9)?.connectionCount == 0)
        #expect(bench.table.halfOpenCount == 0)
    }

    /// Policies give their timeouts, to live connections too.
    @Test func timeoutPolicies() throws {
        let bench = try Bench()
        var policy = TimeoutPolicy(id: 7)
        policy[.udpFirst] = 5
        policy[.udpSingle] = 9
        #expect(bench.table.setTimeoutPolicy(policy))
        let request = Bench.request(commit: true) { $0.timeoutPolicy = 7 }
        try bench.run(.udp(client, 1, server, 53), request)
        #expect(bench.entries().map(\.timeoutSeconds) == [5])
        try bench.run(.udp(client, 1, server, 53), request)
        #expect(bench.entries().map(\.timeoutSeconds) == [9])
        let generation = bench.verdict.generation
        policy[.udpSingle] = 100
        bench.table.setTimeoutPolicy(policy)
        #expect(bench.table.hot(bench.verdict.connection).pointee.generation != generation)
        try bench.run(.udp(client, 1, server, 53), request)
        #expect(bench.entries().map(\.timeoutSeconds) == [100])
        #expect(bench.table.removeTimeoutPolicy(7))
        #expect(!bench.table.removeTimeoutPolicy(8))
        try bench.run(.udp(client, 1, server, 53), request)
        #expect(bench.entries().map(\.timeoutSeconds) == [60])
    }

    /// Connections end on time, by lookup and by the sweep, and the touched ones live on.
    @Test func expiry() throws {
        let bench = try Bench()
        for port in UInt16(1)...100 { try bench.run(.udp(client, port, server, 53)) }
        bench.now += 40_000
        for port in UInt16(1)...10 { try bench.run(.udp(client, port, server, 53)) }
        bench.now += 21_000
        while bench.table.expire(now: bench.now, budget: 7) == 7 {}
        #expect(bench.table.connectionCount == 10)
        bench.now += 60_000
        #expect(try bench.run(.udp(client, 1, server, 53), Bench.request()) == new)
        #expect(bench.table.connectionCount == 9)
        while bench.table.expire(now: bench.now, budget: 7) == 7 {}
        #expect(bench.table.connectionCount == 0)
        #expect(bench.table.counters.expired == 100)
    }

    @Test func flushTupleAndStatistics() throws {
        let bench = try Bench()
        try bench.run(.udp(client, 1, server, 53))
        try bench.run(.tcp(client, 2, server, 80, syn))
        try bench.run(.icmp(client, server, type: 8))
        var statistics = bench.table.statistics(now: bench.now)
        #expect(statistics.total == 3 && statistics.udp == 1 && statistics.icmp == 1)
        #expect(statistics.tcpStates[Int(TCPState.synSent)] == 1)
        let tuple = bench.entries()[1].original
        #expect(bench.table.flush(tuple, now: bench.now))
        #expect(!bench.table.flush(tuple, now: bench.now))
        #expect(bench.table.flush(now: bench.now) { $0.original.protocolNumber == 17 } == 1)
        statistics = bench.table.statistics(now: bench.now)
        #expect(statistics.total == 1)
    }

    /// An association's life, and a packet with another's tag.
    @Test func sctp() throws {
        func packet(_ isReply: Bool, tag: UInt32, _ type: UInt8, _ initiate: UInt32 = 0) -> Sketch {
            var sketch = Sketch(
                from: isReply ? server : client, to: isReply ? client : server,
                number: IPProtocol.sctp)
            func bytes(_ value: UInt32) -> [UInt8] {
                [
                    UInt8(value >> 24), UInt8(value >> 16 & 255), UInt8(value >> 8 & 255),
                    UInt8(value & 255),
                ]
            }
            let ports: [UInt8] = isReply ? [0, 80, 4, 0] : [4, 0, 0, 80]
            sketch.payload = ports + bytes(tag) + [0, 0, 0, 0]
            let isInit = type == 1 || type == 2
            sketch.payload += [type, 0, 0, isInit ? 20 : 4]
            if isInit { sketch.payload += bytes(initiate) + [UInt8](repeating: 0, count: 12) }
            return sketch
        }
        let bench = try Bench()
        #expect(try bench.run(packet(false, tag: 0, 1, 0xaaaa)) == new)
        #expect(try bench.run(packet(false, tag: 0, 1, 0xaaaa)) == new)
        #expect(try bench.run(packet(true, tag: 0xbad, 2, 0xbbbb)) == invalid)
        #expect(try bench.run(packet(true, tag: 0xaaaa, 2, 0xbbbb)) == estReply)
        #expect(try bench.run(packet(false, tag: 0xbbbb, 10)) == est)
        #expect(try bench.run(packet(true, tag: 0xaaaa, 11)) == estReply)
        #expect(bench.entries()[0].state0 == SCTPState.established)
        #expect(bench.table.halfOpenCount == 0)
        #expect(try bench.run(packet(false, tag: 0xcccc, 0)) == invalid)
        #expect(try bench.run(packet(false, tag: 0xbbbb, 0)) == est)
        #expect(try bench.run(packet(false, tag: 0xbbbb, 7)) == est)
        #expect(try bench.run(packet(true, tag: 0xaaaa, 8)) == estReply)
        #expect(try bench.run(packet(false, tag: 0xbbbb, 14)) == est)
        #expect(bench.entries()[0].state0 == SCTPState.closed)
        #expect(try bench.run(packet(false, tag: 0, 1, 0xdddd)) == new)
        #expect(bench.verdict.didCreate)
        #expect(try bench.run(packet(true, tag: 0, 11)) == invalid)
    }

    /// Packets cut short anywhere are invalid or harmless, never a crash.
    @Test func truncation() throws {
        let bench = try Bench()
        let sketches: [Sketch] = [
            .tcp(client, 1, server, 21, ack, "PORT 10,0,0,1,4,5\r\n"), .udp(client, 1, server, 53),
            .icmp(client6, server6, type: 1, Sketch.udp(server6, 1, client6, 2).bytes()),
            .icmp(client, server, type: 3, Sketch.udp(server, 1, client, 2).bytes()),
        ]
        for sketch in sketches {
            let whole = sketch.bytes()
            for length in 1..<whole.count {
                if let packet = bench.packet { bench.pool.free(packet) }
                let packet = try bench.make(Array(whole.prefix(length)))
                packet.metadata.pointee.flags = .checksumValid
                bench.packet = packet
                bench.fillKey(sketch)
                bench.verdict = ConntrackVerdict()
                #expect(bench.again(Bench.request(commit: true)) == invalid)
            }
        }
    }
}
