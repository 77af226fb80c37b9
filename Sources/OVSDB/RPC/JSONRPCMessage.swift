// JSON-RPC 1.0 messages (RFC 7047 section 4), shared by the database client and the unixctl
// server. The request's id is any JSON value but null and is echoed in the answer.

/// One JSON-RPC message.
public enum JSONRPCMessage: Hashable, Sendable {
    case request(method: String, params: [JSONValue], id: JSONValue)
    case notification(method: String, params: [JSONValue])
    case reply(result: JSONValue, id: JSONValue)
    case error(error: JSONValue, id: JSONValue)

    /// Reads a message.
    ///
    /// **Errors**: a value that is none of the four shapes.
    public init(_ json: JSONValue) throws(JSONRPCError) {
        guard let object = json.objectValue else { throw .notAnObject }
        let id = object["id"] ?? .null
        if let method = object["method"] {
            guard let method = method.stringValue else { throw .badMethod }
            // Some clients send null for no parameters.
            let given = object["params"] ?? .null
            guard let params = given.isNull ? [] : given.arrayValue else { throw .badParams }
            self =
                id.isNull
                ? .notification(method: method, params: params)
                : .request(method: method, params: params, id: id)
            return
        }
        guard object["params"] == nil else { throw .badMethod }
        guard !id.isNull else { throw .missingId }
        guard object["result"] != nil || object["error"] != nil else { throw .missingResult }
        let error = object["error"] ?? .null
        self = error.isNull
            ? .reply(result: object["result"] ?? .null, id: id) : .error(error: error, id: id)
    }

    /// The message as a JSON object with the members in Open vSwitch's order.
    public var json: JSONValue {
        switch self {
        case .request(let method, let params, let id):
            .members(["id": id, "method": .string(method), "params": .array(params)])
        case .notification(let method, let params):
            .members(["id": .null, "method": .string(method), "params": .array(params)])
        case .reply(let result, let id):
            .members(["error": .null, "id": id, "result": result])
        case .error(let error, let id):
            .members(["error": error, "id": id, "result": .null])
        }
    }

    /// The compact text to send.
    public func serialised() -> [UInt8] { json.serialised() }
}
