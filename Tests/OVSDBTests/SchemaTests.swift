// The schema reader on the installed schema and on broken ones; and the typed rows against the
// installed schema, so that no column is misspelt and none is forgotten.

import Foundation
import Testing

@testable import OVSDB

@Suite struct SchemaTests {
    static func installed() throws -> DatabaseSchema {
        let text = try String(
            contentsOfFile: "/usr/share/openvswitch/vswitch.ovsschema", encoding: .utf8)
        return try DatabaseSchema(JSONValue(parsing: text))
    }

    @Test("the installed schema reads with its types, references and enumerations")
    func readsInstalled() throws {
        let schema = try Self.installed()
        #expect(schema.name == "Open_vSwitch")
        #expect(schema["Open_vSwitch"]?.maxRows == 1)
        #expect(schema["Bridge"]?.indexes == [["name"]])
        #expect(schema["Bridge"]?.columns["name"]?.isMutable == false)
        #expect(schema["Interface"]?.columns["ifindex"]?.isEphemeral == true)
        let tables = try #require(schema.type(of: "flow_tables", in: "Bridge"))
        #expect(tables.isMap && tables.max == .max && tables.value?.refTable == "Flow_Table")
        #expect(tables.key.maxInteger == 254)
        let mode = try #require(schema.type(of: "fail_mode", in: "Bridge"))
        #expect(mode.isOptional && mode.key.enumeration == .strings(["standalone", "secure"]))
        let mirrored = try #require(schema.type(of: "select_src_port", in: "Mirror"))
        #expect(mirrored.key.refKind == .weak)
        #expect(schema.type(of: "next_cfg", in: "Open_vSwitch")?.isScalar == true)
        #expect(schema.type(of: "nothing", in: "Open_vSwitch") == nil)
    }

    @Test(
        "a broken schema is refused",
        arguments: [
            "{}", #"{"name":"x"}"#, #"{"name":"x","tables":{"t":{}}}"#,
            #"{"name":"x","tables":{"t":{"columns":{"c":{}}}}}"#,
            #"{"name":"x","tables":{"t":{"columns":{"c":{"type":"word"}}}}}"#,
            #"{"name":"x","tables":{"t":{"columns":{"c":{"type":{"key":"string","min":2}}}}}}"#,
            #"{"name":"x","tables":{"t":{"columns":{"c":{"type":{"key":"string","max":0}}}}}}"#,
            #"{"name":"x","tables":{"t":{"columns":{"c":{"type":{"max":1}}}}}}"#,
        ])
    func refuses(text: String) throws {
        let json = try JSONValue(parsing: text)
        #expect(throws: OVSDBError.self) { try DatabaseSchema(json) }
    }

    @Test("the selection names real columns, and all of them but those never read")
    func selectionIsComplete() throws {
        let schema = try Self.installed()
        let leftOut: [String: Set<String>] = [
            "Open_vSwitch": ["statistics"], "Interface": ["statistics"],
            "Port": ["statistics", "rstp_statistics"], "Mirror": ["statistics"],
            "Manager": [
                "external_ids", "inactivity_probe", "is_connected", "max_backoff", "status",
            ],
        ]
        let selection = VSwitchSnapshot.selection.tables
        #expect(Set(selection.keys) == Set(schema.tables.keys))
        for (name, table) in schema.tables {
            let selected = try #require(selection[name] ?? nil)
            #expect(Set(selected).count == selected.count, "\(name) repeats a column")
            let wanted = Set(table.columns.keys).subtracting(leftOut[name] ?? [])
            #expect(Set(selected) == wanted, "table \(name)")
        }
    }
}
