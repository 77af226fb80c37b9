// One row as its columns. Columns at their type's default are not stored: most columns of most
// rows are, and the update protocol leaves them out too. Readers get the default for a column that
// isn't there.

/// The columns of one row.
public struct Row: Hashable, Sendable {
    /// The columns that differ from their type's default.
    public private(set) var columns: [String: Datum]

    public init(columns: [String: Datum] = [:]) { self.columns = columns }

    /// The stored value; nil when the column is at its default or unknown.
    public subscript(column: String) -> Datum? { columns[column] }

    /// Sets a column, dropping a default.
    mutating func set(_ column: String, to datum: Datum, type: ColumnType) {
        columns[column] = type.isDefault(datum) ? nil : datum
    }

    public func string(_ column: String) -> String { columns[column]?.string ?? "" }
    public func integer(_ column: String) -> Int64 { columns[column]?.integer ?? 0 }
    public func boolean(_ column: String) -> Bool { columns[column]?.boolean ?? false }
    public func optionalString(_ column: String) -> String? { columns[column]?.optionalString }
    public func optionalInteger(_ column: String) -> Int64? { columns[column]?.optionalInteger }
    public func optionalBoolean(_ column: String) -> Bool? { columns[column]?.optionalBoolean }
    public func optionalUUID(_ column: String) -> RowUUID? { columns[column]?.optionalUUID }
    public func strings(_ column: String) -> [String] { columns[column]?.strings ?? [] }
    public func integers(_ column: String) -> [Int64] { columns[column]?.integers ?? [] }
    public func uuids(_ column: String) -> [RowUUID] { columns[column]?.uuids ?? [] }
    public func stringMap(_ column: String) -> [String: String] {
        columns[column]?.stringMap ?? [:]
    }
    public func integerMap(_ column: String) -> [String: Int64] {
        columns[column]?.integerMap ?? [:]
    }
    public func uuidByInteger(_ column: String) -> [Int64: RowUUID] {
        columns[column]?.uuidByInteger ?? [:]
    }
    public func uuidByString(_ column: String) -> [String: RowUUID] {
        columns[column]?.uuidByString ?? [:]
    }
}
