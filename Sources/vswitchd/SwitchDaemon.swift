// The daemon: everything that the control loop runs is made here and given to each other. Signals
// and `exit` end it the same way.

import Configuration
import ControlTransport
import Dpif
import Glibc
import KernelPorts
import PMD

/// The running daemon.
///
/// **Owner**: the control loop.
final class SwitchDaemon {
    private let loop: ControlLoop
    private let arguments: DaemonArguments
    private let host: LoopHost
    private let datapath: DatapathController
    private let vswitch: VirtualSwitch
    private let unixctl: UnixctlServer
    private var monitor: LinkMonitor?
    private var monitorWatch: DescriptorWatch?
    private var eventWatch: DescriptorWatch?
    private var linkTimer: ControlTimer?
    private var reclaimTimer: ControlTimer?
    private var sampleTimer: ControlTimer?
    private var exitReplies: [UnixctlReply] = []
    private var isEnding = false

    /// Makes the daemon's parts. On the loop.
    init(
        loop: ControlLoop, arguments: DaemonArguments, datapath: DatapathController,
        daemon: Daemon
    ) throws {
        self.loop = loop
        self.arguments = arguments
        self.datapath = datapath
        host = LoopHost(loop: loop, arguments: arguments)
        let endpoint = try StreamEndpoint(
            arguments.database, defaultPort: StreamPort.ovsdb,
            runDirectory: arguments.directories.run)
        let stream = ReconnectingStream(
            name: arguments.database, endpoints: [endpoint], loop: loop,
            options: StreamOptions(tls: arguments.tls))
        vswitch = VirtualSwitch(
            host: host, datapath: datapath, stream: stream,
            options: SwitchOptions(arguments))
        unixctl = UnixctlServer(
            loop: loop, version: Version.text(program: arguments.program))
        vswitch.inspection = datapath
        let remarks = VLog.module("dpif_netdev")
        datapath.onRemark = { isWarning, text in
            if isWarning { remarks.warn(text) } else { remarks.info(text) }
        }
        vswitch.onReady = {
            daemon.ready()
            VLog.module("vswitchd").info(Version.line(program: arguments.program))
        }
        vswitch.onDPDKWanted = { [weak self] in self?.startDPDK($0) }
    }

    /// Begins to work.
    ///
    /// **Errors**: the control socket can't be made.
    func start() throws {
        registerCommands()
        try unixctl.listen(
            arguments.unixctl, program: arguments.program,
            runDirectory: arguments.directories.run)
        SignalWatch.start(SwitchDaemon.signals, on: loop) { [weak self] in self?.received($0) }
        watchLinks()
        datapath.start()
        eventWatch = loop.watch(fileDescriptor: datapath.eventDescriptor) { [weak self] in
            self?.drainEvents()
        }
        reclaimTimer = loop.repeating(everyMilliseconds: 100) { [datapath] in
            datapath.reclaim()
        }
        sampleTimer = loop.repeating(
            everyMilliseconds: DatapathController.pollSampleMilliseconds
        ) { [datapath] in
            datapath.samplePolling()
        }
        vswitch.start()
    }

    /// Starts DPDK. With `dpdk-init=true` the daemon ends if that fails, with `try` it goes on.
    private func startDPDK(_ otherConfig: [String: String]) {
        do throws(PortError) {
            host.dpdkVersion = try DPDKStart.run(otherConfig, datapath)
        } catch {
            let text = "Unable to initialize DPDK: \(error.message)"
            guard otherConfig["dpdk-init"]?.lowercased() == "true" else {
                return VLog.module("dpdk").err(text)
            }
            VLog.module("dpdk").emer(text)
            VLog.printError("ovs-vswitchd: Cannot init EAL (\(error.message))")
            ExitFiles.removeAll()
            // Poll threads run: there is nobody to wait for and nothing to close.
            _exit(EXIT_FAILURE)
        }
    }

    /// Takes what the poll threads have to tell, a bounded piece at a time.
    private func drainEvents() {
        let hasMore = datapath.drainEvents { vswitch.handle($0) }
        if hasMore { loop.deferred { [weak self] in self?.drainEvents() } }
    }

    static let signals = [SIGTERM, SIGINT, SIGHUP, SIGALRM]

    private func received(_ signal: Int32) {
        switch signal {
        case SIGHUP: try? VLog.shared.reopenFile()
        default: end(status: 128 + signal)
        }
    }

    private func registerCommands() {
        for command in vswitch.commands {
            unixctl.register(
                command.name, usage: command.usage, minArgs: command.arguments.lowerBound,
                maxArgs: command.arguments.upperBound
            ) { [weak self] arguments, reply in
                // A command sees what the engine had told when it was given.
                self?.drainEvents()
                do throws(CommandFailure) {
                    reply.success(try command.run(arguments))
                } catch {
                    reply.error(error.text)
                }
            }
        }
        unixctl.registerLogCommands()
        if arguments.dummy != nil { registerTimeCommands() }
        unixctl.register("exit", usage: "[--cleanup]", minArgs: 0, maxArgs: 1) {
            [weak self] _, reply in
            self?.exitReplies.append(reply)
            self?.end(status: 0)
        }
    }

    /// `time/stop` and `time/warp`, that the poll threads follow.
    private func registerTimeCommands() {
        unixctl.registerTimeCommands(loop)
        loop.whenClockChanges { [weak self] stopped, warp in
            self?.datapath.setClock(
                stopped: stopped.map { UInt64(clamping: $0) }, warp: UInt64(clamping: warp))
            // What has ended by the new time is known before timers look at it.
            self?.drainEvents()
        }
    }

    /// Ends the daemon, as `exit` and the signals want it.
    private func end(status: Int32) {
        guard !isEnding else { return }
        isEnding = true
        monitorWatch?.cancel()
        eventWatch?.cancel()
        reclaimTimer?.cancel()
        sampleTimer?.cancel()
        vswitch.shutdown()
        datapath.shutdown()
        for reply in exitReplies { reply.success() }
        // Two turns later the answers have been sent.
        loop.deferred { [self] in
            loop.deferred { [self] in
                unixctl.close()
                loop.stop(status: status)
            }
        }
    }

    private func watchLinks() {
        do throws(KernelPortError) {
            let monitor = try LinkMonitor()
            self.monitor = monitor
            monitorWatch = loop.watch(fileDescriptor: monitor.fileDescriptor) { [weak self] in
                self?.linksChanged()
            }
        } catch {
            VLog.module("netlink").warn("cannot watch network devices: \(error)")
        }
    }

    /// News come in bursts: they are looked at together.
    private func linksChanged() {
        guard let monitor, !monitor.drain().isEmpty, linkTimer?.isPending != true else { return }
        linkTimer = loop.schedule(afterMilliseconds: 20) { [weak self] in
            self?.vswitch.linksChanged()
        }
    }
}

extension SwitchOptions {
    /// What the command line says about devices.
    init(_ arguments: DaemonArguments) {
        self.init()
        allowsDummy = arguments.dummy != nil
        replacesSystem = arguments.dummy == .system
        replacesAll = arguments.dummy == .override
        allowsSystem = arguments.allowsSystem
        confinesItself = arguments.confinesItself
        policyFile = arguments.policyFile
    }
}
