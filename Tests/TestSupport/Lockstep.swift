// Two switches that are told the same: one keeps flow records, the other gives all of them up
// before every packet, so that it judges each one afresh. Whatever they send must be the same.

import Bounded
import Conntrack
import Datapath
import Flow
import PacketBuffer
import Pipeline

/// Rules in both switches.
public struct LockstepRule {
    public let kept: UnsafeMutablePointer<Rule>
    public let fresh: UnsafeMutablePointer<Rule>
    public let match: FlowMatch
}

/// A switch with records and one without.
public final class Lockstep {
    public let kept: EngineRig
    public let fresh: EngineRig
    public private(set) var rules: [LockstepRule] = []
    private let ports: Int
    private var blocked: Set<UInt32> = []

    public init(ports: Int = 4, connections: Int, records: Int, seed: UInt64) throws(RigError) {
        let secret = HashSecret(seed, seed ^ 0x5555, seed &* 31, ~seed)
        kept = try EngineRig(
            ports: ports, connections: connections, records: records, secret: secret)
        fresh = try EngineRig(
            ports: ports, connections: connections, records: records, secret: secret)
        self.ports = ports
        for rig in [kept, fresh] {
            guard let table = FragmentTable(pool: rig.pool, isShared: false, secret: secret) else {
                throw RigError()
            }
            rig.engine.state.pointee.fragments = table
        }
    }

    /// Adds a rule; `make` is called for each switch, since operand blocks belong to one program.
    @discardableResult
    public func add(
        table: UInt8 = 0, priority: Int32, _ match: FlowMatch,
        _ make: () -> ([Instruction], [UnsafeMutableRawPointer])
    ) -> LockstepRule {
        let first = make()
        let second = make()
        if match.words.contains(where: { Int($0.index) == FlowLayout.tcpFlags / 8 }) {
            for rig in [kept, fresh] {
                rig.pipeline.pointee.matchesTCPFlags += 1
                rig.pipeline.invalidateRecords()
            }
        }
        let rule = LockstepRule(
            kept: kept.add(table: table, priority: priority, match, first.0, blocks: first.1),
            fresh: fresh.add(table: table, priority: priority, match, second.0, blocks: second.1),
            match: match)
        rules.append(rule)
        return rule
    }

    public func remove(at index: Int) {
        let rule = rules.remove(at: index)
        kept.remove(rule.kept, match: rule.match)
        fresh.remove(rule.fresh, match: rule.match)
    }

    public func setPorts(flags: [UInt32]) {
        kept.setPorts(flags: flags)
        fresh.setPorts(flags: flags)
    }

    /// Moves both clocks, with the sweeps that a poll thread makes meanwhile.
    public func advance(milliseconds: UInt64) {
        for rig in [kept, fresh] {
            rig.now += milliseconds
            _ = rig.engine.sweep(now: rig.now, budget: 4096)
            while rig.engine.state.pointee.conntrack.expire(now: rig.now, budget: 512) == 512 {}
            rig.engine.expireFragments(now: rig.now)
            while rig.engine.state.pointee.events.consume({ _ in }) {}
        }
    }

    /// Fills or empties the transmit queue of a port.
    public func setFull(_ port: UInt32, _ isFull: Bool) {
        if isFull { blocked.insert(port) } else { blocked.remove(port) }
    }

    /// Sends a frame into both; nil where they differ.
    public func send(
        _ frame: [UInt8], port: UInt32, isVouched: Bool = true
    ) -> [(port: UInt32, frame: [UInt8])]? {
        fresh.engine.removeAllRecords()
        let first = send(frame, port, isVouched, kept)
        let second = send(frame, port, isVouched, fresh)
        guard first.count == second.count,
            zip(first, second).allSatisfy({ $0.port == $1.port && $0.frame == $1.frame })
        else { return nil }
        return first
    }

    private func send(
        _ frame: [UInt8], _ port: UInt32, _ isVouched: Bool, _ rig: EngineRig
    ) -> [(port: UInt32, frame: [UInt8])] {
        let outbox = rig.engine.state.pointee.outbox
        // A full row refuses; what it seems to hold is never looked at.
        for full in blocked { outbox.counts[Int(full)] = UInt32(Outbox.rowCapacity) }
        defer { for full in blocked { outbox.counts[Int(full)] = 0 } }
        return rig.send(frame, port: port, isVouched: isVouched)
    }

    /// Connections of the switch with records.
    public var connectionCount: Int {
        kept.engine.state.pointee.conntrack.state.pointee.slots.usedCount
    }
}
