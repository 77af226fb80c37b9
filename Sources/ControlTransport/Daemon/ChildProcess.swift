// Starts another program with ordinary signals, whatever the daemon itself blocks or ignores. For
// the embedded database server and for helpers.

import Glibc

/// A program started by the daemon.
public struct ChildProcess: Sendable {
    public let pid: pid_t

    /// How a child ended.
    public struct Ending: Equatable, CustomStringConvertible, Sendable {
        let status: ChildStatus
        /// The exit status; nil where a signal ended it.
        public var exitStatus: Int32? { status.exitStatus }
        public var description: String { status.description }
    }

    /// Starts the program at `path`, which gets `arguments` after its name. Its standard input is
    /// /dev/null; output and errors go where the daemon's go, or to `outputFile`.
    ///
    /// **Errors** posix_spawn(3)'s, and that of opening `outputFile`.
    public static func start(
        _ path: String, _ arguments: [String], outputFile: String? = nil
    ) throws(StreamError) -> ChildProcess {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0)
        if let outputFile {
            posix_spawn_file_actions_addopen(
                &files, 1, outputFile, O_WRONLY | O_CREAT | O_APPEND, 0o640)
            posix_spawn_file_actions_adddup2(&files, 1, 2)
        }
        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, path, &files, &attributes, words, environ)
        guard code == 0 else {
            throw StreamError(code: code, message: "\(path): \(SystemError.text(code))")
        }
        return ChildProcess(pid: pid)
    }

    /// Waits until the child has ended. Blocks: not on the loop.
    public func wait() -> Ending { Ending(status: StartupPipe.wait(for: pid)) }

    /// How the child ended, or nil while it runs. Does not block.
    public func poll() -> Ending? {
        var status: Int32 = 0
        return waitpid(pid, &status, WNOHANG) == pid
            ? Ending(status: ChildStatus(raw: status)) : nil
    }

    /// Sends a signal.
    public func send(_ signal: Int32) { kill(pid, signal) }
}
