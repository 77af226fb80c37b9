// Which tables and columns a session keeps a copy of. What the server's schema lacks is left out
// at the time of asking, so one selection serves older and newer databases.

/// Tables and columns to monitor.
public struct MonitorSelection: Hashable, Sendable {
    /// Columns by table; nil for every column.
    public var tables: [String: [String]?]

    public init(_ tables: [String: [String]?]) { self.tables = tables }

    /// The `<monitor-requests>` for a database of this schema, in a fixed order.
    func requests(for schema: DatabaseSchema) -> JSONValue {
        var object = JSONObject()
        for (name, wanted) in tables.sorted(by: { $0.key < $1.key }) {
            guard let table = schema.tables[name] else { continue }
            let columns = (wanted ?? Array(table.columns.keys)).filter {
                table.columns[$0] != nil
            }
            let request = JSONObject([
                "columns": .array(columns.sorted().map(JSONValue.string))
            ])
            object.append(name, .array([.object(request)]))
        }
        return .object(object)
    }
}
