// The field table: one row a field, in the order of `Field`. The rows are in files by layer.

extension FieldInfo {
    /// Rows indexed by `Field.rawValue`.
    static let table: [FieldInfo] =
        tunnelRows + tunnelOptionsRows + stateRows + registersRows + ethernetRows + networkRows
}
