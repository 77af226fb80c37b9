// Which rows an update touched: what a reader needs to look at again.
// The session hands it out with each event; `VSwitchSnapshot` takes it to follow.

/// The rows that differ between two versions of a replica.
public struct ReplicaChanges: Hashable, Sendable {
    /// Rows inserted, changed or deleted, by table.
    public private(set) var rows: [String: Set<RowUUID>] = [:]

    public init() {}

    public var isEmpty: Bool { rows.isEmpty }

    public subscript(table: String) -> Set<RowUUID> { rows[table] ?? [] }

    mutating func insert(_ row: RowUUID, in table: String) {
        rows[table, default: []].insert(row)
    }

    /// Adds another update's rows.
    public mutating func merge(_ other: ReplicaChanges) {
        rows.merge(other.rows) { $0.union($1) }
    }
}
