// What a user can set in the log: levels and patterns by the grammar of `-v` and `vlog/set`, the
// log file, the ways to syslog, rate limits; and the two listings. Any thread.

import Glibc

/// A setting that the log refuses; `message` is in OVS's words.
public struct VLogError: Error, Equatable, CustomStringConvertible, Sendable {
    public let message: String
    public var description: String { message }
}

extension VLog {
    /// Sets the level of one module or, with nil, of all; for one destination or all.
    public func setLevel(
        _ level: VLogLevel, module: VLogModule? = nil, destination: VLogDestination? = nil
    ) {
        state.withLock { state in
            let fileOpen = state.file >= 0
            for one in VLogDestination.allCases where destination == nil || one == destination {
                if let module {
                    module.setLevel(level, of: one, fileOpen: fileOpen)
                } else {
                    state.defaultLevels[one.rawValue] = level
                    for each in state.modules.values {
                        each.setLevel(level, of: one, fileOpen: fileOpen)
                    }
                }
            }
        }
    }

    /// Applies one `spec` of `-v` or `vlog/set`: words for a module, a destination and a level in
    /// any order, or `PATTERN:destination:pattern`, or `FACILITY:name`.
    ///
    /// **Errors** the spec as a whole is refused, in OVS's words.
    /// **Source** ovs-appctl(8), `vlog/set`.
    public func apply(spec: String) throws(VLogError) {
        var rest = Array(spec.utf8)[...]
        let first = Self.nextWord(&rest)
        switch first?.lowercased() {
        case "pattern": try applyPattern(&rest)
        case "facility":
            let name = String(decoding: rest, as: UTF8.self).lowercased()
            guard let value = Self.facilities[name] else {
                throw VLogError(message: "invalid facility")
            }
            state.withLock { $0.facility = value }
        default: try applyLevels(first, &rest)
        }
    }

    /// `-v` and `--verbose`: a spec, or without one everything at `dbg`.
    public func setVerbosity(_ spec: String?) throws(VLogError) {
        guard let spec else { return setLevel(.dbg) }
        do {
            try apply(spec: spec)
        } catch {
            throw VLogError(message: "processing \"\(spec)\": \(error.message)")
        }
    }

    private func applyPattern(_ rest: inout ArraySlice<UInt8>) throws(VLogError) {
        guard let word = Self.nextWord(&rest) else {
            throw VLogError(message: "missing destination")
        }
        let destination = VLogDestination(name: word)
        guard destination != nil || word.lowercased() == "any" else {
            throw VLogError(message: "unknown destination \"\(word)\"")
        }
        let pattern = String(decoding: rest, as: UTF8.self)
        state.withLock { state in
            for one in VLogDestination.allCases where destination == nil || one == destination {
                state.patterns[one.rawValue] = pattern
            }
        }
    }

    private func applyLevels(_ first: String?, _ rest: inout ArraySlice<UInt8>) throws(VLogError) {
        var module: VLogModule?
        var level: VLogLevel?
        var destination: VLogDestination?
        var next = first
        while let word = next {
            next = Self.nextWord(&rest)
            if word.lowercased() == "any" { continue }
            if let found = VLogDestination(name: word) {
                guard destination == nil else {
                    throw VLogError(message: "cannot specify multiple destinations")
                }
                destination = found
            } else if let found = VLogLevel(name: word) {
                guard level == nil else {
                    throw VLogError(message: "cannot specify multiple levels")
                }
                level = found
            } else if let found = state.withLock({ $0.modules[word.lowercased()] }) {
                guard module == nil else {
                    throw VLogError(message: "cannot specify multiple modules")
                }
                module = found
            } else {
                throw VLogError(message: "no destination, level, or module \"\(word)\"")
            }
        }
        setLevel(level ?? .dbg, module: module, destination: destination)
    }

    /// Takes the next word off `rest`, and the one separator behind it.
    private static func nextWord(_ rest: inout ArraySlice<UInt8>) -> String? {
        let separators = Array(" ,:\t".utf8)
        rest = rest.drop { separators.contains($0) }
        let word = rest.prefix { !separators.contains($0) }
        guard !word.isEmpty else { return nil }
        rest = rest.dropFirst(word.count + 1)
        return String(decoding: word, as: UTF8.self)
    }

    static let facilities: [String: Int32] = [
        "kern": 0, "user": 1 << 3, "mail": 2 << 3, "daemon": 3 << 3, "auth": 4 << 3,
        "syslog": 5 << 3, "lpr": 6 << 3, "news": 7 << 3, "uucp": 8 << 3, "clock": 9 << 3,
        "ftp": 11 << 3, "ntp": 12 << 3, "audit": 13 << 3, "alert": 14 << 3, "clock2": 15 << 3,
        "local0": 16 << 3, "local1": 17 << 3, "local2": 18 << 3, "local3": 19 << 3,
        "local4": 20 << 3, "local5": 21 << 3, "local6": 22 << 3, "local7": 23 << 3,
    ]
}

// MARK: The log file

extension VLog {
    /// The log file's name, where one is set (open or not).
    public var fileName: String? { state.withLock { $0.fileName } }

    /// Opens `path` as the log file in place of the one open now; nil closes.
    ///
    /// **Errors** the file cannot be opened; the old one stays.
    public func setFile(_ path: String?) throws(VLogError) {
        let log = module("vlog")
        var opened: Int32 = -1
        if let path {
            opened = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o660)
            if opened < 0 {
                let reason = SystemError.text(errno)
                log.warn("failed to open \(path) for logging: \(reason)")
                throw VLogError(message: reason)
            }
        }
        let current = state.withLock { $0.file }
        if Self.isSameFile(current, opened) {
            if opened >= 0 { close(opened) }
            return
        }
        if current >= 0 { log.info("closing log file") }
        replaceFile(opened, name: path)
        if let path { log.info("opened log file \(path)") }
    }

    /// Closes and opens the log file again, after it was rotated.
    public func reopenFile() throws(VLogError) {
        guard let name = fileName else {
            throw VLogError(message: "Logging to file not configured")
        }
        try setFile(name)
    }

    /// Closes the log file but keeps its name for `reopenFile()`.
    public func closeFile() {
        replaceFile(-1, name: fileName)
    }

    private func replaceFile(_ fd: Int32, name: String?) {
        state.withLock { state in
            if state.file >= 0 { close(state.file) }
            state.file = fd
            state.fileName = name
            for module in state.modules.values { module.updateThreshold(fileOpen: fd >= 0) }
        }
    }

    private static func isSameFile(_ a: Int32, _ b: Int32) -> Bool {
        if a < 0 || b < 0 { return a < 0 && b < 0 }
        var x = stat()
        var y = stat()
        return fstat(a, &x) == 0 && fstat(b, &y) == 0
            && x.st_dev == y.st_dev && x.st_ino == y.st_ino
    }
}

// MARK: Syslog, rate limits, listings

extension VLog {
    /// `--syslog-method`; only the first one counts.
    public func setSyslogMethod(_ method: String) throws(VLogError) {
        guard state.withLock({ $0.syslog == nil }) else { return }
        guard let made = VLogSyslog(method: method) else {
            throw VLogError(message: "unsupported syslog method '\(method)'")
        }
        state.withLock { $0.syslog = made }
    }

    /// `--syslog-target=HOST:PORT`: also send messages there by UDP.
    public func setSyslogTarget(_ target: String) {
        let fd = VLogSyslog.openDatagram(to: target, defaultPort: 514)
        state.withLock { state in
            if state.syslogTarget >= 0 { close(state.syslogTarget) }
            state.syslogTarget = fd
        }
    }

    /// Turns rate limits on or off for one module by name, or for all with nil or `ANY`.
    public func setRateLimits(_ honored: Bool, module name: String?) throws(VLogError) {
        guard let name, name.lowercased() != "any" else {
            state.withLock { state in
                for module in state.modules.values { module.honorsRateLimits = honored }
            }
            return
        }
        guard let module = state.withLock({ $0.modules[name.lowercased()] }) else {
            throw VLogError(message: "unknown module")
        }
        module.honorsRateLimits = honored
    }

    /// The text of `vlog/list`.
    public func levelListing() -> String {
        let lines = state.withLock { state in
            state.modules.values.map { module in
                let name = module.name.padded(to: 16)
                let console = module.level(of: .console).name.paddedLeft(to: 4)
                let syslog = module.level(of: .syslog).name.paddedLeft(to: 4)
                let file = module.level(of: .file).name.paddedLeft(to: 4)
                let note = module.honorsRateLimits ? "" : "    (rate limiting disabled)"
                return "\(name)  \(console)       \(syslog)       \(file)\(note)\n"
            }
        }
        return "                 console    syslog    file\n"
            + "                 -------    ------    ------\n" + lines.sorted().joined()
    }

    /// The text of `vlog/list-pattern`.
    public func patternListing() -> String {
        state.withLock { state in
            var text = "         prefix                            format\n"
            text += "         ------                            ------\n"
            for destination in VLogDestination.allCases {
                let prefix =
                    destination == .syslog ? (state.syslog ?? .libc).prefix : "none"
                text += destination.name.padded(to: 7) + "  " + prefix.padded(to: 32) + "  "
                text += state.patterns[destination.rawValue] + "\n"
            }
            return text
        }
    }
}

extension String {
    /// The string with spaces behind it up to `width` characters.
    func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - utf8.count))
    }

    /// The string with spaces before it up to `width` characters.
    func paddedLeft(to width: Int) -> String {
        String(repeating: " ", count: max(0, width - utf8.count)) + self
    }
}
