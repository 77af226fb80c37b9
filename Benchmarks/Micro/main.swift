// `./bench micro`: cycles per packet of each step of the hit path, for 1,000 and 1,000,000 UDP
// connections in random order, one zone. The steps are timed apart on batches of 32; "whole" is the
// engine's own batch with everything in it. Then cycles per new connection, which the pipeline
// judges, for 100 and 10,000 rules. Each is the median over batches: what else the machine does
// counts little.

import Bounded
import CIntrinsics
import Conntrack
import DPDK
import Datapath
import Flow
import Glibc
import PacketBuffer
import Pipeline
import TestSupport

/// Connection number n as addresses and ports, written over a template frame.
func write(_ number: Int, isReply: Bool, into packet: PacketBuffer) {
    let data = packet.data
    let client = UInt32(0x0a00_0000) + UInt32(number >> 8)
    let port = UInt16(1024 + number & 0xff)
    let server: UInt32 = 0xc0a8_0001
    func put32(_ value: UInt32, _ offset: Int) {
        data.storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt32.self)
    }
    func put16(_ value: UInt16, _ offset: Int) {
        data.storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt16.self)
    }
    put32(isReply ? server : client, 26)
    put32(isReply ? client : server, 30)
    put16(isReply ? 53 : port, 34)
    put16(isReply ? port : 53, 36)
    put16(0, 24)
    put16(Frames.sum(Array(UnsafeRawBufferPointer(start: data + 14, count: 20))), 24)
    put16(0, 40)
    packet.metadata.pointee.inPort = isReply ? 2 : 1
    packet.metadata.pointee.flags = .checksumValid
}

/// One zone: new from port 1 is committed, established passes both ways.
func makeRig(connections: Int, paths: Int = 64) throws(RigError) -> EngineRig {
    let rig = try EngineRig(
        connections: connections + connections / 4, records: connections * 2 + connections / 2,
        paths: paths)
    let track = Act.ct(zone: 1, table: 1)
    var ip = FlowMatch()
    ip.set(.ethType, to: 0x0800)
    rig.add(priority: 100, ip, [track.0], blocks: [track.1])
    func state(_ bits: UInt64, port: UInt64) -> FlowMatch {
        var match = FlowMatch()
        let value = FieldValue(bits, byteCount: 4)
        match.set(.ctState, value: value, mask: value)
        match.set(.inPort, to: port)
        return match
    }
    let commit = Act.ct(zone: 1, commit: true)
    rig.add(
        table: 1, priority: 200, state(0x21, port: 1), [commit.0, Act.output(2)],
        blocks: [commit.1])
    rig.add(table: 1, priority: 300, state(0x22, port: 1), [Act.output(2)])
    rig.add(table: 1, priority: 300, state(0x22, port: 2), [Act.output(1)])
    return rig
}

/// A batch of 32 packets that are written anew each round, so that only tables are cold.
struct Round {
    let rig: EngineRig
    let batch = PacketBatch.allocate()

    func fill(_ numbers: (Int) -> (Int, Bool)) {
        let template = Frames.udp(from: [10, 0, 0, 1], 1, to: [192, 168, 0, 1], 53)
        for index in 0..<32 {
            guard let packet = rig.pool.allocate(length: 64) else { return }
            template.withUnsafeBytes { bytes in
                if let base = bytes.baseAddress { _ = packet.assign(base, count: bytes.count) }
            }
            let (number, isReply) = numbers(index)
            write(number, isReply: isReply, into: packet)
            batch.append(packet)
        }
    }

    func discard() {
        for index in 0..<batch.count { rig.pool.free(batch[index]) }
        batch.removeAll()
    }
}

func run(connections: Int, rounds: Int) throws(RigError) {
    let rig = try makeRig(connections: connections)
    let round = Round(rig: rig)
    // Three passes establish every connection and make both records.
    for pass in 0..<4 {
        for start in stride(from: 0, to: connections, by: 32) {
            round.fill { (min(start + $0, connections - 1), pass % 2 == 1) }
            rig.engine.process(round.batch, now: rig.now)
            for packet in rig.drainPackets() { rig.pool.free(packet) }
        }
    }
    var seed: UInt64 = 88_172_645_463_325_252
    func next() -> UInt64 {
        seed ^= seed << 13
        seed ^= seed >> 7
        seed ^= seed << 17
        return seed
    }
    var steps: [String: Samples] = [:]
    func time(_ name: String, _ body: () -> Void) {
        let start = vd_rdtsc()
        body()
        steps[name, default: Samples()].add(vd_rdtsc() - start)
    }
    let keys = UnsafeMutableRawPointer.allocate(byteCount: 32 * 64, alignment: 64)
        .bindMemory(to: UInt64.self, capacity: 256)
    let facts = UnsafeMutablePointer<PacketFacts>.allocate(capacity: 32)
    let hashes = UnsafeMutablePointer<UInt64>.allocate(capacity: 32)
    let slots = UnsafeMutablePointer<UInt32>.allocate(capacity: 32)
    let records = rig.engine.state.pointee.records
    let conntrack = rig.engine.state.pointee.conntrack
    let hitsBefore = rig.counters.recordHits
    var found = 0
    for number in 0..<rounds {
        if number % 1024 == 0 { rig.now += 1 }
        round.fill { _ in (Int(next() % UInt64(connections)), next() & 1 == 1) }
        time("extract") {
            for index in 0..<32 {
                facts[index] = RecordKey.make(
                    round.batch[index], vlanLimit: 1, keepsFlags: false, into: keys + index * 8)
            }
        }
        time("hash") {
            for index in 0..<32 {
                hashes[index] = records.hash(of: keys + index * 8)
                records.index.prefetch(hashes[index])
            }
        }
        time("probe") {
            for index in 0..<32 {
                slots[index] = records.find(hashes[index], keys + index * 8) ?? .max
            }
        }
        for index in 0..<32 where slots[index] != .max {
            found += 1
            conntrack.prefetch(records.records[Int(slots[index])].dependency0.index)
        }
        time("conntrack") {
            for index in 0..<32 where slots[index] != .max {
                let dependency = records.records[Int(slots[index])].dependency0
                _ = conntrack.touch(
                    dependency.index, generation: dependency.generation,
                    isReply: round.batch[index].metadata.pointee.inPort == 2,
                    facts: ConntrackPacketFacts(), now: rig.now)
            }
        }
        round.discard()
    }
    for number in 0..<rounds {
        if number % 1024 == 0 { rig.now += 1 }
        round.fill { _ in (Int(next() % UInt64(connections)), next() & 1 == 1) }
        time("whole") { rig.engine.process(round.batch, now: rig.now) }
        for packet in rig.drainPackets() { rig.pool.free(packet) }
    }
    let packets = UInt64(rounds * 32)
    let hits = rig.counters.recordHits - hitsBefore
    var line = "\(connections) connections:"
    var rest = 0
    for name in ["extract", "hash", "probe", "conntrack", "whole"] {
        let cycles = steps[name]?.median ?? 0
        line += "  \(name) \(cycles)"
        rest = name == "whole" ? cycles - rest : rest + cycles
    }
    print(line + "  (execute and rest \(rest))  cycles a packet")
    print("  records found \(found) of \(packets), served \(hits) of \(packets)")
}

/// Cycles of batches of 32.
struct Samples {
    private var counts: [UInt64] = []

    mutating func add(_ cycles: UInt64) { counts.append(cycles) }

    /// The median, for a packet.
    var median: Int { counts.isEmpty ? 0 : Int(counts.sorted()[counts.count / 2] / 32) }
}

/// A policy's rule: a block of sources and sixteen ports, with masks of four kinds.
func permit(_ rule: Int) -> FlowMatch {
    let hostBits = [10, 8, 6, 4][rule & 3]
    let portBits = [1, 2, 4, 3][rule & 3]
    var match = FlowMatch()
    match.set(.ethType, to: 0x0800)
    match.set(.ipProtocol, to: 17)
    match.setBits(
        Field.ipv4Source.info.location, value: UInt64(0x0a00_0000 + rule << 10),
        mask: UInt64(UInt32.max << UInt32(hostBits)))
    match.setBits(
        Field.udpDestination.info.location, value: UInt64(1024 + (rule << 4 & 0x7ff0)),
        mask: UInt64(UInt16.max << UInt16(portBits)))
    match.setBits(Field.ctState.info.location, value: 0x21, mask: 0x21)
    match.set(.inPort, to: 1)
    return match
}

func runNew(rules: Int, rounds: Int) throws(RigError) {
    let total = rounds * 32
    let rig = try makeRig(connections: total, paths: 2 * rules + 64)
    for rule in 0..<rules {
        let commit = Act.ct(zone: 1, commit: true)
        rig.add(
            table: 1, priority: 250, permit(rule), [commit.0, Act.output(2)], blocks: [commit.1])
    }
    let round = Round(rig: rig)
    var cycles = Samples()
    var expiry: UInt64 = 0
    // The first pass touches all memory for the first time.
    for number in 0..<2 * rounds {
        if number == rounds {
            rig.now += 600_000
            expiry = vd_rdtsc()
            while rig.engine.state.pointee.conntrack.expire(now: rig.now) > 0 {}
            expiry = vd_rdtsc() - expiry
            cycles = Samples()
        }
        if number % 64 == 0 { rig.now += 1 }
        round.fill { _ in (0, false) }
        for index in 0..<32 {
            let connection = number % rounds * 32 + index
            // Each rule as often as the others, in no order that a cache could learn.
            let rule = connection % rules &* 7919 % rules
            let data = round.batch[index].data
            let source = UInt32(0x0a00_0000 + rule << 10 + connection / rules & 15)
            data.storeBytes(of: source.bigEndian, toByteOffset: 26, as: UInt32.self)
            let port = UInt16(1024 + connection / rules >> 4 & 0x7fff)
            data.storeBytes(of: port.bigEndian, toByteOffset: 34, as: UInt16.self)
            let service = UInt16(1024 + (rule << 4 & 0x7ff0))
            data.storeBytes(of: service.bigEndian, toByteOffset: 36, as: UInt16.self)
            data.storeBytes(of: 0, toByteOffset: 24, as: UInt16.self)
            let header = Array(UnsafeRawBufferPointer(start: data + 14, count: 20))
            data.storeBytes(of: Frames.sum(header).bigEndian, toByteOffset: 24, as: UInt16.self)
        }
        let start = vd_rdtsc()
        rig.engine.process(round.batch, now: rig.now)
        cycles.add(vd_rdtsc() - start)
        for packet in rig.drainPackets() { rig.pool.free(packet) }
    }
    let made = rig.engine.state.pointee.conntrack.state.pointee.counters.created
    print(
        "\(rules) rules: new connection \(cycles.median) cycles, "
            + "expired connection \(expiry / UInt64(total)) cycles")
    print("  connections made \(made) of \(2 * total)")
}

do {
    let words = CommandLine.arguments
    if words.count == 5, words[1] == "stages", let connections = Int(words[4]) {
        try runStages(plugin: words[2], file: words[3], connections: connections)
    } else {
        try runNew(rules: 100, rounds: 30_000)
        try runNew(rules: 10_000, rounds: 30_000)
        try run(connections: 1_000, rounds: 20_000)
        try run(connections: 1_000_000, rounds: 40_000)
    }
} catch let error as DPDKError {
    print("microbench: \(error.description)")
    exit(1)
} catch {
    print("microbench: out of memory")
    exit(1)
}
