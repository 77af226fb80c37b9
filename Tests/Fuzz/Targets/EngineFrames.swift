// Whole frames through a whole engine: rules with connections, NAT, rewrites, groups of tags and
// packet-ins. No frame may make it trap, and no buffer may be lost.

import Bounded
import Conntrack
import Datapath
import Flow
import PacketBuffer
import Pipeline
import TestSupport

private struct EngineFixture: @unchecked Sendable {
    let rig: EngineRig?
    static let shared = EngineFixture()

    init() {
        rig = try? EngineRig(connections: 64, records: 128)
        guard let rig else { return }
        let fragments = FragmentTable(pool: rig.pool, isShared: false)
        fragments?.setMinSize(400, isIPv6: false)
        fragments?.setMinSize(400, isIPv6: true)
        rig.engine.state.pointee.fragments = fragments
        func match(_ fill: (inout FlowMatch) -> Void) -> FlowMatch {
            var match = FlowMatch()
            fill(&match)
            return match
        }
        let out = Act.ct(zone: 1, table: 1, commit: true, sourceNAT: 0xac10_0001)
        rig.add(priority: 9, match { $0.set(.inPort, to: 1) }, [out.0], blocks: [out.1])
        let back = Act.ct(zone: 1, table: 1, nat: true)
        rig.add(priority: 9, match { $0.set(.inPort, to: 2) }, [back.0], blocks: [back.1])
        rig.add(
            priority: 9, match { $0.set(.inPort, to: 3) },
            [
                Instruction(.pushVLAN, b: 0x8100), Instruction(.setVLANVID, b: 9),
                Act.output(1), Instruction(.stripVLAN), Instruction(.pushMPLS, b: 0x8847),
                Act.output(2), Instruction(.popMPLS, b: 0x0800), Instruction(.decrementTTL),
                Act.output(ReservedOpenFlowPort.normal),
            ])
        let commit = Act.ct(zone: 2, table: 2, commit: true)
        rig.add(
            priority: 9, match { $0.set(.inPort, to: 4) },
            [Instruction(.output, b: 64, c: ReservedOpenFlowPort.controller), commit.0],
            blocks: [commit.1])
        rig.add(table: 1, priority: 1, match { $0.set(.inPort, to: 1) }, [Act.output(2)])
        rig.add(table: 1, priority: 1, match { $0.set(.inPort, to: 2) }, [Act.output(1)])
        rig.add(table: 2, priority: 1, FlowMatch(), [Act.output(ReservedOpenFlowPort.flood)])
    }
}

func fuzzEngine(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let rig = EngineFixture.shared.rig else { return 0 }
    var input = InputReader(data, count)
    let standard = rig.pool.available(.standard)
    var frames = 0
    while !input.isAtEnd && frames < 16 {
        frames += 1
        let choice = input.byte()
        let frame = input.bytes(Int(input.byte()) * (choice & 0x80 == 0 ? 1 : 6))
        for _ in 0..<(choice & 0x10 == 0 ? 1 : 3) {
            _ = rig.send(frame, port: UInt32(choice & 3) + 1)
        }
        if choice & 0x20 != 0 { rig.now += 1000 }
        if choice & 0x40 != 0 { _ = rig.engine.sweep(now: rig.now, budget: 64) }
    }
    while rig.engine.state.pointee.events.consume({ _ in }) {}
    rig.now += 90 * 86_400_000
    let conntrack = rig.engine.state.pointee.conntrack
    let counters = { conntrack.state.pointee.counters }
    for _ in 0..<40 where counters().created > counters().deleted {
        rig.now += 1000
        _ = rig.engine.state.pointee.conntrack.expire(now: rig.now, budget: 1024)
    }
    rig.engine.expireFragments(now: rig.now)
    precondition(rig.pool.available(.standard) == standard, "packets are left")
    rig.engine.removeAllRecords()
    precondition(rig.engine.recordCount == 0, "records are left")
    precondition(rig.engine.state.pointee.paths.slots.usedCount == 0, "paths are left")
    return 0
}
