// The files that must not outlive the process: pidfile and UNIX sockets. Removed when their owner
// closes them, at a normal exit, and by `SignalWatch.dieBy`. Any thread.

import Glibc
import Synchronization

/// Files to remove when this process ends.
public enum ExitFiles {
    private struct State {
        var paths: Set<String> = []
        var pid: pid_t = 0
    }

    private static let state = Mutex(State())

    /// Registers `path`. A child that forks later does not inherit the duty.
    public static func add(_ path: String) {
        let isFirst = state.withLock { state in
            let isFirst = state.pid != getpid()
            if isFirst {
                state.paths.removeAll()
                state.pid = getpid()
            }
            state.paths.insert(path)
            return isFirst
        }
        if isFirst { atexit { ExitFiles.removeAll() } }
    }

    /// Takes the duty back without removing the file.
    public static func forget(_ path: String) {
        state.withLock { _ = $0.paths.remove(path) }
    }

    /// Removes the file now and takes the duty back.
    public static func removeNow(_ path: String) {
        unlink(path)
        forget(path)
    }

    /// Removes all registered files, if this is the process that registered them.
    public static func removeAll() {
        state.withLock { state in
            guard state.pid == getpid() else { return }
            for path in state.paths { unlink(path) }
            state.paths.removeAll()
        }
    }
}
