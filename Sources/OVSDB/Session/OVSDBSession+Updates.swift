// Data into the replica: the first content of a monitor, its updates, and its cancellation.
// Content that can't be understood ends the connection, and the next starts from nothing.

extension OVSDBSession {
    mutating func receiveMonitorReply(
        _ result: JSONValue, _ method: MonitorMethod
    ) throws(OVSDBError) -> [SessionEvent] {
        guard stage == .startingMonitor, let schema = pendingSchema else { return [] }
        let changes: ReplicaChanges
        switch method {
        case .condSince:
            changes = try receiveContentSince(result, schema)
        case .cond:
            var fresh = Replica(schema: schema)
            try fresh.apply(updates2: result)
            changes = replace(with: fresh)
            lastTransaction = nil
        case .basic:
            var fresh = Replica(schema: schema)
            try fresh.apply(updates: result)
            changes = replace(with: fresh)
            lastTransaction = nil
        }
        stage = .synchronised
        changeSequence += 1
        return [.synchronised(changes)]
    }

    /// `[found, last-txn-id, table-updates2]`: a difference to what we have, or all there is.
    private mutating func receiveContentSince(
        _ result: JSONValue, _ schema: DatabaseSchema
    ) throws(OVSDBError) -> ReplicaChanges {
        guard let found = result[0]?.boolValue,
            let last = result[1]?.stringValue.flatMap({ RowUUID($0) }),
            let updates = result[2]
        else { throw .badMessage("monitor_cond_since reply") }
        let changes: ReplicaChanges
        if found, lastTransaction != nil, replica != nil {
            changes = try applyInPlace(updates, isBasic: false)
        } else {
            var fresh = Replica(schema: schema)
            try fresh.apply(updates2: updates)
            changes = replace(with: fresh)
        }
        lastTransaction = last.isZero ? nil : last
        return changes
    }

    private mutating func replace(with fresh: Replica) -> ReplicaChanges {
        let changes = fresh.changes(since: replica ?? Replica(schema: fresh.schema))
        replica = fresh
        return changes
    }

    private mutating func applyInPlace(
        _ updates: JSONValue, isBasic: Bool
    ) throws(OVSDBError) -> ReplicaChanges {
        guard isBasic else { return try replica?.apply(updates2: updates) ?? ReplicaChanges() }
        return try replica?.apply(updates: updates) ?? ReplicaChanges()
    }

    mutating func receiveUpdate(
        _ method: String, _ params: [JSONValue]
    ) throws(OVSDBError) -> [SessionEvent] {
        let isTagged = method == "update3"
        guard params.count == (isTagged ? 3 : 2) else { throw .badMessage(method) }
        let updates = params[params.count - 1]
        if params[0] == OVSDBSession.serverMonitorID {
            try serverReplica?.apply(updates2: updates)
            return judgeServer()
        }
        guard params[0] == OVSDBSession.dataMonitorID, isSynchronised else { return [] }
        let changes = try applyInPlace(updates, isBasic: method == "update")
        if isTagged {
            guard let last = params[1].stringValue.flatMap({ RowUUID($0) }) else {
                throw .badMessage(method)
            }
            lastTransaction = last.isZero ? nil : last
        }
        guard !changes.isEmpty else { return [] }
        changeSequence += 1
        return [.changed(changes)]
    }

    /// The server dropped a monitor because its database was removed or converted.
    mutating func receiveCancellation(
        _ params: [JSONValue]
    ) throws(OVSDBError) -> [SessionEvent] {
        switch params.first {
        case OVSDBSession.dataMonitorID:
            let events = desynchronise()
            fetchSchema()
            return events
        case OVSDBSession.serverMonitorID:
            return fail(.refused(method: MonitorMethod.cond.rawValue, error: "canceled"))
        case nil:
            throw .badMessage("monitor_canceled")
        case .some:
            return []
        }
    }
}
