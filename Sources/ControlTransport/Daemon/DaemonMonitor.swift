// The monitor: a process that does nothing but wait for the daemon, and start it again when it died
// of an error in the program (`--monitor`). Before any thread.

import Glibc

enum DaemonMonitor {
    /// Restarts come at most this often.
    private static let secondsBetweenRestarts: time_t = 10

    /// Forks the daemon; the parent becomes the monitor and never returns. Returns in the daemon,
    /// also in each one started later.
    static func start(
        _ log: VLog, notify: StartupPipe?, closesStandardFiles: Bool
    ) throws(DaemonError) -> StartupPipe {
        switch try StartupPipe.fork(log) {
        case .child(let pipe): return pipe
        case .childFailed: throw DaemonError(message: "could not initiate process monitoring")
        case .parent(let child):
            notify?.notify()
            if closesStandardFiles { Daemon.closeStandardFiles(log) }
            return try watch(child, log)
        }
    }

    private static func watch(
        _ first: pid_t, _ log: VLog
    ) throws(DaemonError) -> StartupPipe {
        VLog.setThreadName("monitor")
        let module = log.module("daemon_unix")
        var child = first
        var crashes = 0
        var lastRestart = time_t.min
        while true {
            // The daemon's log may be rotated meanwhile; the monitor must not hold the old one.
            let file = log.fileName
            log.closeFile()
            let status = StartupPipe.wait(for: child)
            try? log.setFile(file)
            guard status.callsForRestart else {
                module.info("pid \(child) died, \(status), exiting")
                _exit(0)
            }
            if status.dumpedCore { forbidCoreDumps(module) }
            while true {
                crashes += 1
                let what = "\(crashes) crashes: pid \(child) died, \(status)"
                throttle(&lastRestart, what, module)
                module.err("\(what), restarting")
                switch try StartupPipe.fork(log) {
                case .child(let pipe):
                    VLog.setThreadName("")
                    return pipe
                case .parent(let next): child = next
                case .childFailed: continue
                }
                break
            }
        }
    }

    private static func throttle(
        _ lastRestart: inout time_t, _ what: String, _ module: VLogModule
    ) {
        if lastRestart != .min, time(nil) < lastRestart + secondsBetweenRestarts {
            module.warn("\(what), waiting until 10 seconds since last restart")
            while case let now = time(nil), now < lastRestart + secondsBetweenRestarts {
                sleep(UInt32(max(1, lastRestart + secondsBetweenRestarts - now)))
            }
        }
        lastRestart = time(nil)
    }

    /// One core file tells enough; more would fill the disk.
    private static func forbidCoreDumps(_ module: VLogModule) {
        var limit = rlimit(rlim_cur: 0, rlim_max: 0)
        if setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit) != 0 {
            module.warn("failed to disable core dumps: \(SystemError.text(errno))")
        }
    }
}
