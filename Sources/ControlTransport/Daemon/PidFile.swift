// The pidfile: a file that holds the daemon's pid and that the daemon keeps locked, by the protocol
// that ovs-appctl, ovs-ctl and the other daemons of Open vSwitch rely on. The lock belongs to the
// process, and closing any descriptor of the file would drop it; so it stays open until the end.

import Glibc

/// Why there is no pidfile; `message` is in OVS's words.
public struct PidFileError: Error, Equatable, CustomStringConvertible, Sendable {
    public let message: String
    public var description: String { message }
}

/// This process's pidfile.
///
/// **Owner** one thread at a time.
/// **Source** ovs-vswitchd(8), `--pidfile`.
public final class PidFile: Sendable {
    public let path: String
    private let fd: Int32

    /// Writes and locks `path`. A stale file is replaced; one of a live process only with
    /// `overwrite`.
    ///
    /// **Errors** another process runs, or the file cannot be made.
    public static func create(at path: String, overwrite: Bool) throws(PidFileError) -> PidFile {
        let temporary = overwrite ? "\(path).tmp\(getpid())" : "\(path).tmp"
        let fd = open(temporary, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard fd >= 0 else { throw failure("\(temporary): create failed") }
        var lock = Self.wholeFile()
        guard fcntl(fd, F_SETLK, &lock) == 0 else {
            let error = failure("\(temporary): fcntl(F_SETLK) failed")
            close(fd)
            throw error
        }
        do throws(PidFileError) {
            if !overwrite { try checkNotRunning(path) }
            guard ftruncate(fd, 0) == 0 else { throw failure("\(temporary): truncate failed") }
            let text = Array("\(getpid())\n".utf8)
            guard write(fd, text, text.count) == text.count else {
                throw failure("\(temporary): write failed")
            }
            guard rename(temporary, path) == 0 else {
                throw failure("failed to rename \"\(temporary)\" to \"\(path)\"")
            }
        } catch {
            unlink(temporary)
            close(fd)
            throw error
        }
        ExitFiles.add(path)
        return PidFile(path: path, fd: fd)
    }

    /// Removes the file and lets go of the lock.
    public func remove() {
        ExitFiles.removeNow(path)
        close(fd)
    }

    /// What a pidfile says.
    public enum Reading: Equatable, Sendable {
        /// The file is locked by the process whose pid it holds.
        case running(pid_t)
        /// There is no file.
        case absent
        /// Nobody holds the lock, or another than the one named.
        case stale
        /// The file cannot be read.
        case failed(String)
    }

    /// Reads another process's pidfile. Never this process's own: that would drop its lock.
    public static func read(_ path: String) -> Reading {
        let fd = open(path, O_RDWR | O_CLOEXEC)
        guard fd >= 0 else {
            return errno == ENOENT ? .absent : .failed(SystemError.text(errno))
        }
        defer { close(fd) }
        return read(fd)
    }

    /// Parses the pid in a pidfile's first line.
    static func parse(_ bytes: some Sequence<UInt8>) -> pid_t? {
        let digits = bytes.prefix { $0 >= 48 && $0 <= 57 }
        guard let pid = pid_t(String(decoding: Array(digits), as: UTF8.self)), pid > 0 else {
            return nil
        }
        return pid
    }

    private init(path: String, fd: Int32) {
        self.path = path
        self.fd = fd
    }

    private static func read(_ fd: Int32) -> Reading {
        var lock = wholeFile()
        guard fcntl(fd, F_GETLK, &lock) == 0 else { return .failed(SystemError.text(errno)) }
        guard lock.l_type != Int16(F_UNLCK) else { return .stale }
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = Glibc.read(fd, &bytes, bytes.count)
        guard count > 0, let pid = parse(bytes.prefix(count)) else {
            return .failed("unexpected end of file")
        }
        return pid == lock.l_pid ? .running(pid) : .stale
    }

    /// Throws if a live process has `path`; removes a stale one while holding its lock, so that a
    /// valid file that came in between is never removed.
    private static func checkNotRunning(_ path: String) throws(PidFileError) {
        let fd = open(path, O_RDWR | O_CLOEXEC)
        guard fd >= 0 else {
            if errno == ENOENT { return }
            throw checkFailure(path, errno)
        }
        defer { close(fd) }
        switch read(fd) {
        case .running(let pid):
            throw PidFileError(message: "\(path): already running as pid \(pid), aborting")
        case .failed(let why):
            throw PidFileError(message: "\(path): pidfile check failed (\(why)), aborting")
        case .absent, .stale: break
        }
        var lock = wholeFile()
        guard fcntl(fd, F_SETLK, &lock) == 0 else { throw checkFailure(path, errno) }
        var named = stat()
        var opened = stat()
        guard stat(path, &named) == 0, fstat(fd, &opened) == 0,
            named.st_ino == opened.st_ino, named.st_dev == opened.st_dev
        else { throw checkFailure(path, EALREADY) }
        guard unlink(path) == 0 else { throw checkFailure(path, errno) }
    }

    private static func checkFailure(_ path: String, _ code: Int32) -> PidFileError {
        PidFileError(
            message: "\(path): pidfile check failed (\(SystemError.text(code))), aborting")
    }

    private static func failure(_ what: String) -> PidFileError {
        PidFileError(message: "\(what) (\(SystemError.text(errno)))")
    }

    private static func wholeFile() -> flock {
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        return lock
    }
}
