// A datapath without an engine: it keeps what it is asked to do, and lets retired memory go when
// told.

import Dpif
import Flow
import Pipeline
import TestSupport

@testable import Ofproto

/// Stands for the engine in tests. One thread.
final class FakeDatapath: StillDatapath {
    let pipeline = PipelineState.allocate()
    var nowMilliseconds: UInt64 = 1_000_000
    private(set) var injected: [InjectedPacket] = []
    private(set) var flushedZones: [UInt16?] = []
    private(set) var flushCount = 0
    var resumable: Set<UInt64> = []
    private(set) var resumed: [(handle: UInt64, frame: [UInt8], key: [UInt8])] = []
    var statistics: [UInt32: PortStatistics] = [:]
    private(set) var portsUp: [UInt32: Bool] = [:]
    private var retired: [() -> Void] = []

    func retire(_ free: @escaping () -> Void) { retired.append(free) }

    /// Lets every grace period pass.
    func reclaim() {
        while !retired.isEmpty {
            let due = retired
            retired = []
            for free in due { free() }
        }
    }

    func portStatistics(_ datapathPort: UInt32) -> PortStatistics {
        statistics[datapathPort] ?? PortStatistics()
    }
    func setPortUp(_ datapathPort: UInt32, _ isUp: Bool) { portsUp[datapathPort] = isUp }
    func flushCounters() { flushCount += 1 }
    func inject(_ packet: InjectedPacket) { injected.append(packet) }
    func resume(_ continuation: UInt64, frame: [UInt8], key: [UInt8]) -> Bool {
        resumed.append((continuation, frame, key))
        return resumable.remove(continuation) != nil
    }
    func flushConnections(zone: UInt16?) { flushedZones.append(zone) }
    var connectionLimit = 0
    var checksTCPSequence = true
}

extension FakeDatapath {
    /// The rule that a packet with this key meets in a table at the version in force.
    func lookup(
        _ bridge: OfprotoBridge, table: Int = 0, _ fill: (FlowKey) -> Void
    ) -> OFRule? {
        let key = FlowKey.allocate()
        defer { key.deallocate() }
        fill(key)
        let scratch = UnsafeMutablePointer<ConjunctionScratch>.allocate(capacity: 1)
        scratch.initialize(to: ConjunctionScratch())
        defer {
            scratch.pointee.rules.deallocate()
            scratch.deallocate()
        }
        let state = bridge.state.pointee.tables + table
        guard let rule = state.lookup(key, version: pipeline.currentVersion, scratch: scratch)
        else { return nil }
        return bridge.rulesByID[rule.pointee.id]
    }
}
