// One column of a table (RFC 7047 section 3.2, `<column-schema>`).
// Part of a `TableSchema`.

/// A column's name, type and nature.
public struct ColumnSchema: Hashable, Sendable {
    public var name: String
    public var type: ColumnType
    /// Whether the database forgets it on restart.
    public var isEphemeral: Bool
    /// Whether it may change after the row was made.
    public var isMutable: Bool

    init(name: String, _ json: JSONValue) throws(OVSDBError) {
        guard let object = json.objectValue, let type = object["type"] else {
            throw .badSchema("column \(name)")
        }
        self.name = name
        self.type = try ColumnType(type)
        isEphemeral = object["ephemeral"]?.boolValue ?? false
        isMutable = object["mutable"]?.boolValue ?? true
    }
}
