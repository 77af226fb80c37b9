// Records must never outlive or outreach what they were judged from: NAT without a connection,
// changes that are being written, fragments that pass more than one ct().

import Bounded
import Conntrack
import Flow
import PacketBuffer
import Pipeline
import TestSupport
import Testing

@testable import Datapath

@Suite struct RecordSafetyTests {
    static func match(_ set: (inout FlowMatch) -> Void) -> FlowMatch {
        var match = FlowMatch()
        set(&match)
        return match
    }

    /// ct(nat) on packets without a connection: their records depend on an absence, whose number is
    /// no connection's.
    @Test func natOfAPacketWithoutAConnectionTouchesNone() throws {
        let rig = try EngineRig(connections: 16)
        let back = Act.ct(zone: 1, table: 1, nat: true)
        rig.add(
            priority: 1, Self.match { $0.set(.ethType, to: 0x0800) }, [back.0], blocks: [back.1])
        rig.add(table: 1, priority: 1, FlowMatch(), [Act.output(2)])
        for number in 0..<300 as Range<UInt16> {
            let frame = Frames.udp(from: [10, 0, 0, 1], 1000 + number, to: [10, 0, 0, 2], 53)
            for _ in 0..<2 {
                let sent = rig.send(frame, port: 1)
                #expect(sent.count == 1 && sent.first?.frame == frame)
            }
        }
        #expect(rig.counters.recordHits == 300)
    }

    /// A packet that comes between the writing of a change and its publication is judged by the old
    /// version, and its record must know that the change is yet to come.
    @Test func aRecordMadeWhileAChangeIsWrittenIsJudgedAgain() throws {
        let rig = try EngineRig()
        let all = FlowMatch()
        let old = rig.add(priority: 1, all, [Act.output(2)])
        let frame = Frames.udp(from: [10, 0, 0, 1], 1, to: [10, 0, 0, 2], 53)
        let next = rig.pipeline.pointee.version + 1
        old.pointee.removeVersion = next
        rig.pipeline.pointee.changes.append(version: next, bridge: 0, table: 0, match: all)
        #expect(rig.send(frame, port: 1).map(\.port) == [2])
        #expect(rig.send(frame, port: 1).map(\.port) == [2])
        rig.pipeline.publish(version: next)
        #expect(rig.send(frame, port: 1).isEmpty)
        #expect(rig.send(frame, port: 1).isEmpty)
    }

    /// A change that needs more entries than the log has.
    @Test func aChangeLargerThanTheLogHasEverythingJudgedAgain() throws {
        let rig = try EngineRig()
        let all = FlowMatch()
        let old = rig.add(priority: 1, all, [Act.output(2)])
        let frame = Frames.udp(from: [10, 0, 0, 1], 1, to: [10, 0, 0, 2], 53)
        #expect(rig.send(frame, port: 1).map(\.port) == [2])
        let next = rig.pipeline.pointee.version + 1
        old.pointee.removeVersion = next
        rig.pipeline.pointee.changes.append(version: next, bridge: 0, table: 0, match: all)
        let other = Self.match { $0.set(.inPort, to: 4) }
        for _ in 0..<ChangeLog.capacity {
            rig.pipeline.pointee.changes.append(version: next, bridge: 0, table: 9, match: other)
        }
        #expect(rig.send(frame, port: 1).map(\.port) == [2])
        rig.pipeline.publish(version: next)
        #expect(rig.send(frame, port: 1).isEmpty)
    }

    private func fragmentRig() throws -> (EngineRig, FragmentTable) {
        let rig = try EngineRig()
        let fragments = try #require(FragmentTable(pool: rig.pool, isShared: false))
        rig.engine.state.pointee.fragments = fragments
        let track = Act.ct(zone: 1, table: 1)
        let ip = Self.match { $0.set(.ethType, to: 0x0800) }
        rig.add(priority: 1, ip, [track.0], blocks: [track.1])
        let commit = Act.ct(zone: 1, table: 2, commit: true)
        rig.add(table: 1, priority: 1, ip, [commit.0], blocks: [commit.1])
        let other = Act.ct(zone: 9, table: 3)
        rig.add(table: 2, priority: 1, ip, [other.0], blocks: [other.1])
        let state = FieldValue(0x21, byteCount: 4)
        rig.add(
            table: 3, priority: 2,
            Self.match {
                $0.set(.ctState, value: state, mask: state)
                $0.set(.ctZone, to: 9)
            }, [Act.output(2)])
        return (rig, fragments)
    }

    /// Fragments wait at each ct() on their way; nothing of them stays behind, and every fragment
    /// goes on with the verdict of the last one.
    @Test func fragmentsPassSeveralTrackers() throws {
        let (rig, fragments) = try fragmentRig()
        let whole = Frames.udp(
            from: [10, 0, 0, 1], 5000, to: [10, 0, 0, 2], 53,
            data: [UInt8](repeating: 7, count: 2900))
        let parts = Frames.fragments(of: whole, lengths: [1400, 1400, 108])
        let packets = rig.pool.available(.standard)
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            var sent: [[UInt8]] = []
            for index in order {
                let now = rig.send(parts[index], port: 1)
                #expect(now.allSatisfy { $0.port == 2 })
                sent += now.map(\.frame)
            }
            #expect(sent == parts)
            #expect(fragments.count == 0)
            #expect(rig.pool.available(.standard) == packets)
        }
        #expect(fragments.counters(isIPv6: false).overlapping == 0)
        // Nothing that stayed keeps others from expiring.
        #expect(rig.send(parts[0], port: 1).isEmpty)
        #expect(fragments.count == 1)
        rig.engine.expireFragments(now: rig.now + 60_000)
        #expect(fragments.count == 0)
        #expect(rig.pool.available(.standard) == packets)
    }

    /// check_pkt_larger, also behind a pushed tag: packets of one flow on both sides of the bound,
    /// in both orders, go where a fresh judgement sends them.
    @Test(arguments: [false, true], [false, true])
    func aRecordServesItsLengthsOnly(isPushed: Bool, isRising: Bool) throws {
        let rig = try EngineRig()
        let bit = BitRange(Field.reg0.info.location, offset: 0, count: 1)
        let push = [Instruction(.pushVLAN, b: 0x8100), Instruction(.setVLANVID, b: 5)]
        rig.add(
            priority: 1, FlowMatch(),
            (isPushed ? push : []) + [
                Instruction(.checkPacketLarger, c: 60, x: bit.packed), Act.resubmit(1),
            ])
        let larger = Self.match {
            $0.setBits(Field.reg0.info.location, value: 1, mask: 1)
        }
        rig.add(table: 1, priority: 2, larger, [Act.output(2)])
        rig.add(table: 1, priority: 1, FlowMatch(), [Act.output(3)])
        let lengths = Array(0...12)
        for extra in isRising ? lengths : lengths.reversed() {
            let frame = Frames.tcp(
                from: [10, 0, 0, 1], 1, to: [10, 0, 0, 2], 80, flags: 0x10,
                data: [UInt8](repeating: 0, count: extra))
            let length = frame.count + (isPushed ? 4 : 0)
            for _ in 0..<3 {
                #expect(rig.send(frame, port: 1).map(\.port) == [length > 60 ? 2 : 3])
            }
        }
        #expect(rig.counters.recordHits > 20)
    }

    /// A record of strangers' packets does not let one with a wrong checksum pass for new.
    @Test func aWrongChecksumIsInvalidBehindAnAbsenceToo() throws {
        let rig = try EngineRig()
        let track = Act.ct(zone: 1, table: 1)
        rig.add(
            priority: 1, Self.match { $0.set(.ethType, to: 0x0800) }, [track.0],
            blocks: [track.1])
        let new = FieldValue(0x21, byteCount: 4)
        rig.add(
            table: 1, priority: 1, Self.match { $0.set(.ctState, value: new, mask: new) },
            [Act.output(2)])
        var frame = Frames.udp(from: [10, 0, 0, 1], 1, to: [10, 0, 0, 2], 53)
        for _ in 0..<3 { #expect(rig.send(frame, port: 1).map(\.port) == [2]) }
        #expect(rig.counters.recordHits == 2)
        frame[45] ^= 1
        #expect(rig.send(frame, port: 1, isVouched: false).isEmpty)
        frame[45] ^= 1
        #expect(rig.send(frame, port: 1, isVouched: false).map(\.port) == [2])
    }
}
