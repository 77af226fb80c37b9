// What the expiry sweep and the control room do: end what expired, flush, dump. All of it in
// bounded pieces, the table's lock let go between them, so that poll threads never wait long.

import Bounded

extension ConntrackTable {
    /// Slots visited under one hold of the lock.
    static var chunk: Int { 256 }
    /// Connections ended under one hold of the lock.
    @usableFromInline static var expiryBatch: Int { 32 }

    /// Ends connections whose time is over. At most `budget` are looked at; call it again, soon if
    /// it returns as many as the budget.
    ///
    /// - Returns: how many connections were looked at.
    /// - Parameter now: milliseconds.
    @discardableResult
    public func expire(now: UInt64, budget: Int = 1024) -> Int {
        var looked = 0
        while looked < budget {
            let wanted = min(ConntrackTable.expiryBatch, budget - looked)
            lockTable()
            let count = takeDue(now: now, most: wanted)
            endDue(count, now: now)
            unlockTable()
            looked += count
            if count < wanted { break }
        }
        return looked
    }

    /// Takes what the wheel says is due, and asks for what ending it will read.
    private func takeDue(now: UInt64, most: Int) -> Int {
        let due = state.pointee.due
        var count = 0
        while count < most {
            let index = state.pointee.wheel.next(now: now)
            if index == TimerWheel.none { break }
            Prefetch.write(hot(index))
            Prefetch.write(cold(index))
            due[count] = (index, 0)
            count += 1
        }
        for position in 0..<count {
            let index = due[position].index
            guard now >= hot(index).pointee.expiryMilliseconds else { continue }
            let hash = cold(index).pointee.original(hot(index)).hash(state.pointee.hash)
            due[position].hash = hash
            state.pointee.index.prefetch(hash)
        }
        return count
    }

    private func endDue(_ count: Int, now: UInt64) {
        for position in 0..<count {
            let (index, hash) = state.pointee.due[position]
            let expiry = hot(index).pointee.expiryMilliseconds
            if now >= expiry {
                removeUnscheduled(index, hash: hash)
                state.pointee.counters.expired &+= 1
            } else {
                // Packets moved the end on since the wheel was told.
                state.pointee.wheel.schedule(index, at: expiry)
            }
        }
    }

    /// Ends all connections, or those of one zone; returns how many.
    @discardableResult
    public func flush(zone: UInt16? = nil) -> Int {
        var count = 0
        forEachSlotInChunks { index in
            if let zone, hot(index).pointee.zone != zone { return }
            remove(index)
            count += 1
        }
        return count
    }

    /// Ends the connection with this original tuple; false when there is none. The zone is the
    /// tuple's.
    @discardableResult
    public func flush(_ original: ConntrackTuple, now: UInt64) -> Bool {
        lockTable()
        defer { unlockTable() }
        guard let (index, isReply) = lookup(original, now: now),
            !isReply || hot(index).pointee.natAction == 0
        else { return false }
        remove(index)
        return true
    }

    /// Ends the connections for which `isMatch` answers true; returns how many. For partial tuples.
    @discardableResult
    public func flush(now: UInt64, where isMatch: (ConntrackEntry) -> Bool) -> Int {
        var count = 0
        forEachSlotInChunks { index in
            guard now < hot(index).pointee.expiryMilliseconds,
                isMatch(ConntrackEntry(self, index, now: now))
            else { return }
            remove(index)
            count += 1
        }
        return count
    }

    /// Calls `body` for live connections from slot `cursor` on, until `limit` were shown or slots
    /// ran out.
    ///
    /// - Parameters:
    ///   - cursor: zero at first; moved on.
    ///   - zone: only connections of this zone.
    /// - Returns: false when there are no more.
    public func dump(
        cursor: inout UInt32, zone: UInt16? = nil, now: UInt64, limit: Int,
        _ body: (ConntrackEntry) -> Void
    ) -> Bool {
        var shown = 0
        while shown < limit {
            lockTable()
            let end = min(
                Int(cursor) + ConntrackTable.chunk, state.pointee.slots.highWater)
            while Int(cursor) < end, shown < limit {
                let hot = hot(cursor)
                if hot.pointee.flags & ConnectionFlags.inUse != 0,
                    now < hot.pointee.expiryMilliseconds,
                    zone == nil || hot.pointee.zone == zone
                {
                    body(ConntrackEntry(self, cursor, now: now))
                    shown += 1
                }
                cursor += 1
            }
            let isEnd = Int(cursor) >= state.pointee.slots.highWater
            unlockTable()
            if isEnd { return false }
        }
        return true
    }

    /// The entry of one live connection, or nil.
    public func entry(_ index: UInt32, now: UInt64) -> ConntrackEntry? {
        lockTable()
        defer { unlockTable() }
        guard index < state.pointee.capacity,
            hot(index).pointee.flags & ConnectionFlags.inUse != 0
        else { return nil }
        return ConntrackEntry(self, index, now: now)
    }

    /// Counts live connections by protocol and TCP state, of one zone or of all.
    public func statistics(zone: UInt16? = nil, now: UInt64) -> ConntrackStatistics {
        var result = ConntrackStatistics()
        forEachSlotInChunks { index in
            let hot = hot(index).pointee
            guard now < hot.expiryMilliseconds, zone == nil || hot.zone == zone else { return }
            result.add(hot)
        }
        return result
    }

    /// Calls `body` with the lock held for every slot in use.
    func forEachSlotInChunks(_ body: (UInt32) -> Void) {
        var slot = 0
        while true {
            lockTable()
            let highWater = state.pointee.slots.highWater
            let end = min(slot + ConntrackTable.chunk, highWater)
            while slot < end {
                let index = UInt32(truncatingIfNeeded: slot)
                if hot(index).pointee.flags & ConnectionFlags.inUse != 0 { body(index) }
                slot += 1
            }
            unlockTable()
            if slot >= highWater { return }
        }
    }
}
