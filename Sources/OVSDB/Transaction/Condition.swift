// Which rows an operation touches (RFC 7047 section 5.1, `<condition>`).
// All conditions of an operation must hold.

/// A test of one column.
public struct Condition: Hashable, Sendable {
    public enum Function: String, Hashable, Sendable {
        case lessThan = "<"
        case lessOrEqual = "<="
        case equal = "=="
        case notEqual = "!="
        case greaterOrEqual = ">="
        case greaterThan = ">"
        case includes
        case excludes
    }

    public var column: String
    public var function: Function
    public var value: Datum

    public init(_ column: String, _ function: Function, _ value: Datum) {
        self.column = column
        self.function = function
        self.value = value
    }

    /// The row of that identifier.
    public static func uuid(_ uuid: RowUUID) -> Condition {
        Condition("_uuid", .equal, .uuid(uuid))
    }

    public var json: JSONValue {
        .array([.string(column), .string(function.rawValue), value.json])
    }
}
