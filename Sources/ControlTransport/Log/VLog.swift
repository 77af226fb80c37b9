// The log: modules, levels, destinations and patterns as the ovs-* tools know them. One instance a
// process (`VLog.shared`); tests make their own. Messages may come from any thread but must never
// come from a poll thread's packet path, since a message takes a lock and writes to files.
//
// The sequence number of a message counts per thread, as in OVS; a thread other than the control
// loop's names itself with `VLog.setThreadName(_:)`, and the name then appears behind the module's.

import Glibc
import Synchronization

/// The process's log.
///
/// **Owner** any thread; a lock inside.
public final class VLog: Sendable {
    /// The log of this process.
    public static let shared = VLog(program: VLog.programNameFromArguments())

    struct State: ~Copyable {
        var program: String
        var modules: [String: VLogModule] = [:]
        var defaultLevels: [VLogLevel] = [.info, .info, .info]
        var patterns = VLogDestination.allCases.map(\.defaultPattern)
        var facility: Int32 = 0
        var syslog: VLogSyslog?
        var syslogOpen = false
        var syslogTarget: Int32 = -1
        var fileName: String?
        var file: Int32 = -1
    }

    let state: Mutex<State>
    private let startMilliseconds = ControlClock.monotonicMilliseconds()

    /// Makes a log for the program called `program`.
    public init(program: String) {
        state = Mutex(State(program: program))
    }

    deinit {
        state.withLock { state in
            if state.file >= 0 { close(state.file) }
        }
    }

    /// The module called `name` in the process's log, made now if it is new.
    public static func module(_ name: String) -> VLogModule { shared.module(name) }

    /// The module called `name`, made now if it is new.
    public func module(_ name: String) -> VLogModule {
        state.withLock { state in
            if let found = state.modules[name.lowercased()] { return found }
            let made = VLogModule(
                name: name, log: self, levels: state.defaultLevels, fileOpen: state.file >= 0)
            state.modules[name.lowercased()] = made
            return made
        }
    }

    /// Makes sure that all of `names` exist, so that `-v` and `vlog/set` know them before their
    /// first message.
    public func register(modules names: [String]) {
        for name in names { _ = module(name) }
    }

    /// The name messages and files go by; the last component of the executable's path at first.
    public var program: String {
        get { state.withLock { $0.program } }
        set { state.withLock { $0.program = newValue } }
    }

    /// Writes one message wherever its module's levels send it. Preserves `errno`.
    func write(_ module: VLogModule, _ level: VLogLevel, _ text: String) {
        let savedErrno = errno
        defer { errno = savedErrno }
        let thread = VLogThread.current
        thread.sequence &+= 1
        state.withLock { state in
            var record = VLogRecord(
                program: state.program, module: module.name, level: level, message: text,
                sequence: thread.sequence, thread: thread.name,
                wallMilliseconds: ControlClock.wallMilliseconds(),
                uptimeMilliseconds: ControlClock.monotonicMilliseconds() - startMilliseconds,
                facility: state.facility == 0 ? 16 << 3 : state.facility)
            if module.level(of: .console) >= level {
                record.emit(state.patterns[VLogDestination.console.rawValue], to: 2)
            }
            if module.level(of: .syslog) >= level {
                Self.sendToSyslog(&state, record)
            }
            if state.file >= 0, module.level(of: .file) >= level {
                record.emit(state.patterns[VLogDestination.file.rawValue], to: state.file)
            }
        }
    }

    /// Logs at the highest severity, prints `program: text` on standard error and ends the process
    /// with status 1. A monitor process does not restart it.
    public func fatal(_ module: VLogModule, _ text: String) -> Never {
        setLevel(.off, module: module, destination: .console)
        write(module, .emer, text)
        Self.printError("\(program): \(text)")
        exit(1)
    }

    /// Writes a line to standard error.
    public static func printError(_ line: String) {
        writeFully(Array((line + "\n").utf8), to: 2)
    }

    private static func sendToSyslog(_ state: inout State, _ record: VLogRecord) {
        if state.syslog == nil {
            let wanted = getenv("OVS_SYSLOG_METHOD").map { String(cString: $0) } ?? ""
            state.syslog = wanted.isEmpty ? .libc : VLogSyslog(method: wanted) ?? .libc
        }
        let daemon = Int32(LOG_DAEMON)
        if !state.syslogOpen {
            state.syslogOpen = true
            // openlog(3) keeps the pointer, so the copy is never freed.
            if case .libc? = state.syslog {
                openlog(strdup(state.program), Int32(LOG_NDELAY), daemon)
            }
        }
        let whole = VLogPattern.expand(
            state.patterns[VLogDestination.syslog.rawValue], record)
        for line in whole.split(separator: "\n") {
            state.syslog?.send(
                priority: record.level.syslogSeverity | state.facility, defaultFacility: daemon,
                line: String(line))
        }
        if state.syslogTarget >= 0 {
            let pattern = "<%B>1 %D{%Y-%m-%dT%H:%M:%S.###Z} %E %A %P %c - \u{feff}%m"
            VLogSyslog.send(VLogPattern.expand(pattern, record), over: state.syslogTarget)
        }
    }

    static func writeFully(_ bytes: [UInt8], to fd: Int32) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { raw in
                Glibc.write(fd, raw.baseAddress.map { $0 + sent }, raw.count - sent)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            sent += count
        }
    }

    private static func programNameFromArguments() -> String {
        let path = CommandLine.arguments.first ?? "vedette"
        return path.split(separator: "/").last.map(String.init) ?? path
    }
}

extension VLogRecord {
    fileprivate mutating func emit(_ pattern: String, to fd: Int32) {
        VLog.writeFully(Array((VLogPattern.expand(pattern, self) + "\n").utf8), to: fd)
    }
}
