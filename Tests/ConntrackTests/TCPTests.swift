// The TCP state machine, window check, reopening, and the hit path beside it.

import Testing
import Wire

@testable import Conntrack

@Suite struct TCPTests {
    /// A handshake: client 1000, server 5000.
    func establish(_ bench: Bench, scale: Bool = false) throws {
        let options: [UInt8] = scale ? [3, 3, 7, 1] : []
        #expect(
            try bench.run(.tcp(client, 1024, server, 80, syn, seq: 999, options: options)) == new)
        #expect(
            try bench.run(
                .tcp(server, 80, client, 1024, syn | ack, seq: 4999, ack: 1000, options: options))
                == estReply)
        #expect(try bench.run(.tcp(client, 1024, server, 80, ack, seq: 1000, ack: 5000)) == est)
    }

    /// What each packet of a connection's life sees, and what dumps show.
    @Test func lifeOfAConnection() throws {
        let bench = try Bench()
        try establish(bench)
        #expect(bench.entries().map(\.mergedTCPState) == [TCPState.established])
        #expect(bench.entries().map(\.timeoutSeconds) == [86_400])
        #expect(
            try bench.run(.tcp(client, 1024, server, 80, ack | psh, seq: 1000, ack: 5000, "hi"))
                == est)
        #expect(
            try bench.run(.tcp(server, 80, client, 1024, ack, seq: 5000, ack: 1002)) == estReply)
        #expect(
            try bench.run(.tcp(client, 1024, server, 80, fin | ack, seq: 1002, ack: 5000)) == est)
        #expect(bench.entries().map(\.timeoutSeconds) == [900])
        #expect(bench.entries().first?.state0 == TCPState.closing)
        #expect(
            try bench.run(.tcp(server, 80, client, 1024, fin | ack, seq: 5000, ack: 1003))
                == estReply)
        #expect(bench.entries().first?.state0 == TCPState.finWait2)
        #expect(try bench.run(.tcp(client, 1024, server, 80, ack, seq: 1003, ack: 5001)) == est)
        #expect(bench.entries().map(\.mergedTCPState) == [TCPState.timeWait])
        #expect(bench.entries().map(\.timeoutSeconds) == [30])
        // The same ports again: the old one is over.
        #expect(try bench.run(.tcp(client, 1024, server, 80, syn, seq: 70_000)) == new)
        #expect(bench.verdict.didCreate)
        #expect(bench.entries().count == 1)
    }

    /// Without commit nothing is remembered, and the answer of an unknown handshake is invalid.
    @Test func nothingWithoutCommit() throws {
        let bench = try Bench()
        #expect(try bench.run(.tcp(client, 1, server, 80, syn), Bench.request()) == new)
        #expect(bench.table.connectionCount == 0)
        #expect(try bench.run(.tcp(server, 80, client, 1, syn | ack), Bench.request()) == invalid)
        #expect(bench.verdict.outcome == .badNew)
    }

    /// Combinations that no stack sends are invalid, new or not.
    @Test(arguments: [syn | fin, syn | rst, 0, psh, fin, TCPFlags.urg, syn | psh] as [UInt16])
    func badFlags(flags: UInt16) throws {
        let bench = try Bench()
        #expect(try bench.run(.tcp(client, 1, server, 80, flags)) == invalid)
        try establish(bench)
        #expect(
            try bench.run(.tcp(client, 1024, server, 80, flags, seq: 1000, ack: 5000)) == invalid)
    }

    /// Segments outside the window are invalid and change nothing; the check can be switched off.
    @Test func windowViolations() throws {
        let bench = try Bench()
        try establish(bench)
        let far: UInt32 = 1000 &+ 65_535 &+ 10_000
        #expect(
            try bench.run(.tcp(client, 1024, server, 80, ack, seq: far, ack: 5000, "x")) == invalid)
        #expect(bench.verdict.outcome == .badState)
        #expect(
            try bench.run(.tcp(client, 1024, server, 80, ack, seq: 1000 &- 70_000, ack: 5000, "x"))
                == invalid)
        #expect(
            try bench.run(.tcp(client, 1024, server, 80, ack, seq: 1000, ack: 5000 &+ 70_000, "x"))
                == invalid)
        #expect(try bench.run(.tcp(server, 80, client, 1024, rst, seq: 5100)) == invalid)
        #expect(bench.table.counters.outOfWindow == 4)
        #expect(
            try bench.run(.tcp(client, 1024, server, 80, ack, seq: 1000, ack: 5000, "ok")) == est)
        bench.table.checksTCPSequence = false
        #expect(try bench.run(.tcp(client, 1024, server, 80, ack, seq: far, ack: 5000, "x")) == est)
    }

    /// With scaling agreed, windows are 128 times as large.
    @Test func windowScaling() throws {
        let bench = try Bench()
        try establish(bench, scale: true)
        let ahead: UInt32 = 1000 &+ 4_000_000
        // The server's first window was not scaled, the next is.
        #expect(
            try bench.run(.tcp(server, 80, client, 1024, ack, seq: 5000, ack: 1000)) == estReply)
        #expect(
            try bench.run(.tcp(client, 1024, server, 80, ack, seq: ahead, ack: 5000, "x")) == est)
        #expect(bench.entries().first?.originatorScale == 0x87)
    }

    /// An exact reset closes; then a SYN opens anew.
    @Test func resetAndReopen() throws {
        let bench = try Bench()
        try establish(bench)
        #expect(try bench.run(.tcp(server, 80, client, 1024, rst, seq: 5000)) == estReply)
        #expect(bench.entries().map(\.mergedTCPState) == [TCPState.timeWait])
        #expect(try bench.run(.tcp(client, 1024, server, 80, syn, seq: 9)) == new)
        #expect(bench.entries().map(\.mergedTCPState) == [TCPState.synSent])
    }

    /// A stream that was there before us is picked up.
    @Test func midStream() throws {
        let bench = try Bench()
        #expect(try bench.run(.tcp(client, 5, server, 80, ack, seq: 100, ack: 200, "abc")) == new)
        #expect(
            try bench.run(.tcp(server, 80, client, 5, ack, seq: 200, ack: 103, "defg")) == estReply)
        #expect(try bench.run(.tcp(client, 5, server, 80, ack, seq: 103, ack: 204)) == est)
        #expect(bench.entries().map(\.mergedTCPState) == [TCPState.established])
    }

    /// Both ends open at once.
    @Test func simultaneousOpen() throws {
        let bench = try Bench()
        #expect(try bench.run(.tcp(client, 7, server, 8, syn, seq: 100)) == new)
        #expect(try bench.run(.tcp(server, 8, client, 7, syn, seq: 300)) == new)
        #expect(try bench.run(.tcp(client, 7, server, 8, syn | ack, seq: 100, ack: 301)) == est)
        #expect(
            try bench.run(.tcp(server, 8, client, 7, syn | ack, seq: 300, ack: 101)) == estReply)
        #expect(bench.entries().map(\.mergedTCPState) == [TCPState.established])
    }

    /// A wrong checksum neither creates nor moves a connection; a partial one is trusted.
    @Test func checksums() throws {
        let bench = try Bench()
        var sketch = Sketch.tcp(client, 1024, server, 80, syn, seq: 999)
        sketch.breaksChecksum = true
        #expect(try bench.run(sketch) == invalid)
        #expect(bench.table.counters.badTransportChecksum == 1)
        #expect(bench.table.connectionCount == 0)
        sketch.breaksChecksum = false
        sketch.isPartial = true
        #expect(try bench.run(sketch) == new)
        #expect(bench.table.connectionCount == 1)
    }

    /// The hit path lets plain segments through and nothing else.
    @Test func touch() throws {
        let bench = try Bench()
        try establish(bench)
        let index = bench.verdict.connection
        let generation = bench.verdict.generation
        func touch(
            _ flags: UInt16, seq: UInt32, ack: UInt32, _ length: UInt32, isReply: Bool = false
        ) -> Bool {
            var facts = ConntrackPacketFacts()
            facts.tcpFlags = flags
            facts.sequence = seq
            facts.acknowledgement = ack
            facts.payloadLength = length
            facts.window = 65_535
            return bench.table.touch(
                index, generation: generation, isReply: isReply, facts: facts, now: bench.now)
        }
        bench.now += 1000
        #expect(touch(ack, seq: 1000, ack: 5000, 1460))
        #expect(bench.table.hot(index).pointee.expiryMilliseconds == bench.now + 86_400_000)
        #expect(touch(ack, seq: 5000, ack: 2460, 0, isReply: true))
        #expect(touch(ack | psh, seq: 2460, ack: 5000, 1460))
        #expect(!touch(ack, seq: 1000 &+ 200_000, ack: 5000, 10))
        #expect(!touch(fin | ack, seq: 3920, ack: 5000, 0))
        #expect(!touch(rst, seq: 3920, ack: 5000, 0))
        #expect(!touch(syn, seq: 3920, ack: 5000, 0))
        #expect(!touch(psh, seq: 3920, ack: 5000, 10))
        #expect(
            !bench.table.touch(
                index, generation: generation &- 1, isReply: false, facts: ConntrackPacketFacts(),
                now: bench.now))
        bench.now += 86_400_000
        #expect(!touch(ack, seq: 3920, ack: 5000, 10))
    }

    /// For random traffic, the hit path and level 2 move a connection to the same place.
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func touchEqualsExecute(seed: UInt64) throws {
        let slow = try Bench()
        let fast = try Bench()
        let scale = seed % 2 == 0
        try establish(slow, scale: scale)
        try establish(fast, scale: scale)
        let index = fast.verdict.connection
        let generation = fast.verdict.generation
        var random = seed &* 0x9e37_79b9_7f4a_7c15 | 1
        func next(_ bound: UInt32) -> UInt32 {
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            return UInt32(truncatingIfNeeded: random >> 33) % bound
        }
        var sent: [UInt32] = [1000, 5000]
        var passed = 0
        for _ in 0..<3000 {
            let side = Int(next(2))
            let text = String(repeating: "x", count: Int(next(3)) * Int(next(40)))
            let jitter = next(8) == 0 ? next(400_000) &- 200_000 : 0
            let sequence = sent[side] &+ jitter
            let acknowledgement = sent[1 - side] &- (next(6) == 0 ? next(100_000) : 0)
            let window = UInt16(truncatingIfNeeded: 1 + next(65_000))
            let sketch = Sketch.tcp(
                side == 0 ? client : server, side == 0 ? 1024 : 80, side == 0 ? server : client,
                side == 0 ? 80 : 1024, ack, seq: sequence, ack: acknowledgement, window: window,
                text)
            let state = try slow.run(sketch)
            let packet = try fast.make(sketch.bytes())
            let header = try #require(TCPHeader(packet.data + 34, available: packet.length - 34))
            let isPassed = fast.table.touch(
                index, generation: generation, isReply: side == 1,
                facts: ConntrackPacketFacts(header, payloadLength: text.utf8.count), now: fast.now)
            fast.pool.free(packet)
            #expect(isPassed == (state & ConntrackState.invalid == 0))
            if isPassed {
                passed += 1
                if jitter == 0 { sent[side] = sequence &+ UInt32(text.utf8.count) }
            }
            let one = slow.table.hot(slow.entries()[0].index).pointee
            let other = fast.table.hot(index).pointee
            #expect(one.originator.sequenceLow == other.originator.sequenceLow)
            #expect(one.originator.sequenceHigh == other.originator.sequenceHigh)
            #expect(one.responder.sequenceHigh == other.responder.sequenceHigh)
            #expect(one.responder.windowMax == other.responder.windowMax)
            #expect(one.expiryMilliseconds == other.expiryMilliseconds)
        }
        #expect(passed > 1000)
    }
}
