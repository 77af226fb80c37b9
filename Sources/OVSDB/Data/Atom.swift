// One scalar of the database (RFC 7047 section 5.1), with an order so that sets and maps have one
// canonical form. Strings compare as Swift does, by Unicode canonical equivalence.

/// A scalar value of a column.
public enum Atom: Hashable, Sendable {
    case integer(Int64)
    case real(Double)
    case boolean(Bool)
    case string(String)
    case uuid(RowUUID)
    /// A row inserted earlier in the same transaction; only in what is sent.
    case namedUUID(String)
}

extension Atom {
    public var integerValue: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }
    public var realValue: Double? {
        if case .real(let value) = self { value } else { nil }
    }
    public var booleanValue: Bool? {
        if case .boolean(let value) = self { value } else { nil }
    }
    public var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }
    public var uuidValue: RowUUID? {
        if case .uuid(let value) = self { value } else { nil }
    }
}

extension Atom: Comparable {
    public static func < (left: Atom, right: Atom) -> Bool {
        switch (left, right) {
        case (.integer(let left), .integer(let right)): left < right
        case (.real(let left), .real(let right)): left < right
        case (.boolean(let left), .boolean(let right)): !left && right
        case (.string(let left), .string(let right)): left < right
        case (.uuid(let left), .uuid(let right)): left < right
        case (.namedUUID(let left), .namedUUID(let right)): left < right
        default: left.rank < right.rank
        }
    }

    /// The order between kinds, which never meet in one column but for named rows.
    private var rank: Int {
        switch self {
        case .integer: 0
        case .real: 1
        case .boolean: 2
        case .string: 3
        case .uuid: 4
        case .namedUUID: 5
        }
    }
}

extension Atom {
    /// The JSON form of RFC 7047's `<atom>`.
    public var json: JSONValue {
        switch self {
        case .integer(let value): .integer(value)
        case .real(let value): .real(value)
        case .boolean(let value): .bool(value)
        case .string(let value): .string(value)
        case .uuid(let value): .array(["uuid", .string(value.description)])
        case .namedUUID(let name): .array(["named-uuid", .string(name)])
        }
    }

    /// Reads an `<atom>` of a known type.
    ///
    /// **Errors**: a JSON value of another type.
    public init(_ json: JSONValue, type: AtomicType) throws(OVSDBError) {
        let atom: Atom? =
            switch type {
            case .integer: json.integerValue.map(Atom.integer)
            case .real: json.realValue.map(Atom.real)
            case .boolean: json.boolValue.map(Atom.boolean)
            case .string: json.stringValue.map(Atom.string)
            case .uuid: Atom.uuid(from: json)
            }
        guard let atom else { throw .badAtom(type) }
        self = atom
    }

    private static func uuid(from json: JSONValue) -> Atom? {
        guard let pair = json.arrayValue, pair.count == 2, let text = pair[1].stringValue else {
            return nil
        }
        switch pair[0].stringValue {
        case "uuid": return RowUUID(text).map(Atom.uuid)
        case "named-uuid": return .namedUUID(text)
        default: return nil
        }
    }
}
