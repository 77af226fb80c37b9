// A small grammar of rules for the simulation: what tenants' and controllers' pipelines are made
// of, thrown together at random. Every rule can be made twice, once for each switch.

import Flow
import Pipeline
import TestSupport

/// A rule to be made.
struct RuleText {
    var table: UInt8
    var priority: Int32
    var match: FlowMatch
    var make: () -> ([Instruction], [UnsafeMutableRawPointer])
}

struct RuleGrammar {
    var random: SeededRandom
    let ports: Int
    private var lastPriority: Int32 = 100

    init(seed: UInt64, ports: Int) {
        random = SeededRandom(seed ^ 0xabcdef)
        self.ports = ports
    }

    /// Rules that let conversations happen: connections from even ports, answers to them,
    /// switching.
    mutating func base() -> [RuleText] {
        let zone = UInt16(1 + random.below(3))
        let isTranslated = random.chance(50)
        let ip = Self.match { $0.set(.ethType, to: 0x0800) }
        let normal = ReservedOpenFlowPort.normal
        var rules = [
            RuleText(table: 0, priority: 1, match: FlowMatch()) { ([Act.output(normal)], []) },
            RuleText(table: 0, priority: 10, match: ip) {
                let ct = Act.ct(zone: zone, table: 1, nat: isTranslated)
                return ([ct.0], [ct.1])
            },
            RuleText(table: 1, priority: 10, match: Self.state(0x22, mask: 0x32)) {
                ([Act.output(normal)], [])
            },
            RuleText(table: 1, priority: 5, match: Self.state(0x30, mask: 0x30)) { ([], []) },
        ]
        rules.append(
            RuleText(table: 1, priority: 8, match: Self.state(0x21, mask: 0x31)) {
                let ct = Act.ct(
                    zone: zone, commit: true, sourceNAT: isTranslated ? 0xac10_0001 : nil)
                return ([ct.0, Act.output(normal)], [ct.1])
            })
        return rules
    }

    /// One more rule, of its own priority, anywhere.
    mutating func rule() -> RuleText {
        lastPriority += 1
        let table = UInt8(random.pick([0, 0, 0, 1, 1, 2, 3]))
        return RuleText(
            table: table, priority: lastPriority, match: match(table: table), make: actions(table))
    }

    private static func match(_ fill: (inout FlowMatch) -> Void) -> FlowMatch {
        var match = FlowMatch()
        fill(&match)
        return match
    }

    private static func state(_ bits: UInt64, mask: UInt64) -> FlowMatch {
        match {
            $0.set(
                .ctState, value: FieldValue(bits, byteCount: 4),
                mask: FieldValue(mask, byteCount: 4))
        }
    }

    private mutating func match(table: UInt8) -> FlowMatch {
        var match = FlowMatch()
        if random.chance(35) { match.set(.inPort, to: UInt64(1 + random.below(ports))) }
        if random.chance(15) {
            match.set(.ethType, to: 0x86dd)
            if random.chance(50) { match.set(.ipProtocol, to: random.pick([6, 17])) }
        } else if random.chance(80) {
            match.set(.ethType, to: 0x0800)
            switch random.below(9) {
            case 0:
                match.set(.ipProtocol, to: 6)
                match.set(.tcpDestination, to: random.pick([80, 443]))
            case 1:
                match.set(.ipProtocol, to: 17)
                match.setBits(
                    Field.udpDestination.info.location, value: 53,
                    mask: random.pick([0xffff, 0x0001]))
            case 2: match.set(.ipv4Destination, to: UInt64(SimulatedHost.address(random.below(6))))
            case 3:
                match.setBits(
                    Field.ipv4Source.info.location,
                    value: UInt64(SimulatedHost.address(random.below(6))), mask: 0xffff_fffe)
            case 4: match.set(.ipTTL, to: random.pick([64, 63]))
            default: break
            }
        }
        if table > 0 && random.chance(40) {
            let bits: UInt64 = random.pick([0x21, 0x22, 0x2a, 0x20])
            match.set(
                .ctState, value: FieldValue(bits, byteCount: 4),
                mask: FieldValue(bits, byteCount: 4))
        }
        if table > 1 && random.chance(6) && match.bits(of: .ipProtocol).value == 6 {
            match.setBits(Field.tcpFlags.info.location, value: 0x10, mask: random.pick([0x10, 2]))
        }
        if table > 0 && random.chance(20) { match.set(.reg0, to: UInt64(random.below(3))) }
        if table > 0 && random.chance(10) { match.set(.ctMark, to: UInt64(random.below(3))) }
        return match
    }

    private mutating func actions(
        _ table: UInt8
    ) -> () -> ([Instruction], [UnsafeMutableRawPointer]) {
        let port = UInt32(1 + random.below(ports))
        let other = UInt32(1 + random.below(ports))
        let next = table &+ 1
        let zone = UInt16(1 + random.below(3))
        let register = UInt64(random.below(3))
        let mark = FlowLayout.reg / 8
        switch random.below(20) {
        case 0: return { ([], []) }
        case 1: return { ([Act.output(port)], []) }
        case 2: return { ([Act.output(port), Act.output(other)], []) }
        case 3: return { ([Act.output(ReservedOpenFlowPort.normal)], []) }
        case 4: return { ([Instruction(.decrementTTL), Act.output(port)], []) }
        case 5:
            return {
                (
                    [
                        Instruction(.pushVLAN, b: 0x8100),
                        Instruction(.setVLANVID, b: UInt16(5 + register)), Act.output(port),
                        Instruction(.stripVLAN), Act.output(other),
                    ], []
                )
            }
        case 6 where table < 3:
            return {
                // reg0 is the first half of the word, in network order.
                let value = UInt64(UInt32(register).bigEndian)
                return (
                    [
                        Instruction(
                            .setWord, a: UInt8(mark), x: value, y: UInt64(UInt32.max)),
                        Act.resubmit(next),
                    ], []
                )
            }
        case 7 where table < 3: return { ([Act.resubmit(next), Act.output(port)], []) }
        case 8 where table < 3:
            return {
                let ct = Act.ct(zone: zone, table: next)
                return ([ct.0], [ct.1])
            }
        case 9:
            return {
                let ct = Act.ct(zone: zone, commit: true)
                return ([ct.0, Act.output(port)], [ct.1])
            }
        case 10 where table < 3:
            return {
                let ct = Act.ct(zone: zone, table: next, commit: true, sourceNAT: 0xac10_0002)
                return ([ct.0], [ct.1])
            }
        case 11: return { ([Instruction(.group, c: 1 + UInt32(register)), Act.output(port)], []) }
        case 12: return { ([Instruction(.meter, c: 1), Act.output(port)], []) }
        case 13:
            return {
                let body = UnsafeMutablePointer<Instruction>.allocate(capacity: 2)
                body.initialize(to: Instruction(.decrementTTL))
                (body + 1).initialize(to: Act.output(port))
                let clone = Instruction(.clone, c: 2, x: UInt64(UInt(bitPattern: body)))
                return ([clone, Act.output(other)], [UnsafeMutableRawPointer(body)])
            }
        case 14: return { Self.commit(zone: zone, mark: UInt32(register), force: false, port) }
        case 15: return { Self.commit(zone: zone, mark: nil, force: true, port) }
        case 16:
            // The longer packets of a flow go another way.
            let isPushed = random.chance(50)
            return {
                let bit = BitRange(Field.reg0.info.location, offset: 0, count: 1)
                let push = [Instruction(.pushVLAN, b: 0x8100), Instruction(.setVLANVID, b: 5)]
                return (
                    (isPushed ? push : []) + [
                        Instruction(.checkPacketLarger, c: 58, x: bit.packed),
                        Instruction(
                            .outputRegister,
                            x: BitRange(Field.reg0.info.location, offset: 0, count: 2).packed),
                        Act.output(other),
                    ], []
                )
            }
        case 17 where table < 3:
            return {
                let from = BitRange(Field.ipv4Source.info.location, offset: 0, count: 2)
                let to = BitRange(Field.reg0.info.location, offset: 0, count: 2)
                return ([Instruction(.move, x: to.packed, y: from.packed), Act.resubmit(next)], [])
            }
        case 18:
            return {
                let truncated = Instruction(.outputTruncated, c: port, x: 50)
                return ([truncated, Act.output(other)], [])
            }
        case 19 where table < 3:
            return { ([Instruction(.ctClear), Instruction(.resubmit, a: next, c: port)], []) }
        default: return { ([Act.output(port)], []) }
        }
    }

    /// `ct(commit,zone=…,exec(set_field:mark->ct_mark))`, then an output.
    private static func commit(
        zone: UInt16, mark: UInt32?, force: Bool, _ port: UInt32
    ) -> ([Instruction], [UnsafeMutableRawPointer]) {
        let operands = UnsafeMutablePointer<ConntrackOperands>.allocate(capacity: 1)
        operands.initialize(to: ConntrackOperands())
        operands.pointee.zone = zone
        operands.pointee.commit = true
        operands.pointee.force = force
        var blocks = [UnsafeMutableRawPointer(operands)]
        if let mark {
            let write = UnsafeMutablePointer<Instruction>.allocate(capacity: 1)
            // ct_mark is the second half of its word, in network order.
            write.initialize(
                to: Instruction(
                    .setWord, a: UInt8(FlowLayout.ctMark / 8),
                    x: UInt64(mark.bigEndian) << 32, y: UInt64(UInt32.max) << 32))
            operands.pointee.exec = write
            operands.pointee.execCount = 1
            blocks.append(UnsafeMutableRawPointer(write))
        }
        let ct = Instruction(.ct, x: UInt64(UInt(bitPattern: operands)))
        return ([ct, Act.output(port)], blocks)
    }

    /// Groups 1 to 3: all, select and fast failover over the ports; and meter 1.
    static func install(into rig: EngineRig, ports: Int) {
        let kinds: [GroupKind] = [.all, .select, .fastFailover]
        let groups = UnsafeMutablePointer<UnsafeMutablePointer<Group>>.allocate(capacity: 3)
        for (index, kind) in kinds.enumerated() {
            let buckets = UnsafeMutablePointer<GroupBucket>.allocate(capacity: ports)
            for port in 0..<ports {
                let list = UnsafeMutablePointer<Instruction>.allocate(capacity: 1)
                list.initialize(to: Act.output(UInt32(port + 1)))
                var bucket = GroupBucket(instructions: list, instructionCount: 1)
                bucket.weight = UInt16(10 + port)
                bucket.bucketID = UInt32(port)
                if kind == .fastFailover { bucket.watchPort = UInt32(port + 1) }
                (buckets + port).initialize(to: bucket)
            }
            let group = UnsafeMutablePointer<Group>.allocate(capacity: 1)
            group.initialize(
                to: Group(id: UInt32(index + 1), kind: kind, buckets: buckets, bucketCount: ports))
            (groups + index).initialize(to: group)
        }
        let list = UnsafeMutablePointer<GroupList>.allocate(capacity: 1)
        list.initialize(to: GroupList(count: 3, groups: groups))
        rig.pipeline.pointee.bridges[0]?.pointee.groups = list
        let band = UnsafeMutablePointer<MeterBand>.allocate(capacity: 1)
        band.initialize(to: MeterBand())
        band.pointee.rate = 20
        band.pointee.burst = 10
        let meter = UnsafeMutablePointer<Meter>.allocate(capacity: 1)
        meter.initialize(to: Meter(id: 1, countsPackets: true, bands: band, bandCount: 1))
        rig.pipeline.pointee.meters[0] = meter
    }
}
