// Where a stream goes to or comes from, by the names that OVS's tools and database use. Values; any
// thread.

/// The ports that IANA gave to the protocols of a switch.
public enum StreamPort {
    public static let openFlow: UInt16 = 6653
    public static let ovsdb: UInt16 = 6640
}

/// An active stream name: `unix:FILE`, `tcp:HOST[:PORT]` or `ssl:HOST[:PORT]`.
///
/// **Source** ovsdb(7), "Active Connection Methods"; ovs-vswitchd.conf.db(5), Controller target.
public struct StreamEndpoint: Equatable, Sendable {
    /// The name as it was written.
    public let name: String
    let kind: StreamTarget

    /// Parses an active name. A relative `unix:` path lies in `runDirectory`; nil as `defaultPort`
    /// makes the port required.
    ///
    /// **Errors** an unknown method (EAFNOSUPPORT), or a part that OVS refuses, in its words.
    public init(
        _ name: String, defaultPort: UInt16?, runDirectory: String
    ) throws(StreamError) {
        self.name = name
        kind = try StreamTarget(name, prefix: "", runDirectory: runDirectory) {
            argument throws(StreamError) in try .active(argument, defaultPort: defaultPort)
        }
    }

    /// The active name of the UNIX socket at `path`.
    public init(unixPath path: String) {
        name = "unix:\(path)"
        kind = .unix(path: path)
    }

    /// Whether `name` uses an active method, whatever follows.
    public static func isActive(_ name: String) -> Bool {
        StreamTarget.isMethod(of: name, prefix: "")
    }

    /// Whether a lost peer goes unnoticed without inactivity probes.
    public var needsProbes: Bool {
        if case .unix = kind { false } else { true }
    }

    /// Whether TLS is spoken.
    public var isTLS: Bool {
        if case .ssl = kind { true } else { false }
    }
}
