// Rows for tests, without a database.

import OVSDB

@testable import Configuration

enum TestRows {
    /// A stable identifier for a name.
    static func uuid(_ name: String) -> RowUUID {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return RowUUID(high: hash, low: ~hash)
    }

    static func portRow(_ name: String, _ columns: [String: Datum] = [:]) -> PortRow {
        PortRow(
            uuid: uuid("port \(name)"),
            row: Row(columns: columns.merging(["name": .string(name)]) { $1 }))
    }

    static func port(
        _ name: String, type: String = "system", request: UInt16? = nil, local: Bool = false
    ) -> PortSettings {
        let type = local ? "internal" : type
        var interface = InterfaceSettings(name: name, type: type, kind: .device(type))
        interface.uuid = uuid("interface \(name)")
        interface.requestedPort = request
        interface.isLocal = local
        return PortSettings(row: portRow(name), interfaces: [interface])
    }

    static func controller(_ columns: [String: Datum]) -> ControllerRow {
        ControllerRow(uuid: uuid("controller"), row: Row(columns: columns))
    }
}
