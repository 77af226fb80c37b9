// One table of a database (RFC 7047 section 3.2, `<table-schema>`).
// Part of a `DatabaseSchema`.

/// A table's columns and rules.
public struct TableSchema: Hashable, Sendable {
    public var name: String
    public var columns: [String: ColumnSchema]
    /// Whether rows live without being referred to.
    public var isRoot: Bool
    public var maxRows: Int
    /// Sets of columns that no two rows share the values of.
    public var indexes: [[String]]

    init(name: String, _ json: JSONValue) throws(OVSDBError) {
        guard let object = json.objectValue, let members = object["columns"]?.objectValue else {
            throw .badSchema("table \(name)")
        }
        self.name = name
        columns = [:]
        for member in members.members {
            columns[member.key] = try ColumnSchema(name: member.key, member.value)
        }
        isRoot = object["isRoot"]?.boolValue ?? false
        maxRows = object["maxRows"]?.integerValue.map { Int($0) } ?? .max
        indexes = (object["indexes"]?.arrayValue ?? []).map { index in
            (index.arrayValue ?? []).compactMap(\.stringValue)
        }
    }
}
