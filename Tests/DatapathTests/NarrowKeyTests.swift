// Narrow keys: what they leave out and when, and a simulation in which rules that look deeper come
// and go while packets flow, beside an engine that keeps no records.

import Flow
import PacketBuffer
import Pipeline
import TestSupport
import Testing

@testable import Datapath

@Suite struct NarrowKeyTests {
    static func match(_ set: (inout FlowMatch) -> Void) -> FlowMatch {
        var match = FlowMatch()
        set(&match)
        return match
    }
    static let telnet = match {
        $0.set(.ethType, to: 0x0800)
        $0.set(.ipProtocol, to: 6)
        $0.set(.tcpDestination, to: 23)
    }

    private func frame(_ number: Int, to port: UInt16 = 80, flags: UInt8 = 0x10) -> [UInt8] {
        Frames.tcp(
            from: [10, 0, 0, UInt8(number)], 1000, to: [10, 0, 0, 9], port, flags: flags)
    }

    private func count(of rig: EngineRig, isNarrow: Bool) -> Int {
        rig.engine.dumpRecords(limit: 1000, now: rig.now).filter { $0.isNarrow == isNarrow }.count
    }

    /// One record serves all that differs behind the Ethertype only: SYN and fragments, too.
    @Test func oneRecordServesAllPacketsOfAnAddress() throws {
        let rig = try EngineRig()
        rig.add(priority: 1, FlowMatch(), [Act.output(2)])
        for number in 1...40 { #expect(rig.send(frame(number), port: 1).map(\.port) == [2]) }
        #expect(rig.send(frame(1, flags: 0x02), port: 1).map(\.port) == [2])
        let whole = Frames.udp(
            from: [10, 0, 0, 1], 1, to: [10, 0, 0, 2], 2, data: [UInt8](repeating: 1, count: 1500))
        for part in Frames.fragments(of: whole, lengths: [1400, 120]) {
            #expect(rig.send(part, port: 1).map(\.port) == [2])
        }
        #expect(rig.counters.judged == 1 && rig.counters.recordHits == 42)
        #expect(count(of: rig, isNarrow: true) == 1 && count(of: rig, isNarrow: false) == 0)
    }

    /// A malformed packet is treated like the others of its addresses by rules that see no deeper.
    @Test func whatIsBehindTheEthertypeMayBeAnything() throws {
        let rig = try EngineRig()
        rig.add(priority: 1, Self.match { $0.set(.ethType, to: 0x0800) }, [Act.output(2)])
        var malformed = frame(1)
        malformed[14] = 0x21
        for _ in 0..<2 {
            #expect(rig.send(malformed, port: 1).map(\.port) == [2])
            #expect(rig.send(frame(2), port: 1).map(\.port) == [2])
        }
        #expect(rig.counters.recordHits == 3)
    }

    /// Tags and the port are in the key.
    @Test func tagsAndPortsAreKept() throws {
        let rig = try EngineRig()
        rig.add(
            priority: 2, Self.match { $0.set(.dlVLAN, to: 5) }, [Act.output(3)])
        rig.add(priority: 2, Self.match { $0.set(.inPort, to: 4) }, [Act.output(1)])
        rig.add(priority: 1, FlowMatch(), [Act.output(2)])
        var tagged = frame(1)
        tagged.insert(contentsOf: [0x81, 0, 0, 5], at: 12)
        for _ in 0..<3 {
            #expect(rig.send(tagged, port: 1).map(\.port) == [3])
            #expect(rig.send(frame(1), port: 1).map(\.port) == [2])
            #expect(rig.send(frame(1), port: 4).map(\.port) == [1])
            tagged[15] = 6
            #expect(rig.send(tagged, port: 1).map(\.port) == [2])
            tagged[15] = 5
        }
        #expect(rig.counters.judged == 4 && count(of: rig, isNarrow: true) == 4)
    }

    /// The first deep rule holds for the next packet; the sweep gives up what it made useless.
    @Test func keysAreWideWhileADeepRuleIsThere() throws {
        let rig = try EngineRig()
        rig.add(priority: 1, FlowMatch(), [Act.output(2)])
        for port in [80, 23] as [UInt16] {
            #expect(rig.send(frame(1, to: port), port: 1).map(\.port) == [2])
        }
        let rule = rig.add(priority: 9, Self.telnet, [Act.output(3)])
        for _ in 0..<2 {
            #expect(rig.send(frame(1, to: 80), port: 1).map(\.port) == [2])
            #expect(rig.send(frame(1, to: 23), port: 1).map(\.port) == [3])
        }
        #expect(count(of: rig, isNarrow: true) == 1 && count(of: rig, isNarrow: false) == 2)
        rig.engine.sweep(now: rig.now, budget: 64)
        #expect(count(of: rig, isNarrow: true) == 0 && count(of: rig, isNarrow: false) == 2)
        rig.remove(rule, match: Self.telnet)
        for port in [80, 23] as [UInt16] {
            #expect(rig.send(frame(1, to: port), port: 1).map(\.port) == [2])
        }
        #expect(count(of: rig, isNarrow: true) == 1)
    }

    /// A judgement that began with a narrow key keeps none if keys had to become wide meanwhile, as
    /// when a port's bridge gets a patch to another one.
    @Test func aJudgementDuringWhichKeysBecomeWideIsNotKept() throws {
        let rig = try EngineRig()
        rig.add(priority: 1, FlowMatch(), [Act.output(2)])
        _ = rig.send(frame(1), port: 1)
        let words = rig.engine.state.pointee.keys
        #expect(words[0] & RecordKey.narrowBit != 0 && rig.engine.keepsDepth(words))
        rig.pipeline.pointee.bridges[0]?.setNarrowKeys(false)
        #expect(!rig.engine.keepsDepth(words))
    }

    /// How long the segments of a super-packet are is behind the Ethertype.
    @Test func superPacketsHaveWideKeys() throws {
        let rig = try EngineRig()
        rig.add(priority: 1, FlowMatch(), [Act.output(2)])
        let bytes = frame(1)
        let batch = PacketBatch.allocate()
        defer { batch.deallocate() }
        for gsoType in [GSOType.none, GSOType.tcp4] {
            let packet = try #require(rig.pool.allocate(length: bytes.count))
            bytes.withUnsafeBytes {
                if let base = $0.baseAddress { _ = packet.assign(base, count: bytes.count) }
            }
            packet.metadata.pointee.inPort = 1
            packet.metadata.pointee.gsoType = gsoType
            packet.metadata.pointee.gsoSize = 1000
            batch.append(packet)
        }
        rig.engine.process(batch, now: rig.now)
        #expect(rig.drain().count == 2)
        #expect(count(of: rig, isNarrow: true) == 1 && count(of: rig, isNarrow: false) == 1)
    }

    /// What a narrow record tells of its key is its port, addresses, Ethertype and tags.
    @Test func aRecordTellsNoMoreThanItsKey() throws {
        let rig = try EngineRig()
        rig.add(priority: 1, FlowMatch(), [Act.output(2)])
        _ = rig.send(frame(1), port: 1)
        let info = try #require(rig.engine.dumpRecords(limit: 2, now: rig.now).first)
        #expect(info.isNarrow)
        #expect(Array(info.key[FlowLayout.ethSource...].prefix(6)) == [2, 0, 0, 0, 0, 1])
        #expect(Array(info.key[FlowLayout.ethType...].prefix(2)) == [8, 0])
        #expect(info.key[FlowLayout.ipFragment...].allSatisfy { $0 == 0 })
    }

    /// Switching with VLAN tags, resubmits, registers and meters; beside them, now and then, a rule
    /// that looks deeper.
    @Test(arguments: 0..<60 as Range<UInt64>)
    func deepRulesComeAndGo(seed: UInt64) throws { _ = try simulate(seed) }

    /// Runs do what they are for: keys change often, and records of both kinds serve.
    @Test func runsReachBothDepths() throws {
        var flips = 0
        var hits: [Bool: UInt64] = [:]
        for seed in 100..<130 as Range<UInt64> {
            let reach = try simulate(seed)
            flips += reach.flips
            hits.merge(reach.hits, uniquingKeysWith: +)
        }
        #expect(flips > 60)
        #expect(hits[true, default: 0] > 1000 && hits[false, default: 0] > 1000)
    }

    /// How often keys became narrow or wide, and the hits of narrow and of wide keys.
    private func simulate(_ seed: UInt64) throws -> (flips: Int, hits: [Bool: UInt64]) {
        var random = SeededRandom(seed ^ 0x4a11)
        let ports = 2 + random.below(3)
        let switches = try Lockstep(
            ports: ports, connections: 64, records: random.pick([8, 512]), seed: seed)
        for rig in [switches.kept, switches.fresh] { RuleGrammar.install(into: rig, ports: ports) }
        var grammar = RuleGrammar(seed: seed, ports: ports)
        switches.add(priority: 1, FlowMatch()) { ([Act.output(ReservedOpenFlowPort.normal)], []) }
        var flips = 0
        var wasNarrow = true
        var hits: [Bool: UInt64] = [:]
        for step in 0..<1200 {
            switch random.below(120) {
            case 0, 1: add(grammar.rule(), to: switches)
            case 2: add(shallow(&random, Int32(1000 + step), ports), to: switches)
            case 3..<5 where switches.rules.count > 1:
                switches.remove(at: 1 + random.below(switches.rules.count - 1))
            case 6: switches.advance(milliseconds: random.pick([1, 1100, 15_000, 90_000]))
            default:
                let source = 1 + random.below(4)
                let bytes = packet(from: UInt8(source), &random)
                // Addresses stay where they are, mostly.
                let place = random.chance(3) ? random.below(ports) : source % ports
                let before = switches.kept.counters.recordHits
                let sent = switches.send(bytes, port: UInt32(1 + place))
                #expect(sent != nil, "seed \(seed), step \(step)")
                hits[wasNarrow, default: 0] += switches.kept.counters.recordHits - before
            }
            let isNarrow = switches.kept.pipeline.hasNarrowKeys(port: 1)
            if isNarrow != wasNarrow { flips += 1 }
            wasNarrow = isNarrow
        }
        for rig in [switches.kept, switches.fresh] { rig.engine.flushCounters() }
        for rule in switches.rules {
            #expect(rule.kept.pointee.packetCount == rule.fresh.pointee.packetCount)
            #expect(rule.kept.pointee.byteCount == rule.fresh.pointee.byteCount)
        }
        return (flips, hits)
    }

    private func add(_ text: RuleText, to switches: Lockstep) {
        switches.add(table: text.table, priority: text.priority, text.match, text.make)
    }

    private func shallow(
        _ random: inout SeededRandom, _ priority: Int32, _ ports: Int
    ) -> RuleText {
        let table = UInt8(random.below(2))
        let port = UInt32(1 + random.below(ports))
        let register = UInt64(random.below(2))
        let kind = random.below(6)
        let match = Self.match {
            if random.chance(30) { $0.set(.inPort, to: UInt64(1 + random.below(ports))) }
            if random.chance(40) {
                $0.set(.ethDestination, to: 0x0200_0000_0000 | UInt64(1 + random.below(4)))
            }
            if random.chance(20) { $0.set(.ethType, to: random.pick([0x0800, 0x86dd])) }
            if random.chance(20) { $0.set(.dlVLAN, to: UInt64(5 + random.below(2))) }
            if table == 1 && random.chance(40) { $0.set(.reg0, to: register) }
        }
        return RuleText(table: table, priority: priority, match: match) {
            switch kind {
            case 0: return ([Act.output(port)], [])
            case 1: return ([Instruction(.meter, c: 1), Act.output(port)], [])
            case 2:
                return (
                    [
                        Instruction(.pushVLAN, b: 0x8100), Instruction(.setVLANVID, b: 6),
                        Act.output(ReservedOpenFlowPort.normal),
                    ], []
                )
            case 3 where table == 0:
                let bits = BitRange(Field.reg0.info.location, offset: 0, count: 2)
                let source = BitRange(Field.inPort.info.location, offset: 0, count: 2)
                return (
                    [Instruction(.move, x: bits.packed, y: source.packed), Act.resubmit(1)], []
                )
            case 4: return ([Instruction(.stripVLAN), Act.output(port)], [])
            default: return ([Act.output(ReservedOpenFlowPort.normal)], [])
            }
        }
    }

    private func packet(from source: UInt8, _ random: inout SeededRandom) -> [UInt8] {
        let target = UInt8(1 + random.below(4))
        var bytes =
            random.chance(50)
            ? Frames.udp(
                from: [10, 0, 0, source], UInt16(2000 + random.below(2)), to: [10, 0, 0, target],
                random.pick([53, 54]), macs: (target, source))
            : Frames.tcp(
                from: [10, 0, 0, source], UInt16(2000 + random.below(2)), to: [10, 0, 0, target],
                random.pick([80, 443]), flags: random.pick([0x10, 0x02, 0x18]),
                macs: (target, source))
        if random.chance(20) { bytes = Frames.ipv6Twin(of: bytes) }
        if random.chance(25) {
            bytes.insert(contentsOf: [0x81, 0, 0, UInt8(5 + random.below(2))], at: 12)
        }
        if random.chance(6) { bytes[14 + random.below(bytes.count - 14)] ^= 0x55 }
        return bytes
    }
}
