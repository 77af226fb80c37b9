// Column values as plain Swift, both ways. Readers never fail: an element of another type is left
// out, an absent scalar is its type's default, as a column that a server doesn't know would be.

extension Datum {
    public static func string(_ value: String) -> Datum { Datum(.string(value)) }
    public static func integer(_ value: some BinaryInteger) -> Datum {
        Datum(.integer(Int64(clamping: value)))
    }
    public static func boolean(_ value: Bool) -> Datum { Datum(.boolean(value)) }
    public static func real(_ value: Double) -> Datum { Datum(.real(value)) }
    public static func uuid(_ value: RowUUID) -> Datum { Datum(.uuid(value)) }
    /// A reference to a row inserted in the same transaction.
    public static func named(_ name: String) -> Datum { Datum(.namedUUID(name)) }

    /// A set of none or one.
    public static func optional(_ value: String?) -> Datum { value.map(string) ?? emptySet }
    /// A set of none or one.
    public static func optional(_ value: (some BinaryInteger)?) -> Datum {
        value.map { integer($0) } ?? emptySet
    }
    /// A set of none or one.
    public static func optional(_ value: Bool?) -> Datum { value.map(boolean) ?? emptySet }
    /// A set of none or one.
    public static func optional(_ value: RowUUID?) -> Datum { value.map(uuid) ?? emptySet }

    public static func strings(_ values: some Sequence<String>) -> Datum {
        Datum(set: values.map(Atom.string))
    }
    public static func integers(_ values: some Sequence<some BinaryInteger>) -> Datum {
        Datum(set: values.map { Atom.integer(Int64(clamping: $0)) })
    }
    public static func uuids(_ values: some Sequence<RowUUID>) -> Datum {
        Datum(set: values.map(Atom.uuid))
    }
    /// References to existing rows and to rows inserted in the same transaction.
    public static func references(_ atoms: some Sequence<Atom>) -> Datum { Datum(set: atoms) }

    public static func map(_ values: [String: String]) -> Datum {
        Datum(map: values.map { (Atom.string($0.key), Atom.string($0.value)) })
    }
    /// A map such as `statistics`.
    public static func map(_ values: [String: some BinaryInteger]) -> Datum {
        Datum(map: values.map { (Atom.string($0.key), Atom.integer(Int64(clamping: $0.value))) })
    }
    /// A map from numbers to rows, such as `flow_tables`.
    public static func map(_ values: [Int64: RowUUID]) -> Datum {
        Datum(map: values.map { (Atom.integer($0.key), Atom.uuid($0.value)) })
    }
}

extension Datum {
    public var optionalString: String? { keys.first?.stringValue }
    public var optionalInteger: Int64? { keys.first?.integerValue }
    public var optionalBoolean: Bool? { keys.first?.booleanValue }
    public var optionalReal: Double? { keys.first?.realValue }
    public var optionalUUID: RowUUID? { keys.first?.uuidValue }

    public var string: String { optionalString ?? "" }
    public var integer: Int64 { optionalInteger ?? 0 }
    public var boolean: Bool { optionalBoolean ?? false }
    public var real: Double { optionalReal ?? 0 }

    /// The strings of a set, ascending.
    public var strings: [String] { keys.compactMap(\.stringValue) }
    /// The strings of a set.
    public var stringSet: Set<String> { Set(strings) }
    /// The integers of a set, ascending.
    public var integers: [Int64] { keys.compactMap(\.integerValue) }
    /// The rows that a set refers to, ascending.
    public var uuids: [RowUUID] { keys.compactMap(\.uuidValue) }

    /// A map of strings.
    public var stringMap: [String: String] {
        pairs { $0.stringValue } value: { $0.stringValue }
    }
    /// A map from strings to numbers, such as `statistics`.
    public var integerMap: [String: Int64] {
        pairs { $0.stringValue } value: { $0.integerValue }
    }
    /// A map from numbers to numbers, such as `mappings`.
    public var integerByInteger: [Int64: Int64] {
        pairs { $0.integerValue } value: { $0.integerValue }
    }
    /// A map from numbers to rows, such as `queues`.
    public var uuidByInteger: [Int64: RowUUID] {
        pairs { $0.integerValue } value: { $0.uuidValue }
    }
    /// A map from strings to rows, such as `datapaths`.
    public var uuidByString: [String: RowUUID] {
        pairs { $0.stringValue } value: { $0.uuidValue }
    }

    private func pairs<Key: Hashable, Value>(
        key: (Atom) -> Key?, value: (Atom) -> Value?
    ) -> [Key: Value] {
        var result: [Key: Value] = [:]
        result.reserveCapacity(values.count)
        for (keyAtom, valueAtom) in zip(keys, values) {
            if let key = key(keyAtom), let value = value(valueAtom) { result[key] = value }
        }
        return result
    }
}
