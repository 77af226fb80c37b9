// The engine end to end without I/O: records, paths, conntrack, NAT, learning and re-judging.

import Flow
import Pipeline
import TestSupport
import Testing

@testable import Datapath

@Suite struct EngineTests {
    static let a: [UInt8] = [10, 0, 0, 1]
    static let b: [UInt8] = [10, 0, 0, 2]

    static func match(_ set: (inout FlowMatch) -> Void) -> FlowMatch {
        var match = FlowMatch()
        set(&match)
        return match
    }

    @Test func outputIsServedByARecordFromTheSecondPacketOn() throws {
        let rig = try EngineRig()
        let rule = rig.add(
            priority: 10, Self.match { $0.set(.inPort, to: 1) }, [Act.output(2)])
        let frame = Frames.udp(from: Self.a, 1, to: Self.b, 2)
        for _ in 0..<5 {
            let sent = rig.send(frame, port: 1)
            #expect(sent.count == 1 && sent.first?.port == 2 && sent.first?.frame == frame)
        }
        #expect(rig.counters.recordHits == 4)
        rig.engine.flushCounters()
        #expect(rule.pointee.packetCount == 5)
        #expect(rule.pointee.byteCount == UInt64(frame.count * 5))
    }

    @Test func aChangedRuleHoldsForTheNextPacket() throws {
        let rig = try EngineRig()
        let first = Self.match {
            $0.set(.ethType, to: 0x0800)
            $0.set(.ipProtocol, to: 17)
        }
        rig.add(priority: 10, first, [Act.output(2)])
        let frame = Frames.udp(from: Self.a, 1, to: Self.b, 53)
        _ = rig.send(frame, port: 1)
        _ = rig.send(frame, port: 1)
        // An unrelated rule leaves the record in place.
        rig.add(
            priority: 20,
            Self.match {
                $0.set(.ethType, to: 0x0800)
                $0.set(.ipProtocol, to: 17)
                $0.set(.udpDestination, to: 54)
            }, [Act.output(3)])
        #expect(rig.send(frame, port: 1).first?.port == 2)
        #expect(rig.counters.recordHits == 2)
        #expect(rig.counters.revalidated == 1)
        // A related one takes over at once, and gives way at once.
        let related = Self.match {
            $0.set(.ethType, to: 0x0800)
            $0.set(.ipProtocol, to: 17)
            $0.set(.udpDestination, to: 53)
        }
        let rule = rig.add(priority: 20, related, [Act.output(4)])
        #expect(rig.send(frame, port: 1).first?.port == 4)
        rig.remove(rule, match: related)
        #expect(rig.send(frame, port: 1).first?.port == 2)
    }

    @Test func normalLearnsAndStopsFlooding() throws {
        let rig = try EngineRig()
        rig.add(priority: 0, FlowMatch(), [Act.output(0xffff_fffa)])
        let there = Frames.udp(from: Self.a, 1, to: Self.b, 2, macs: (2, 1))
        let back = Frames.udp(from: Self.b, 2, to: Self.a, 1, macs: (1, 2))
        #expect(rig.send(there, port: 1).map(\.port).sorted() == [2, 3, 4])
        #expect(rig.send(back, port: 2).map(\.port) == [1])
        #expect(rig.send(there, port: 1).map(\.port) == [2])
        #expect(rig.send(there, port: 1).map(\.port) == [2])
        // The address moves: the record of the other direction must follow.
        #expect(rig.send(back, port: 3).map(\.port) == [1])
        #expect(rig.send(there, port: 1).map(\.port) == [3])
    }

    private func statefulRig() throws -> EngineRig {
        let rig = try EngineRig()
        let track = Act.ct(zone: 5, table: 1)
        rig.add(
            priority: 10, Self.match { $0.set(.ethType, to: 0x0800) }, [track.0],
            blocks: [track.1])
        func state(_ value: UInt64) -> FlowMatch {
            Self.match {
                $0.set(
                    .ctState, value: FieldValue(value, byteCount: 4),
                    mask: FieldValue(value, byteCount: 4))
            }
        }
        let commit = Act.ct(zone: 5, commit: true)
        rig.add(
            table: 1, priority: 5,
            Self.match {
                $0 = state(0x21)
                $0.set(.inPort, to: 1)
            }, [commit.0, Act.output(2)], blocks: [commit.1])
        rig.add(
            table: 1, priority: 10,
            Self.match {
                $0 = state(0x22)
                $0.set(.inPort, to: 1)
            }, [Act.output(2)])
        rig.add(
            table: 1, priority: 10,
            Self.match {
                $0 = state(0x22)
                $0.set(.inPort, to: 2)
            }, [Act.output(1)])
        return rig
    }

    @Test func repliesPassAndStrangersDoNot() throws {
        let rig = try statefulRig()
        let there = Frames.udp(from: Self.a, 1000, to: Self.b, 53)
        let back = Frames.udp(from: Self.b, 53, to: Self.a, 1000)
        // Before the request there is no connection, and what was denied is remembered as denied.
        #expect(rig.send(back, port: 2).isEmpty)
        #expect(rig.send(back, port: 2).isEmpty)
        #expect(rig.send(there, port: 1).map(\.port) == [2])
        #expect(rig.send(back, port: 2).map(\.port) == [1])
        for _ in 0..<10 {
            #expect(rig.send(there, port: 1).map(\.port) == [2])
            #expect(rig.send(back, port: 2).map(\.port) == [1])
        }
        #expect(rig.counters.recordHits >= 16)
        #expect(rig.send(Frames.udp(from: Self.b, 54, to: Self.a, 1000), port: 2).isEmpty)
    }

    @Test func tcpHandshakeDataAndAnOutOfWindowSegment() throws {
        let rig = try statefulRig()
        func forward(_ flags: UInt8, _ seq: UInt32, _ ack: UInt32, _ data: [UInt8] = []) -> Int {
            rig.send(
                Frames.tcp(
                    from: Self.a, 4000, to: Self.b, 80, flags: flags, sequence: seq,
                    acknowledgement: ack, data: data), port: 1
            ).count
        }
        func backward(_ flags: UInt8, _ seq: UInt32, _ ack: UInt32, _ data: [UInt8] = []) -> Int {
            rig.send(
                Frames.tcp(
                    from: Self.b, 80, to: Self.a, 4000, flags: flags, sequence: seq,
                    acknowledgement: ack, data: data), port: 2
            ).count
        }
        #expect(forward(0x02, 100, 0) == 1)
        #expect(backward(0x12, 900, 101) == 1)
        #expect(forward(0x10, 101, 901) == 1)
        var sequence: UInt32 = 101
        for _ in 0..<8 {
            #expect(forward(0x18, sequence, 901, [1, 2, 3, 4]) == 1)
            sequence += 4
            #expect(backward(0x10, 901, sequence) == 1)
        }
        #expect(rig.counters.recordHits >= 8)
        // Far outside the window: invalid, matches neither new nor established.
        #expect(forward(0x18, sequence &+ 50_000_000, 901, [9]) == 0)
        #expect(forward(0x18, sequence, 901, [5, 6]) == 1)
    }

    @Test func sourceNATGoesBothWaysOnTheFastPath() throws {
        let rig = try EngineRig()
        let public0: UInt32 = 0xc0a8_0101
        let out = Act.ct(zone: 1, table: 1, commit: true, sourceNAT: public0)
        rig.add(
            priority: 10,
            Self.match {
                $0.set(.inPort, to: 1)
                $0.set(.ethType, to: 0x0800)
            }, [out.0], blocks: [out.1])
        let back = Act.ct(zone: 1, table: 1, nat: true)
        rig.add(
            priority: 10,
            Self.match {
                $0.set(.inPort, to: 2)
                $0.set(.ethType, to: 0x0800)
            }, [back.0], blocks: [back.1])
        rig.add(table: 1, priority: 1, Self.match { $0.set(.inPort, to: 1) }, [Act.output(2)])
        rig.add(table: 1, priority: 1, Self.match { $0.set(.inPort, to: 2) }, [Act.output(1)])
        let there = Frames.udp(from: Self.a, 1000, to: Self.b, 53)
        let translated = Frames.udp(from: [192, 168, 1, 1], 1000, to: Self.b, 53)
        let answer = Frames.udp(from: Self.b, 53, to: [192, 168, 1, 1], 1000)
        let restored = Frames.udp(from: Self.b, 53, to: Self.a, 1000)
        for _ in 0..<6 {
            #expect(rig.send(there, port: 1).first?.frame == translated)
            #expect(rig.send(answer, port: 2).first?.frame == restored)
        }
        #expect(rig.counters.recordHits >= 6)
    }

    /// A program may be freed six seconds after its rule went, so a late resume must find nothing.
    @Test func aPausedPacketMayGoOnForFiveSecondsAndNoLonger() throws {
        let rig = try EngineRig()
        let operands = UnsafeMutablePointer<ControllerOperands>.allocate(capacity: 1)
        operands.initialize(to: ControllerOperands())
        operands.pointee.pause = true
        rig.add(
            priority: 1, FlowMatch(),
            [Instruction(.controller, x: UInt64(UInt(bitPattern: operands))), Act.output(2)],
            blocks: [UnsafeMutableRawPointer(operands)])
        let frame = Frames.udp(from: Self.a, 1, to: Self.b, 2)
        let key = [UInt8](repeating: 0, count: FlowLayout.byteCount)
        #expect(rig.send(frame, port: 1).isEmpty)
        #expect(rig.engine.resume(1, frame: frame, key: key, now: rig.now + 4_000))
        #expect(rig.drain().map(\.port) == [2])
        #expect(rig.send(frame, port: 1).isEmpty)
        #expect(!rig.engine.resume(2, frame: frame, key: key, now: rig.now + 5_000))
        #expect(rig.drain().isEmpty)
    }
}
