// A switch in one thread for tests: an engine, one bridge with a few ports, and rules built by hand.
// Frames go in as bytes and come out as bytes by port.

import Bounded
import Conntrack
import Datapath
import Dpif
import Flow
import PacketBuffer
import Pipeline
import Testing

/// Frees nothing: tests are short.
final class KeepingReclaimer: Reclaimer {
    func retire(_ free: @escaping () -> Void) {}
}

/// An engine with one bridge whose OpenFlow port n is datapath port n.
final class EngineRig {
    let pipeline = PipelineState.allocate()
    let pool: PacketPool
    let engine: Engine
    let reclaimer = KeepingReclaimer()
    var writers: [UInt8: TableWriter] = [:]
    var programs: [Program] = []
    var now: UInt64 = 1_000_000
    private var ruleID: UInt64 = 1
    private let configuration: BridgeConfiguration

    init(ports: Int = 4) throws {
        pool = try #require(PacketPool(standardCapacity: 4096, jumboCapacity: 8))
        let conntrack = try #require(ConntrackTable(capacity: 65_536, isShared: false, now: now))
        var settings = EngineSettings()
        settings.recordCapacity = 65_536
        settings.pathCapacity = 4096
        engine = try #require(
            Engine(
                settings: settings, pipeline: pipeline, conntrack: conntrack, pool: pool,
                events: EventRing(), secret: .random()))
        let fdb = UnsafeMutablePointer<ForwardingDatabase>.allocate(capacity: 1)
        fdb.initialize(to: ForwardingDatabase(limit: 2048, agingSeconds: 300, secret: 7))
        let bridge = UnsafeMutablePointer<BridgeState>.allocate(capacity: 1)
        bridge.initialize(to: BridgeState(index: 0, fdb: fdb))
        let list = (1...ports).map { number in
            var port = BridgePort()
            port.openflowPort = UInt32(number)
            port.datapathPort = UInt32(number)
            port.bundle = UInt16(number - 1)
            return port
        }
        configuration = BridgeConfiguration(
            ports: list, bundles: (0..<ports).map { (Bundle(), ports: [UInt16($0)]) }, mirrors: [],
            floodVLANs: nil, forwardsBPDU: false, missToController: false, dropsFragments: false,
            localAddress: 0)
        bridge.pointee.configuration = configuration.block
        pipeline.pointee.bridges[0] = bridge
        for number in 1...ports {
            engine.state.pointee.outbox.open(UInt32(number))
            pipeline.pointee.ingress[number].bridge = 0
            pipeline.pointee.ingress[number].openflowPort = UInt32(number)
        }
    }

    /// Adds a rule in force from the next packet on.
    @discardableResult
    func add(
        table: UInt8 = 0, priority: Int32, _ match: FlowMatch, _ instructions: [Instruction],
        blocks: [UnsafeMutableRawPointer] = []
    ) -> UnsafeMutablePointer<Rule> {
        let program = Program(instructions, blocks: blocks)
        programs.append(program)
        let version = pipeline.pointee.version + 1
        let rule = UnsafeMutablePointer<Rule>.allocate(capacity: 1)
        rule.initialize(
            to: Rule(
                id: ruleID, bridge: 0, table: table, priority: priority, addVersion: version,
                program: program))
        ruleID += 1
        writer(table).insert(rule, match: match)
        pipeline.pointee.changes.append(version: version, bridge: 0, table: table, match: match)
        pipeline.publish(version: version)
        return rule
    }

    /// Takes a rule out of force.
    func remove(_ rule: UnsafeMutablePointer<Rule>, match: FlowMatch) {
        let version = pipeline.pointee.version + 1
        rule.pointee.removeVersion = version
        pipeline.pointee.changes.append(
            version: version, bridge: 0, table: rule.pointee.table, match: match)
        pipeline.publish(version: version)
        writer(rule.pointee.table).remove(rule, match: match)
    }

    private func writer(_ table: UInt8) -> TableWriter {
        if let found = writers[table] { return found }
        let bridge = pipeline.pointee.bridges[0].unsafelyUnwrapped
        let made = TableWriter(bridge.pointee.tables + Int(table), reclaimer: reclaimer)
        writers[table] = made
        return made
    }

    /// Sends a frame in and returns what came out: port and bytes, in order.
    func send(_ frame: [UInt8], port: UInt32) -> [(port: UInt32, frame: [UInt8])] {
        let batch = PacketBatch.allocate()
        defer { batch.deallocate() }
        guard let packet = pool.allocate(length: frame.count) else { return [] }
        frame.withUnsafeBytes { bytes in
            if let base = bytes.baseAddress { _ = packet.assign(base, count: bytes.count) }
        }
        packet.metadata.pointee.inPort = port
        packet.metadata.pointee.flags = .checksumValid
        batch.append(packet)
        now += 1
        engine.process(batch, now: now)
        return drain()
    }

    private func drain() -> [(port: UInt32, frame: [UInt8])] {
        let outbox = engine.state.pointee.outbox
        var sent: [(port: UInt32, frame: [UInt8])] = []
        for position in 0..<outbox.dirtyCount.pointee {
            let port = outbox.dirty[position]
            guard let row = outbox.rows[Int(port)] else { continue }
            for index in 0..<Int(outbox.counts[Int(port)]) {
                let packet = row[index]
                sent.append(
                    (
                        port,
                        Array(UnsafeRawBufferPointer(start: packet.data, count: packet.length))
                    ))
                pool.free(packet)
            }
            outbox.counts[Int(port)] = 0
        }
        outbox.dirtyCount.pointee = 0
        return sent
    }

    var counters: EngineCounters { engine.state.pointee.counters }
}

/// Instructions as tests write them.
enum Act {
    static func output(_ port: UInt32) -> Instruction { Instruction(.output, c: port) }
    static func resubmit(_ table: UInt8) -> Instruction {
        Instruction(.resubmit, a: table, c: 0xffff_fff8)
    }
    /// `ct(...)`; the operand block must be given to the rule.
    static func ct(
        zone: UInt16, table: UInt8 = 255, commit: Bool = false, sourceNAT: UInt32? = nil,
        nat: Bool = false
    ) -> (Instruction, UnsafeMutableRawPointer) {
        let block = UnsafeMutablePointer<ConntrackOperands>.allocate(capacity: 1)
        block.initialize(to: ConntrackOperands())
        block.pointee.zone = zone
        block.pointee.recircTable = table
        block.pointee.commit = commit
        if let sourceNAT {
            block.pointee.nat.kind = 2
            block.pointee.nat.flags = 8
            block.pointee.nat.minLow = UInt64(sourceNAT)
            block.pointee.nat.maxLow = UInt64(sourceNAT)
        } else if nat {
            block.pointee.nat.kind = 1
        }
        return (
            Instruction(.ct, x: UInt64(UInt(bitPattern: block))), UnsafeMutableRawPointer(block)
        )
    }
}
