// What each reply moves on. The conversation about the database waits for `_Server` to say that it
// is there; the lock and the transactions are independent of it.

extension OVSDBSession {
    mutating func receiveReply(
        _ result: JSONValue, to purpose: Pending
    ) throws(OVSDBError) -> [SessionEvent] {
        switch purpose {
        case .probe, .awareness:
            return []
        case .lock:
            guard let locked = result["locked"]?.boolValue else {
                throw .badMessage("lock reply")
            }
            // A "locked" notification may have come first; then the reply is old news.
            if locked { return setLock(owned: true) }
            return hasLock ? [] : [.lockContended]
        case .serverSchema:
            monitorServer(try DatabaseSchema(result))
            return []
        case .serverMonitor:
            try serverReplica?.apply(updates2: result)
            return judgeServer()
        case .schema:
            startMonitor(try DatabaseSchema(result))
            return []
        case .monitor(let method):
            return try receiveMonitorReply(result, method)
        case .transaction(let id, let leading, let count):
            let outcome = try TransactionOutcome(
                results: result, leading: leading, count: count)
            return [.completed(id, outcome)]
        }
    }

    mutating func receiveError(_ error: JSONValue, to purpose: Pending) -> [SessionEvent] {
        switch purpose {
        case .probe, .awareness:
            return []
        case .lock:
            return fail(.refused(method: "lock", error: error.serialisedText()))
        case .serverSchema, .serverMonitor:
            // A server of before the _Server database: its databases don't come and go.
            serverReplica = nil
            if stage == .greeting { fetchSchema() }
            return []
        case .schema:
            // With _Server to watch, the database's return will be told.
            guard serverReplica != nil else {
                return fail(.refused(method: "get_schema", error: error.serialisedText()))
            }
            stage = .awaitingDatabase
            return []
        case .monitor(let method):
            guard stage == .startingMonitor else { return [] }
            guard let fallback = method.fallback else {
                return fail(.refused(method: method.rawValue, error: error.serialisedText()))
            }
            requestMonitor(fallback)
            return []
        case .transaction(let id, _, _):
            return [.completed(id, .failure(error, operation: nil))]
        }
    }

    private mutating func monitorServer(_ schema: DatabaseSchema) {
        guard schema["Database"] != nil else {
            fetchSchema()
            return
        }
        serverReplica = Replica(schema: schema)
        let selection = MonitorSelection([
            "Database": ["name", "model", "connected", "leader"]
        ])
        request(
            MonitorMethod.cond.rawValue,
            [
                .string(OVSDBSession.serverDatabase), OVSDBSession.serverMonitorID,
                selection.requests(for: schema),
            ], .serverMonitor)
    }

    /// Decides by the database's row in `_Server` whether to begin, go on or stop.
    mutating func judgeServer() -> [SessionEvent] {
        guard let serverReplica else { return [] }
        let found = serverReplica.firstRow(
            in: "Database", where: "name", is: .string(settings.database))
        guard let row = found?.row else {
            let events = desynchronise()
            stage = .awaitingDatabase
            return events
        }
        let isClustered = row.string("model") == "clustered"
        guard row.boolean("connected"),
            !settings.isLeaderRequired || !isClustered || row.boolean("leader")
        else {
            return fail(.serverUnfit)
        }
        if stage == .greeting || stage == .awaitingDatabase { fetchSchema() }
        return []
    }

    mutating func fetchSchema() {
        stage = .fetchingSchema
        request("get_schema", [.string(settings.database)], .schema)
    }

    private mutating func startMonitor(_ schema: DatabaseSchema) {
        guard stage == .fetchingSchema else { return }
        if replica?.schema != schema {
            // What is kept can't be read by the new types: it is compared by `receiveMonitorReply`.
            lastTransaction = nil
        }
        pendingSchema = schema
        requestMonitor(.condSince)
    }

    private mutating func requestMonitor(_ method: MonitorMethod) {
        guard let schema = pendingSchema else { return }
        stage = .startingMonitor
        var params: [JSONValue] = [
            .string(settings.database), OVSDBSession.dataMonitorID,
            settings.selection.requests(for: schema),
        ]
        if method == .condSince {
            params.append(.string((lastTransaction ?? .zero).description))
        }
        request(method.rawValue, params, .monitor(method))
    }

    mutating func desynchronise() -> [SessionEvent] {
        guard isSynchronised else { return [] }
        changeSequence += 1
        return [.desynchronised]
    }
}
