// Finding, adding and removing connections. The index holds a connection once under its original
// tuple, which serves both directions as the hash is symmetric, and once more under its reply tuple
// where NAT made that another. All of it under the table's lock.

import Bounded

extension ConntrackTable {
    /// The live connection with `tuple` in either direction. A connection that has expired is
    /// removed on the way.
    func lookup(_ tuple: ConntrackTuple, now: UInt64) -> (index: UInt32, isReply: Bool)? {
        withUnsafePointer(to: tuple) {
            lookup($0, hash: tuple.hash(state.pointee.hash), now: now)
        }
    }

    /// The same for a tuple whose hash is known; by its place, as a copy of what was just written
    /// makes the processor wait.
    func lookup(
        _ tuple: UnsafePointer<ConntrackTuple>, hash: UInt64, now: UInt64
    ) -> (index: UInt32, isReply: Bool)? {
        var isReply = false
        let found = state.pointee.index.find(hash) { index in
            let hot = hot(index)
            guard hot.pointee.zone == tuple.pointee.zone,
                hot.pointee.protocolNumber == tuple.pointee.protocolNumber
            else { return false }
            let cold = cold(index)
            if cold.pointee.original(hot) == tuple.pointee {
                isReply = false
                return true
            }
            if reply(index) == tuple.pointee {
                isReply = true
                return true
            }
            return false
        }
        guard let found else { return nil }
        if now >= hot(found).pointee.expiryMilliseconds {
            remove(found)
            state.pointee.counters.expired &+= 1
            return lookup(tuple, hash: hash, now: now)
        }
        return (found, isReply)
    }

    /// A slot for a new connection with both lines zeroed but for the generation; nil when there is
    /// none.
    func takeSlot() -> UInt32? {
        guard let index = state.pointee.slots.take() else { return nil }
        // Of the next connection: there will be one soon.
        if let next = state.pointee.slots.next {
            Prefetch.write(self.hot(next))
            let lines = UnsafeMutableRawPointer(cold(next))
            for line in 0..<2 { Prefetch.write(lines + 64 &* line) }
        }
        let hot = hot(index)
        // A thread that still believes in the old connection may be about to look: it must find the
        // lock as a lock, and a generation that is not its own.
        lockConnection(hot)
        hot.pointee.generation &+= 1
        hot.pointee.expiryMilliseconds = 0
        UnsafeMutableRawPointer(hot).advanced(by: 16).initializeMemory(
            as: UInt8.self, repeating: 0, count: 48)
        unlockConnection(hot)
        UnsafeMutableRawPointer(cold(index)).initializeMemory(
            as: UInt8.self, repeating: 0, count: 128)
        return index
    }

    /// Enters a filled connection, whose original tuple has the hash `original`, into index, wheel
    /// and counts; false, and nothing done, when the index has no room.
    func enter(_ index: UInt32, hash original: UInt64) -> Bool {
        let hot = hot(index)
        // A hash is that of both directions where nothing is translated.
        let reply =
            hot.pointee.natAction == 0
            ? original : self.reply(index).hash(state.pointee.hash)
        guard state.pointee.index.insert(original, value: index) else { return false }
        state.pointee.absences.arrive(original)
        if reply != original { state.pointee.absences.arrive(reply) }
        if reply != original {
            guard state.pointee.index.insert(reply, value: index) else {
                state.pointee.index.remove(original, value: index)
                return false
            }
            hot.pointee.flags |= ConnectionFlags.indexedReply
        }
        hot.pointee.flags |= ConnectionFlags.inUse
        state.pointee.wheel.schedule(index, at: hot.pointee.expiryMilliseconds)
        admit(index)
        state.pointee.counters.created &+= 1
        return true
    }

    /// Ends a connection: out of index, wheel and counts, its expectations forgotten, its slot
    /// free.
    func remove(_ index: UInt32) {
        state.pointee.wheel.cancel(index)
        removeUnscheduled(
            index, hash: original(index).hash(state.pointee.hash))
    }

    /// `remove` for a connection that the wheel has already handed out; `hash` is that of its
    /// original tuple.
    func removeUnscheduled(_ index: UInt32, hash: UInt64) {
        let hot = hot(index)
        state.pointee.index.remove(hash, value: index)
        if hot.pointee.flags & ConnectionFlags.indexedReply != 0 {
            state.pointee.index.remove(
                reply(index).hash(state.pointee.hash), value: index)
        }
        if hot.pointee.flags & ConnectionFlags.helpers != 0 {
            state.pointee.expectations.removeAll(parent: index, state.pointee.hash)
        }
        lockConnection(hot)
        dismiss(index)
        hot.pointee.generation &+= 1
        hot.pointee.flags = 0
        hot.pointee.expiryMilliseconds = 0
        unlockConnection(hot)
        giveSlots(index)
        state.pointee.counters.deleted &+= 1
    }

    /// Makes every judgement that rests on the connection stale.
    func bumpGeneration(_ index: UInt32) {
        let hot = hot(index)
        lockConnection(hot)
        hot.pointee.generation &+= 1
        unlockConnection(hot)
    }

    /// Sets when the connection ends, `attribute` of its policy from now. A nearer end moves it in
    /// the wheel; a farther one is found out when the wheel comes to it.
    func setExpiry(_ index: UInt32, _ attribute: TimeoutAttribute, now: UInt64) {
        let hot = hot(index)
        let seconds = timeoutSeconds(cold(index).pointee.timeoutPolicy, attribute)
        let isNearer =
            seconds < hot.pointee.timeoutSeconds && hot.pointee.flags & ConnectionFlags.inUse != 0
        hot.pointee.timeoutSeconds = seconds
        hot.pointee.expiryMilliseconds = now &+ UInt64(seconds) &* 1000
        if isNearer {
            state.pointee.wheel.cancel(index)
            state.pointee.wheel.schedule(index, at: hot.pointee.expiryMilliseconds)
        }
    }
}
