// A change of a column relative to what the server has (RFC 7047 section 5.1, `<mutation>`): the
// way to touch a shared set or map without overwriting what others wrote.

/// One relative change.
public struct Mutation: Hashable, Sendable {
    public enum Mutator: String, Hashable, Sendable {
        case add = "+="
        case subtract = "-="
        case multiply = "*="
        case divide = "/="
        case remainder = "%="
        case insert
        case delete
    }

    public var column: String
    public var mutator: Mutator
    public var value: Datum

    public init(_ column: String, _ mutator: Mutator, _ value: Datum) {
        self.column = column
        self.mutator = mutator
        self.value = value
    }

    /// Removes keys of a map whatever their values.
    public static func deleteKeys(_ keys: some Sequence<String>, of column: String) -> Mutation {
        Mutation(column, .delete, Datum(set: keys.map(Atom.string)))
    }

    public var json: JSONValue {
        .array([.string(column), .string(mutator.rawValue), value.json])
    }
}
