// Builds the operations of one transaction (RFC 7047 section 5.2). All of them happen or none.
// Rows are written with their columns sorted, so that the same transaction is always the same
// text.

/// A list of database operations.
public struct TransactionBuilder: Hashable, Sendable {
    /// The `<operation>`s in order.
    public private(set) var operations: [JSONValue] = []
    private var namesMade = 0

    public init() {}

    public var isEmpty: Bool { operations.isEmpty }
    public var count: Int { operations.count }

    /// The parameters of the `transact` request.
    public func params(database: String) -> [JSONValue] { [.string(database)] + operations }

    /// Adds a row and returns the reference that later operations of this transaction use for it.
    ///
    /// `name` must be letters, digits and `_`; one is made when it is nil.
    @discardableResult
    public mutating func insert(
        into table: String, row: [String: Datum], name: String? = nil
    ) -> Atom {
        let name = name ?? "row\(namesMade)"
        namesMade += 1
        append(
            "insert",
            [
                "table": .string(table), "row": TransactionBuilder.json(of: row),
                "uuid-name": .string(name),
            ])
        return .namedUUID(name)
    }

    /// Overwrites columns of the rows that meet every condition.
    public mutating func update(
        _ table: String, where conditions: [Condition], row: [String: Datum]
    ) {
        append(
            "update",
            [
                "table": .string(table), "where": TransactionBuilder.json(of: conditions),
                "row": TransactionBuilder.json(of: row),
            ])
    }

    /// Overwrites columns of one row.
    public mutating func update(_ table: String, uuid: RowUUID, row: [String: Datum]) {
        update(table, where: [.uuid(uuid)], row: row)
    }

    /// Overwrites those columns of one row that differ from the replica; nothing when all agree,
    /// or when the replica lacks the row. Columns that the schema lacks are left out.
    ///
    /// A column that isn't monitored looks as if it were at its default: write those with
    /// `update`. Returns whether an operation was added.
    @discardableResult
    public mutating func updateChanged(
        _ table: String, uuid: RowUUID, row: [String: Datum], comparedWith replica: Replica
    ) -> Bool {
        let changed = row.filter { column, datum in
            replica.datum(column, of: uuid, in: table).map { $0 != datum } ?? false
        }
        guard !changed.isEmpty else { return false }
        update(table, uuid: uuid, row: changed)
        return true
    }

    /// Changes columns of the rows that meet every condition, relative to what they are.
    public mutating func mutate(
        _ table: String, where conditions: [Condition], _ mutations: [Mutation]
    ) {
        append(
            "mutate",
            [
                "table": .string(table), "where": TransactionBuilder.json(of: conditions),
                "mutations": .array(mutations.map(\.json)),
            ])
    }

    /// Changes columns of one row, relative to what they are.
    public mutating func mutate(_ table: String, uuid: RowUUID, _ mutations: [Mutation]) {
        mutate(table, where: [.uuid(uuid)], mutations)
    }

    /// Removes the rows that meet every condition.
    public mutating func delete(from table: String, where conditions: [Condition]) {
        append(
            "delete",
            ["table": .string(table), "where": TransactionBuilder.json(of: conditions)])
    }

    /// Removes one row.
    public mutating func delete(from table: String, uuid: RowUUID) {
        delete(from: table, where: [.uuid(uuid)])
    }

    /// Reads rows; all columns when none are named.
    public mutating func select(
        from table: String, where conditions: [Condition], columns: [String]? = nil
    ) {
        var members: JSONObject = [
            "table": .string(table), "where": TransactionBuilder.json(of: conditions),
        ]
        if let columns { members.append("columns", .array(columns.map(JSONValue.string))) }
        append("select", members)
    }

    /// Fails the transaction unless the rows equal (or, inverted, don't equal) those given.
    ///
    /// **Units**: `timeoutMilliseconds` 0 tests once, nil waits for ever.
    public mutating func wait(
        _ table: String, where conditions: [Condition], columns: [String],
        isEqual: Bool = true, rows: [[String: Datum]], timeoutMilliseconds: Int64? = 0
    ) {
        var members = JSONObject()
        if let timeoutMilliseconds { members.append("timeout", .integer(timeoutMilliseconds)) }
        members.append("table", .string(table))
        members.append("where", TransactionBuilder.json(of: conditions))
        members.append("columns", .array(columns.map(JSONValue.string)))
        members.append("until", .string(isEqual ? "==" : "!="))
        members.append("rows", .array(rows.map(TransactionBuilder.json(of:))))
        append("wait", members)
    }

    /// Fails the transaction unless this client owns the lock.
    public mutating func assert(lock: String) {
        append("assert", ["lock": .string(lock)])
    }

    /// A line for the server's log.
    public mutating func comment(_ text: String) {
        append("comment", ["comment": .string(text)])
    }

    /// Adds another builder's operations after these. Named rows must not clash.
    public mutating func append(contentsOf other: TransactionBuilder) {
        operations.append(contentsOf: other.operations)
        namesMade += other.namesMade
    }

    private mutating func append(_ operation: String, _ members: JSONObject) {
        var object: JSONObject = ["op": .string(operation)]
        for member in members.members { object.append(member.key, member.value) }
        operations.append(.object(object))
    }

    private static func json(of row: [String: Datum]) -> JSONValue {
        let columns = row.sorted { $0.key < $1.key }
        return .object(
            JSONObject(members: columns.map { .init(key: $0.key, value: $0.value.json) }))
    }

    private static func json(of conditions: [Condition]) -> JSONValue {
        .array(conditions.map(\.json))
    }
}
