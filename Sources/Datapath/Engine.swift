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
        let entries = s.pointee.entries
        s.pointee.counters.packets &+= UInt64(count)
        guard count > 0 else { return }
        // After the version, so that whoever sees a deep rule makes wide keys.
        let port = packets[0].metadata.pointee.inPort
        if s.pointee.pipeline.hasNarrowKeys(port: port) {
            makeNarrowKeys(packets, count, port: port)
        } else {
            makeKeys(packets, from: 0, to: count)
        }
        findCandidates(count)
        findRecords(packets, count)
        // Until a packet is judged, what was found above is what there is.
        var isSettled = s.pointee.selfCheck.interval == 0
        var run = HitRun(state)
        for position in 0..<count {
            let packet = packets[position]
            if isSettled {
                let slot = entries[position].record
                if slot != .max && hit(packet, entries + position, slot, &run) { continue }
                isSettled = false
                finish(&run)
                judge(packet, position, slot: slot)
            } else {
                handle(packet, position)
            }
        }
        finish(&run)
        batch.removeAll()
    }

    /// Makes narrow keys, for a batch that came by `port`.
    @inline(never)
    private func makeNarrowKeys(
        _ packets: UnsafeMutablePointer<PacketBuffer>, _ count: Int, port: UInt32
    ) {
        let s = state
        let keys = s.pointee.keys
        let entries = s.pointee.entries
        let vlanLimit = s.pointee.vlanLimit
        let records = s.pointee.records
        for position in 0..<count {
            let packet = packets[position]
            let words = keys + position &* RecordKey.wordCount
            if packet.isSuperPacket || packet.metadata.pointee.inPort != port {
                makeKeys(packets, from: position, to: position &+ 1)
                continue
            }
            let facts = RecordKey.makeNarrow(packet, vlanLimit: vlanLimit, into: words)
            entries[position].facts = facts
            if facts.hasKey {
                let hash = records.hash(ofNarrow: words)
                entries[position].hash = hash
                records.index.prefetch(hash)
            }
        }
    }

    /// Makes the keys of some packets, hashes them and asks for their buckets.
    @inline(never)
    private func makeKeys(
        _ packets: UnsafeMutablePointer<PacketBuffer>, from first: Int, to end: Int
    ) {
        let s = state
        let keys = s.pointee.keys
        let entries = s.pointee.entries
        let vlanLimit = s.pointee.vlanLimit
        let keepsFlags = s.pointee.keepsFlags
        let records = s.pointee.records
        for position in first..<end {
            let words = keys + position &* RecordKey.wordCount
            let facts = RecordKey.make(
                packets[position], vlanLimit: vlanLimit, keepsFlags: keepsFlags, into: words)
            entries[position].facts = facts
            if facts.hasKey {
                let hash = records.hash(ofWide: words)
                entries[position].hash = hash
                records.index.prefetch(hash)
            }
        }
    }

    /// Finds what may be each packet's record and asks for it.
    @inline(__always)
    private func findCandidates(_ count: Int) {
        let entries = state.pointee.entries
        let records = state.pointee.records
        // Neighbours are often of one flow.
        var candidate = UInt32.max
        var last: UInt64 = 0
        for position in 0..<count {
            if !entries[position].facts.hasKey {
                entries[position].record = .max
                continue
            }
            let hash = entries[position].hash
            if hash != last {
                last = hash
                candidate = .max
                let bucket = records.index.bucket(of: hash)
                let matches = records.index.matches(in: bucket, tag: TagIndex.tag(of: hash))
                if matches != 0 {
                    candidate = records.index.value(
                        at: bucket, slot: matches.trailingZeroBitCount)
                    let address = UnsafeMutableRawPointer(records.records + Int(candidate))
                    vd_prefetch(address)
                    vd_prefetch_write(address + 64)
                }
            }
            entries[position].record = candidate
        }
    }

    /// Finds each packet's record and asks for what it depends on.
    @inline(__always)
    private func findRecords(_ packets: UnsafeMutablePointer<PacketBuffer>, _ count: Int) {
        let keys = state.pointee.keys
        let entries = state.pointee.entries
        let records = state.pointee.records
        var unrecorded = 0
        var translated = 0
        for position in 0..<count {
            let words = keys + position &* RecordKey.wordCount
            var slot = entries[position].record
            if slot == .max || !records.isEqual(slot, words) {
                slot = .max
                if entries[position].facts.hasKey {
                    slot = records.find(entries[position].hash, words) ?? .max
                }
                entries[position].record = slot
                if slot == .max {
                    unrecorded &+= 1
                    continue
                }
            }
            if prefetchDependencies(records.records + Int(slot)) { translated &+= 1 }
        }
        if translated > 0 { prefetchTranslations(count) }
        if unrecorded > 1 {
            prefetchConnections(count, port: packets[0].metadata.pointee.inPort)
        }
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
}
