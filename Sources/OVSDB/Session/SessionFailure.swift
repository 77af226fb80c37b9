// Why a database connection is of no more use.
// Goes to the log by its description; the owner's reaction is the same for all.

/// The reason to close a connection to the database server.
public enum SessionFailure: Error, Hashable, Sendable {
    case json(JSONError)
    case message(JSONRPCError)
    case content(OVSDBError)
    /// The server refused something the session can't do without.
    case refused(method: String, error: String)
    /// No answer to the inactivity probe.
    case probeTimeout
    /// The server is not the leader, or lost touch with its cluster.
    case serverUnfit
}

extension SessionFailure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .json(let error): error.description
        case .message(let error): error.description
        case .content(let error): error.description
        case .refused(let method, let error): "server refused \(method): \(error)"
        case .probeTimeout: "no response to inactivity probe"
        case .serverUnfit: "server is disconnected from its cluster or not its leader"
        }
    }
}
