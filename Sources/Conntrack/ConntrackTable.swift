// The connection tracker. A table of connections for all zones, used at two levels:
//
// Level 2, `execute`, is the full function of a `ct` action: find the connection or create it, run
// its state machine, apply NAT, set mark and label, watch helpers. The interpreter calls it for new
// flows and for every packet whose outcome may not be a function of a flow record. It takes the
// table's lock.
//
// Level 1, `touch`, is what a packet of a known flow does: compare the generation, check the TCP
// window, move the expiry. It finds the connection by index, touches one cache line and takes that
// connection's lock only.
//
// Locks: the table's lock guards index, cold lines, wheel, limits and expectations; a connection's
// lock guards its hot line. The order is table, then connection; `touch` takes the second alone. In
// single-thread mode neither is taken. Nothing is allocated after `init`, and memory is mapped for
// the whole capacity but touched only as connections need it.

import Bounded

/// A table of connections.
///
/// **Shape**: one pointer, copied freely; 64 + 128 bytes a connection, 64 more where it is
/// translated or related, and 64-byte index buckets of eight.
/// **Units**: times are milliseconds of one steady clock. **Owner**: any thread, see above.
@frozen public struct ConntrackTable: @unchecked Sendable {
    public let state: UnsafeMutablePointer<ConntrackTableState>

    /// Maps a table.
    ///
    /// - Parameters:
    ///   - capacity: connections that memory is reserved for, at most 2^28.
    ///   - isShared: more than one thread uses the table.
    ///   - now: milliseconds of the clock that all later calls use.
    /// - Returns: nil when memory is short.
    public init?(
        capacity: Int = 1_000_000, isShared: Bool = true, secret: HashSecret = .random(),
        now: UInt64
    ) {
        guard capacity > 0, capacity <= 1 << 28,
            let slots = SlotPool(capacity: capacity),
            let hotMemory = MappedMemory.reserve(byteCount: capacity * 64),
            let coldMemory = MappedMemory.reserve(byteCount: capacity * 128),
            let extensions = ExtensionPool(capacity: capacity),
            let index = TagIndex(capacity: capacity + capacity / 2),
            let zoneMemory = MappedMemory.reserve(
                byteCount: (1 << 16 + 1) * MemoryLayout<ZoneLimit>.stride),
            let ownerMemory = MappedMemory.reserve(
                byteCount: OwnerBudget.capacity * MemoryLayout<OwnerBudget>.stride),
            let policyMemory = MappedMemory.reserve(
                byteCount: TimeoutPolicy.tableCapacity * MemoryLayout<TimeoutPolicy>.stride),
            let expectations = ExpectationTable(capacity: 4096)
        else { return nil }
        let wheel = TimerWheel(
            slotCount: 4096, tickMilliseconds: 250,
            links: coldMemory.base + ConnectionCold.linksOffset, strideBytes: 128, now: now)
        let lock = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)
        lock.initializeMemory(as: UInt8.self, repeating: 0, count: 64)
        state = .allocate(capacity: 1)
        state.initialize(
            to: ConntrackTableState(
                hot: hotMemory.base.bindMemory(to: ConnectionHot.self, capacity: capacity),
                cold: coldMemory.base.bindMemory(to: ConnectionCold.self, capacity: capacity),
                hotMemory: hotMemory, coldMemory: coldMemory, zoneMemory: zoneMemory,
                ownerMemory: ownerMemory, policyMemory: policyMemory,
                index: index, slots: slots, extensions: extensions, wheel: wheel,
                hash: KeyedHash(secret), lock: SpinLock(lock),
                zones: zoneMemory.base.bindMemory(to: ZoneLimit.self, capacity: 1 << 16 + 1),
                owners: ownerMemory.base.bindMemory(
                    to: OwnerBudget.self, capacity: OwnerBudget.capacity),
                policies: policyMemory.base.bindMemory(
                    to: TimeoutPolicy.self, capacity: TimeoutPolicy.tableCapacity),
                expectations: expectations, capacity: UInt32(capacity),
                connectionLimit: UInt32(capacity), halfOpenLimit: 0, halfOpenCount: 0,
                zoneLimitSequence: 1, random: secret.word3 | 1, isShared: isShared,
                checksTCPSequence: true, counters: ConntrackCounters()))
        state.pointee.policies[0] = TimeoutPolicy(id: 0)
    }

    /// Unmaps the table. No thread may use it any more.
    public func deallocate() {
        let table = state.pointee
        table.wheel.deallocate()
        table.index.deallocate()
        table.slots.deallocate()
        table.extensions.deallocate()
        table.hash.deallocate()
        table.expectations.deallocate()
        table.absences.generations.deallocate()
        table.due.deallocate()
        table.lock.word.deallocate()
        table.hotMemory.release()
        table.coldMemory.release()
        table.zoneMemory.release()
        table.ownerMemory.release()
        table.policyMemory.release()
        state.deallocate()
    }

    /// The hot line of a connection.
    @inlinable @inline(always)
    public func hot(_ index: UInt32) -> UnsafeMutablePointer<ConnectionHot> {
        state.pointee.hot + Int(truncatingIfNeeded: index)
    }

    /// The cold lines of a connection.
    @inlinable @inline(always)
    public func cold(_ index: UInt32) -> UnsafeMutablePointer<ConnectionCold> {
        state.pointee.cold + Int(truncatingIfNeeded: index)
    }

    /// Asks for the hot line of a connection, ahead of `touch`.
    @inlinable @inline(always)
    public func prefetch(_ index: UInt32) { Prefetch.write(hot(index)) }

    /// Asks for what a translated connection turns its packets into, after `prefetch`.
    @inlinable @inline(always)
    public func prefetchTranslation(_ index: UInt32) {
        guard hot(index).pointee.natAction != 0 else { return }
        Prefetch.read(cold(index))
        Prefetch.read(state.pointee.extensions.tuple(hot(index).pointee.translation))
    }

    /// Asks for what a lookup of `tuple` reads first, and returns the tuple's hash.
    @inlinable @inline(always)
    public func prefetchIndex(_ tuple: ConntrackTuple) -> UInt64 {
        let hash = tuple.hash(state.pointee.hash)
        state.pointee.index.prefetch(hash)
        state.pointee.absences.prefetch(hash)
        return hash
    }

    /// Asks for the connection that a tuple of `hash` may have, after `prefetchIndex`. Reads
    /// without the lock what may be changing: only a guess comes of it.
    @inlinable @inline(always)
    public func prefetchConnection(_ hash: UInt64) {
        let index = state.pointee.index
        let bucket = index.bucket(of: hash)
        let matches = index.matches(in: bucket, tag: TagIndex.tag(of: hash))
        guard matches != 0 else { return }
        let found = index.value(at: bucket, slot: matches.trailingZeroBitCount)
        guard found < state.pointee.capacity else { return }
        Prefetch.write(hot(found))
        Prefetch.write(cold(found))
    }

    /// Whether locks are taken, because more than one thread uses the table.
    public var isShared: Bool { state.pointee.isShared }

    /// Takes locks from now on, or no longer.
    ///
    /// **Owner**: the control room, while no thread is inside of the table.
    public func setShared(_ isShared: Bool) { state.pointee.isShared = isShared }

    @inlinable @inline(always)
    func lockTable() {
        if state.pointee.isShared { state.pointee.lock.lock() }
    }
    @inlinable @inline(always)
    func unlockTable() {
        if state.pointee.isShared { state.pointee.lock.unlock() }
    }
    @inlinable @inline(always)
    func lockConnection(_ hot: UnsafeMutablePointer<ConnectionHot>) {
        if state.pointee.isShared { SpinLock(UnsafeMutableRawPointer(hot) + 12).lock() }
    }
    @inlinable @inline(always)
    func unlockConnection(_ hot: UnsafeMutablePointer<ConnectionHot>) {
        if state.pointee.isShared { SpinLock(UnsafeMutableRawPointer(hot) + 12).unlock() }
    }
}

/// What a `ConntrackTable` points to.
@frozen public struct ConntrackTableState {
    public var hot: UnsafeMutablePointer<ConnectionHot>
    public var cold: UnsafeMutablePointer<ConnectionCold>
    public var hotMemory: MappedMemory
    public var coldMemory: MappedMemory
    public var zoneMemory: MappedMemory
    public var ownerMemory: MappedMemory
    public var policyMemory: MappedMemory
    public var index: TagIndex
    public var slots: SlotPool
    public var extensions: ExtensionPool
    public var wheel: TimerWheel
    public var hash: KeyedHash
    public var lock: SpinLock
    /// Entry 0 is the default limit, entry z + 1 that of zone z.
    public var zones: UnsafeMutablePointer<ZoneLimit>
    public var owners: UnsafeMutablePointer<OwnerBudget>
    public var policies: UnsafeMutablePointer<TimeoutPolicy>
    public var expectations: ExpectationTable
    public var capacity: UInt32
    /// Connections allowed now, at most `capacity`.
    public var connectionLimit: UInt32
    /// Half-open connections allowed now; zero is no limit.
    public var halfOpenLimit: UInt32
    public var halfOpenCount: UInt32
    public var zoneLimitSequence: UInt32
    public var random: UInt64
    public var isShared: Bool
    public var checksTCPSequence: Bool
    public var counters: ConntrackCounters
    public var absences = AbsenceTable()
    /// Room for the connections that one hold of the lock ends.
    @usableFromInline var due: UnsafeMutablePointer<(index: UInt32, hash: UInt64)> = .allocate(
        capacity: ConntrackTable.expiryBatch)

    /// The next number of a xorshift sequence seeded from the table's secret.
    @inlinable
    mutating func nextRandom() -> UInt32 {
        random ^= random << 13
        random ^= random >> 7
        random ^= random << 17
        return UInt32(truncatingIfNeeded: random >> 32)
    }
}

/// Events since start.
@frozen public struct ConntrackCounters: Sendable {
    public var created: UInt64 = 0
    public var deleted: UInt64 = 0
    public var expired: UInt64 = 0
    public var tableFull: UInt64 = 0
    public var zoneLimited: UInt64 = 0
    public var ownerLimited: UInt64 = 0
    public var halfOpenLimited: UInt64 = 0
    public var natExhausted: UInt64 = 0
    public var badIPChecksum: UInt64 = 0
    public var badTransportChecksum: UInt64 = 0
    public var malformed: UInt64 = 0
    public var invalidTCPFlags: UInt64 = 0
    public var outOfWindow: UInt64 = 0
    public var invalidNew: UInt64 = 0
    public var unknownError: UInt64 = 0
    public var nattedMiss: UInt64 = 0
    public var badHelperMessage: UInt64 = 0

    @inlinable public init() {}
}
