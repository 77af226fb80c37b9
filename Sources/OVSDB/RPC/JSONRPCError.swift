// Why a JSON value isn't a JSON-RPC message. The receiver closes the connection.
// Nothing was acted upon.

/// A malformed JSON-RPC message.
public enum JSONRPCError: Error, Hashable, Sendable {
    case notAnObject
    case badMethod
    case badParams
    case missingId
    case missingResult
}

extension JSONRPCError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notAnObject: "message is not a JSON object"
        case .badMethod: "message has no valid \"method\""
        case .badParams: "message's \"params\" is not an array"
        case .missingId: "reply has no \"id\""
        case .missingResult: "message is neither a request nor a reply"
        }
    }
}
