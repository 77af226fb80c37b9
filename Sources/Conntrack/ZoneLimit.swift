// Limits on connections: for the table, for zones, and for the ports that own them.

/// The limit of one zone, or the default.
@frozen public struct ZoneLimit: Sendable {
    public var limit: UInt32
    public var count: UInt32
    /// Tells counts of a limit that was deleted and made again apart.
    public var sequence: UInt32
    public var isSet: Bool
}

/// What a port's connections may take.
@frozen public struct OwnerBudget: Sendable {
    /// Ports above this have no budget.
    @inlinable public static var capacity: Int { 65_536 }

    public var connectionCount: UInt32
    public var halfOpenCount: UInt32
    /// Zero is no limit.
    public var connectionLimit: UInt32
    /// Zero is no limit.
    public var halfOpenLimit: UInt32
    /// How often a limit was reached.
    public var connectionsRefused: UInt64
    public var halfOpenRefused: UInt64
}

extension ConntrackTable {
    /// Sets the limit of `zone`, or the default for zones without one when nil. Counting starts
    /// with the limit. All zones under the default limit share its count, as in Open vSwitch's
    /// userspace datapath.
    public func setZoneLimit(_ zone: UInt16?, to limit: UInt32) {
        lockTable()
        let entry = state.pointee.zones + zoneEntry(zone)
        if !entry.pointee.isSet {
            entry.pointee = ZoneLimit(
                limit: limit, count: 0, sequence: state.pointee.zoneLimitSequence, isSet: true)
            state.pointee.zoneLimitSequence &+= 1
        }
        entry.pointee.limit = limit
        unlockTable()
    }

    /// Removes the limit of `zone`; false when it had none.
    @discardableResult
    public func removeZoneLimit(_ zone: UInt16?) -> Bool {
        lockTable()
        defer { unlockTable() }
        let entry = state.pointee.zones + zoneEntry(zone)
        let wasSet = entry.pointee.isSet
        entry.pointee.isSet = false
        return wasSet
    }

    /// The limit of `zone` (of the default when nil), or nil when it has none.
    public func zoneLimit(_ zone: UInt16?) -> ZoneLimit? {
        lockTable()
        defer { unlockTable() }
        let entry = state.pointee.zones[zoneEntry(zone)]
        return entry.isSet ? entry : nil
    }

    /// Calls `body` for every zone that has a limit, in order.
    public func forEachZoneLimit(_ body: (UInt16, ZoneLimit) -> Void) {
        for zone in 0...UInt16.max {
            let entry = state.pointee.zones[zoneEntry(zone)]
            if entry.isSet { body(zone, entry) }
        }
    }

    /// Connections allowed, at most the table's capacity.
    public var maxConnections: UInt32 { state.pointee.connectionLimit }
    /// Sets the connections allowed; more than the capacity counts as the capacity.
    public func setMaxConnections(_ limit: UInt32) {
        state.pointee.connectionLimit = min(limit, state.pointee.capacity)
    }
    public var connectionCount: Int { state.pointee.slots.usedCount }

    /// Limits half-open connections of the whole table; zero is no limit.
    public func setHalfOpenLimit(_ limit: UInt32) { state.pointee.halfOpenLimit = limit }
    public var halfOpenCount: UInt32 { state.pointee.halfOpenCount }

    /// Limits the connections, and those half-open, that `port` may own; zero is no limit.
    public func setOwnerBudget(
        _ port: UInt32, connectionLimit: UInt32, halfOpenLimit: UInt32
    ) {
        guard port < OwnerBudget.capacity else { return }
        lockTable()
        state.pointee.owners[Int(port)].connectionLimit = connectionLimit
        state.pointee.owners[Int(port)].halfOpenLimit = halfOpenLimit
        unlockTable()
    }

    public func ownerBudget(_ port: UInt32) -> OwnerBudget? {
        port < OwnerBudget.capacity ? state.pointee.owners[Int(port)] : nil
    }

    /// `ct-set-tcp-seq-chk`.
    public var checksTCPSequence: Bool {
        get { state.pointee.checksTCPSequence }
        nonmutating set { state.pointee.checksTCPSequence = newValue }
    }
    public var counters: ConntrackCounters { state.pointee.counters }

    @usableFromInline
    func zoneEntry(_ zone: UInt16?) -> Int {
        guard let zone else { return 0 }
        return Int(zone) + 1
    }

    /// Whether limits forbid a new connection.
    func refusal(_ request: UnsafePointer<ConntrackRequest>, zone: UInt16) -> ConntrackOutcome {
        let own = state.pointee.zones + zoneEntry(zone)
        let limit = own.pointee.isSet ? own : state.pointee.zones
        if limit.pointee.isSet && limit.pointee.count >= limit.pointee.limit {
            state.pointee.counters.zoneLimited &+= 1
            return .zoneLimit
        }
        if state.pointee.slots.usedCount >= Int(state.pointee.connectionLimit) {
            state.pointee.counters.tableFull &+= 1
            return .tableFull
        }
        let halfOpenLimit = state.pointee.halfOpenLimit
        if halfOpenLimit != 0 && state.pointee.halfOpenCount >= halfOpenLimit {
            state.pointee.counters.halfOpenLimited &+= 1
            return .halfOpenLimit
        }
        let port = request.pointee.ownerPort
        guard port < OwnerBudget.capacity else { return .done }
        let owner = state.pointee.owners[Int(port)]
        if owner.connectionLimit != 0 && owner.connectionCount >= owner.connectionLimit {
            state.pointee.counters.ownerLimited &+= 1
            state.pointee.owners[Int(port)].connectionsRefused &+= 1
            return .ownerLimit
        }
        if owner.halfOpenLimit != 0 && owner.halfOpenCount >= owner.halfOpenLimit {
            state.pointee.counters.halfOpenLimited &+= 1
            state.pointee.owners[Int(port)].halfOpenRefused &+= 1
            return .halfOpenLimit
        }
        return .done
    }

    /// Counts a new connection, which is half-open, against zone and owner.
    func admit(_ index: UInt32) {
        let hot = hot(index)
        let cold = cold(index)
        let own = state.pointee.zones + zoneEntry(hot.pointee.zone)
        if own.pointee.isSet || state.pointee.zones.pointee.isSet {
            let limit = own.pointee.isSet ? own : state.pointee.zones
            limit.pointee.count &+= 1
            cold.pointee.zoneLimitSequence = limit.pointee.sequence
            hot.pointee.flags |=
                own.pointee.isSet
                ? ConnectionFlags.zoneLimited : ConnectionFlags.defaultLimited
        }
        hot.pointee.flags |= ConnectionFlags.halfOpen
        state.pointee.halfOpenCount &+= 1
        if cold.pointee.ownerPort < OwnerBudget.capacity {
            let owner = state.pointee.owners + Int(cold.pointee.ownerPort)
            owner.pointee.connectionCount &+= 1
            owner.pointee.halfOpenCount &+= 1
        }
    }

    /// Takes a connection that ends out of the counts.
    func dismiss(_ index: UInt32) {
        let hot = hot(index)
        let cold = cold(index)
        settle(index)
        let flags = hot.pointee.flags
        if flags & (ConnectionFlags.zoneLimited | ConnectionFlags.defaultLimited) != 0 {
            let isDefault = flags & ConnectionFlags.defaultLimited != 0
            let limit = state.pointee.zones + zoneEntry(isDefault ? nil : hot.pointee.zone)
            if limit.pointee.isSet, limit.pointee.sequence == cold.pointee.zoneLimitSequence {
                limit.pointee.count &-= 1
            }
        }
        if cold.pointee.ownerPort < OwnerBudget.capacity {
            state.pointee.owners[Int(cold.pointee.ownerPort)].connectionCount &-= 1
        }
    }

    /// The connection is no longer half-open.
    func settle(_ index: UInt32) {
        let hot = hot(index)
        guard hot.pointee.flags & ConnectionFlags.halfOpen != 0 else { return }
        hot.pointee.flags &= ~ConnectionFlags.halfOpen
        state.pointee.halfOpenCount &-= 1
        let port = cold(index).pointee.ownerPort
        if port < OwnerBudget.capacity {
            state.pointee.owners[Int(port)].halfOpenCount &-= 1
        }
    }
}
