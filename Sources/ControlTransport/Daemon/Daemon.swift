// Turns the process into a daemon, by the conventions of Open vSwitch that ovs-ctl and the init
// files build upon: detach, monitor, pidfile, log.
//
// The order in `main` matters, because a process with threads must not fork:
// 1. `DaemonArguments.parse`; print help or version.
// 2. `Daemon.configure(log:)`, then `Daemon.start`: forks as asked, and returns in the process that
// is to do the work.
// 3. `SignalWatch.block`, `ControlLoop()`, and everything else.
// 4. `ready()` when the switch works: only now does the parent exit, and ovs-ctl go on.

import Glibc
import Synchronization

/// A daemon that does not start; `message` is in OVS's words.
public struct DaemonError: Error, Equatable, CustomStringConvertible, Sendable {
    public let message: String
    public var description: String { message }
}

/// The process in its role as a daemon.
///
/// **Owner** any thread; a lock inside.
public final class Daemon: Sendable {
    private struct State {
        var notifier: StartupPipe?
        var pidfile: PidFile?
    }

    private let arguments: DaemonArguments
    private let log: VLog
    private let state: Mutex<State>

    /// Sets log levels, syslog and log file as the command line says.
    ///
    /// **Errors** a bad `-v`, or a named log file that cannot be opened.
    public static func configure(
        log: VLog = .shared, _ arguments: DaemonArguments
    ) throws(DaemonError) {
        log.program = arguments.program
        log.register(modules: VLog.switchModules)
        do throws(VLogError) {
            for spec in arguments.verbosity { try log.setVerbosity(spec) }
            if let method = arguments.syslogMethod { try log.setSyslogMethod(method) }
        } catch {
            throw DaemonError(message: error.message)
        }
        if let target = arguments.syslogTarget { log.setSyslogTarget(target) }
        guard let file = arguments.logFile else { return }
        do throws(VLogError) {
            try log.setFile(file)
        } catch {
            guard !arguments.namesLogFile else {
                throw DaemonError(
                    message: "failed to open \(file) for logging: \(error.message)")
            }
        }
    }

    /// Changes the user, detaches, starts the monitor and makes the pidfile, as `arguments` say.
    /// Returns in the process that is to work; its parents do not return. Before any thread.
    ///
    /// **Errors** another instance runs, or a system call failed. A parent that waits exits with
    /// the status that the caller then exits with.
    public static func start(
        _ arguments: DaemonArguments, log: VLog = .shared
    ) throws(DaemonError) -> Daemon {
        signal(SIGPIPE, SIG_IGN)
        if arguments.detaches || arguments.isMonitored {
            // The language's own handlers print to a terminal that is not there, and swallow what
            // kill(1) sends: a monitor must see how the process ended.
            for number in [SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP, SIGQUIT] {
                signal(number, SIG_DFL)
            }
        }
        if let user = arguments.user { try DaemonUser.become(user, logFile: log.fileName) }
        var notifier: StartupPipe?
        if arguments.detaches {
            switch try StartupPipe.fork(log) {
            case .child(let pipe): notifier = pipe
            case .parent: _exit(0)
            case .childFailed:
                throw DaemonError(message: "could not detach from foreground session")
            }
            setsid()
        }
        if arguments.isMonitored {
            notifier = try DaemonMonitor.start(
                log, notify: notifier, closesStandardFiles: arguments.detaches)
        }
        var pidfile: PidFile?
        if let path = arguments.pidfile {
            do {
                pidfile = try PidFile.create(at: path, overwrite: arguments.overwritesPidfile)
            } catch {
                throw DaemonError(message: error.message)
            }
        }
        return Daemon(arguments, log, State(notifier: notifier, pidfile: pidfile))
    }

    private init(_ arguments: DaemonArguments, _ log: VLog, _ state: sending State) {
        self.arguments = arguments
        self.log = log
        self.state = Mutex(state)
    }

    /// The daemon works: lets the parent exit, moves to `/` and closes the standard files. Further
    /// calls do nothing.
    public func ready() {
        let notifier = state.withLock { state in
            defer { state.notifier = nil }
            return state.notifier
        }
        guard let notifier else { return }
        notifier.notify()
        guard arguments.detaches else { return }
        if arguments.changesDirectory { chdir("/") }
        Self.closeStandardFiles(log)
    }

    /// Removes the pidfile, as the last thing before the process ends.
    public func finish() {
        let pidfile = state.withLock { state in
            defer { state.pidfile = nil }
            return state.pidfile
        }
        pidfile?.remove()
    }

    /// Keeps all memory of the process in RAM (`--mlockall`); a failure is logged.
    public static func lockMemory(log: VLog = .shared) {
        // What has been used stays in memory. Tables are mapped as large as they may grow: locking
        // what was never touched would take a gigabyte for nothing.
        let onFault: Int32 = 4  // MCL_ONFAULT
        let flags = Int32(MCL_CURRENT) | Int32(MCL_FUTURE)
        if mlockall(flags | onFault) != 0 && mlockall(flags) != 0 {
            log.module("vswitchd").err("mlockall failed: \(SystemError.text(errno))")
        }
    }

    /// Puts /dev/null in the place of standard input, output and error, and stops logging there.
    static func closeStandardFiles(_ log: VLog) {
        let null = open("/dev/null", O_RDWR)
        if null >= 0 {
            for fd in Int32(0)..<3 { dup2(null, fd) }
            if null > 2 { close(null) }
        }
        log.setLevel(.off, destination: .console)
    }
}
