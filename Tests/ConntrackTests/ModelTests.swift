// Seeded random operations on the table against a naive model with a dictionary: UDP flows of
// several zones with NAT, limits, flushes, marks and time.

import Testing
import Wire

@testable import Conntrack

/// The model's idea of a UDP connection.
private struct ModelConnection {
    var original: ConntrackTuple
    var reply: ConntrackTuple
    var hasAnswer = false
    var hasSecond = false
    var expiry: UInt64
    var mark: UInt32 = 0
}

@Suite struct ModelTests {
    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func randomFlows(seed: UInt64) throws {
        let bench = try Bench(capacity: 300, isShared: seed % 2 == 0)
        var random = seed &* 0x9e37_79b9_7f4a_7c15 | 1
        func next(_ bound: Int) -> Int {
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            return Int(random >> 33) % bound
        }
        var model: [ModelConnection] = []
        func find(_ tuple: ConntrackTuple) -> (Int, Bool)? {
            for place in model.indices where bench.now < model[place].expiry {
                if model[place].original == tuple { return (place, false) }
                if model[place].reply == tuple { return (place, true) }
            }
            return nil
        }
        var answered = 0
        for step in 0..<3000 {
            switch next(40) {
            case 0:
                bench.now += UInt64(next(20_000))
                while bench.table.expire(now: bench.now, budget: 16) == 16 {}
                model.removeAll { bench.now >= $0.expiry }
            case 1 where next(10) == 0:
                let zone = UInt16(next(3))
                bench.table.flush(zone: zone)
                model.removeAll { $0.original.zone == zone }
            default:
                let zone = UInt16(next(3))
                let inside = Host(0x0a00_0000 + UInt32(next(6)))
                let outside = Host(0x1400_0000 + UInt32(next(3)))
                let isBack = next(2) == 0
                let port = UInt16(2000 + next(8))
                var sketch = Sketch.udp(inside, port, outside, 53)
                if isBack {
                    sketch = Sketch.udp(
                        outside, 53, next(2) == 0 ? inside : Host(0x1e00_0001), port)
                }
                let commits = next(3) != 0
                let usesNAT = !isBack && next(3) == 0
                var request = Bench.request(zone: zone, commit: commits)
                if usesNAT {
                    request = NATTests.nat(NATAction.source, Host(0x1e00_0001), zone: zone)
                    request.commit = commits
                }
                if next(5) == 0 {
                    request.hasMark = true
                    request.mark = UInt32(next(4))
                    request.markMask = UInt32.max
                }
                var tuple = ConntrackTuple()
                tuple.source = sketch.from.address
                tuple.destination = sketch.to.address
                tuple.sourcePort = sketch.sourcePort
                tuple.destinationPort = sketch.destinationPort
                tuple.zone = zone
                tuple.protocolNumber = 17
                // NAT can make one packet fit two connections; which it is then is not defined.
                let isAmbiguous =
                    model.count {
                        bench.now < $0.expiry && ($0.original == tuple || $0.reply == tuple)
                    } > 1
                if isAmbiguous { continue }
                let state = try bench.run(sketch, request)
                if let (place, isReply) = find(tuple) {
                    if isReply { model[place].hasAnswer = true }
                    model[place].hasSecond = true
                    let seconds: UInt64 = model[place].hasAnswer ? 30 : 60
                    model[place].expiry = bench.now + seconds * 1000
                    if request.hasMark { model[place].mark = request.mark }
                    let base = model[place].hasAnswer ? est : new
                    let wanted = base | (isReply ? 8 : 0)
                    #expect(state & 0x3f == wanted, "step \(step)")
                    #expect(bench.verdict.mark == model[place].mark)
                    if isReply { answered += 1 }
                } else {
                    #expect(state & 0x3f == new, "step \(step)")
                    let isCreated = bench.verdict.didCreate
                    if !commits { #expect(!isCreated) }
                    if isCreated {
                        var reply = tuple.reversed
                        if usesNAT {
                            reply.destination = bench.source
                            reply.destinationPort = bench.transport.network16(at: 0)
                            #expect(find(reply) == nil, "step \(step): reply tuple taken")
                        }
                        model.append(
                            ModelConnection(
                                original: tuple, reply: reply, expiry: bench.now + 60_000,
                                mark: request.hasMark ? request.mark : 0))
                    } else if commits {
                        #expect(bench.verdict.outcome != .done)
                    }
                }
                #expect(bench.isSound)
            }
        }
        #expect(answered > 100)
        let live = bench.entries()
        #expect(live.count == model.filter { bench.now < $0.expiry }.count)
        for entry in live {
            let twin = model.first { $0.original == entry.original && bench.now < $0.expiry }
            #expect(twin?.reply == entry.reply)
            #expect(twin?.mark == entry.mark)
        }
        bench.table.flush()
        #expect(bench.table.connectionCount == 0)
        #expect(bench.table.state.pointee.index.count == 0)
        #expect(bench.table.halfOpenCount == 0)
    }
}
