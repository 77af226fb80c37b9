// What the control room does with an engine while its poll thread is paused, and the sweep that the
// poll thread itself runs between batches.

import Conntrack
import Dpif
import Flow
import PacketBuffer
import Pipeline

extension Engine {
    // MARK: Sweep (poll thread)

    /// Looks at up to `budget` records: gives up idle ones and those that no longer hold, so that
    /// removed rules can be freed. Returns how many were given up.
    @discardableResult
    public func sweep(now: UInt64, budget: Int) -> Int {
        beginTurn(now: now)
        let s = state
        let end = UInt32(truncatingIfNeeded: s.pointee.records.slots.highWater)
        guard end > 0 else { return 0 }
        var removed = 0
        for _ in 0..<min(budget, Int(end)) {
            if s.pointee.sweepPosition >= end { s.pointee.sweepPosition = 0 }
            let slot = s.pointee.sweepPosition
            s.pointee.sweepPosition &+= 1
            let record = s.pointee.records.records + Int(slot)
            guard record.pointee.path != .max else { continue }
            let idle = UInt32(truncatingIfNeeded: now) &- record.pointee.lastUsed
            if idle > s.pointee.recordIdleMilliseconds {
                remove(record: slot)
                removed &+= 1
            } else if record.pointee.changeCount != s.pointee.changeCount
                || record.pointee.epoch != UInt16(truncatingIfNeeded: s.pointee.epoch)
            {
                let path = s.pointee.paths.path(record.pointee.path)
                if !revalidate(record, path) {
                    remove(record: slot)
                    removed &+= 1
                }
            }
        }
        return removed
    }

    // MARK: Control room (poll thread paused)

    /// Moves the counts of all paths into their rules.
    public func flushCounters() {
        let paths = state.pointee.paths
        for slot in 0..<UInt32(truncatingIfNeeded: paths.slots.highWater)
        where paths.path(slot).pointee.references != 0 {
            paths.flush(slot)
        }
    }

    /// Gives up every record.
    public func removeAllRecords() {
        for slot in 0..<UInt32(truncatingIfNeeded: state.pointee.records.slots.highWater) {
            remove(record: slot)
        }
    }

    public var recordCount: Int { state.pointee.records.slots.usedCount }

    /// The records as values, at most `limit`.
    public func dumpRecords(limit: Int, now: UInt64) -> [RecordInfo] {
        let s = state
        var list: [RecordInfo] = []
        for slot in 0..<UInt32(truncatingIfNeeded: s.pointee.records.slots.highWater) {
            let record = s.pointee.records.records + Int(slot)
            guard record.pointee.path != .max else { continue }
            if list.count >= limit { break }
            var info = info(of: record)
            let path = s.pointee.paths.path(record.pointee.path)
            info.operations = Array(
                UnsafeBufferPointer(
                    start: s.pointee.paths.operations(record.pointee.path),
                    count: Int(path.pointee.operationCount)))
            info.usedMilliseconds =
                record.pointee.packets == 0
                ? nil : UInt64(UInt32(truncatingIfNeeded: now) &- record.pointee.lastUsed)
            list.append(info)
        }
        return list
    }

    /// Key and counts of a record.
    func info(of record: UnsafeMutablePointer<FlowRecord>) -> RecordInfo {
        let key = state.pointee.revalidationKey
        expand(record, into: key)
        key.store32(FlowRecord.port(record.pointee.key0), at: FlowLayout.inPort)
        key.store32(0, at: FlowLayout.actsetOutput)
        var info = RecordInfo()
        info.key = Array(UnsafeRawBufferPointer(start: key.base, count: FlowLayout.byteCount))
        info.isNarrow = record.pointee.isNarrow
        info.packets = record.pointee.packets
        info.bytes = record.pointee.bytes
        return info
    }

    /// Runs a packet that the control room made. Transmissions are left in the outbox.
    public func inject(_ injected: InjectedPacket, now: UInt64) {
        beginTurn(now: now)
        guard let packet = allocate(injected.frame) else { return }
        packet.metadata.pointee.inPort = .max
        guard begin(judging: packet) else {
            state.pointee.pool.free(packet)
            return state.pointee.counters.drop(.frameTooShort)
        }
        let interpreter = state.pointee.interpreter
        if let key = injected.key { adoptMetadata(key) }
        interpreter.begin(
            version: state.pointee.version, now: now, frameLength: packet.length)
        if let program = injected.program {
            interpreter.run(
                program.instructions, count: program.count, bridge: injected.bridge,
                inPort: injected.inPort)
        } else {
            interpreter.judge(bridge: injected.bridge, inPort: injected.inPort)
        }
        finishInjected(length: injected.frame.count)
    }

    /// Goes on with a paused packet; false if the continuation is gone or too old.
    public func resume(_ serial: UInt64, frame: [UInt8], key: [UInt8], now: UInt64) -> Bool {
        beginTurn(now: now)
        guard let slot = state.pointee.continuations.slot(of: serial, now: now),
            let packet = allocate(frame)
        else { return false }
        guard begin(judging: packet) else {
            state.pointee.pool.free(packet)
            return false
        }
        adoptMetadata(key)
        let interpreter = state.pointee.interpreter
        interpreter.begin(
            version: state.pointee.version, now: now, frameLength: packet.length)
        state.pointee.continuations.restore(slot, into: interpreter.state)
        let count = state.pointee.continuations.slots[slot].frameCount
        state.pointee.continuations.slots[slot].serial = 0
        if count == 0 {
            if interpreter.enter(bridge: state.pointee.continuations.slots[slot].bridge) {
                interpreter.finishActionSet(isLast: true)
            }
        } else {
            interpreter.resume(state.pointee.continuations.frames(slot), count: count)
        }
        finishInjected(length: frame.count)
        return true
    }

    private func finishInjected(length: Int) {
        let i = state.pointee.interpreter.state
        execute(
            i.pointee.operations + i.pointee.executedCount,
            count: i.pointee.operationCount &- i.pointee.executedCount)
        finishExecution()
        if !state.pointee.released.isEmpty { dropReleased() }
        i.payCredits(bytes: UInt64(length))
    }

    private func allocate(_ frame: [UInt8]) -> PacketBuffer? {
        guard let packet = state.pointee.pool.allocate(length: frame.count) else {
            state.pointee.counters.drop(.noBuffer)
            return nil
        }
        let stored = frame.withUnsafeBytes { bytes in
            bytes.baseAddress.map { packet.assign($0, count: bytes.count) } ?? false
        }
        guard stored else {
            state.pointee.pool.free(packet)
            return nil
        }
        return packet
    }

    /// Takes registers, metadata, tunnel, conntrack and port fields from `key`; header fields stay
    /// as parsed from the frame.
    private func adoptMetadata(_ key: [UInt8]) {
        guard key.count == FlowLayout.byteCount else { return }
        let target = state.pointee.interpreter.state.pointee.key
        key.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            target.copyBytes(from: base, count: FlowLayout.ethDestination, to: 0)
            target.copyBytes(
                from: base + FlowLayout.tunnelMetadata,
                count: FlowLayout.byteCount - FlowLayout.tunnelMetadata,
                to: FlowLayout.tunnelMetadata)
        }
    }
}
