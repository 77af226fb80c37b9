// The severities of the log and the places a message can go to, by the names that ovs-appctl(8)
// gives them. Values only; any thread.

/// A severity, from `off` (nothing passes) to `dbg` (everything does).
///
/// **Source** ovs-appctl(8), "Logging Commands".
public enum VLogLevel: UInt8, CaseIterable, Comparable, Sendable {
    case off, emer, err, warn, info, dbg

    /// The name as OVS prints it, in capitals.
    public var name: String {
        switch self {
        case .off: "OFF"
        case .emer: "EMER"
        case .err: "ERR"
        case .warn: "WARN"
        case .info: "INFO"
        case .dbg: "DBG"
        }
    }

    /// Finds a level by name, in any letter case.
    public init?(name: some StringProtocol) {
        let wanted = name.uppercased()
        guard let found = Self.allCases.first(where: { $0.name == wanted }) else { return nil }
        self = found
    }

    /// The syslog severity a message of this level is sent with (RFC 5424, section 6.2.1).
    var syslogSeverity: Int32 {
        switch self {
        case .off, .emer: 1
        case .err: 3
        case .warn: 4
        case .info: 5
        case .dbg: 7
        }
    }

    public static func < (a: VLogLevel, b: VLogLevel) -> Bool { a.rawValue < b.rawValue }
}

/// A place that log messages go to.
public enum VLogDestination: Int, CaseIterable, Sendable {
    case syslog, console, file

    /// The name as OVS prints it, in capitals.
    public var name: String {
        switch self {
        case .syslog: "SYSLOG"
        case .console: "CONSOLE"
        case .file: "FILE"
        }
    }

    /// Finds a destination by name, in any letter case.
    public init?(name: some StringProtocol) {
        let wanted = name.uppercased()
        guard let found = Self.allCases.first(where: { $0.name == wanted }) else { return nil }
        self = found
    }

    /// The pattern in force until `PATTERN:` sets another.
    var defaultPattern: String {
        switch self {
        case .syslog: "ovs|%05N|%c%T|%p|%m"
        case .console: "%D{%Y-%m-%dT%H:%M:%SZ}|%05N|%c%T|%p|%m"
        case .file: "%D{%Y-%m-%dT%H:%M:%S.###Z}|%05N|%c%T|%p|%m"
        }
    }
}
