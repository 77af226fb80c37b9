// Forks, and lets the parent wait until the child says that it works. Before any thread.

import Glibc

/// The child's end of the pipe that its parent waits on.
struct StartupPipe: Sendable {
    enum Fork {
        case child(StartupPipe)
        /// The child works.
        case parent(child: pid_t)
        /// The child died of a signal, or ended well, before it worked.
        case childFailed
    }

    private let fd: Int32

    /// Forks. In the parent, returns when the child has called `notify`; where the child exits with
    /// an error instead, the parent exits with the same status.
    static func fork(_ log: VLog) throws(DaemonError) -> Fork {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw DaemonError(message: "failed to create pipe (\(SystemError.text(errno)))")
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // What is buffered would otherwise come out twice.
        fflush(nil)
        let pid = try forkProcess()
        if pid == 0 {
            close(ends[0])
            return .child(StartupPipe(fd: ends[1]))
        }
        close(ends[1])
        defer { close(ends[0]) }
        if readByte(ends[0]) { return .parent(child: pid) }
        let status = wait(for: pid)
        if let exit = status.exitStatus, exit != 0 { _exit(exit) }
        log.module("daemon_unix").err(
            "fork child died before signaling startup (\(status))")
        return .childFailed
    }

    /// Tells the parent that we work.
    func notify() {
        var byte: UInt8 = 0
        while write(fd, &byte, 1) < 0, errno == EINTR {}
        close(fd)
    }

    /// Waits for a child to end.
    static func wait(for pid: pid_t) -> ChildStatus {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            guard errno == EINTR else { break }
        }
        return ChildStatus(raw: status)
    }

    private static func readByte(_ fd: Int32) -> Bool {
        var byte: UInt8 = 0
        var count = read(fd, &byte, 1)
        while count < 0, errno == EINTR { count = read(fd, &byte, 1) }
        return count == 1
    }

    /// fork(2), which Swift hides because of what it does to threads; here there are none yet.
    private static func forkProcess() throws(DaemonError) -> pid_t {
        // SAFETY: fork has this type in every C library, and the process has one thread.
        guard let symbol = dlsym(nil, "fork") else {
            throw DaemonError(message: "fork failed")
        }
        let function = unsafeBitCast(symbol, to: (@convention(c) () -> pid_t).self)
        let pid = function()
        guard pid >= 0 else {
            throw DaemonError(message: "fork failed (\(SystemError.text(errno)))")
        }
        return pid
    }
}

/// How a child ended, as waitpid(2) reports it.
struct ChildStatus: Equatable, CustomStringConvertible, Sendable {
    let raw: Int32

    var exitStatus: Int32? { raw & 0x7f == 0 ? raw >> 8 & 0xff : nil }
    var signal: Int32? { raw & 0x7f != 0 && raw & 0xff != 0x7f ? raw & 0x7f : nil }
    var dumpedCore: Bool { signal != nil && raw & 0x80 != 0 }

    /// Whether it died of a signal that tells of an error in the program.
    ///
    /// **Source** ovs-vswitchd(8), `--monitor`.
    var callsForRestart: Bool {
        guard let signal else { return false }
        return [
            SIGABRT, SIGALRM, SIGBUS, SIGFPE, SIGILL, SIGPIPE, SIGSEGV, SIGXCPU, SIGXFSZ, SIGTRAP,
        ].contains(signal)
    }

    var description: String {
        if let exitStatus { return "exit status \(exitStatus)" }
        guard let signal else { return "terminated abnormally (\(String(raw, radix: 16)))" }
        let name = strsignal(signal).map { String(cString: $0) } ?? "signal \(signal)"
        return "killed (\(name))" + (dumpedCore ? ", core dumped" : "")
    }
}
