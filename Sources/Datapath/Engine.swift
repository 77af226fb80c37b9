// The engine's batch: extract keys, hash and prefetch, probe, prefetch what the records depend on,
// then each packet in its order: a hit executes its path, anything else runs the pipeline. No I/O,
// no clock.

import Bounded
import CIntrinsics
import Conntrack
import Flow
import PacketBuffer
import Pipeline

extension Engine {
    /// Takes all packets of `batch` and leaves transmissions in the outbox.
    ///
    /// - Parameter now: milliseconds on the engine's clock.
    public func process(_ batch: PacketBatch, now: UInt64) {
        beginTurn(now: now)
        let s = state
        let count = batch.count
        let packets = batch.packets
        let keys = s.pointee.keys
        let entries = s.pointee.entries
        let vlanLimit = s.pointee.vlanLimit
        let keepsFlags = s.pointee.keepsFlags
        let records = s.pointee.records
        s.pointee.counters.packets &+= UInt64(count)
        for position in 0..<count { packets[position].prefetchData() }
        for position in 0..<count {
            let words = keys + position &* RecordKey.wordCount
            let facts = RecordKey.make(
                packets[position], vlanLimit: vlanLimit, keepsFlags: keepsFlags, into: words)
            entries[position].facts = facts
            if facts.hasKey {
                let hash = records.hash(of: words)
                entries[position].hash = hash
                records.index.prefetch(hash)
            }
        }
        for position in 0..<count where entries[position].facts.hasKey {
            let hash = entries[position].hash
            let bucket = records.index.bucket(of: hash)
            let matches = records.index.matches(in: bucket, tag: TagIndex.tag(of: hash))
            if matches != 0 {
                let slot = records.index.value(at: bucket, slot: matches.trailingZeroBitCount)
                let address = UnsafeMutableRawPointer(records.records + Int(slot))
                vd_prefetch_write(address)
                vd_prefetch_write(address + 64)
            }
        }
        var unrecorded = count
        var translated = 0
        for position in 0..<count {
            let words = keys + position &* RecordKey.wordCount
            entries[position].record = .max
            guard entries[position].facts.hasKey,
                let slot = records.find(entries[position].hash, words)
            else { continue }
            entries[position].record = slot
            unrecorded &-= 1
            if prefetchDependencies(records.records + Int(slot)) { translated &+= 1 }
        }
        if translated > 0 { prefetchTranslations(count) }
        if unrecorded > 1 {
            prefetchConnections(count, port: packets[0].metadata.pointee.inPort)
        }
        for position in 0..<count {
            handle(packets[position], position)
        }
        batch.removeAll()
    }

    /// Reads what is in force for this turn. The change count is read before the version: a record
    /// is never believed to know of a change that it was not judged under.
    @inline(__always)
    func beginTurn(now: UInt64) {
        let s = state
        let pipeline = s.pointee.pipeline
        s.pointee.epoch = vd_load_acquire32(UnsafeRawPointer(pipeline) + 8)
        s.pointee.changeCount = UInt32(
            truncatingIfNeeded: vd_load_acquire64(UnsafeRawPointer(pipeline.pointee.changes)))
        s.pointee.version = pipeline.currentVersion
        s.pointee.vlanLimit = pipeline.pointee.vlanLimit
        s.pointee.keepsFlags = pipeline.pointee.matchesTCPFlags != 0
        s.pointee.now = now
        s.pointee.execution.pointee.now = now
    }

    /// Whether the path will ask a connection how to rewrite the packet.
    @inline(__always)
    private func prefetchDependencies(_ record: UnsafeMutablePointer<FlowRecord>) -> Bool {
        guard record.pointee.path != .max else { return false }
        let path = state.pointee.paths.path(record.pointee.path)
        vd_prefetch(UnsafeRawPointer(path))
        if path.pointee.kinds.0 == 1 {
            state.pointee.conntrack.prefetch(record.pointee.dependency0.index)
        }
        if path.pointee.kinds.1 == 1 {
            state.pointee.conntrack.prefetch(record.pointee.dependency1.index)
        }
        return path.pointee.translates
    }

    /// Asks for what translated connections turn their packets into.
    private func prefetchTranslations(_ count: Int) {
        let s = state
        for position in 0..<count {
            let slot = s.pointee.entries[position].record
            guard slot != .max else { continue }
            let record = s.pointee.records.records + Int(slot)
            guard record.pointee.path != .max else { continue }
            let path = s.pointee.paths.path(record.pointee.path)
            guard path.pointee.translates else { continue }
            if path.pointee.kinds.0 == 1 {
                s.pointee.conntrack.prefetchTranslation(record.pointee.dependency0.index)
            }
            if path.pointee.kinds.1 == 1 {
                s.pointee.conntrack.prefetchTranslation(record.pointee.dependency1.index)
            }
        }
    }

    @inline(__always)
    private func handle(_ packet: PacketBuffer, _ position: Int) {
        let s = state
        let facts = s.pointee.entries[position].facts
        guard facts.hasKey else {
            judge(packet, position, slot: .max)
            return
        }
        let words = s.pointee.keys + position &* RecordKey.wordCount
        var slot = s.pointee.entries[position].record
        if slot == .max || !s.pointee.records.isEqual(slot, words)
            || s.pointee.records.records[Int(slot)].path == .max
        {
            slot = s.pointee.records.find(s.pointee.entries[position].hash, words) ?? .max
        }
        if slot != .max && hit(packet, position, slot, facts) { return }
        judge(packet, position, slot: slot)
    }

    /// Serves a packet by its record; false if the record does not hold for this packet.
    @inline(__always)
    private func hit(
        _ packet: PacketBuffer, _ position: Int, _ slot: UInt32, _ facts: PacketFacts
    ) -> Bool {
        let s = state
        let record = s.pointee.records.records + Int(slot)
        let path = s.pointee.paths.path(record.pointee.path)
        if record.pointee.changeCount != s.pointee.changeCount
            || record.pointee.epoch != UInt16(truncatingIfNeeded: s.pointee.epoch)
        {
            guard revalidate(record, path) else { return false }
        }
        let length = packet.length
        let judged = packet.isSuperPacket ? segmentLength(packet, facts) : length
        if judged < Int(path.pointee.lengthMin) || judged > Int(path.pointee.lengthMax) {
            return false
        }
        if path.pointee.rejudgeSeconds != 0 {
            let seconds = UInt16(truncatingIfNeeded: s.pointee.now / 1000)
            if seconds &- record.pointee.judgedSeconds
                >= UInt16(truncatingIfNeeded: path.pointee.rejudgeSeconds)
            {
                return false
            }
        }
        if path.pointee.dependencyCount != 0 {
            guard dependenciesHold(record, path, packet, facts) else { return false }
        }
        if s.pointee.selfCheck.isDue() {
            checkHit(packet, position, slot)
            return true
        }
        record.pointee.packets &+= 1
        record.pointee.bytes &+= UInt64(length)
        record.pointee.lastUsed = UInt32(truncatingIfNeeded: s.pointee.now)
        path.count(bytes: UInt64(length), now: s.pointee.now)
        s.pointee.counters.recordHits &+= 1
        let count = Int(path.pointee.operationCount)
        if count == 0 {
            s.pointee.counters.drops[Int(path.pointee.dropReason & 63)] &+= 1
            s.pointee.pool.free(packet)
            return true
        }
        let operations = s.pointee.paths.operations(record.pointee.path)
        if count == 1 && operations[0].code == .output {
            if !s.pointee.outbox.push(packet, to: operations[0].b) {
                s.pointee.counters.drop(.transmitQueueFull)
                s.pointee.pool.free(packet)
            }
            return true
        }
        begin(execution: packet, facts)
        let x = s.pointee.execution
        x.pointee.dependencies = UnsafeMutableRawPointer(record).advanced(by: 64)
            .assumingMemoryBound(to: RecordDependency.self)
        x.pointee.extras = path.pointee.extras
        x.pointee.kinds = path.pointee.kinds
        execute(operations, count: count)
        finishExecution()
        return true
    }

    @inline(__always)
    private func begin(execution packet: PacketBuffer, _ facts: PacketFacts) {
        let x = state.pointee.execution
        x.pointee.packet = packet
        x.pointee.positions.l3 = Int(facts.l3)
        x.pointee.positions.mplsOffset = Int(facts.l3)
        x.pointee.positions.l4 = Int(facts.l4)
        x.pointee.positions.isIPv6 = facts.isIPv6
        x.pointee.positions.proto = facts.proto
        x.pointee.positions.hasL4 = true
        x.pointee.truncation = 0
        x.pointee.priority = 0
        x.pointee.mark = 0
        x.pointee.savedCount = 0
        x.pointee.dropReason = .none
        x.pointee.sentCount = 0
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

    @inline(__always)
    private func dependenciesHold(
        _ record: UnsafeMutablePointer<FlowRecord>, _ path: UnsafeMutablePointer<FlowPath>,
        _ packet: PacketBuffer, _ facts: PacketFacts
    ) -> Bool {
        let count = path.pointee.dependencyCount
        guard
            holds(
                path.pointee.kinds.0, path.pointee.extras.0, record.pointee.dependency0, packet,
                facts)
        else { return false }
        if count == 1 { return true }
        guard
            holds(
                path.pointee.kinds.1, path.pointee.extras.1, record.pointee.dependency1, packet,
                facts)
        else { return false }
        if count == 2 { return true }
        guard
            holds(
                path.pointee.kinds.2, path.pointee.extras.2, record.pointee.dependency2, packet,
                facts)
        else { return false }
        if count == 3 { return true }
        return holds(
            path.pointee.kinds.3, path.pointee.extras.3, record.pointee.dependency3, packet, facts)
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
