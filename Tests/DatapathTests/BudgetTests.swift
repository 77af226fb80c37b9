// What a port may take of its engine: records, judgements and packet-ins; others go on.

import Flow
import Pipeline
import TestSupport
import Testing

@testable import Datapath

@Suite struct BudgetTests {
    private static let a: [UInt8] = [10, 0, 0, 1]
    private static let b: [UInt8] = [10, 0, 0, 2]

    private static func rig() throws -> EngineRig {
        let rig = try EngineRig()
        var match = FlowMatch()
        match.set(.ethType, to: 0x0800)
        match.set(.ipProtocol, to: 17)
        rig.add(priority: 10, match, [Act.output(2)])
        return rig
    }

    /// A port whose records are used up is judged for each packet of further flows, and its
    /// records come back as they are given up.
    @Test func recordsEnd() throws {
        let rig = try Self.rig()
        rig.engine.setBudget(
            ofPort: 1, records: 3, judgementsPerSecond: 0, packetInsPerSecond: 0)
        for _ in 0..<2 {
            for port in UInt16(1)...5 {
                #expect(rig.send(Frames.udp(from: Self.a, port, to: Self.b, 9), port: 1).count == 1)
            }
        }
        let account = rig.engine.account(ofPort: 1)
        #expect(account.pointee.records == 3)
        #expect(account.pointee.recordsRefused == 4)
        #expect(rig.counters.recordHits == 3)
        // Another port's records are its own.
        for _ in 0..<2 { _ = rig.send(Frames.udp(from: Self.b, 1, to: Self.a, 9), port: 3) }
        #expect(rig.counters.recordHits == 4)
        rig.now += 20_000
        rig.engine.sweep(now: rig.now, budget: 100)
        #expect(account.pointee.records == 0)
        #expect(rig.engine.account(ofPort: 3).pointee.records == 0)
    }

    /// A port may open so many flows a second and no more; its known flows go on, and so do others.
    @Test func newFlowsEnd() throws {
        let rig = try Self.rig()
        rig.engine.setBudget(
            ofPort: 1, records: 0, judgementsPerSecond: 10, packetInsPerSecond: 0)
        let sent = (UInt16(1)...30).map {
            rig.send(Frames.udp(from: Self.a, $0, to: Self.b, 9), port: 1).count
        }
        #expect(sent.reduce(0, +) == 10)
        #expect(rig.engine.account(ofPort: 1).pointee.judgements.refused == 20)
        #expect(rig.counters.drops[Int(DropReason.missBudget.rawValue)] == 20)
        #expect(rig.send(Frames.udp(from: Self.a, 1, to: Self.b, 9), port: 1).count == 1)
        #expect(rig.send(Frames.udp(from: Self.b, 7, to: Self.a, 9), port: 3).count == 1)
        // Half a second brings half of them.
        rig.now += 500
        let more = (UInt16(101)...130).map {
            rig.send(Frames.udp(from: Self.a, $0, to: Self.b, 9), port: 1).count
        }
        #expect(more.reduce(0, +) == 5)
        #expect(rig.engine.effort.refused == 45)
    }

    /// A port may send so many packets a second to controllers, paused ones among them: those are
    /// kept in a ring where the oldest give way, so that one port's could push out another's.
    @Test(arguments: [false, true]) func packetInsEnd(pauses: Bool) throws {
        let rig = try EngineRig()
        let block = UnsafeMutablePointer<ControllerOperands>.allocate(capacity: 1)
        block.initialize(to: ControllerOperands())
        block.pointee.pause = pauses
        rig.add(
            priority: 1, FlowMatch(),
            [Instruction(.controller, x: UInt64(UInt(bitPattern: block)))],
            blocks: [UnsafeMutableRawPointer(block)])
        rig.engine.setBudget(
            ofPort: 1, records: 0, judgementsPerSecond: 0, packetInsPerSecond: 3)
        let buffers = rig.pool.available(.standard)
        for port in UInt16(1)...10 {
            _ = rig.send(Frames.udp(from: Self.a, port, to: Self.b, 9), port: 1)
            _ = rig.send(Frames.udp(from: Self.b, port, to: Self.a, 9), port: 2)
        }
        #expect(rig.counters.drops[Int(DropReason.packetInBudget.rawValue)] == 7)
        #expect(rig.engine.account(ofPort: 1).pointee.packetIns.refused == 7)
        #expect(rig.engine.account(ofPort: 2).pointee.packetIns.refused == 0)
        let saved = rig.engine.state.pointee.continuations.slots
        let kept = (0..<ContinuationTable.capacity).count { saved[$0].serial != 0 }
        #expect(kept == (pauses ? 13 : 0))
        #expect(rig.pool.available(.standard) == buffers)
    }

    /// Tokens never add up to more than a second's, however long nobody asks.
    @Test func rateHoldsASecond() {
        var account = RateAccount()
        account.set(rate: 1000, now: 0)
        var taken = 0
        for _ in 0..<5000 where account.take(now: 1 << 40) { taken += 1 }
        #expect(taken == 1000)
        for _ in 0..<5000 where account.take(now: 1 << 41) { taken += 1 }
        #expect(taken == 2000)
        account.set(rate: 0, now: 0)
        #expect((0..<5000).allSatisfy { _ in account.take(now: 1 << 41) })
    }
}
