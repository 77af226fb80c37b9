// `microbench stages PLUGIN FILE CONNECTIONS`: cycles per packet by stage, with the traffic
// device's ports opened as the switch opens them. Each stage does what the one before does and
// more, and then sends the packets on: the difference of two neighbours is what a stage adds to
// the whole. Benchmarks/Peer/stages.py sets the device up, measures the floor and reads the lines.

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

/// How far packets go.
enum Stage: Int, CaseIterable {
    /// Received and sent through the device layer.
    case io
    /// Their keys are made and hashed.
    case key
    /// The records of their keys are found.
    case probe
    /// The connections that the records depend on are touched.
    case dependencies
    /// Everything: the engine's own batch.
    case whole
}

/// Both ports, the engine between them, and room for what a batch finds.
struct StageRig {
    private let rig: EngineRig
    private let ports: [DPDKPort]
    private let batch = PacketBatch.allocate()
    private let keys: UnsafeMutablePointer<UInt64>
    private let facts = UnsafeMutablePointer<PacketFacts>.allocate(capacity: 32)
    private let hashes = UnsafeMutablePointer<UInt64>.allocate(capacity: 32)
    private let slots = UnsafeMutablePointer<UInt32>.allocate(capacity: 32)

    /// Opens the device's two ports for so many connections.
    init(plugin: String, file: String, connections: Int) throws {
        let rig = try makeRig(connections: connections)
        self.rig = rig
        var arguments = DPDKArguments()
        arguments.extra = "--no-pci --in-memory -d \(plugin)"
        arguments.socketMemory = "512"
        try DPDKRuntime.initialise(arguments, pool: rig.pool)
        ports = try (0..<2).map { side in
            try DPDKPort.open(
                devargs: "net_traffic\(side),file=\(file),side=\(side)", pool: rig.pool,
                datapathPort: UInt32(side + 1))
        }
        keys = UnsafeMutableRawPointer.allocate(byteCount: 32 * 64, alignment: 64)
            .bindMemory(to: UInt64.self, capacity: 256)
    }

    /// Moves what waits at both ports; how many packets.
    func turn(_ stage: Stage) -> Int {
        var moved = 0
        for side in 0..<2 {
            let count = ports[side].receive(into: batch)
            guard count > 0 else { continue }
            moved += count
            if stage == .whole {
                rig.engine.process(batch, now: rig.now)
                flush()
                continue
            }
            if stage.rawValue >= Stage.key.rawValue { extract(prefetches: stage != .key) }
            if stage.rawValue >= Stage.probe.rawValue { probe() }
            if stage == .dependencies { touch(isReply: side == 1) }
            _ = ports[side ^ 1].transmit(batch.packets, count: count)
            batch.removeAll()
        }
        return moved
    }

    /// A millisecond passes.
    func tick() { rig.now += 1 }

    var hits: UInt64 { rig.counters.recordHits }

    private func extract(prefetches: Bool) {
        let s = rig.engine.state
        let records = s.pointee.records
        for index in 0..<batch.count { batch[index].prefetchData() }
        for index in 0..<batch.count {
            facts[index] = RecordKey.make(
                batch[index], vlanLimit: s.pointee.vlanLimit, keepsFlags: s.pointee.keepsFlags,
                into: keys + index * RecordKey.wordCount)
            hashes[index] = records.hash(of: keys + index * RecordKey.wordCount)
            if prefetches { records.index.prefetch(hashes[index]) }
        }
    }

    private func probe() {
        let records = rig.engine.state.pointee.records
        for index in 0..<batch.count {
            let bucket = records.index.bucket(of: hashes[index])
            let found = records.index.matches(in: bucket, tag: TagIndex.tag(of: hashes[index]))
            guard found != 0 else { continue }
            let slot = records.index.value(at: bucket, slot: found.trailingZeroBitCount)
            let address = UnsafeMutableRawPointer(records.records + Int(slot))
            vd_prefetch_write(address)
            vd_prefetch_write(address + 64)
        }
        for index in 0..<batch.count {
            slots[index] =
                records.find(hashes[index], keys + index * RecordKey.wordCount) ?? .max
        }
    }

    private func touch(isReply: Bool) {
        let s = rig.engine.state
        for index in 0..<batch.count where slots[index] != .max {
            let record = s.pointee.records.records + Int(slots[index])
            s.pointee.conntrack.prefetch(record.pointee.dependency0.index)
        }
        for index in 0..<batch.count where slots[index] != .max {
            let dependency = s.pointee.records.records[Int(slots[index])].dependency0
            _ = s.pointee.conntrack.touch(
                dependency.index, generation: dependency.generation, isReply: isReply,
                facts: ConntrackPacketFacts(), now: rig.now)
        }
    }

    /// Sends what the outbox holds, as a poll thread does.
    private func flush() {
        let outbox = rig.engine.state.pointee.outbox
        for position in 0..<outbox.dirtyCount.pointee {
            let port = Int(outbox.dirty[position])
            guard let row = outbox.rows[port] else { continue }
            _ = ports[port - 1].transmit(row, count: Int(outbox.counts[port]))
            outbox.counts[port] = 0
        }
        outbox.dirtyCount.pointee = 0
    }
}

/// Prints a line for each stage: its name and the cycles of a packet up to its end.
func runStages(plugin: String, file: String, connections: Int) throws {
    let rig = try StageRig(plugin: plugin, file: file, connections: connections)
    // The device is told by its file what to do; the load comes once all connections are there.
    let descriptor = open(file, O_RDONLY)
    guard descriptor >= 0, let shared = mmap(nil, 4096, PROT_READ, MAP_SHARED, descriptor, 0),
        shared != MAP_FAILED
    else { throw RigError() }
    let runWord = UnsafeRawPointer(shared) + 12
    var turns = 0
    while vd_load_acquire32(runWord) != 1 {
        _ = rig.turn(.whole)
        turns += 1
        if turns % 1024 == 0 { rig.tick() }
    }
    // Both records of each connection are made, whatever the passes left out.
    for _ in 0..<max(20_000, connections / 4) { _ = rig.turn(.whole) }
    var costs: [[Double]] = Array(repeating: [], count: Stage.allCases.count)
    var served = (packets: 0, hits: rig.hits)
    for _ in 0..<41 {
        rig.tick()
        for stage in Stage.allCases {
            var packets = 0
            let start = vd_rdtsc()
            for _ in 0..<500 { packets += rig.turn(stage) }
            costs[stage.rawValue].append(Double(vd_rdtsc() - start) / Double(max(packets, 1)))
            if stage == .whole { served.packets += packets }
        }
    }
    for stage in Stage.allCases {
        let sorted = costs[stage.rawValue].sorted()
        print(stage, (sorted[sorted.count / 2] * 10).rounded() / 10)
    }
    print("served", rig.hits - served.hits, "of", served.packets)
}
