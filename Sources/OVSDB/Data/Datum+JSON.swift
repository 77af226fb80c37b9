// Column values to and from JSON (RFC 7047 section 5.1, `<value>`). Reading needs the column's
// type; what is written is the short form, a bare atom for a set of one.

extension Datum {
    /// The `<value>` that the database reads.
    public var json: JSONValue {
        if isMap {
            let pairs = zip(keys, values).map { JSONValue.array([$0.json, $1.json]) }
            return .array(["map", .array(pairs)])
        }
        if keys.count == 1 { return keys[0].json }
        return .array(["set", .array(keys.map(\.json))])
    }

    /// Reads a `<value>` of a known column type.
    ///
    /// How many elements there are isn't checked: differences break the column's own bounds.
    /// **Errors**: an atom of another type, or a shape that is neither set nor map where one is
    /// due.
    public init(_ json: JSONValue, type: ColumnType) throws(OVSDBError) {
        if let valueType = type.value {
            self = try Datum.map(json, key: type.key.atomic, value: valueType.atomic)
        } else {
            self = try Datum.set(json, of: type.key.atomic)
        }
    }

    private static func set(_ json: JSONValue, of type: AtomicType) throws(OVSDBError) -> Datum {
        guard let tagged = json.arrayValue, tagged.first == .string("set") else {
            return Datum(try Atom(json, type: type))
        }
        guard tagged.count == 2, let elements = tagged[1].arrayValue else { throw .badSet }
        var atoms: [Atom] = []
        atoms.reserveCapacity(elements.count)
        for element in elements { atoms.append(try Atom(element, type: type)) }
        return Datum(set: atoms)
    }

    private static func map(
        _ json: JSONValue, key: AtomicType, value: AtomicType
    ) throws(OVSDBError) -> Datum {
        guard let tagged = json.arrayValue, tagged.count == 2, tagged[0] == .string("map"),
            let elements = tagged[1].arrayValue
        else { throw .badMap }
        var pairs: [(Atom, Atom)] = []
        pairs.reserveCapacity(elements.count)
        for element in elements {
            guard let pair = element.arrayValue, pair.count == 2 else { throw .badMap }
            pairs.append((try Atom(pair[0], type: key), try Atom(pair[1], type: value)))
        }
        return Datum(map: pairs)
    }
}
