// A document as a tree, with the line that each value begins in. What YAML and JSON have in common.

/// One value of a document.
public struct PolicyNode: Sendable {
    public indirect enum Content: Sendable {
        case null
        case boolean(Bool)
        /// A number as it is written.
        case number(String)
        case string(String)
        case list([PolicyNode])
        case map([(key: String, line: Int, value: PolicyNode)])
    }
    public var line: Int
    public var content: Content

    public init(line: Int, _ content: Content) {
        self.line = line
        self.content = content
    }

    /// The value as an error shows it.
    public var text: String {
        switch content {
        case .null: "null"
        case .boolean(let value): value ? "true" : "false"
        case .number(let text): text
        case .string(let text): "\"\(text.prefix(80))\""
        case .list(let items): "a list of \(items.count)"
        case .map(let entries): "an object of \(entries.count)"
        }
    }
}

/// Why a document is refused: one of possibly many reasons.
public struct PolicyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The line of the value; 0 where it is no longer known.
    public var line: Int
    /// Such as `security_group_rules[3].protocol`.
    public var field: String
    public var value: String
    public var reason: String
    public init(line: Int, field: String, value: String, reason: String) {
        self.line = line
        self.field = field
        self.value = value
        self.reason = reason
    }

    public var description: String {
        (line > 0 ? "line \(line): " : "") + "\(field): \(value): \(reason)"
    }
}

/// All that is wrong with a document, at most `limit` of it.
public struct PolicyErrors: Error, Hashable, Sendable {
    public static let limit = 100
    public var list: [PolicyError]
    public init(_ list: [PolicyError]) { self.list = list }
}
