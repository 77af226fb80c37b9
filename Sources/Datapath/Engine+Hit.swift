// The hit: a packet whose record holds is counted and sent as its path says. Most paths send the
// packet as it came, out of one port: runs of such packets are counted together.

import CIntrinsics
import Conntrack
import Flow
import PacketBuffer
import Pipeline

/// Packets in a row that one path sends unchanged out of one port, not yet counted, and what holds
/// for the whole batch.
///
/// **Owner**: `process`; to be finished before anything else may touch paths or the outbox.
struct HitRun {
    let records: UnsafeMutablePointer<FlowRecord>
    let paths: PathTable
    let now: UInt64
    let changeCount: UInt32
    let epoch: UInt16
    /// Hits of the batch not yet counted.
    var hits: UInt64 = 0
    var path: UnsafeMutablePointer<FlowPath>?
    var packets: UInt64 = 0
    var bytes: UInt64 = 0
    /// The record that held last, if it rests on nothing that packets move.
    var steady: UInt32 = .max

    @inline(__always)
    init(_ state: UnsafeMutablePointer<EngineState>) {
        records = state.pointee.records.records
        paths = state.pointee.paths
        now = state.pointee.now
        changeCount = state.pointee.changeCount
        epoch = UInt16(truncatingIfNeeded: state.pointee.epoch)
    }

    /// Counts the run with its path.
    @inline(__always)
    func count() {
        guard let path else { return }
        path.pointee.packets &+= packets
        path.pointee.bytes &+= bytes
        path.pointee.lastUsed = now
    }
}

extension Engine {
    /// Serves a packet by its record, or has it judged; for batches in which records have changed.
    @inline(never)
    func handle(_ packet: PacketBuffer, _ position: Int) {
        let s = state
        let entry = s.pointee.entries + position
        guard entry.pointee.facts.hasKey else {
            judge(packet, position, slot: .max)
            return
        }
        let words = s.pointee.keys + position &* RecordKey.wordCount
        var slot = entry.pointee.record
        if slot == .max || !s.pointee.records.isEqual(slot, words)
            || s.pointee.records.records[Int(slot)].path == .max
        {
            slot = s.pointee.records.find(entry.pointee.hash, words) ?? .max
        }
        guard slot != .max else {
            judge(packet, position, slot: slot)
            return
        }
        var run = HitRun(state)
        let record = run.records + Int(slot)
        let path = run.paths.path(record.pointee.path)
        if !holds(packet, entry, record, path, run) {
            judge(packet, position, slot: slot)
        } else if s.pointee.selfCheck.isDue() {
            checkHit(packet, position, slot)
        } else {
            serve(packet, entry, record, path, &run)
            finish(&run)
        }
    }

    /// Serves a packet by its record; false if the record does not hold for this packet.
    @inline(__always)
    func hit(
        _ packet: PacketBuffer, _ entry: UnsafeMutablePointer<BatchEntry>, _ slot: UInt32,
        _ run: inout HitRun
    ) -> Bool {
        let record = run.records + Int(slot)
        let path = run.paths.path(record.pointee.path)
        if slot == run.steady {
            guard fits(packet, entry, path) else { return false }
        } else {
            guard holds(packet, entry, record, path, run) else { return false }
            if path.pointee.isSteady { run.steady = slot }
        }
        serve(packet, entry, record, path, &run)
        return true
    }

    /// Counts the run and the hits so far.
    @inline(__always)
    func finish(_ run: inout HitRun) {
        run.count()
        state.pointee.counters.recordHits &+= run.hits
        run.path = nil
        run.hits = 0
    }

    /// Whether what the record rests on is still so, for this packet.
    @inline(__always)
    private func holds(
        _ packet: PacketBuffer, _ entry: UnsafeMutablePointer<BatchEntry>,
        _ record: UnsafeMutablePointer<FlowRecord>, _ path: UnsafeMutablePointer<FlowPath>,
        _ run: HitRun
    ) -> Bool {
        if record.pointee.changeCount != run.changeCount || record.pointee.epoch != run.epoch {
            guard revalidate(record, path) else { return false }
        }
        guard fits(packet, entry, path) else { return false }
        if path.pointee.rejudgeSeconds != 0 {
            let seconds = UInt16(truncatingIfNeeded: run.now / 1000)
            if seconds &- record.pointee.judgedSeconds
                >= UInt16(truncatingIfNeeded: path.pointee.rejudgeSeconds)
            {
                return false
            }
        }
        let count = path.pointee.dependencyCount
        if count == 0 { return true }
        if count == 1 && path.pointee.kinds.0 == 1 {
            let dependency = record.pointee.dependency0
            return touch(
                dependency.index, dependency.generation, isReply: path.pointee.extras.0 & 1 == 1,
                packet, entry.pointee.facts)
        }
        return dependenciesHold(record, path, packet, entry)
    }

    /// Whether the packet is of a length that the path is good for.
    @inline(__always)
    private func fits(
        _ packet: PacketBuffer, _ entry: UnsafeMutablePointer<BatchEntry>,
        _ path: UnsafeMutablePointer<FlowPath>
    ) -> Bool {
        var length = packet.length
        if packet.isSuperPacket { length = segmentLength(packet, entry.pointee.facts) }
        return length >= Int(path.pointee.lengthMin) && length <= Int(path.pointee.lengthMax)
    }

    /// Does what the path says.
    @inline(__always)
    private func serve(
        _ packet: PacketBuffer, _ entry: UnsafeMutablePointer<BatchEntry>,
        _ record: UnsafeMutablePointer<FlowRecord>, _ path: UnsafeMutablePointer<FlowPath>,
        _ run: inout HitRun
    ) {
        let length = UInt64(truncatingIfNeeded: packet.length)
        record.pointee.packets &+= 1
        record.pointee.bytes &+= length
        record.pointee.lastUsed = UInt32(truncatingIfNeeded: run.now)
        run.hits &+= 1
        if run.path != path {
            run.count()
            run.path = path
            run.packets = 0
            run.bytes = 0
        }
        run.packets &+= 1
        run.bytes &+= length
        let port = path.pointee.plainPort
        if port != .max {
            if !state.pointee.outbox.push(packet, to: port) {
                state.pointee.counters.drop(.transmitQueueFull)
                state.pointee.pool.free(packet)
            }
        } else {
            runPath(packet, entry, record, path)
        }
    }

    /// Executes a path that does more than to send the packet on.
    @inline(never)
    private func runPath(
        _ packet: PacketBuffer, _ entry: UnsafeMutablePointer<BatchEntry>,
        _ record: UnsafeMutablePointer<FlowRecord>, _ path: UnsafeMutablePointer<FlowPath>
    ) {
        let s = state
        let count = Int(path.pointee.operationCount)
        if count == 0 {
            s.pointee.counters.drops[Int(path.pointee.dropReason & 63)] &+= 1
            s.pointee.pool.free(packet)
            return
        }
        begin(execution: packet, entry.pointee.facts)
        let x = s.pointee.execution
        x.pointee.dependencies = UnsafeMutableRawPointer(record).advanced(by: 64)
            .assumingMemoryBound(to: RecordDependency.self)
        x.pointee.extras = path.pointee.extras
        x.pointee.kinds = path.pointee.kinds
        execute(s.pointee.paths.operations(record.pointee.path), count: count)
        finishExecution()
    }

    @inline(__always)
    private func begin(execution packet: PacketBuffer, _ facts: PacketFacts) {
        let x = state.pointee.execution
        x.pointee.begin(packet)
        x.pointee.positions.l3 = Int(facts.l3)
        x.pointee.positions.mplsOffset = Int(facts.l3)
        x.pointee.positions.l4 = Int(facts.l4)
        x.pointee.positions.isIPv6 = facts.isIPv6
        x.pointee.positions.proto = facts.proto
        x.pointee.positions.hasL4 = true
    }

    /// The length of one segment of a super-packet, headers included.
    @inline(__always)
    func segmentLength(_ packet: PacketBuffer, _ facts: PacketFacts) -> Int {
        var headers = Int(facts.l4)
        if facts.proto == 6 && packet.length >= headers &+ 20 {
            let offset = packet.data.load(fromByteOffset: headers &+ 12, as: UInt8.self) &>> 4
            headers &+= Int(offset) &* 4
        } else {
            headers &+= 8
        }
        return min(packet.length, headers &+ Int(packet.metadata.pointee.gsoSize))
    }

    /// Whether all dependencies hold.
    @inline(never)
    private func dependenciesHold(
        _ record: UnsafeMutablePointer<FlowRecord>, _ path: UnsafeMutablePointer<FlowPath>,
        _ packet: PacketBuffer, _ entry: UnsafeMutablePointer<BatchEntry>
    ) -> Bool {
        let dependencies = UnsafeMutableRawPointer(record).advanced(by: 64)
            .assumingMemoryBound(to: RecordDependency.self)
        var kinds = path.kindsWord
        var extras = path.extrasWord
        for position in 0..<Int(path.pointee.dependencyCount) {
            guard
                holds(
                    UInt8(truncatingIfNeeded: kinds), UInt16(truncatingIfNeeded: extras),
                    dependencies[position], packet, entry.pointee.facts)
            else { return false }
            kinds &>>= 8
            extras &>>= 16
        }
        return true
    }

    @inline(__always)
    private func holds(
        _ kind: UInt8, _ extra: UInt16, _ dependency: RecordDependency, _ packet: PacketBuffer,
        _ facts: PacketFacts
    ) -> Bool {
        switch kind {
        case 1:
            return touch(
                dependency.index, dependency.generation, isReply: extra & 1 == 1, packet, facts)
        case 2:
            // A packet with a wrong checksum is another: it belongs to no connection at all.
            return state.pointee.conntrack.absenceGeneration(dependency.index)
                == dependency.generation && mayBegin(packet, facts)
                && isVouchedFor(packet, facts)
        case 3:
            guard let bridge = state.pointee.pipeline.pointee.bridges[Int(extra)] else {
                return false
            }
            let generations = bridge.pointee.fdb.pointee.generations
            return vd_load_relaxed32(UnsafeRawPointer(generations + Int(dependency.index)))
                == dependency.generation
        default: return false
        }
    }
}
