// The client's side of one database, without I/O and without a clock. The owner (an actor of the
// control room) connects a socket and calls `connected()`, feeds what it reads, sends what
// `takeOutput()` gives after every call, ticks about once a second, and calls `disconnected()`
// when the socket closes.
//
// On connecting the session asks for three things at once: to be told of databases that come and
// go (`set_db_change_aware`), the schema of the server's own `_Server` database, and the lock. It
// watches its database's row in `_Server` (a server too old to have one is taken to be fit), and
// when that database is there fetches its schema and monitors the selection by the best method
// the server knows. Over a reconnection the replica stays. A clustered server whose history
// reaches back far enough sends only what changed since; a standalone one keeps no history and
// sends everything, of which the rows that differ are told.
//
// The parts: `+Input` takes messages, `+Replies` moves the conversation on, `+Updates` applies
// data.

/// A sans-I/O session with a database server (RFC 7047 and Open vSwitch's extensions).
///
/// **Owner**: whoever holds the value; one task at a time.
public struct OVSDBSession: Sendable {
    /// Where the conversation about the database stands.
    enum Stage: Hashable, Sendable {
        case disconnected
        /// Asking about `_Server`.
        case greeting
        /// The server doesn't have the database now.
        case awaitingDatabase
        case fetchingSchema
        case startingMonitor
        case synchronised
        /// `mustClose` was said.
        case failed
    }

    /// How to monitor, best first.
    enum MonitorMethod: String, Hashable, Sendable {
        case condSince = "monitor_cond_since"
        case cond = "monitor_cond"
        case basic = "monitor"

        /// What to try when the server doesn't know this one.
        var fallback: MonitorMethod? {
            switch self {
            case .condSince: .cond
            case .cond: .basic
            case .basic: nil
            }
        }
    }

    /// A request without a reply yet.
    enum Pending: Hashable, Sendable {
        case probe
        case awareness
        case lock
        case serverSchema
        case serverMonitor
        case schema
        case monitor(MonitorMethod)
        case transaction(TransactionID, leading: Int, count: Int)
    }

    static let serverDatabase = "_Server"
    static let serverMonitorID: JSONValue = ["monitor", "_Server"]
    static let dataMonitorID: JSONValue = ["monitor", "data"]

    public let settings: SessionSettings
    /// The monitored tables; nil before the first synchronisation. Kept while disconnected.
    public internal(set) var replica: Replica?
    /// Whether this client owns the lock; true without one when the settings name none.
    public internal(set) var hasLock: Bool
    /// Grows with every change of the replica or of `isSynchronised`.
    public internal(set) var changeSequence: UInt64 = 0

    var stage = Stage.disconnected
    var serverReplica: Replica?
    /// The schema that the server has now, from its reply to `get_schema`.
    var pendingSchema: DatabaseSchema?
    /// The last transaction that the replica includes; nil when the server must send everything.
    var lastTransaction: RowUUID?
    var pending: [Int64: Pending] = [:]
    var transactionsPending = 0
    private var nextRequest: Int64 = 0
    private var output: [UInt8] = []
    var framer: JSONFramer
    var isHeard = false
    private var lastHeardMilliseconds: Int64?
    private var isProbing = false

    public init(_ settings: SessionSettings) {
        self.settings = settings
        hasLock = settings.lock == nil
        framer = JSONFramer(limits: settings.limits)
    }

    /// Whether the replica equals the database as far as this client has heard.
    public var isSynchronised: Bool { stage == .synchronised }
    public var isConnected: Bool { stage != .disconnected && stage != .failed }
    /// Whether there is something to send.
    public var hasOutput: Bool { !output.isEmpty }

    /// The bytes to send; the caller must send all of them, in order.
    public mutating func takeOutput() -> [UInt8] {
        defer { output = [] }
        return output
    }

    /// Begins the conversation on a new connection.
    public mutating func connected() {
        if stage != .disconnected { _ = disconnected() }
        stage = .greeting
        request("set_db_change_aware", [true], .awareness)
        request("get_schema", [.string(OVSDBSession.serverDatabase)], .serverSchema)
        if let lock = settings.lock { request("lock", [.string(lock)], .lock) }
    }

    /// The connection ended, by either side. Transactions without a reply complete as lost.
    public mutating func disconnected() -> [SessionEvent] {
        var events: [SessionEvent] = []
        if isSynchronised {
            changeSequence += 1
            events.append(.desynchronised)
        }
        stage = .disconnected
        if settings.lock != nil, hasLock {
            hasLock = false
            events.append(.lockLost)
        }
        for (_, request) in pending.sorted(by: { $0.key < $1.key }) {
            if case .transaction(let id, _, _) = request {
                events.append(.completed(id, .connectionLost))
            }
        }
        pending = [:]
        transactionsPending = 0
        serverReplica = nil
        output = []
        framer = JSONFramer(limits: settings.limits)
        isHeard = false
        lastHeardMilliseconds = nil
        isProbing = false
        return events
    }

    /// Submits a transaction. The lock, if there is one, is asserted before its operations.
    ///
    /// **Errors**: what `TransactionRefusal` says; nothing was sent then.
    public mutating func transact(
        _ transaction: TransactionBuilder
    ) throws(TransactionRefusal) -> TransactionID {
        guard isSynchronised else { throw .notSynchronised }
        guard hasLock else { throw .lockNotHeld }
        guard transactionsPending < settings.transactionsMax else { throw .tooMany }
        var whole = TransactionBuilder()
        if let lock = settings.lock { whole.assert(lock: lock) }
        let leading = whole.count
        whole.append(contentsOf: transaction)
        let id = TransactionID(value: nextRequest)
        transactionsPending += 1
        request(
            "transact", whole.params(database: settings.database),
            .transaction(id, leading: leading, count: whole.count))
        return id
    }

    /// Watches for silence. Call about once a second with any steadily growing clock.
    public mutating func tick(nowMilliseconds now: Int64) -> [SessionEvent] {
        guard isConnected, settings.probeIntervalMilliseconds > 0 else { return [] }
        guard let lastHeard = lastHeardMilliseconds, !isHeard else {
            lastHeardMilliseconds = now
            isHeard = false
            isProbing = false
            return []
        }
        let silence = now - lastHeard
        if isProbing, silence >= 2 * settings.probeIntervalMilliseconds {
            return fail(.probeTimeout)
        }
        if !isProbing, silence >= settings.probeIntervalMilliseconds {
            isProbing = true
            request("echo", [], .probe)
        }
        return []
    }

    /// Queues a request and remembers what its reply is for.
    mutating func request(_ method: String, _ params: [JSONValue], _ purpose: Pending) {
        let id = nextRequest
        nextRequest += 1
        pending[id] = purpose
        send(.request(method: method, params: params, id: .integer(id)))
    }

    mutating func send(_ message: JSONRPCMessage) {
        message.json.serialise(into: &output)
    }

    /// Stops taking part; the owner closes and reports the disconnection.
    mutating func fail(_ failure: SessionFailure) -> [SessionEvent] {
        guard stage != .failed else { return [] }
        var events: [SessionEvent] = []
        if isSynchronised {
            changeSequence += 1
            events.append(.desynchronised)
        }
        stage = .failed
        events.append(.mustClose(failure))
        return events
    }
}
