// Where streams are waited for, by the names that OVS's tools and database use. A value; any
// thread.

/// A passive stream name: `punix:FILE`, `ptcp:[PORT][:HOST]` or `pssl:[PORT][:HOST]`.
///
/// **Source** ovsdb(7), "Passive Connection Methods".
public struct ListenEndpoint: Equatable, Sendable {
    /// The name as it was written.
    public let name: String
    let kind: StreamTarget

    /// Parses a passive name; see `StreamEndpoint.init` for the parameters and errors. Port 0 lets
    /// the kernel choose.
    public init(
        _ name: String, defaultPort: UInt16?, runDirectory: String
    ) throws(StreamError) {
        self.name = name
        kind = try StreamTarget(name, prefix: "p", runDirectory: runDirectory) {
            argument throws(StreamError) in try .passive(argument, defaultPort: defaultPort)
        }
    }

    /// The passive name of a UNIX socket at `path`.
    public init(unixPath path: String) {
        name = "punix:\(path)"
        kind = .unix(path: path)
    }

    /// Whether `name` uses a passive method, whatever follows.
    public static func isPassive(_ name: String) -> Bool {
        StreamTarget.isMethod(of: name, prefix: "p")
    }
}
