// What a database session is told once, when it is made.
// A different choice needs a new session.

/// The fixed choices of an `OVSDBSession`.
public struct SessionSettings: Hashable, Sendable {
    /// The database to replicate.
    public var database: String
    public var selection: MonitorSelection
    /// The lock to hold; nil to take none. Every transaction then asserts it.
    public var lock: String?
    /// Whether to refuse a clustered server that isn't the leader.
    public var isLeaderRequired: Bool
    /// Silence after which an echo is sent, and again after which the peer counts as dead; 0 never.
    public var probeIntervalMilliseconds: Int64
    /// Transactions without a reply before more are refused.
    public var transactionsMax: Int
    public var limits: JSONLimits

    public init(
        database: String = "Open_vSwitch",
        selection: MonitorSelection,
        lock: String? = nil,
        isLeaderRequired: Bool = false,
        probeIntervalMilliseconds: Int64 = 5000,
        transactionsMax: Int = 1024,
        limits: JSONLimits = .database
    ) {
        self.database = database
        self.selection = selection
        self.lock = lock
        self.isLeaderRequired = isLeaderRequired
        self.probeIntervalMilliseconds = probeIntervalMilliseconds
        self.transactionsMax = transactionsMax
        self.limits = limits
    }

    /// What the switch daemon uses: its lock and the tables of `VSwitchSnapshot`.
    public static let virtualSwitch = SessionSettings(
        selection: VSwitchSnapshot.selection, lock: "ovs_vswitchd")
}
