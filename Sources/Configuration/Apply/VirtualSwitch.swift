// The control room's one actor: follows the database, plans what a change asks for, applies it and
// writes back what has become of it. This file holds the state and the life cycle; applying steps,
// watching devices and reporting are in files of their own.
//
// The database's connection may go at any time: bridges stay as they are and forward on. When it is
// back the newest snapshot is planned against what is really in force. Without the database's lock
// (another daemon has it) nothing is in force here at all.

import Dpif
import Flow
import Ofproto
import OpenFlow
import OVSDB
import Pipeline

/// The switch as the database configures it.
///
/// **Owner**: the control loop.
public final class VirtualSwitch {
    public let host: any ControlHost
    public let datapath: any DatapathControl
    public let options: SwitchOptions
    public let bridgeSet: BridgeSet
    let policy: PolicyKeeper
    let database: DatabaseClient
    /// The configuration is in force for the first time and the database knows it.
    public var onReady: (() -> Void)?
    /// `other_config:dpdk-init` was set; comes once, with all of `other_config`.
    public var onDPDKWanted: (([String: String]) -> Void)?
    /// What commands may see of the poll threads.
    public var inspection: (any PollThreadInspection)?

    /// The newest content of the database, and what of it is in force.
    var snapshot = VSwitchSnapshot()
    var applied = DesiredState()
    var bridges: [String: BridgeRuntime] = [:]
    var reporter = StatusReporter()
    private var isConfigurationDue = false
    private var isReady = false
    var hasAskedForDPDK = false
    /// For the addresses of dummies.
    var dummiesOpened: UInt32 = 0
    private var isStopped = false
    private var readyTransaction: TransactionID?
    private var timers: [any HostTimer] = []
    private var statisticsTimer: (any HostTimer)?
    /// Made at the first trace: it has memory of its own that is never given back.
    lazy var traceInterpreter = Interpreter(pipeline: datapath.pipeline)
    /// What the dpctl/ipf commands have set.
    var fragments = FragmentSettings()
    var loggedWarnings: Set<String> = []
    /// Numbers of reconfigurations and the like, for `coverage/show`.
    public internal(set) var coverage = CoverageCounters()

    public init(
        host: any ControlHost, datapath: any DatapathControl, stream: any DialedStream,
        options: SwitchOptions
    ) {
        self.host = host
        self.datapath = datapath
        self.options = options
        bridgeSet = BridgeSet(control: datapath)
        policy = PolicyKeeper(
            bridgeSet: bridgeSet, host: host, file: options.policyFile.map(PolicyFile.init))
        database = DatabaseClient(host: host, stream: stream, settings: .virtualSwitch)
        bridgeSet.onPortUp = { [weak self] in self?.refreshDevice(datapathPort: $0) }
        bridgeSet.log = { [weak host] module, text in host?.log(.info, module, text) }
        database.onEvent = { [weak self] in self?.handle($0) }
    }

    /// Connects to the database; everything follows from what it says.
    public func start() {
        // Before any port forwards.
        policy.load()
        database.start()
        armStatistics(applied.globals.statisticsMilliseconds)
        timers = [
            host.repeating(everyMilliseconds: 1000) { [weak self] in self?.everySecond() },
            host.repeating(everyMilliseconds: 100) { [weak self] in self?.tickBridges() },
            host.repeating(everyMilliseconds: 5000) { [weak self] in self?.coverage.tick() },
        ]
    }

    /// Writes statistics every `period` from now on.
    func armStatistics(_ period: Int64) {
        statisticsTimer?.cancel()
        statisticsTimer = host.repeating(everyMilliseconds: period) { [weak self] in
            self?.reportStatistics()
        }
    }

    /// Takes every bridge down and stops. Sockets are removed; kernel devices of internal ports go
    /// with their ports.
    public func shutdown() {
        guard !isStopped else { return }
        isStopped = true
        for timer in timers { timer.cancel() }
        timers = []
        statisticsTimer?.cancel()
        removeAllBridges()
        database.stop()
    }

    /// Takes one event of the engine.
    public func handle(_ event: DatapathEvent) {
        bridgeSet.handle(event)
        if case .portState(let port, _) = event { refreshDevice(datapathPort: port) }
    }

    // MARK: The database

    private func handle(_ event: SessionEvent) {
        switch event {
        case .synchronised(let changes), .changed(let changes):
            guard let replica = database.session.replica else { return }
            snapshot.update(from: replica, changes: changes)
            scheduleConfiguration()
        case .lockAcquired: scheduleConfiguration()
        case .lockContended: yieldToOther()
        case .lockLost:
            // A lost connection takes the lock along, which is no reason to stop forwarding.
            if database.session.isConnected { yieldToOther() }
        case .completed(let id, let outcome): completed(id, outcome)
        case .desynchronised, .mustClose: break
        }
    }

    private func completed(_ id: TransactionID, _ outcome: TransactionOutcome) {
        if case .failed(let failure) = outcome {
            host.log(.warn, "ovsdb_idl", "transaction error: \(failure)")
        }
        if readyTransaction == id {
            readyTransaction = nil
            becomeReady()
        }
        if !outcome.isCommitted, outcome != .connectionLost { reporter.forgetStatistics() }
    }

    private func becomeReady() {
        guard !isReady else { return }
        isReady = true
        onReady?()
    }

    private func yieldToOther() {
        host.log(
            .err, "bridge",
            "another ovs-vswitchd process is running, disabling this process "
                + "(pid \(ProcessInfo.pid)) until it goes away")
        removeAllBridges()
        applied = DesiredState()
    }

    /// Reads the database anew in the next turn, however often it is asked for until then.
    func scheduleConfiguration() {
        guard !isConfigurationDue, !isStopped else { return }
        isConfigurationDue = true
        host.deferred { [weak self] in
            guard let self else { return }
            self.isConfigurationDue = false
            self.configure()
        }
    }

    private func configure() {
        let session = database.session
        guard !isStopped, session.isSynchronised, session.hasLock else { return }
        let desired = policy.admitted(DesiredState(snapshot, options: options))
        let steps = Planner.plan(from: applied, to: desired, open: openInterfaces)
        warn(desired.warnings)
        if !steps.isEmpty {
            coverage.count("bridge_reconfigure")
            for step in steps {
                host.log(.dbg, "bridge", step.description)
                apply(step, desired)
            }
            finishApplying()
        }
        applied = desired
        report(configurationNumber: desired.configurationNumber)
    }

    private func report(configurationNumber: Int64?) {
        guard let replica = database.session.replica else { return }
        let transaction = reporter.configurationResult(
            of: self, replica: replica, number: configurationNumber)
        guard !transaction.isEmpty else { return becomeReady() }
        let id = database.transact(transaction)
        if !isReady { readyTransaction = id }
    }

    /// Logs each remark once, until it has gone away.
    private func warn(_ warnings: [String]) {
        for warning in warnings where !loggedWarnings.contains(warning) {
            host.log(.warn, "bridge", warning)
        }
        loggedWarnings = Set(warnings)
    }

    /// Writes what has changed of devices and controllers since the last time.
    func reportStatus() {
        guard database.session.isSynchronised, database.session.hasLock,
            let replica = database.session.replica
        else { return }
        let transaction = reporter.status(of: self, replica: replica)
        if !transaction.isEmpty { _ = database.transact(transaction) }
    }

    func reportStatistics() {
        guard database.session.isSynchronised, database.session.hasLock,
            let replica = database.session.replica
        else { return }
        let transaction = reporter.statistics(of: self, replica: replica)
        if !transaction.isEmpty { _ = database.transact(transaction) }
    }

    // MARK: Time

    private func tickBridges() {
        bridgeSet.tick()
    }

    private func everySecond() {
        refreshDevices()
        reportStatus()
    }

    var openInterfaces: OpenInterfaces {
        bridges.mapValues { $0.interfaces.mapValues(\.number) }
    }

    /// Bridges by name.
    var orderedBridges: [BridgeRuntime] { bridges.values.sorted { $0.name < $1.name } }
}
