// The type of a column (RFC 7047 section 3.2, `<type>`): what its elements are and how many there
// may be.

/// A column's type.
public struct ColumnType: Hashable, Sendable {
    public var key: BaseType
    /// The type of a map's values; nil for a set or scalar.
    public var value: BaseType?
    /// Least elements: 0 or 1.
    public var min: Int
    /// Most elements; `Int.max` for "unlimited".
    public var max: Int

    public init(key: BaseType, value: BaseType? = nil, min: Int = 1, max: Int = 1) {
        self.key = key
        self.value = value
        self.min = min
        self.max = max
    }

    /// Reads a `<type>`.
    ///
    /// **Errors**: an unknown type or impossible bounds.
    public init(_ json: JSONValue) throws(OVSDBError) {
        guard let object = json.objectValue else {
            self.init(key: try BaseType(json))
            return
        }
        guard let keyType = object["key"] else { throw .badSchema("type without key") }
        self.init(key: try BaseType(keyType))
        if let valueType = object["value"] { value = try BaseType(valueType) }
        if let least = object["min"] {
            guard let least = least.integerValue, (0...1).contains(least) else {
                throw .badSchema("min")
            }
            min = Int(least)
        }
        switch object["max"] {
        case nil: max = 1
        case .some(.string("unlimited")): max = .max
        case .some(let most):
            guard let most = most.integerValue, most >= 1 else { throw .badSchema("max") }
            max = Int(most)
        }
    }

    public var isMap: Bool { value != nil }
    /// Exactly one element.
    public var isScalar: Bool { value == nil && min == 1 && max == 1 }
    /// None or one element.
    public var isOptional: Bool { value == nil && min == 0 && max == 1 }

    /// The value of a column that was never set.
    public var defaultDatum: Datum {
        if min == 0 { return isMap ? .emptyMap : .emptySet }
        guard let value else { return Datum(key.atomic.defaultAtom) }
        return Datum(map: [(key.atomic.defaultAtom, value.atomic.defaultAtom)])
    }

    func isDefault(_ datum: Datum) -> Bool {
        min == 0 ? datum.isEmpty : datum == defaultDatum
    }
}
