// The four shapes of a JSON-RPC message, from text and to text, and what is none of them.
// The texts are as Open vSwitch's programs send them.

import Testing

@testable import OVSDB

@Suite struct JSONRPCMessageTests {
    @Test(
        "each shape reads and writes as itself",
        arguments: [
            (
                #"{"id":0,"method":"version","params":[]}"#,
                JSONRPCMessage.request(method: "version", params: [], id: 0)
            ),
            (
                #"{"id":null,"method":"locked","params":["ovs_vswitchd"]}"#,
                .notification(method: "locked", params: ["ovs_vswitchd"])
            ),
            (#"{"error":null,"id":"x","result":{}}"#, .reply(result: .members([:]), id: "x")),
            (#"{"error":"no","id":1,"result":null}"#, .error(error: "no", id: 1)),
        ])
    func shapes(text: String, message: JSONRPCMessage) throws {
        #expect(try JSONRPCMessage(JSONValue(parsing: text)) == message)
        #expect(message.json.serialisedText() == text)
    }

    @Test("a request may leave its parameters out or null")
    func missingParams() throws {
        let json = try JSONValue(parsing: #"{"method":"get_server_id","params":null,"id":1}"#)
        #expect(
            try JSONRPCMessage(json) == .request(method: "get_server_id", params: [], id: 1))
    }

    @Test(
        "anything else is refused",
        arguments: [
            ("[]", JSONRPCError.notAnObject),
            (#"{"method":7,"params":[],"id":1}"#, .badMethod),
            (#"{"params":[],"id":1}"#, .badMethod),
            (#"{"method":"x","params":{},"id":1}"#, .badParams),
            (#"{"result":1}"#, .missingId),
            (#"{"id":1}"#, .missingResult),
        ])
    func refuses(text: String, error: JSONRPCError) throws {
        let json = try JSONValue(parsing: text)
        #expect(throws: error) { try JSONRPCMessage(json) }
    }
}
