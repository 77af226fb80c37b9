// Where a stream goes to or comes from, by the names that OVS's tools and database use. Values; any
// thread.

import Glibc

/// The ports that IANA gave to the protocols of a switch.
public enum StreamPort {
    public static let openFlow: UInt16 = 6653
    public static let ovsdb: UInt16 = 6640
}

/// An active stream name: `unix:FILE`, `tcp:HOST[:PORT]` or `ssl:HOST[:PORT]`.
///
/// **Source** ovsdb(7), "Active Connection Methods"; ovs-vswitchd.conf.db(5), Controller target.
public struct StreamEndpoint: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        case unix(path: String)
        case tcp(InternetTarget)
        case ssl(InternetTarget)
    }

    /// The name as it was written.
    public let name: String
    let kind: Kind

    /// Parses an active name. A relative `unix:` path lies in `runDirectory`; nil as `defaultPort`
    /// makes the port required.
    ///
    /// **Errors** an unknown method (EAFNOSUPPORT), or a part that OVS refuses, in its words.
    public init(
        _ name: String, defaultPort: UInt16?, runDirectory: String
    ) throws(StreamError) {
        self.name = name
        let (method, argument) = Self.split(name)
        switch method {
        case "unix":
            guard !argument.isEmpty else { throw StreamError(code: ENOENT) }
            kind = .unix(path: absolutePath(argument, in: runDirectory))
        case "tcp": kind = .tcp(try .active(argument, defaultPort: defaultPort))
        case "ssl": kind = .ssl(try .active(argument, defaultPort: defaultPort))
        default: throw StreamError(code: EAFNOSUPPORT)
        }
    }

    /// The active name of the UNIX socket at `path`.
    public init(unixPath path: String) {
        name = "unix:\(path)"
        kind = .unix(path: path)
    }

    /// Whether `name` uses an active method, whatever follows.
    public static func isActive(_ name: String) -> Bool {
        ["unix", "tcp", "ssl"].contains(split(name).method)
    }

    /// Whether a lost peer goes unnoticed without inactivity probes.
    public var needsProbes: Bool {
        if case .unix = kind { false } else { true }
    }

    /// Whether TLS is spoken.
    public var isTLS: Bool {
        if case .ssl = kind { true } else { false }
    }

    /// The method before the first colon and what follows; an empty method where there is none.
    static func split(_ name: String) -> (method: String, argument: String) {
        guard let colon = name.firstIndex(of: ":") else { return ("", name) }
        return (String(name[..<colon]), String(name[name.index(after: colon)...]))
    }
}

/// A passive stream name: `punix:FILE`, `ptcp:[PORT][:HOST]` or `pssl:[PORT][:HOST]`.
///
/// **Source** ovsdb(7), "Passive Connection Methods".
public struct ListenEndpoint: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        case unix(path: String)
        case tcp(InternetTarget)
        case ssl(InternetTarget)
    }

    /// The name as it was written.
    public let name: String
    let kind: Kind

    /// Parses a passive name; see `StreamEndpoint.init` for the parameters and errors. Port 0 lets
    /// the kernel choose.
    public init(
        _ name: String, defaultPort: UInt16?, runDirectory: String
    ) throws(StreamError) {
        self.name = name
        let (method, argument) = StreamEndpoint.split(name)
        switch method {
        case "punix":
            guard !argument.isEmpty else { throw StreamError(code: ENOENT) }
            kind = .unix(path: absolutePath(argument, in: runDirectory))
        case "ptcp": kind = .tcp(try .passive(argument, defaultPort: defaultPort))
        case "pssl": kind = .ssl(try .passive(argument, defaultPort: defaultPort))
        default: throw StreamError(code: EAFNOSUPPORT)
        }
    }

    /// The passive name of a UNIX socket at `path`.
    public init(unixPath path: String) {
        name = "punix:\(path)"
        kind = .unix(path: path)
    }

    /// Whether `name` uses a passive method, whatever follows.
    public static func isPassive(_ name: String) -> Bool {
        ["punix", "ptcp", "pssl"].contains(StreamEndpoint.split(name).method)
    }
}

/// `path` itself where it is absolute, else `path` in `directory`.
func absolutePath(_ path: String, in directory: String) -> String {
    path.hasPrefix("/") ? path : "\(directory)/\(path)"
}
