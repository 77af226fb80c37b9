// The whole engine under a seed: random rules, conversations over a bad network, full queues, ports
// that come and go, rules that change meanwhile, and a clock that jumps. Beside the engine runs one
// that judges every packet afresh; they must send the same and count the same, and in the end
// nothing may be left: no buffer, no fragment, no connection, no record, no path. A failure names
// its seed.

import Conntrack
import Flow
import Foundation
import Pipeline
import TestSupport
import Testing

@testable import Datapath

@Suite struct SimulationTests {
    /// Seeds of a run; SIMULATION_SEEDS=200-999 in the environment tries others.
    static let seeds: [UInt64] = {
        let bounds = (ProcessInfo.processInfo.environment["SIMULATION_SEEDS"] ?? "0-199")
            .split(separator: "-").compactMap { UInt64($0) }
        guard let first = bounds.first, let last = bounds.last, first <= last else { return [0] }
        return Array(first...last)
    }()

    @Test("The engine does what fresh judgements do", arguments: seeds)
    func simulate(seed: UInt64) throws {
        let fault = try Simulation(seed: seed).run(steps: 300)
        #expect(fault == nil, "seed \(seed): \(fault ?? "")")
    }

    /// The runs do what they are for: records serve and are judged again, tables fill up, queues
    /// are full, fragments and connections come and go.
    @Test func runsReachEverything() throws {
        var total = SimulationReach()
        for seed in 0..<40 as Range<UInt64> {
            let simulation = try Simulation(seed: seed)
            _ = try simulation.run(steps: 300)
            simulation.add(to: &total)
        }
        #expect(total.hits > 1000 && total.judged > 1000 && total.revalidated > 50)
        #expect(total.rejudged > 50 && total.recordsRefused > 0)
        #expect(total.created > 200 && total.connectionsRefused > 0 && total.outOfWindow > 0)
        #expect(total.fragments > 20 && total.queueFull > 20 && total.metered > 0)
    }
}

/// How far runs came.
struct SimulationReach {
    var packets: UInt64 = 0
    var hits: UInt64 = 0
    var judged: UInt64 = 0
    var revalidated: UInt64 = 0
    var rejudged: UInt64 = 0
    var recordsRefused: UInt64 = 0
    var created: UInt64 = 0
    var connectionsRefused: UInt64 = 0
    var outOfWindow: UInt64 = 0
    var fragments: UInt64 = 0
    var queueFull: UInt64 = 0
    var metered: UInt64 = 0
}

/// One run.
final class Simulation {
    private let switches: Lockstep
    private var random: SeededRandom
    private var grammar: RuleGrammar
    private var conversations: [Conversation] = []
    private var network: [SimulatedFrame] = []
    private var flags: [UInt32]
    private let ports: Int
    private let connections: Int
    private let buffers: Int
    private var retired: [LockstepRule] = []

    init(seed: UInt64) throws {
        random = SeededRandom(seed)
        ports = 2 + random.below(4)
        grammar = RuleGrammar(seed: seed, ports: ports)
        // Small, so that tables are full now and then.
        connections = random.pick([8, 64, 512])
        switches = try Lockstep(
            ports: ports, connections: connections, records: random.pick([4, 16, 512]),
            seed: seed)
        flags = [UInt32](repeating: 0, count: ports)
        buffers = switches.kept.pool.available(.standard)
        RuleGrammar.install(into: switches.kept, ports: ports)
        RuleGrammar.install(into: switches.fresh, ports: ports)
        for text in grammar.base() { add(text) }
        for _ in 0..<random.below(14) { add(grammar.rule()) }
    }

    private func add(_ text: RuleText) {
        switches.add(table: text.table, priority: text.priority, text.match, text.make)
    }

    /// Nil, or what went wrong.
    func run(steps: Int) throws -> String? {
        for step in 0..<steps {
            if let fault = act() { return "step \(step): \(fault)" }
            if switches.connectionCount > connections {
                return "step \(step): too many connections"
            }
        }
        return finish()
    }

    private func act() -> String? {
        switch random.below(100) {
        case 0..<3: add(grammar.rule())
        case 3..<6 where switches.rules.count > 5:
            let index = 5 + random.below(switches.rules.count - 5)
            retired.append(switches.rules[index])
            switches.remove(at: index)
        case 6..<8:
            flags[random.below(ports)] = random.pick([
                0, 0, PortFlag.notLive, PortFlag.noReceive, PortFlag.noForward, PortFlag.noFlood,
            ])
            switches.setPorts(flags: flags)
        case 8..<10: switches.setFull(UInt32(1 + random.below(ports)), random.chance(40))
        case 10..<14:
            switches.advance(
                milliseconds: random.pick([1, 900, 1100, 15_100, 31_000, 200_000, 90_000_000]))
        case 14..<20: conversations.append(Conversation(&random))
        case 20..<28:
            for frame in StrayFrames.make(&random, ports: ports) {
                if let fault = deliver(frame) { return fault }
            }
        default: return talk()
        }
        return nil
    }

    /// A conversation goes on, on a network that loses, repeats and reorders.
    private func talk() -> String? {
        for _ in 0..<(conversations.isEmpty ? 0 : 1 + random.below(8)) {
            // The latest ones are those that still have something to say.
            let index = max(0, conversations.count - 1 - random.below(6))
            if var frame = conversations[index].next(ports: ports) {
                frame.conversation = index
                frame.isVouched = conversations[index].isIPv6 || random.chance(85)
                switch random.below(24) {
                case 0: break
                case 1: network += [frame, frame]
                case 2 where frame.bytes.count > 42:
                    // Far out of the window, or malformed; the addresses below stay, so that
                    // nobody moves.
                    let place = random.chance(50) ? 38 : 12 + random.below(frame.bytes.count - 12)
                    frame.bytes[place] ^= UInt8(1 << random.below(8))
                    network.append(frame)
                default: network.append(frame)
                }
            }
        }
        while network.count > (random.chance(30) ? 2 : 0) {
            let index = random.chance(15) ? random.below(network.count) : 0
            if let fault = deliver(network.remove(at: index)) { return fault }
        }
        return nil
    }

    private func deliver(_ frame: SimulatedFrame) -> String? {
        guard
            let sent = switches.send(
                frame.bytes, port: frame.port, isVouched: frame.isVouched)
        else {
            return "a record's outcome is not that of a fresh judgement: \(hex(frame.bytes)) on "
                + "port \(frame.port)"
        }
        if frame.isForward, let index = frame.conversation {
            conversations[index].observe(sent, ports: ports)
        }
        let held = switches.kept.engine.state.pointee.fragments?.count ?? 0
        if switches.kept.pool.available(.standard) + held != buffers { return "a buffer was lost" }
        return nil
    }

    func add(to reach: inout SimulationReach) {
        let state = switches.kept.engine.state
        let counters = state.pointee.counters
        let conntrack = state.pointee.conntrack.state.pointee.counters
        reach.packets += counters.packets
        reach.hits += counters.recordHits
        reach.judged += counters.judged
        reach.revalidated += counters.revalidated
        reach.rejudged += counters.rejudged
        reach.recordsRefused += counters.recordsRefused
        reach.created += conntrack.created
        reach.connectionsRefused += conntrack.tableFull
        reach.outOfWindow += conntrack.outOfWindow
        reach.fragments += state.pointee.fragments?.counters(isIPv6: false).completed ?? 0
        reach.queueFull += counters.drops[Int(DropReason.transmitQueueFull.rawValue)]
        reach.metered += counters.drops[Int(DropReason.meter.rawValue)]
    }

    private func hex(_ bytes: [UInt8]) -> String {
        bytes.prefix(80).map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined()
    }

    /// Counters agree; then everything ends.
    private func finish() -> String? {
        for rig in [switches.kept, switches.fresh] { rig.engine.flushCounters() }
        switches.fresh.engine.removeAllRecords()
        for rule in switches.rules + retired {
            if rule.kept.pointee.packetCount != rule.fresh.pointee.packetCount
                || rule.kept.pointee.byteCount != rule.fresh.pointee.byteCount
            {
                return "rule \(rule.kept.pointee.id) of table \(rule.kept.pointee.table) counted "
                    + "\(rule.kept.pointee.packetCount), not \(rule.fresh.pointee.packetCount)"
            }
        }
        while !switches.rules.isEmpty {
            retired.append(switches.rules[switches.rules.count - 1])
            switches.remove(at: switches.rules.count - 1)
        }
        for _ in 0..<4 { switches.advance(milliseconds: 90 * 86_400_000) }
        for rig in [switches.kept, switches.fresh] {
            let state = rig.engine.state
            if state.pointee.conntrack.state.pointee.slots.usedCount != 0 {
                return "connections are left"
            }
            if rig.engine.recordCount != 0 { return "records are left" }
            if state.pointee.paths.slots.usedCount != 0 { return "paths are left" }
            if state.pointee.fragments?.count != 0 { return "fragments are left" }
            if rig.pool.available(.standard) != buffers { return "buffers are left" }
        }
        for rule in retired where rule.kept.pointee.pathReferences != 0 {
            return "a path still credits rule \(rule.kept.pointee.id)"
        }
        return nil
    }
}
