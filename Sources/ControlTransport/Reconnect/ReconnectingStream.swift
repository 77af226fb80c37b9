// Keeps a connection to one of some peers: to an OpenFlow controller, to the database. Dials, waits
// ever longer between failures, probes a silent peer. Everything on the control loop.

/// A stream that is dialled again whenever it is lost.
///
/// **Owner** the control loop.
/// **Source** ovs-vswitchd.conf.db(5), Controller `max_backoff`, `inactivity_probe`, `status`.
public final class ReconnectingStream {
    /// The stream's state for `Controller.status`.
    public struct Status: Equatable, Sendable {
        public var state: ReconnectState
        public var secondsSinceConnect: Int64?
        public var secondsSinceDisconnect: Int64?
        public var lastError: String?

        public var isConnected: Bool { state == .active || state == .idle }

        /// The pairs as `Controller.status` holds them.
        public var pairs: [String: String] {
            var pairs = ["state": state.rawValue]
            pairs["sec_since_connect"] = secondsSinceConnect.map(String.init)
            pairs["sec_since_disconnect"] = secondsSinceDisconnect.map(String.init)
            pairs["last_error"] = lastError
            return pairs
        }
    }

    /// The name in the log.
    public let name: String
    /// A connection is there; its callbacks are to be set now.
    public var onConnected: ((StreamConnection) -> Void)?
    /// The connection is gone; comes after the connection's own `onClose`.
    public var onDisconnected: ((StreamError) -> Void)?
    /// The peer was silent for the probe interval: send it something that it must answer.
    public var onProbe: (() -> Void)?
    /// The connection, while there is one.
    public private(set) var connection: StreamConnection?
    /// What to know beyond the names; the next attempt uses it.
    public var options: StreamOptions

    private let loop: ControlLoop
    private let log: VLogModule
    private let endpoints: [StreamEndpoint]
    private var nextEndpoint = 0
    private var machine = ReconnectMachine()
    private var timer: ControlTimer?
    private var attempt: StreamConnector?

    /// Makes a stream to the first of `endpoints` that answers, tried in turn. It does nothing
    /// until `start`.
    public init(
        name: String, endpoints: [StreamEndpoint], loop: ControlLoop,
        options: StreamOptions = StreamOptions(), log: VLogModule = VLog.module("reconnect")
    ) {
        self.name = name
        self.endpoints = endpoints
        self.loop = loop
        self.options = options
        self.log = log
    }

    deinit {
        timer?.cancel()
        attempt?.cancel()
    }

    /// The longest wait between attempts. At least a second.
    public var backoffMillisecondsMax: Int64 {
        get { machine.backoffMillisecondsMax }
        set {
            machine.backoffMillisecondsMax = max(1000, newValue)
            arm()
        }
    }

    /// How long the peer may be silent before it is probed, and then again before it is given up;
    /// nil or 0 for ever.
    public var probeMilliseconds: Int64? {
        get { machine.probeMilliseconds }
        set {
            machine.probeMilliseconds = newValue.flatMap { $0 > 0 ? max(1000, $0) : nil }
            arm()
        }
    }

    /// The stream's state now.
    public var status: Status {
        let now = loop.nowMilliseconds
        return Status(
            state: machine.state,
            secondsSinceConnect: machine.lastConnectedMilliseconds.map { (now - $0) / 1000 },
            secondsSinceDisconnect: machine.lastDisconnectedMilliseconds.map { (now - $0) / 1000 },
            lastError: machine.lastError?.codeText)
    }

    /// Begins to dial.
    public func start() {
        machine.enable(now: loop.nowMilliseconds)
        arm()
    }

    /// Closes what is open and dials no more. `onDisconnected` does not come.
    public func stop() {
        machine.disable(now: loop.nowMilliseconds)
        dropConnection()
        arm()
    }

    /// Drops the connection, if any, and dials again after the backoff.
    public func reconnect() {
        guard machine.state.isConnected else { return }
        log.info("\(name): disconnecting")
        lost(StreamError(code: 0, message: "reconnecting"))
    }

    private func arm() {
        timer?.cancel()
        timer = nil
        guard let deadline = machine.deadlineMilliseconds else { return }
        let delay = max(0, deadline - loop.nowMilliseconds)
        timer = loop.schedule(afterMilliseconds: delay) { [weak self] in self?.poll() }
    }

    private func poll() {
        let action = machine.poll(now: loop.nowMilliseconds)
        switch action {
        case .none: break
        case .connect: connect()
        case .probe:
            log.dbg("\(name): idle, sending inactivity probe")
            onProbe?()
        case .timeOut: timedOut()
        }
        arm()
    }

    private func connect() {
        guard !endpoints.isEmpty else { return machine.connecting(now: loop.nowMilliseconds) }
        let endpoint = endpoints[nextEndpoint % endpoints.count]
        nextEndpoint = (nextEndpoint + 1) % endpoints.count
        if machine.logsAttempts { log.info("\(name): connecting...") }
        machine.connecting(now: loop.nowMilliseconds)
        // The machine keeps the time of an attempt.
        var options = options
        options.timeoutMilliseconds = machine.connectMilliseconds + 1000
        attempt = StreamConnector.connect(to: endpoint, on: loop, options: options) {
            [weak self] result in
            guard let self else { return }
            self.attempt = nil
            switch result {
            case .success(let connection): self.opened(connection)
            case .failure(let error):
                if self.machine.logsAttempts {
                    self.log.info("\(self.name): connection failed (\(error))")
                }
                self.failed(error)
            }
        }
    }

    private func opened(_ connection: StreamConnection) {
        log.info("\(name): connected")
        self.connection = connection
        connection.onActivity = { [weak self] in self?.active() }
        connection.onEnd = { [weak self, unowned connection] error in
            guard let self, self.connection === connection else { return }
            self.connection = nil
            self.report(error)
            self.failed(error ?? StreamError(code: 0, message: "closed"))
        }
        machine.connected(now: loop.nowMilliseconds)
        onConnected?(connection)
        arm()
    }

    private func active() {
        let wasIdle = machine.state == .idle
        machine.activity(now: loop.nowMilliseconds)
        // While active the timer finds the new deadline by itself, when it fires early.
        if wasIdle { arm() }
    }

    private func timedOut() {
        let error = StreamError(code: StreamError.timedOut)
        if machine.state == .connecting {
            if machine.logsAttempts { log.info("\(name): connection timed out") }
            attempt?.cancel()
            attempt = nil
            failed(error, timedOut: true)
        } else {
            let seconds = (machine.probeMilliseconds ?? 0) / 1000
            log.err(
                "\(name): no response to inactivity probe after \(seconds) seconds, disconnecting")
            lost(error)
        }
    }

    private func report(_ error: StreamError?) {
        switch error?.code {
        case nil: log.info("\(name): connection dropped")
        case StreamError.endOfFile: log.info("\(name): connection closed by peer")
        default: log.warn("\(name): connection dropped (\(error?.message ?? ""))")
        }
    }

    /// Ends a connection of our own accord.
    private func lost(_ error: StreamError) {
        dropConnection()
        failed(error)
    }

    private func dropConnection() {
        attempt?.cancel()
        attempt = nil
        let connection = connection
        self.connection = nil
        connection?.close()
    }

    private func failed(_ error: StreamError, timedOut: Bool = false) {
        let wasConnected = machine.state.isConnected
        let logged = machine.logsAttempts
        machine.disconnected(error, now: loop.nowMilliseconds, timedOut: timedOut)
        if !machine.logsAttempts, logged {
            log.info(
                "\(name): continuing to retry connections in the background but suppressing "
                    + "further logging")
        } else if machine.backoffMilliseconds > 1000, logged {
            log.info(
                "\(name): waiting \(machine.backoffMilliseconds / 1000) seconds before reconnect")
        }
        arm()
        if wasConnected { onDisconnected?(error) }
    }
}

extension StreamError {
    /// ETIMEDOUT.
    static let timedOut: Int32 = 110
}
