// What can be wrong with the database content that a server sends. Each one means the server and
// this client disagree about the protocol, so a session that meets one closes and starts from
// nothing.

/// Database content that can't be understood.
public enum OVSDBError: Error, Hashable, Sendable {
    case badAtom(AtomicType)
    case badSet
    case badMap
    /// The schema lacks or misspells something; the text names where.
    case badSchema(String)
    /// An update names a table the schema doesn't have.
    case unknownTable(String)
    /// A key of a table's update isn't a row identifier.
    case badUUID(String)
    /// A row's update has none of the known shapes.
    case badRowUpdate
    /// An update changes a row that isn't there.
    case missingRow(table: String, row: RowUUID)
    /// A reply or notification of another shape than the protocol's.
    case badMessage(String)
}

extension OVSDBError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .badAtom(let type): "value is not of type \(type.rawValue)"
        case .badSet: "malformed set"
        case .badMap: "malformed map"
        case .badSchema(let place): "malformed schema: \(place)"
        case .unknownTable(let table): "update of unknown table \(table)"
        case .badUUID(let text): "\"\(text)\" is not a row identifier"
        case .badRowUpdate: "malformed row update"
        case .missingRow(let table, let row): "update of missing row \(row) in table \(table)"
        case .badMessage(let what): "malformed \(what)"
        }
    }
}
