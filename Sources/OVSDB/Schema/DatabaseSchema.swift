// The schema of a database as `get_schema` returns it (RFC 7047 section 3.2, `<database-schema>`).
// The session fetches it on every connection, so the client works with older and newer schemas: it
// monitors the columns that exist and reads the types from here.

/// A database's tables.
public struct DatabaseSchema: Hashable, Sendable {
    public var name: String
    public var version: String
    public var checksum: String
    public var tables: [String: TableSchema]

    /// Reads a `<database-schema>`.
    ///
    /// **Errors**: anything missing or of an unknown type, naming the place.
    public init(_ json: JSONValue) throws(OVSDBError) {
        guard let object = json.objectValue, let name = object["name"]?.stringValue else {
            throw .badSchema("name")
        }
        guard let members = object["tables"]?.objectValue else { throw .badSchema("tables") }
        self.name = name
        version = object["version"]?.stringValue ?? ""
        checksum = object["cksum"]?.stringValue ?? ""
        tables = [:]
        for member in members.members {
            tables[member.key] = try TableSchema(name: member.key, member.value)
        }
    }

    public subscript(table: String) -> TableSchema? { tables[table] }

    /// The type of a column, when the schema has it.
    public func type(of column: String, in table: String) -> ColumnType? {
        tables[table]?.columns[column]?.type
    }
}
