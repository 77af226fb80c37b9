// When to dial, to wait, to probe and to give up: the state machine of a stream that is kept open.
// Pure: time is an argument, and what is to be done is returned. Owned by `ReconnectingStream`.

/// The state of a stream that is kept open, by the names of `Controller.status:state`.
///
/// **Source** ovs-vswitchd.conf.db(5), Controller.
public enum ReconnectState: String, Sendable {
    /// Not started.
    case void = "VOID"
    /// Waiting before the next attempt.
    case backoff = "BACKOFF"
    /// An attempt is under way.
    case connecting = "CONNECTING"
    /// Connected.
    case active = "ACTIVE"
    /// Connected, and a probe waits for its answer.
    case idle = "IDLE"

    var isConnected: Bool { self == .active || self == .idle }
}

struct ReconnectMachine {
    /// What the owner is to do when a deadline has passed.
    enum Action: Equatable {
        case none
        case connect
        case probe
        /// Give the attempt or the connection up.
        case timeOut
    }

    var backoffMillisecondsMax: Int64 = 8000 {
        didSet {
            guard state == .backoff else { return }
            backoffMilliseconds = min(backoffMilliseconds, backoffMillisecondsMax)
        }
    }
    /// How long a connection may be silent before it is probed; nil for ever.
    var probeMilliseconds: Int64?

    private(set) var state = ReconnectState.void
    private(set) var stateEnteredMilliseconds: Int64 = 0
    private(set) var backoffMilliseconds: Int64 = 0
    private(set) var lastConnectedMilliseconds: Int64?
    private(set) var lastDisconnectedMilliseconds: Int64?
    private(set) var lastError: StreamError?
    private var lastActivityMilliseconds: Int64 = 0
    /// Having held until here, a connection counts as good and the next failure waits one second.
    private var backoffDeadlineMilliseconds = Int64.min

    /// Whether attempts are worth a line in the log; not once the longest backoff is reached.
    var logsAttempts: Bool { backoffMilliseconds < backoffMillisecondsMax }

    /// When `poll` has something to say; nil when only outside events count.
    var deadlineMilliseconds: Int64? {
        switch state {
        case .void: nil
        case .backoff: stateEnteredMilliseconds + backoffMilliseconds
        case .connecting: stateEnteredMilliseconds + connectMilliseconds
        case .active:
            probeMilliseconds.map { max(lastActivityMilliseconds, stateEnteredMilliseconds) + $0 }
        case .idle: probeMilliseconds.map { stateEnteredMilliseconds + $0 }
        }
    }

    /// How long an attempt may take.
    var connectMilliseconds: Int64 { max(1000, backoffMilliseconds) }

    /// What is due now. A probe that is due moves to `idle`.
    mutating func poll(now: Int64) -> Action {
        guard let deadline = deadlineMilliseconds, now >= deadline else { return .none }
        switch state {
        case .void: return .none
        case .backoff: return .connect
        case .connecting, .idle: return .timeOut
        case .active:
            enter(.idle, now)
            return .probe
        }
    }

    /// Starts: the first attempt is due at once.
    mutating func enable(now: Int64) {
        guard state == .void else { return }
        backoffMilliseconds = 0
        backoffDeadlineMilliseconds = .min
        enter(.backoff, now)
    }

    mutating func disable(now: Int64) {
        if state.isConnected { lastDisconnectedMilliseconds = now }
        enter(.void, now)
    }

    mutating func connecting(now: Int64) {
        backoffDeadlineMilliseconds = now + backoffMilliseconds
        enter(.connecting, now)
    }

    mutating func connected(now: Int64) {
        lastConnectedMilliseconds = now
        lastActivityMilliseconds = now
        enter(.active, now)
    }

    /// The peer was heard of.
    mutating func activity(now: Int64) {
        lastActivityMilliseconds = now
        if state == .idle { enter(.active, now) }
    }

    /// The attempt or connection is over; a new attempt follows after the backoff.
    mutating func disconnected(_ error: StreamError, now: Int64, timedOut: Bool = false) {
        lastError = error
        lastDisconnectedMilliseconds = now
        if now >= backoffDeadlineMilliseconds, !(timedOut && state == .connecting) {
            backoffMilliseconds = min(1000, backoffMillisecondsMax)
        } else if backoffMilliseconds < backoffMillisecondsMax / 2 {
            backoffMilliseconds = max(1000, 2 * backoffMilliseconds)
        } else {
            backoffMilliseconds = backoffMillisecondsMax
        }
        backoffDeadlineMilliseconds = now + backoffMilliseconds
        enter(.backoff, now)
    }

    private mutating func enter(_ next: ReconnectState, _ now: Int64) {
        state = next
        stateEnteredMilliseconds = now
    }
}
