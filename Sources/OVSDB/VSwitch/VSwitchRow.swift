// What the typed rows of the Open_vSwitch database have in common. Each struct holds the
// configuration of its row, not the status that the switch itself writes, so that two rows are
// equal exactly when there is nothing to reconfigure. Values outside what the schema allows are
// read as absent.
//
// The meaning of every column is in ovs-vswitchd.conf.db(5).

/// A typed row of the Open_vSwitch database.
public protocol VSwitchRow: Hashable, Sendable {
    /// The table's name in the schema.
    static var table: String { get }
    /// The columns that the struct is read from.
    static var columns: [String] { get }
    /// Columns that the switch writes, monitored so that a write can be left out when nothing
    /// changed.
    static var statusColumns: [String] { get }

    var uuid: RowUUID { get }

    init(uuid: RowUUID, row: Row)
}

extension VSwitchRow {
    public static var statusColumns: [String] { [] }
}

extension Row {
    /// An optional integer column as a narrower type; nil when it doesn't fit.
    func optional<Number: FixedWidthInteger>(
        _ column: String, as type: Number.Type = Number.self
    ) -> Number? {
        optionalInteger(column).flatMap { Number(exactly: $0) }
    }

    /// The integers of a set that fit a narrower type, ascending.
    func integers<Number: FixedWidthInteger>(
        _ column: String, as type: Number.Type
    ) -> [Number] {
        integers(column).compactMap { Number(exactly: $0) }
    }

    /// A map from numbers to rows, with the keys that fit a narrower type.
    func references<Number: FixedWidthInteger>(
        _ column: String, by type: Number.Type
    ) -> [Number: RowUUID] {
        var references: [Number: RowUUID] = [:]
        for (key, uuid) in uuidByInteger(column) {
            if let key = Number(exactly: key) { references[key] = uuid }
        }
        return references
    }

    /// An optional string column that is one of a few words.
    func word<Word: RawRepresentable>(
        _ column: String, as type: Word.Type = Word.self
    ) -> Word? where Word.RawValue == String {
        optionalString(column).flatMap { Word(rawValue: $0) }
    }
}
