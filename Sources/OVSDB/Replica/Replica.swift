// A copy of the monitored part of a database. A value: keeping one costs nothing, and two can be
// compared. The session that owns the current one changes it in place; a copy held elsewhere makes
// only the tables that change be copied, and rows are shared. Updates are in
// `Replica+Update.swift`.

/// Tables of rows, as of one moment.
public struct Replica: Hashable, Sendable {
    public let schema: DatabaseSchema
    /// Every table that has rows.
    public internal(set) var tables: [String: [RowUUID: Row]] = [:]

    public init(schema: DatabaseSchema) { self.schema = schema }

    /// The rows of a table; none when it is empty or unknown.
    public func rows(in table: String) -> [RowUUID: Row] { tables[table] ?? [:] }

    public func row(_ uuid: RowUUID, in table: String) -> Row? { tables[table]?[uuid] }

    /// The first row whose column has this value. **Cost**: O(rows).
    public func firstRow(
        in table: String, where column: String, is datum: Datum
    ) -> (uuid: RowUUID, row: Row)? {
        for (uuid, row) in rows(in: table) where row[column] == datum { return (uuid, row) }
        return nil
    }

    /// A column's value, its default when it isn't set; nil when there is no such row or column.
    public func datum(_ column: String, of uuid: RowUUID, in table: String) -> Datum? {
        guard let row = row(uuid, in: table),
            let type = schema.type(of: column, in: table)
        else { return nil }
        return row[column] ?? type.defaultDatum
    }

    /// The rows that differ from an earlier version.
    ///
    /// **Cost**: O(rows) of the tables whose storage isn't shared.
    public func changes(since old: Replica) -> ReplicaChanges {
        var changes = ReplicaChanges()
        for name in Set(tables.keys).union(old.tables.keys) {
            let new = rows(in: name)
            let before = old.rows(in: name)
            guard new != before else { continue }
            for (uuid, row) in new where before[uuid] != row { changes.insert(uuid, in: name) }
            for uuid in before.keys where new[uuid] == nil { changes.insert(uuid, in: name) }
        }
        return changes
    }
}
