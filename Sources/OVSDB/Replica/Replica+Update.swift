// Applying what a monitor sends: `<table-updates2>` of monitor_cond(_since), whose modifications
// are differences, and RFC 7047's `<table-updates>`, whose modifications are whole rows.

extension Replica {
    /// Applies `<table-updates2>` (`update2`, `update3` and their monitors' first replies).
    ///
    /// **Errors**: malformed content, or a change of a missing row; the replica is then half
    /// updated and must be thrown away.
    /// **Source**: ovsdb-server(7), section 4.1.14.
    @discardableResult
    public mutating func apply(updates2 json: JSONValue) throws(OVSDBError) -> ReplicaChanges {
        try applyEachRow(of: json) { replica, table, uuid, update throws(OVSDBError) in
            if let row = update["initial"] ?? update["insert"] {
                let decoded = try replica.decodeRow(row, table: table)
                replica.tables[table.name, default: [:]][uuid] = decoded
            } else if let difference = update["modify"] {
                try replica.modify(uuid, by: difference, table: table)
            } else if update["delete"] != nil {
                replica.remove(uuid, from: table)
            } else {
                throw .badRowUpdate
            }
        }
    }

    /// Applies `<table-updates>` (RFC 7047's `monitor` and `update`).
    ///
    /// **Errors**: as `apply(updates2:)`.
    @discardableResult
    public mutating func apply(updates json: JSONValue) throws(OVSDBError) -> ReplicaChanges {
        try applyEachRow(of: json) { replica, table, uuid, update throws(OVSDBError) in
            if let row = update["new"], !row.isNull {
                let decoded = try replica.decodeRow(row, table: table)
                replica.tables[table.name, default: [:]][uuid] = decoded
            } else if update["old"] != nil {
                replica.remove(uuid, from: table)
            } else {
                throw .badRowUpdate
            }
        }
    }

    private mutating func applyEachRow(
        of json: JSONValue,
        _ body: (inout Replica, TableSchema, RowUUID, JSONObject) throws(OVSDBError) -> Void
    ) throws(OVSDBError) -> ReplicaChanges {
        guard let updates = json.objectValue else { throw .badMessage("table updates") }
        var changes = ReplicaChanges()
        for tableUpdate in updates.members {
            guard let table = schema.tables[tableUpdate.key] else {
                throw .unknownTable(tableUpdate.key)
            }
            guard let rows = tableUpdate.value.objectValue else {
                throw .badMessage("table update")
            }
            for rowUpdate in rows.members {
                guard let uuid = RowUUID(rowUpdate.key) else { throw .badUUID(rowUpdate.key) }
                guard let update = rowUpdate.value.objectValue else { throw .badRowUpdate }
                try body(&self, table, uuid, update)
                changes.insert(uuid, in: table.name)
            }
        }
        return changes
    }

    /// A whole `<row>`; columns that the schema lacks (`_version`) are left out.
    private func decodeRow(_ json: JSONValue, table: TableSchema) throws(OVSDBError) -> Row {
        guard let members = json.objectValue?.members else { throw .badRowUpdate }
        var row = Row()
        for member in members {
            guard let type = table.columns[member.key]?.type else { continue }
            row.set(member.key, to: try Datum(member.value, type: type), type: type)
        }
        return row
    }

    private mutating func modify(
        _ uuid: RowUUID, by json: JSONValue, table: TableSchema
    ) throws(OVSDBError) {
        guard let members = json.objectValue?.members else { throw .badRowUpdate }
        guard var row = tables[table.name]?[uuid] else {
            throw .missingRow(table: table.name, row: uuid)
        }
        for member in members {
            guard let type = table.columns[member.key]?.type else { continue }
            let difference = try Datum(member.value, type: type)
            let old = row[member.key] ?? type.defaultDatum
            row.set(
                member.key, to: old.applying(difference: difference, type: type), type: type)
        }
        tables[table.name]?[uuid] = row
    }

    /// Deleting a row that isn't there is no fault: the effect is the one wanted.
    private mutating func remove(_ uuid: RowUUID, from table: TableSchema) {
        tables[table.name]?[uuid] = nil
        if tables[table.name]?.isEmpty == true { tables[table.name] = nil }
    }
}
