// The session against a scripted server: literal messages in, the requests that come out, the
// events. What a real server does is in `ServerTests`; here is what a real server seldom does.

import Testing

@testable import OVSDB

@Suite final class SessionTests {
    private static let row = "00000000-0000-4000-8000-000000000001"
    private static let txn = "00000000-0000-4000-8000-0000000000ff"
    private static let schema =
        #"{"name":"D","version":"1.0.0","tables":{"T":{"columns":{"n":{"type":"integer"}}}}}"#
    private static let serverSchema =
        #"{"name":"_Server","version":"1.0.0","tables":{"Database":{"columns":{"#
        + #""name":{"type":"string"},"model":{"type":"string"},"#
        + #""connected":{"type":"boolean"},"leader":{"type":"boolean"}}}}}"#

    private var session = OVSDBSession(
        SessionSettings(
            database: "D", selection: MonitorSelection(["T": nil, "Gone": ["x"]]), lock: "L"))

    /// What the session sent, as (method or "reply", whole message).
    private func sent() throws -> [(method: String, json: JSONValue)] {
        var framer = JSONFramer()
        framer.append(session.takeOutput())
        var messages: [(String, JSONValue)] = []
        while let json = try framer.next() {
            messages.append((json["method"]?.stringValue ?? "reply", json))
        }
        return messages
    }

    private func reply(_ result: String, to request: JSONValue) -> [SessionEvent] {
        let id = request["id"]?.serialisedText() ?? "null"
        return session.feed(Array(#"{"id":\#(id),"result":\#(result),"error":null}"#.utf8))
    }

    private func refuse(_ error: String, to request: JSONValue) -> [SessionEvent] {
        let id = request["id"]?.serialisedText() ?? "null"
        return session.feed(Array(#"{"id":\#(id),"result":null,"error":\#(error)}"#.utf8))
    }

    private func notify(_ method: String, _ params: String) -> [SessionEvent] {
        session.feed(Array(#"{"id":null,"method":"\#(method)","params":\#(params)}"#.utf8))
    }

    private static func database(_ columns: String = #""connected":true"#) -> String {
        #"{"Database":{"\#(row)":{"initial":{"name":"D","model":"standalone",\#(columns)}}}}"#
    }

    /// Takes a fresh session to the point where it has asked for a monitor; that request.
    private func greet() throws -> JSONValue {
        session.connected()
        let greeting = try sent()
        #expect(greeting.map(\.method) == ["set_db_change_aware", "get_schema", "lock"])
        #expect(reply("{}", to: greeting[0].json).isEmpty)
        #expect(reply(Self.serverSchema, to: greeting[1].json).isEmpty)
        #expect(reply(#"{"locked":true}"#, to: greeting[2].json) == [.lockAcquired])
        let watch = try #require(try sent().first)
        #expect(watch.method == "monitor_cond" && watch.json["params"]?[0] == "_Server")
        #expect(reply(Self.database(), to: watch.json).isEmpty)
        let fetch = try #require(try sent().first)
        #expect(fetch.method == "get_schema" && fetch.json["params"] == ["D"])
        #expect(reply(Self.schema, to: fetch.json).isEmpty)
        return try #require(try sent().first).json
    }

    private func synchronise() throws {
        let monitor = try greet()
        let content = #"{"T":{"\#(Self.row)":{"initial":{"n":1}}}}"#
        let events = reply(#"[false,"\#(Self.txn)",\#(content)]"#, to: monitor)
        var changes = ReplicaChanges()
        changes.insert(try uuid(), in: "T")
        #expect(events == [.synchronised(changes)])
    }

    private func uuid() throws -> RowUUID { try #require(RowUUID(Self.row)) }

    private func value() throws -> Int64? {
        session.replica?.row(try uuid(), in: "T")?.integer("n")
    }

    @Test("the greeting ends in a monitor of what exists, from the beginning of time")
    func greeting() throws {
        let monitor = try greet()
        #expect(monitor["method"] == "monitor_cond_since")
        #expect(
            monitor["params"] == [
                "D", ["monitor", "data"],
                .members(["T": [.members(["columns": ["n"]])]]),
                .string(RowUUID.zero.description),
            ])
        #expect(!session.isSynchronised && session.hasLock)
    }

    @Test("update3 changes the replica and is where the next connection resumes")
    func resumption() throws {
        try synchronise()
        #expect(try value() == 1)
        let sequence = session.changeSequence
        let next = "00000000-0000-4000-8000-0000000000fe"
        let events = notify(
            "update3",
            #"[["monitor","data"],"\#(next)",{"T":{"\#(Self.row)":{"modify":{"n":5}}}}]"#)
        #expect(events.count == 1 && session.changeSequence > sequence)
        #expect(try value() == 5)
        #expect(session.disconnected() == [.desynchronised, .lockLost])
        #expect(try value() == 5)

        let monitor = try greet()
        #expect(monitor["params"]?[3] == .string(next))
        let difference = #"{"T":{"\#(Self.row)":{"modify":{"n":6}}}}"#
        _ = reply(#"[true,"\#(Self.txn)",\#(difference)]"#, to: monitor)
        #expect(try value() == 6)
        #expect(session.isSynchronised)
    }

    @Test("when the server forgot our place, its whole content replaces ours")
    func resumptionNotFound() throws {
        try synchronise()
        _ = session.disconnected()
        let monitor = try greet()
        let events = reply(#"[false,"\#(Self.txn)",{}]"#, to: monitor)
        var gone = ReplicaChanges()
        gone.insert(try uuid(), in: "T")
        #expect(events == [.synchronised(gone)])
        #expect(session.replica?.tables.isEmpty == true)
    }

    @Test("older servers are monitored by the methods they know")
    func fallback() throws {
        var monitor = try greet()
        #expect(refuse(#""unknown method""#, to: monitor).isEmpty)
        monitor = try #require(try sent().first).json
        #expect(monitor["method"] == "monitor_cond")
        #expect(monitor["params"]?.arrayValue?.count == 3)
        #expect(refuse(#""unknown method""#, to: monitor).isEmpty)
        monitor = try #require(try sent().first).json
        #expect(monitor["method"] == "monitor")
        _ = reply(#"{"T":{"\#(Self.row)":{"new":{"n":2}}}}"#, to: monitor)
        #expect(try value() == 2)
        _ = notify(
            "update",
            #"[["monitor","data"],{"T":{"\#(Self.row)":{"old":{"n":2},"new":{"n":3}}}}]"#)
        #expect(try value() == 3)
        #expect(session.isSynchronised)
    }

    @Test("a server without _Server is taken as it is")
    func noServerDatabase() throws {
        session.connected()
        let greeting = try sent()
        _ = refuse(#""unknown method""#, to: greeting[0].json)
        _ = refuse(#"{"error":"unknown database","syntax":"x"}"#, to: greeting[1].json)
        let fetch = try #require(try sent().first)
        #expect(fetch.method == "get_schema" && fetch.json["params"] == ["D"])
        let events = refuse(#"{"error":"unknown database"}"#, to: fetch.json)
        #expect(
            events == [
                .mustClose(
                    .refused(method: "get_schema", error: #"{"error":"unknown database"}"#))
            ])
        #expect(session.feed(Array("{}".utf8)).isEmpty)
    }

    @Test("a database that goes away and comes back is monitored again")
    func databaseRemoved() throws {
        try synchronise()
        let removal = notify(
            "update2", #"[["monitor","_Server"],{"Database":{"\#(Self.row)":{"delete":null}}}]"#)
        #expect(removal == [.desynchronised])
        #expect(notify("monitor_canceled", #"[["monitor","data"]]"#).isEmpty)
        let probe = try #require(try sent().first)
        #expect(refuse(#"{"error":"unknown database"}"#, to: probe.json).isEmpty)
        #expect(throws: TransactionRefusal.notSynchronised) {
            try session.transact(TransactionBuilder())
        }
        let insertion = Self.database().replacing("initial", with: "insert")
        #expect(notify("update2", #"[["monitor","_Server"],\#(insertion)]"#).isEmpty)
        let fetch = try #require(try sent().first)
        _ = reply(Self.schema, to: fetch.json)
        let monitor = try #require(try sent().first)
        #expect(monitor.json["params"]?[3] == .string(Self.txn))
        _ = reply(#"[true,"\#(Self.txn)",{}]"#, to: monitor.json)
        #expect(session.isSynchronised)
    }

    @Test("a converted database is read from the beginning with its new schema")
    func converted() throws {
        try synchronise()
        #expect(notify("monitor_canceled", #"[["monitor","data"]]"#) == [.desynchronised])
        let fetch = try #require(try sent().first)
        let other = Self.schema.replacing("integer", with: "string")
        _ = reply(other, to: fetch.json)
        let monitor = try #require(try sent().first)
        #expect(monitor.json["params"]?[3] == .string(RowUUID.zero.description))
        let content = #"{"T":{"\#(Self.row)":{"initial":{"n":"x"}}}}"#
        _ = reply(#"[false,"\#(Self.txn)",\#(content)]"#, to: monitor.json)
        #expect(session.replica?.row(try uuid(), in: "T")?.string("n") == "x")
    }

    @Test("a server cut off from its cluster is left")
    func unfitServer() throws {
        session.connected()
        _ = reply(Self.serverSchema, to: try sent()[1].json)
        let watch = try #require(try sent().first)
        let content = Self.database(#""connected":false"#)
        #expect(reply(content, to: watch.json) == [.mustClose(.serverUnfit)])
    }

    @Test("the lock is queued for, granted, stolen, and asserted by each transaction")
    func lock() throws {
        session.connected()
        let request = try #require(try sent().last)
        #expect(request.method == "lock" && request.json["params"] == ["L"])
        #expect(reply(#"{"locked":false}"#, to: request.json) == [.lockContended])
        #expect(!session.hasLock)
        #expect(notify("locked", #"["other"]"#).isEmpty)
        #expect(notify("locked", #"["L"]"#) == [.lockAcquired])
        #expect(notify("stolen", #"["L"]"#) == [.lockLost])
        #expect(!session.hasLock)
    }

    @Test("transactions come back by their identifiers, or as lost")
    func transactions() throws {
        try synchronise()
        var builder = TransactionBuilder()
        builder.update("T", uuid: try uuid(), row: ["n": .integer(9)])
        let first = try session.transact(builder)
        let second = try session.transact(builder)
        let third = try session.transact(builder)
        let requests = try sent()
        #expect(requests.map(\.method) == ["transact", "transact", "transact"])
        #expect(requests[0].json["params"]?[0] == "D")
        #expect(requests[0].json["params"]?[1] == .members(["op": "assert", "lock": "L"]))
        #expect(
            reply(#"[{"error":"not owner"},null]"#, to: requests[1].json)
                == [.completed(second, .notOwner)])
        #expect(
            reply(#"[{},{"count":1}]"#, to: requests[0].json) == [
                .completed(first, .committed([.init(count: 1, uuid: nil, rows: [])]))
            ])
        #expect(reply("[{},{}]", to: requests[0].json).isEmpty, "a second reply is ignored")
        #expect(
            session.disconnected()
                == [.desynchronised, .lockLost, .completed(third, .connectionLost)])
    }

    @Test("no more transactions wait than allowed")
    func transactionsBounded() throws {
        var settings = session.settings
        settings.transactionsMax = 1
        session = OVSDBSession(settings)
        try synchronise()
        _ = try session.transact(TransactionBuilder())
        #expect(throws: TransactionRefusal.tooMany) {
            try session.transact(TransactionBuilder())
        }
        _ = notify("stolen", #"["L"]"#)
        #expect(throws: TransactionRefusal.lockNotHeld) {
            try session.transact(TransactionBuilder())
        }
    }

    @Test("echoes are answered and other requests refused")
    func serverRequests() throws {
        session.connected()
        _ = session.takeOutput()
        _ = session.feed(Array(#"{"id":"echo","method":"echo","params":[1]}"#.utf8))
        _ = session.feed(Array(#"{"id":4,"method":"dance","params":[]}"#.utf8))
        let answers = try sent().map(\.json)
        #expect(answers[0] == .members(["error": .null, "id": "echo", "result": [1]]))
        #expect(answers[1]["error"] == .members(["error": "unknown method"]))
    }

    @Test("silence brings a probe, and more silence the end")
    func probing() throws {
        session.connected()
        _ = session.takeOutput()
        #expect(session.tick(nowMilliseconds: 1000).isEmpty)
        #expect(session.tick(nowMilliseconds: 5999).isEmpty)
        #expect(!session.hasOutput)
        #expect(session.tick(nowMilliseconds: 6000).isEmpty)
        let probe = try sent()
        #expect(probe.map(\.method) == ["echo"])
        #expect(session.tick(nowMilliseconds: 10_999).isEmpty)
        #expect(reply("[]", to: probe[0].json).isEmpty)
        #expect(session.tick(nowMilliseconds: 11_000).isEmpty)
        #expect(session.tick(nowMilliseconds: 16_000).isEmpty)
        #expect(try sent().map(\.method) == ["echo"])
        #expect(session.tick(nowMilliseconds: 21_000) == [.mustClose(.probeTimeout)])
        #expect(session.tick(nowMilliseconds: 99_000).isEmpty)
    }

    @Test(
        "malformed messages end the connection and the next starts from nothing",
        arguments: [
            "nonsense", "[]", #"{"id":1}"#,
            #"{"id":null,"method":"update3","params":[["monitor","data"],"x",{}]}"#,
            #"{"id":null,"method":"update3","params":[]}"#,
            #"{"id":null,"method":"update3","params":[["monitor","data"],"x",{"No":{}}]}"#,
            #"{"id":null,"method":"update2","params":[["monitor","data"],7]}"#,
            #"{"id":null,"method":"monitor_canceled","params":[]}"#,
        ])
    func malformed(text: String) throws {
        try synchronise()
        let events = session.feed(Array(text.utf8))
        #expect(events.count == 2 && events.first == .desynchronised)
        guard case .mustClose = events.last else {
            Issue.record("expected an end, got \(events)")
            return
        }
        #expect(!session.isSynchronised && !session.isConnected)
    }

    @Test("notifications that aren't ours are ignored")
    func strangers() throws {
        try synchronise()
        #expect(notify("update3", #"["other","x",{}]"#).isEmpty)
        #expect(notify("monitor_canceled", #"["other"]"#).isEmpty)
        #expect(notify("news", "[]").isEmpty)
        #expect(session.isSynchronised)
    }
}
