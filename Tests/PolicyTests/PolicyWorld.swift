// A switch in one thread: a real engine, a bridge that forwards by address, and the policy's bridge
// between the two, driven by the compiler as the daemon does.

import Bounded
import Conntrack
import Datapath
import Dpif
import Flow
import OpenFlow
import PacketBuffer
import Pipeline
import TestSupport

@testable import Ofproto
@testable import Policy

/// The engine as the control room sees it.
final class EngineDatapath: StillDatapath {
    let pipeline = PipelineState.allocate()
    let pool: PacketPool
    let engine: Engine
    var nowMilliseconds: UInt64 = 1_000_000
    private var retired: [() -> Void] = []

    init() throws {
        var settings = EngineSettings()
        settings.recordCapacity = 65_536
        settings.pathCapacity = 4096
        let secret = HashSecret.random()
        guard let pool = PacketPool(standardCapacity: 4096, jumboCapacity: 8),
            let conntrack = ConntrackTable(
                capacity: 65_536, isShared: false, secret: secret, now: nowMilliseconds),
            let engine = Engine(
                settings: settings, pipeline: pipeline, conntrack: conntrack, pool: pool,
                events: EventRing(), secret: secret)
        else { throw RigError() }
        self.pool = pool
        self.engine = engine
    }

    func retire(_ free: @escaping () -> Void) { retired.append(free) }

    /// Lets every grace period pass.
    func reclaim() {
        while !retired.isEmpty {
            let due = retired
            retired = []
            for free in due { free() }
        }
    }

    /// Sends a frame in; returns the ports that it came out of.
    func send(_ frame: [UInt8], port: UInt32) -> [UInt32] {
        let batch = PacketBatch.allocate()
        defer { batch.deallocate() }
        guard let packet = pool.allocate(length: frame.count) else { return [] }
        frame.withUnsafeBytes { bytes in
            if let base = bytes.baseAddress { _ = packet.assign(base, count: bytes.count) }
        }
        packet.metadata.pointee.inPort = port
        packet.metadata.pointee.flags = .checksumValid
        batch.append(packet)
        nowMilliseconds += 1
        engine.process(batch, now: nowMilliseconds)
        let outbox = engine.state.pointee.outbox
        var ports: [UInt32] = []
        for position in 0..<outbox.dirtyCount.pointee {
            let port = outbox.dirty[position]
            guard let row = outbox.rows[Int(port)] else { continue }
            for index in 0..<Int(outbox.counts[Int(port)]) {
                pool.free(row[index])
                ports.append(port)
            }
            outbox.counts[Int(port)] = 0
        }
        outbox.dirtyCount.pointee = 0
        return ports.sorted()
    }

    func flushCounters() { engine.flushCounters() }
    var connectionLimit = 0
    var checksTCPSequence = true
}

/// A host with `count` workloads: number n has the MAC 02:…:n, 10.0.0.n and fd00::a00:n, and is
/// port `pn` of the policy.
final class PolicyWorld {
    let datapath: EngineDatapath
    let bridges: BridgeSet
    let bridge: OfprotoBridge
    let hidden: OfprotoBridge
    let compiler = PolicyCompiler()
    let count: Int

    init(workloads count: Int) throws {
        self.count = count
        datapath = try EngineDatapath()
        bridges = BridgeSet(control: datapath)
        var settings = BridgeSettings(name: "br0")
        settings.failMode = .secure
        var policySettings = BridgeSettings(name: "(policy)")
        policySettings.failMode = .secure
        guard let bridge = bridges.addBridge(settings),
            let hidden = bridges.addBridge(policySettings)
        else { throw RigError() }
        self.bridge = bridge
        self.hidden = hidden
        for table in PolicyTable.silent { hidden.setSilentMiss(table: table) }
        install(compiler.begin())
        var rules: [OwnRule] = []
        for number in 1...UInt32(count) {
            datapath.engine.state.pointee.outbox.open(number)
            var port = OfprotoPort(
                name: "p\(number)", number: number, kind: .device, datapathPort: number)
            port.policy = PolicyPlace(bridge: hidden.index, port: number)
            bridge.addPort(port)
            hidden.addPort(
                OfprotoPort(
                    name: "p\(number)", number: number,
                    kind: .policed(bridge: bridge.index, port: number)))
            install(compiler.bind("p\(number)", number: number))
            var match = FlowMatch()
            match.set(.ethDestination, to: 0x0200_0000_0000 | UInt64(number))
            rules.append(
                OwnRule(
                    table: 0, priority: 10, match: match,
                    actions: [.output(port: number, maxLength: 0)], cookie: 0))
        }
        bridge.change(removing: [], adding: rules)
        hidden.publishConfiguration()
        bridge.publishConfiguration()
    }

    func install(_ delta: PolicyDelta) {
        func own(_ flow: PolicyFlow) -> OwnRule {
            OwnRule(
                table: flow.table, priority: flow.priority, match: flow.match,
                actions: flow.actions, cookie: flow.cookie)
        }
        hidden.change(removing: delta.removing.map(own), adding: delta.adding.map(own))
        datapath.reclaim()
    }

    func apply(_ document: PolicyDocument) { install(compiler.apply(document)) }

    /// Whether a datagram from one workload reaches the other.
    func passes(
        from source: Int, _ sourcePort: UInt16, to target: Int, _ port: UInt16, isIPv6: Bool = false
    ) -> Bool {
        var frame = Frames.udp(
            from: [10, 0, 0, UInt8(source)], sourcePort, to: [10, 0, 0, UInt8(target)], port,
            macs: (UInt8(target), UInt8(source)))
        if isIPv6 { frame = Frames.ipv6Twin(of: frame) }
        let ports = datapath.send(frame, port: UInt32(source))
        precondition(ports.isEmpty || ports == [UInt32(target)])
        return !ports.isEmpty
    }

    func packets(_ cookie: PolicyCookie) -> UInt64 {
        datapath.flushCounters()
        return compiler.number(of: cookie).map { hidden.counters(cookie: $0).packets } ?? 0
    }
}

/// A policy in the canonical words of tests.
func policy(_ text: String) throws -> PolicyDocument {
    try PolicyReader.read([try PolicyJSON.parse(Array(text.utf8))])
}

/// Port n of the world.
func port(_ number: Int, _ groups: [String], more: String = "") -> String {
    let list = groups.map { "\"\($0)\"" }.joined(separator: ", ")
    return """
        {"id": "p\(number)", "mac_address": "02:00:00:00:00:0\(number)", "fixed_ips":
        ["10.0.0.\(number)", "fd00::a00:\(number)"], "security_groups": [\(list)]\(more)}
        """
}
