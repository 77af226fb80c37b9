// A switch in one thread for tests: an engine, one bridge with a few ports, and rules built by
// hand. Frames go in as bytes and come out as bytes by port.

import Bounded
import Conntrack
import Datapath
import Dpif
import Flow
import PacketBuffer
import Pipeline

/// Frees nothing: tests are short.
public final class KeepingReclaimer: Reclaimer {
    public init() {}
    public func retire(_ free: @escaping () -> Void) {}
}

/// Memory was short.
public struct RigError: Error {
    public init() {}
}

/// An engine with one bridge whose OpenFlow port n is datapath port n.
public final class EngineRig {
    public let pipeline = PipelineState.allocate()
    public let pool: PacketPool
    public let engine: Engine
    let reclaimer = KeepingReclaimer()
    var writers: [UInt8: TableWriter] = [:]
    var programs: [Program] = []
    public var now: UInt64 = 1_000_000
    private var ruleID: UInt64 = 1
    private var deepRules: Set<UInt64> = []
    private var configuration: BridgeConfiguration

    /// - Parameter secret: of all hashes and of NAT's choices; rigs of one secret do the same.
    public init(
        ports: Int = 4, connections: Int = 65_536, records: Int = 65_536, paths: Int = 4096,
        secret: HashSecret = .random()
    ) throws(RigError) {
        var settings = EngineSettings()
        settings.recordCapacity = records
        settings.pathCapacity = paths
        guard let pool = PacketPool(standardCapacity: 4096, jumboCapacity: 8),
            let conntrack = ConntrackTable(
                capacity: connections, isShared: false, secret: secret, now: now),
            let engine = Engine(
                settings: settings, pipeline: pipeline, conntrack: conntrack, pool: pool,
                events: EventRing(), secret: secret)
        else { throw RigError() }
        self.pool = pool
        self.engine = engine
        let fdb = UnsafeMutablePointer<ForwardingDatabase>.allocate(capacity: 1)
        fdb.initialize(to: ForwardingDatabase(limit: 2048, agingSeconds: 300, secret: 7))
        let bridge = UnsafeMutablePointer<BridgeState>.allocate(capacity: 1)
        bridge.initialize(to: BridgeState(index: 0, fdb: fdb))
        configuration = EngineRig.configuration(flags: [UInt32](repeating: 0, count: ports))
        bridge.pointee.configuration = configuration.block
        bridge.setNarrowKeys(true)
        pipeline.pointee.bridges[0] = bridge
        for number in 1...ports {
            engine.state.pointee.outbox.open(UInt32(number))
            pipeline.pointee.ingress[number].bridge = 0
            pipeline.pointee.ingress[number].openflowPort = UInt32(number)
        }
    }

    private static func configuration(flags: [UInt32]) -> BridgeConfiguration {
        let list = flags.enumerated().map { index, flags in
            var port = BridgePort()
            port.openflowPort = UInt32(index + 1)
            port.datapathPort = UInt32(index + 1)
            port.bundle = UInt16(index)
            port.flags = flags
            return port
        }
        return BridgeConfiguration(
            ports: list, bundles: flags.indices.map { (Bundle(), ports: [UInt16($0)]) },
            mirrors: [], floodVLANs: nil, forwardsBPDU: false, missToController: false,
            dropsFragments: false, matchesFirstFragments: false, localAddress: 0)
    }

    /// The flags (`PortFlag`) of ports 1, 2, … from the next packet on.
    public func setPorts(flags: [UInt32]) {
        configuration = EngineRig.configuration(flags: flags)
        pipeline.pointee.bridges[0]?.pointee.configuration = configuration.block
        pipeline.invalidateRecords()
    }

    /// Adds a rule in force from the next packet on.
    @discardableResult
    public func add(
        table: UInt8 = 0, priority: Int32, _ match: FlowMatch, _ instructions: [Instruction],
        blocks: [UnsafeMutableRawPointer] = []
    ) -> UnsafeMutablePointer<Rule> {
        let program = Program(instructions, blocks: blocks)
        programs.append(program)
        let version = pipeline.pointee.version + 1
        let rule = UnsafeMutablePointer<Rule>.make(
            id: ruleID, bridge: 0, table: table, priority: priority, addVersion: version,
            home: writer(table).table, program: program, match: match)
        if !KeyDepth.isShallow(match)
            || !KeyDepth.isShallow(program.instructions, count: program.count)
        {
            deepRules.insert(ruleID)
            pipeline.pointee.bridges[0]?.setNarrowKeys(false)
        }
        ruleID += 1
        writer(table).insert(rule, match: match)
        pipeline.pointee.changes.append(version: version, bridge: 0, table: table, match: match)
        pipeline.publish(version: version)
        return rule
    }

    /// Takes a rule out of force.
    public func remove(_ rule: UnsafeMutablePointer<Rule>, match: FlowMatch) {
        let version = pipeline.pointee.version + 1
        rule.pointee.removeVersion = version
        pipeline.pointee.changes.append(
            version: version, bridge: 0, table: rule.pointee.table, match: match)
        pipeline.publish(version: version)
        writer(rule.pointee.table).remove(rule, match: match)
        if deepRules.remove(rule.pointee.id) != nil, deepRules.isEmpty {
            pipeline.pointee.bridges[0]?.setNarrowKeys(true)
            pipeline.invalidateRecords()
        }
    }

    private func writer(_ table: UInt8) -> TableWriter {
        if let found = writers[table] { return found }
        let bridge = pipeline.pointee.bridges[0].unsafelyUnwrapped
        let made = TableWriter(bridge.pointee.tables + Int(table), reclaimer: reclaimer)
        writers[table] = made
        return made
    }

    /// Sends a frame in and returns what came out: port and bytes, in order.
    ///
    /// - Parameter isVouched: the port has found its checksums right.
    public func send(
        _ frame: [UInt8], port: UInt32, isVouched: Bool = true
    ) -> [(port: UInt32, frame: [UInt8])] {
        let batch = PacketBatch.allocate()
        defer { batch.deallocate() }
        guard let packet = pool.allocate(length: frame.count) else { return [] }
        frame.withUnsafeBytes { bytes in
            if let base = bytes.baseAddress { _ = packet.assign(base, count: bytes.count) }
        }
        packet.metadata.pointee.inPort = port
        if isVouched { packet.metadata.pointee.flags = .checksumValid }
        batch.append(packet)
        now += 1
        engine.process(batch, now: now)
        return drain()
    }

    /// What waits in the outbox, taken out.
    public func drain() -> [(port: UInt32, frame: [UInt8])] {
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

    /// The packets that wait in the outbox, taken out; the caller frees them.
    public func drainPackets() -> [PacketBuffer] {
        let outbox = engine.state.pointee.outbox
        var sent: [PacketBuffer] = []
        for position in 0..<outbox.dirtyCount.pointee {
            let port = Int(outbox.dirty[position])
            guard let row = outbox.rows[port] else { continue }
            sent.append(
                contentsOf: UnsafeBufferPointer(start: row, count: Int(outbox.counts[port])))
            outbox.counts[port] = 0
        }
        outbox.dirtyCount.pointee = 0
        return sent
    }

    public var counters: EngineCounters { engine.state.pointee.counters }
}

/// Instructions as tests write them.
public enum Act {
    public static func output(_ port: UInt32) -> Instruction { Instruction(.output, c: port) }
    public static func resubmit(_ table: UInt8) -> Instruction {
        Instruction(.resubmit, a: table, c: 0xffff_fff8)
    }
    /// `ct(...)`; the operand block must be given to the rule.
    public static func ct(
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
