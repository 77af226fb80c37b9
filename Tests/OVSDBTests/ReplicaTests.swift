// Updates applied to a replica, from literal messages of the three monitor methods; snapshots that
// stay as they were; and the typed snapshot that follows.

import Testing

@testable import OVSDB

@Suite struct ReplicaTests {
    static let bridge = "00000000-0000-4000-8000-000000000001"
    static let port = "00000000-0000-4000-8000-000000000002"
    static let root = "00000000-0000-4000-8000-00000000000a"
    private let bridgeID: RowUUID
    private let portID: RowUUID
    private let rootID: RowUUID

    init() throws {
        bridgeID = try #require(RowUUID(Self.bridge))
        portID = try #require(RowUUID(Self.port))
        rootID = try #require(RowUUID(Self.root))
    }

    private func filled() throws -> Replica {
        var replica = Replica(schema: try SchemaTests.installed())
        try replica.apply(
            updates2: """
                {"Bridge":{"\(Self.bridge)":{"initial":{"name":"br0","ports":["uuid",\
                "\(Self.port)"],"other_config":["map",[["a","1"],["b","2"]]],\
                "flood_vlans":["set",[1,2,3]]}}},
                "Port":{"\(Self.port)":{"initial":{"name":"br0","tag":7}}},
                "Open_vSwitch":{"\(Self.root)":{"insert":{"next_cfg":3,"bridges":["uuid",\
                "\(Self.bridge)"]}}}}
                """.parsed)
        return replica
    }

    @Test("initial rows are stored without their defaults, and read with them")
    func initialContent() throws {
        let replica = try filled()
        let row = try #require(replica.row(bridgeID, in: "Bridge"))
        #expect(row.string("name") == "br0" && row.uuids("ports") == [portID])
        #expect(row["fail_mode"] == nil && row.optionalString("fail_mode") == nil)
        #expect(replica.datum("stp_enable", of: bridgeID, in: "Bridge") == .boolean(false))
        #expect(replica.datum("nothing", of: bridgeID, in: "Bridge") == nil)
        let root = replica.firstRow(in: "Open_vSwitch", where: "next_cfg", is: .integer(3))
        #expect(root?.uuid == rootID)
    }

    @Test("modify applies differences, and an older copy stays as it was")
    func modify() throws {
        let before = try filled()
        var after = before
        let changes = try after.apply(
            updates2: """
                {"Bridge":{"\(Self.bridge)":{"modify":{"other_config":["map",[["a","1"],["b","9"],\
                ["c","3"]]],"flood_vlans":["set",[2,4]],"fail_mode":"secure",\
                "stp_enable":true}}},"Port":{"\(Self.port)":{"modify":{"tag":["set",[]]}}}}
                """.parsed)
        let row = try #require(after.row(bridgeID, in: "Bridge"))
        #expect(row.stringMap("other_config") == ["b": "9", "c": "3"])
        #expect(row.integers("flood_vlans") == [1, 3, 4])
        #expect(row.optionalString("fail_mode") == "secure" && row.boolean("stp_enable"))
        #expect(after.row(portID, in: "Port")?["tag"] == nil)
        #expect(changes.rows == ["Bridge": [bridgeID], "Port": [portID]])
        #expect(after.changes(since: before) == changes)
        #expect(before == (try filled()))
        #expect(before.row(bridgeID, in: "Bridge")?.integers("flood_vlans") == [1, 2, 3])
    }

    @Test("delete removes the row, and the table with its last row")
    func delete() throws {
        var replica = try filled()
        try replica.apply(updates2: #"{"Port":{"\#(Self.port)":{"delete":null}}}"#.parsed)
        #expect(replica.tables["Port"] == nil)
        #expect(VSwitchSnapshot(replica).configuredBridges.count == 1)
        let snapshot = VSwitchSnapshot(replica)
        let bridge = try #require(snapshot.bridge(named: "br0"))
        #expect(bridge.ports == [portID] && snapshot.ports(of: bridge).isEmpty)
    }

    @Test("RFC 7047's own updates replace whole rows")
    func basicUpdates() throws {
        var replica = try filled()
        try replica.apply(
            updates: """
                {"Bridge":{"\(Self.bridge)":{"new":{"name":"br0","stp_enable":true,\
                "datapath_type":""},"old":{"stp_enable":false}}},
                "Port":{"\(Self.port)":{"old":{"name":"br0"}}}}
                """.parsed)
        #expect(
            replica.row(bridgeID, in: "Bridge")
                == Row(columns: ["name": .string("br0"), "stp_enable": .boolean(true)]))
        #expect(replica.row(portID, in: "Port") == nil)
    }

    @Test(
        "updates that make no sense are refused",
        arguments: [
            ("[]", OVSDBError.badMessage("table updates")),
            (#"{"Nothing":{}}"#, .unknownTable("Nothing")),
            (#"{"Port":[]}"#, .badMessage("table update")),
            (#"{"Port":{"x":{}}}"#, .badUUID("x")),
            (#"{"Port":{"\#(port)":{}}}"#, .badRowUpdate),
            (#"{"Port":{"\#(port)":{"insert":null}}}"#, .badRowUpdate),
            (#"{"Port":{"\#(port)":{"insert":{"tag":"x"}}}}"#, .badAtom(.integer)),
        ])
    func refuses(text: String, error: OVSDBError) throws {
        var replica = Replica(schema: try SchemaTests.installed())
        let json = try JSONValue(parsing: text)
        #expect(throws: error) { try replica.apply(updates2: json) }
    }

    @Test("a change of a missing row is refused")
    func refusesMissingRow() throws {
        var replica = Replica(schema: try SchemaTests.installed())
        let json = try #"{"Port":{"\#(Self.port)":{"modify":{"tag":1}}}}"#.parsed
        #expect(throws: OVSDBError.missingRow(table: "Port", row: portID)) {
            try replica.apply(updates2: json)
        }
    }

    @Test("a snapshot that follows changes equals one read afresh, and status doesn't alter it")
    func snapshotFollows() throws {
        var replica = try filled()
        var snapshot = VSwitchSnapshot(replica)
        let old = snapshot
        let status = try replica.apply(
            updates2: """
                {"Bridge":{"\(Self.bridge)":{"modify":{"datapath_id":"00000000000000aa"}}}}
                """.parsed)
        snapshot.update(from: replica, changes: status)
        #expect(snapshot == old)
        let change = try replica.apply(
            updates2: """
                {"Bridge":{"\(Self.bridge)":{"modify":{"protocols":["set",["OpenFlow13"]]}}},\
                "Port":{"\(Self.port)":{"delete":null}}}
                """.parsed)
        snapshot.update(from: replica, changes: change)
        #expect(snapshot != old && snapshot == VSwitchSnapshot(replica))
        #expect(snapshot.bridge(named: "br0")?.protocols == ["OpenFlow13"])
        #expect(snapshot.openVSwitch?.nextConfiguration == 3)
    }
}
