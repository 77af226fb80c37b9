// Level 2: a packet without a record that holds is judged by the pipeline, and what was found is
// kept as a record where the outcome is a function of its key.

import Bounded
import CIntrinsics
import Conntrack
import Flow
import PacketBuffer
import Pipeline

extension Engine {
    /// Judges one packet of the batch. `slot` is its record that did not hold, or `UInt32.max`.
    func judge(_ packet: PacketBuffer, _ position: Int, slot: UInt32) {
        let s = state
        let port = packet.metadata.pointee.inPort
        guard Int(port) < PipelineState.portsMax else { return reject(packet, .noOutputPort) }
        let ingress = s.pointee.pipeline.pointee.ingress[Int(port)]
        guard ingress.bridge != .max else { return reject(packet, .noOutputPort) }
        guard (s.pointee.accounts + Int(port)).pointee.judgements.take(now: s.pointee.now) else {
            s.pointee.counters.overBudget &+= 1
            return reject(packet, .missBudget)
        }
        let interpreter = s.pointee.interpreter
        let length = packet.length
        guard begin(judging: packet) else { return reject(packet, .frameTooShort) }
        let facts = s.pointee.entries[position].facts
        let frameLength = packet.isSuperPacket ? segmentLength(packet, facts) : length
        interpreter.begin(
            version: s.pointee.version, now: s.pointee.now, frameLength: frameLength)
        s.pointee.isTracked = false
        if facts.hasKey { s.pointee.counters.judged &+= 1 }
        interpreter.judge(bridge: ingress.bridge, inPort: ingress.openflowPort)
        let i = interpreter.state
        execute(
            i.pointee.operations + i.pointee.executedCount,
            count: i.pointee.operationCount &- i.pointee.executedCount)
        finishExecution()
        if !s.pointee.released.isEmpty { dropReleased() }
        if s.pointee.execution.pointee.dropReason != .none {
            s.pointee.counters.drop(s.pointee.execution.pointee.dropReason)
        } else if i.pointee.operationCount == 0 || i.pointee.outputCount == 0 {
            s.pointee.counters.drop(i.pointee.dropReason)
        }
        if let path = remember(position, slot: slot) {
            path.count(bytes: UInt64(length), now: s.pointee.now)
        } else {
            i.payCredits(bytes: UInt64(length))
        }
    }

    private func reject(_ packet: PacketBuffer, _ reason: DropReason) {
        state.pointee.counters.drop(reason)
        state.pointee.pool.free(packet)
    }

    /// Extracts the key and takes the packet in hand; false if it has no Ethernet header.
    func begin(judging packet: PacketBuffer) -> Bool {
        let s = state
        let key = s.pointee.interpreter.state.pointee.key
        key.clear()
        guard
            let layout = FlowExtractor.extract(
                packet.data, length: packet.length, vlanLimit: Int(s.pointee.vlanLimit), into: key)
        else { return false }
        s.pointee.layout = layout
        s.pointee.execution.pointee.begin(packet)
        s.pointee.execution.pointee.dependencies = nil
        setPositions(layout, key)
        s.pointee.verdict.pointee = ConntrackVerdict()
        return true
    }

    /// Notes where the headers of the packet in hand lie.
    func setPositions(_ layout: FrameLayout, _ key: FlowKey) {
        let x = state.pointee.execution
        x.pointee.positions.l3 = Int(layout.l3)
        x.pointee.positions.mplsOffset = layout.mpls != 0 ? Int(layout.mpls) : Int(layout.l3)
        x.pointee.positions.l4 = Int(layout.l4)
        x.pointee.positions.isIPv6 = key.load16(FlowLayout.ethType) == 0x86dd
        x.pointee.positions.proto = key.load8(FlowLayout.ipProtocol)
        x.pointee.positions.hasL4 = layout.hasL4
    }

    /// Keeps the outcome of the judgement as a record and returns its path, or drops the record
    /// that no longer holds.
    private func remember(_ position: Int, slot: UInt32) -> UnsafeMutablePointer<FlowPath>? {
        let s = state
        let i = s.pointee.interpreter.state
        // Keys may have had to become wide since this one was made.
        guard i.pointee.isCacheable, s.pointee.entries[position].facts.hasKey,
            keepsDepth(s.pointee.keys + position &* RecordKey.wordCount),
            let path = s.pointee.paths.intern(i, changeCount: s.pointee.changeCount)
        else {
            if slot != .max { remove(record: slot) }
            return nil
        }
        var target = slot
        if target == .max {
            guard let fresh = takeRecord(position) else {
                s.pointee.counters.recordsRefused &+= 1
                s.pointee.paths.release(path)
                return nil
            }
            target = fresh
        } else {
            s.pointee.counters.rejudged &+= 1
            s.pointee.paths.release(s.pointee.records.records[Int(target)].path)
        }
        let record = s.pointee.records.records + Int(target)
        record.pointee.path = path
        record.pointee.changeCount = s.pointee.changeCount
        record.pointee.epoch = UInt16(truncatingIfNeeded: s.pointee.epoch)
        record.pointee.judgedSeconds = UInt16(truncatingIfNeeded: s.pointee.now / 1000)
        record.pointee.lastUsed = UInt32(truncatingIfNeeded: s.pointee.now)
        let dependencies = UnsafeMutableRawPointer(record).advanced(by: 64)
            .assumingMemoryBound(to: RecordDependency.self)
        for index in 0..<i.pointee.dependencyCount {
            dependencies[index] = RecordDependency(
                index: i.pointee.dependencies[index].index,
                generation: i.pointee.dependencies[index].generation)
        }
        return s.pointee.paths.path(path)
    }

    /// A fresh record with the key of the packet at `position`, in the index.
    private func takeRecord(_ position: Int) -> UInt32? {
        let s = state
        let words = s.pointee.keys + position &* RecordKey.wordCount
        let account = account(ofPort: FlowRecord.port(words[0]))
        guard
            account.pointee.recordLimit == 0
                || account.pointee.records < account.pointee.recordLimit
        else {
            account.pointee.recordsRefused &+= 1
            s.pointee.counters.overBudget &+= 1
            return nil
        }
        guard let slot = s.pointee.records.slots.take() else { return nil }
        let hash = s.pointee.entries[position].hash
        guard s.pointee.records.index.insert(hash, value: slot) else {
            s.pointee.records.slots.give(slot)
            return nil
        }
        let record = s.pointee.records.records + Int(slot)
        record.pointee = FlowRecord()
        UnsafeMutableRawPointer(record).copyMemory(from: words, byteCount: 64)
        account.pointee.records &+= 1
        s.pointee.counters.recordsMade &+= 1
        return slot
    }

    /// Takes a record out of the table.
    func remove(record slot: UInt32) {
        let s = state
        let record = s.pointee.records.records + Int(slot)
        guard record.pointee.path != .max else { return }
        s.pointee.paths.release(record.pointee.path)
        record.pointee.path = .max
        let words = UnsafeMutableRawPointer(record).assumingMemoryBound(to: UInt64.self)
        _ = s.pointee.records.index.remove(s.pointee.records.hash(of: words), value: slot)
        account(ofPort: FlowRecord.port(words[0])).pointee.records &-= 1
        s.pointee.records.slots.give(slot)
    }
}
