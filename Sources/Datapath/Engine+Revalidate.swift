// Whether a record from before some rule changes still holds: each change since is tried against
// the tables its path visited and the arrival fields no instruction wrote. In doubt the packet is
// judged.

import CIntrinsics
import Flow
import Pipeline

extension Engine {
    /// Moves the record up to the current version if no change since could touch it.
    func revalidate(
        _ record: UnsafeMutablePointer<FlowRecord>, _ path: UnsafeMutablePointer<FlowPath>
    ) -> Bool {
        let s = state
        guard record.pointee.epoch == UInt16(truncatingIfNeeded: s.pointee.epoch) else {
            return false
        }
        // What is not in its key can't be compared with rules that look at it.
        let words = UnsafeMutableRawPointer(record).assumingMemoryBound(to: UInt64.self)
        guard keepsDepth(words) else { return false }
        let behind = s.pointee.changeCount &- record.pointee.changeCount
        guard behind <= UInt32(ChangeLog.capacity) else { return false }
        if path.pointee.quietUntil != s.pointee.changeCount {
            listen(path, slot: record.pointee.path)
        }
        // Most changes are in tables that the path never came to.
        let isQuiet = behind <= s.pointee.changeCount &- path.pointee.quietSince
        guard isQuiet || isUntouched(record, path) else { return false }
        record.pointee.changeCount = s.pointee.changeCount
        s.pointee.counters.revalidated &+= 1
        return true
    }

    /// Brings up to date since when no visited table of a path has changed.
    private func listen(_ path: UnsafeMutablePointer<FlowPath>, slot: UInt32) {
        let s = state
        let log = s.pointee.pipeline.pointee.changes
        let first = path.pointee.quietUntil
        path.pointee.quietUntil = s.pointee.changeCount
        if s.pointee.changeCount &- first <= UInt32(ChangeLog.capacity) {
            var number = first
            while number != s.pointee.changeCount {
                let change = log.pointee.entries + Int(number) % ChangeLog.capacity
                number &+= 1
                if visits(change, path, slot: slot) { path.pointee.quietSince = number }
            }
            if log.keeps(from: first) { return }
        }
        path.pointee.quietSince = s.pointee.changeCount
    }

    /// Whether no change since the record was judged, of those in tables that it visited, could
    /// touch its packets.
    private func isUntouched(
        _ record: UnsafeMutablePointer<FlowRecord>, _ path: UnsafeMutablePointer<FlowPath>
    ) -> Bool {
        let s = state
        let log = s.pointee.pipeline.pointee.changes
        var isExpanded = false
        var number = record.pointee.changeCount
        while number != path.pointee.quietSince {
            let change = log.pointee.entries + Int(number) % ChangeLog.capacity
            number &+= 1
            guard visits(change, path, slot: record.pointee.path) else { continue }
            if !isExpanded {
                expand(record, into: s.pointee.revalidationKey)
                isExpanded = true
            }
            if couldMatch(change, path) { return false }
        }
        // The writer fills entries for the next version meanwhile, over the oldest ones.
        return log.keeps(from: record.pointee.changeCount)
    }

    private func visits(
        _ change: UnsafeMutablePointer<RuleChange>, _ path: UnsafeMutablePointer<FlowPath>,
        slot: UInt32
    ) -> Bool {
        let visited = state.pointee.paths.visited(slot)
        let table = UInt32(change.pointee.bridge) &<< 8 | UInt32(change.pointee.table)
        for index in 0..<Int(path.pointee.visitedCount) where visited[index] == table {
            return true
        }
        return false
    }

    private func couldMatch(
        _ change: UnsafeMutablePointer<RuleChange>, _ path: UnsafeMutablePointer<FlowPath>
    ) -> Bool {
        let key = state.pointee.revalidationKey
        let isFirst = change.pointee.bridge == path.pointee.bridge
        for position in 0..<Int(change.pointee.wordCount) {
            let word = change.pointee.words[position]
            let index = Int(word.index)
            // conj_id and dp_hash never arrive with a packet.
            if index == FlowLayout.conjunctionID / 8 { continue }
            let mask = isFirst ? word.mask : word.mask & Engine.mask(inEveryBridge: index)
            let dirty = index < 64 ? path.pointee.dirtyLow : path.pointee.dirtyHigh
            if dirty &>> UInt64(index & 63) & 1 == 1 { continue }
            if (key.word(index) ^ word.value) & mask != 0 { return false }
        }
        return true
    }

    /// The bits of a word of the key that, where no instruction wrote it, are in other bridges as
    /// they were in the first one: another bridge sees another in_port, other metadata and, where
    /// ports have VLANs, other tags.
    @inline(__always)
    static func mask(inEveryBridge index: Int) -> UInt64 {
        switch index {
        case ..<(FlowLayout.ethDestination / 8): 0
        case FlowLayout.ethDestination / 8, FlowLayout.ethSource / 8: 0xffff_ffff_ffff
        case FlowLayout.ethType / 8: 0xffff
        default: .max
        }
    }

    /// Whether a key is wide, or narrow keys are still enough where its packets enter.
    func keepsDepth(_ words: UnsafeMutablePointer<UInt64>) -> Bool {
        words[0] & RecordKey.narrowBit == 0
            || state.pointee.pipeline.hasNarrowKeys(port: FlowRecord.port(words[0]))
    }

    /// The flow key of a record's packets as they arrived, as far as its key says.
    func expand(_ record: UnsafeMutablePointer<FlowRecord>, into key: FlowKey) {
        key.clear()
        let words = UnsafeMutableRawPointer(record).assumingMemoryBound(to: UInt64.self)
        let port = FlowRecord.port(words[0])
        let ingress = state.pointee.pipeline.pointee.ingress[Int(port) % PipelineState.portsMax]
        key.store32(ingress.openflowPort, at: FlowLayout.inPort)
        key.store32(ReservedOpenFlowPort.unset, at: FlowLayout.actsetOutput)
        let base = key.base
        let type = UInt16(truncatingIfNeeded: words[0] &>> 48)
        base.storeBytes(of: type, toByteOffset: FlowLayout.ethType, as: UInt16.self)
        let tpids = words[0] &>> 32 & 0xffff
        if tpids & 3 != 0 {
            key.store16(tpids & 1 != 0 ? 0x8100 : 0x88a8, at: FlowLayout.vlanTPID)
        }
        if tpids & 12 != 0 {
            key.store16(tpids & 4 != 0 ? 0x8100 : 0x88a8, at: FlowLayout.innerVLANTPID)
        }
        base.storeBytes(of: words[1], toByteOffset: FlowLayout.ethDestination, as: UInt64.self)
        base.storeBytes(of: words[2], toByteOffset: FlowLayout.ethSource, as: UInt64.self)
        let proto = UInt8(truncatingIfNeeded: words[3])
        key.store8(proto, at: FlowLayout.ipProtocol)
        key.store8(UInt8(truncatingIfNeeded: words[3] &>> 8), at: FlowLayout.ipTOS)
        key.store8(UInt8(truncatingIfNeeded: words[3] &>> 16), at: FlowLayout.ipTTL)
        let l4 = UInt32(truncatingIfNeeded: words[3] &>> 32)
        let isIPv6 = type == 0xdd86
        if proto == 6 {
            key.store16(UInt16(words[3] &>> 24 & 0xff), at: FlowLayout.tcpFlags)
        }
        if proto == 6 || proto == 17 {
            base.storeBytes(of: l4, toByteOffset: FlowLayout.l4Source, as: UInt32.self)
        } else if proto == 1 && !isIPv6 || proto == 58 && isIPv6 {
            key.store16(UInt16(l4 & 0xff), at: FlowLayout.l4Source)
            key.store16(UInt16(l4 &>> 8 & 0xff), at: FlowLayout.l4Destination)
        }
        if isIPv6 {
            key.store32(UInt32(words[0] &>> 12 & 0xfffff), at: FlowLayout.ipv6Label)
            base.storeBytes(of: words[4], toByteOffset: FlowLayout.ipv6Source, as: UInt64.self)
            base.storeBytes(
                of: words[5], toByteOffset: FlowLayout.ipv6Source &+ 8, as: UInt64.self)
            base.storeBytes(of: words[6], toByteOffset: FlowLayout.ipv6Destination, as: UInt64.self)
            base.storeBytes(
                of: words[7], toByteOffset: FlowLayout.ipv6Destination &+ 8, as: UInt64.self)
        } else {
            base.storeBytes(of: words[4], toByteOffset: FlowLayout.ipv4Source, as: UInt64.self)
        }
    }
}
