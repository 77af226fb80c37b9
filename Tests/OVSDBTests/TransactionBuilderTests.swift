// Transactions as the text that goes to the server, the skipping of what wouldn't change anything,
// and the server's results as outcomes.

import Testing

@testable import OVSDB

@Suite struct TransactionBuilderTests {
    private let uuid = RowUUID(high: 1, low: 2)
    private let uuidJSON = #"["uuid","00000000-0000-0001-0000-000000000002"]"#

    @Test("each operation has RFC 7047's members")
    func operations() {
        var builder = TransactionBuilder()
        builder.assert(lock: "L")
        let row = builder.insert(into: "T", row: ["b": .integer(1), "a": .string("x")])
        builder.update("T", uuid: uuid, row: ["r": .references([row])])
        builder.mutate(
            "T", uuid: uuid,
            [
                Mutation("n", .add, .integer(1)), Mutation("m", .insert, .map(["k": "v"])),
                .deleteKeys(["z"], of: "m"),
            ])
        builder.delete(from: "T", uuid: uuid)
        builder.select(
            from: "T", where: [Condition("n", .greaterThan, .integer(3))], columns: ["n"])
        builder.wait("T", where: [], columns: ["n"], rows: [["n": .integer(1)]])
        builder.comment("why")
        let selector = #""where":[["_uuid","==",\#(uuidJSON)]]"#
        let expected = [
            #"{"op":"assert","lock":"L"}"#,
            #"{"op":"insert","table":"T","row":{"a":"x","b":1},"uuid-name":"row0"}"#,
            #"{"op":"update","table":"T",\#(selector),"row":{"r":["named-uuid","row0"]}}"#,
            #"{"op":"mutate","table":"T",\#(selector),"mutations":[["n","+=",1],"#
                + #"["m","insert",["map",[["k","v"]]]],["m","delete","z"]]}"#,
            #"{"op":"delete","table":"T",\#(selector)}"#,
            #"{"op":"select","table":"T","where":[["n",">",3]],"columns":["n"]}"#,
            #"{"op":"wait","timeout":0,"table":"T","where":[],"columns":["n"],"until":"==","#
                + #""rows":[{"n":1}]}"#,
            #"{"op":"comment","comment":"why"}"#,
        ]
        #expect(builder.operations.map { $0.serialisedText() } == expected)
        #expect(builder.params(database: "D").first == "D")
        #expect(builder.params(database: "D").count == 9)
    }

    @Test("only columns that differ from the replica are written")
    func updateChanged() throws {
        var replica = Replica(schema: try SchemaTests.installed())
        try replica.apply(
            updates2: #"{"Interface":{"\#(uuid)":{"insert":{"name":"p","ofport":4}}}}"#.parsed)
        var builder = TransactionBuilder()
        let same: [String: Datum] = [
            "ofport": .integer(4), "error": .emptySet, "status": .emptyMap, "unknown": .integer(1),
        ]
        let none = builder.updateChanged("Interface", uuid: uuid, row: same, comparedWith: replica)
        #expect(!none && builder.isEmpty)
        let other: [String: Datum] = ["ofport": .integer(5), "error": .emptySet]
        let some = builder.updateChanged("Interface", uuid: uuid, row: other, comparedWith: replica)
        #expect(some && builder.operations.count == 1)
        #expect(builder.operations[0]["row"] == .members(["ofport": 5]))
        let missing = builder.updateChanged(
            "Interface", uuid: .zero, row: other, comparedWith: replica)
        #expect(!missing)
    }

    @Test("a reply is a commit, a failed operation, a failed commit or a lost lock")
    func outcomes() throws {
        func outcome(_ text: String, count: Int) throws -> TransactionOutcome {
            try TransactionOutcome(results: text.parsed, leading: 1, count: count)
        }
        let done = try outcome(#"[{},{"count":2},{"uuid":\#(uuidJSON)},{"rows":[{}]}]"#, count: 4)
        #expect(
            done
                == .committed([
                    .init(count: 2, uuid: nil, rows: []), .init(count: nil, uuid: uuid, rows: []),
                    .init(count: nil, uuid: nil, rows: [.members([:])]),
                ]))
        #expect(
            try outcome(#"[{},{"error":"timed out","details":"d"},null]"#, count: 3)
                == .failed(.init(error: "timed out", details: "d", operation: 0)))
        #expect(
            try outcome(#"[{},{},{"error":"referential integrity violation"}]"#, count: 2)
                == .failed(
                    .init(
                        error: "referential integrity violation", details: "", operation: nil)))
        #expect(try outcome(#"[{"error":"not owner"},null]"#, count: 2) == .notOwner)
        #expect(throws: OVSDBError.self) { try outcome("[{}]", count: 2) }
        #expect(throws: OVSDBError.self) { try outcome("{}", count: 2) }
    }
}
