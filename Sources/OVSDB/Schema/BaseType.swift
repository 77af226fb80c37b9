// The type of a column's keys or values with its constraints (RFC 7047 section 3.2,
// `<base-type>`). The server enforces them; they are kept for readers that show or check them.

/// An atomic type and what narrows it.
public struct BaseType: Hashable, Sendable {
    /// How a reference holds the row it names.
    public enum ReferenceKind: String, Hashable, Sendable {
        case strong
        case weak
    }

    public var atomic: AtomicType
    /// The allowed values, when they are listed.
    public var enumeration: Datum?
    public var minInteger: Int64?
    public var maxInteger: Int64?
    public var minReal: Double?
    public var maxReal: Double?
    public var minLength: Int64?
    public var maxLength: Int64?
    /// The table that a uuid names a row of.
    public var refTable: String?
    public var refKind: ReferenceKind = .strong

    public init(_ atomic: AtomicType) { self.atomic = atomic }

    /// Reads a `<base-type>` or a bare `<atomic-type>`.
    ///
    /// **Errors**: an unknown type or a constraint of another type.
    public init(_ json: JSONValue) throws(OVSDBError) {
        guard let name = (json.objectValue?["type"] ?? json).stringValue,
            let atomic = AtomicType(rawValue: name)
        else { throw .badSchema("base type") }
        self.init(atomic)
        guard let object = json.objectValue else { return }
        if let allowed = object["enum"] {
            enumeration = try Datum(
                allowed, type: ColumnType(key: BaseType(atomic), min: 1, max: .max))
        }
        minInteger = object["minInteger"]?.integerValue
        maxInteger = object["maxInteger"]?.integerValue
        minReal = object["minReal"]?.realValue
        maxReal = object["maxReal"]?.realValue
        minLength = object["minLength"]?.integerValue
        maxLength = object["maxLength"]?.integerValue
        refTable = object["refTable"]?.stringValue
        if let kind = object["refType"] {
            guard let known = kind.stringValue.flatMap(ReferenceKind.init(rawValue:)) else {
                throw .badSchema("refType")
            }
            refKind = known
        }
    }
}
