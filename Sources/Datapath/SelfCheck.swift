// The self-check: of the packets that records would serve, a sample is judged by the pipeline
// instead, and both must come to the same path. The first that did not is kept for whoever asks.

import Dpif
import Flow
import PacketBuffer
import Pipeline

/// The state of the self-check.
///
/// **Owner**: one poll thread; the control room while that thread is held.
public struct SelfCheck {
    /// One in this many hits is checked; 0: none.
    var interval: UInt32 {
        didSet { countdown = interval }
    }
    private var countdown: UInt32
    var checks: UInt64 = 0
    var failures: UInt64 = 0
    /// Of the first failure: the record, its operations, and those of the judgement.
    let record: UnsafeMutablePointer<FlowRecord>
    let recorded: UnsafeMutablePointer<DatapathOperation>
    let judged: UnsafeMutablePointer<DatapathOperation>
    var recordedCount = 0
    var judgedCount = 0

    init(interval: UInt32) {
        self.interval = interval
        countdown = interval
        record = .allocate(capacity: 1)
        recorded = .allocate(capacity: PathTable.operationsMax)
        judged = .allocate(capacity: PathTable.operationsMax)
    }

    /// Whether the hit in hand is to be checked.
    @inline(__always)
    mutating func isDue() -> Bool {
        if interval == 0 { return false }
        countdown &-= 1
        if countdown != 0 { return false }
        countdown = interval
        return true
    }
}

extension Engine {
    /// Judges a packet that record `slot` would have served, and compares.
    func checkHit(_ packet: PacketBuffer, _ position: Int, _ slot: UInt32) {
        let s = state
        let record = s.pointee.records.records + Int(slot)
        let path = record.pointee.path
        let isFirst = s.pointee.selfCheck.failures == 0
        if isFirst { keep(record, path) }
        s.pointee.selfCheck.checks &+= 1
        // Paths are interned: the same outcome is the same path.
        judge(packet, position, slot: slot)
        guard record.pointee.path != path else { return }
        s.pointee.selfCheck.failures &+= 1
        guard isFirst else { return }
        let i = s.pointee.interpreter.state
        let count = min(i.pointee.operationCount, PathTable.operationsMax)
        s.pointee.selfCheck.judged.update(from: i.pointee.operations, count: count)
        s.pointee.selfCheck.judgedCount = count
    }

    private func keep(_ record: UnsafeMutablePointer<FlowRecord>, _ path: UInt32) {
        let s = state
        s.pointee.selfCheck.record.update(from: record, count: 1)
        let count = Int(s.pointee.paths.path(path).pointee.operationCount)
        s.pointee.selfCheck.recorded.update(from: s.pointee.paths.operations(path), count: count)
        s.pointee.selfCheck.recordedCount = count
    }

    // MARK: Control room (poll thread held)

    /// Has one in `interval` hits checked from now on; 0 ends it.
    public func setSelfCheck(interval: UInt32) { state.pointee.selfCheck.interval = interval }

    /// Adds what this engine found to `report`.
    public func addSelfCheck(to report: inout SelfCheckReport) {
        let check = state.pointee.selfCheck
        report.checks += check.checks
        report.failures += check.failures
        guard check.failures > 0, report.firstFailure == nil else { return }
        var info = self.info(of: check.record)
        info.operations = Array(
            UnsafeBufferPointer(start: check.recorded, count: check.recordedCount))
        report.firstFailure = (
            info, Array(UnsafeBufferPointer(start: check.judged, count: check.judgedCount))
        )
    }
}
