// Cutting a stream into values: wherever the stream is cut on its way, the values are the same,
// and what can't be a message is refused without being stored.

import Testing

@testable import OVSDB

@Suite struct JSONFramerTests {
    private let stream = Array(
        " {\"a\":\"}]\\\"{\"}\n[1,[2]]{\"b\":[{\"c\":\"\\\\\"}]} {\"id\":3}".utf8)
    private let values: [JSONValue] = [
        .members(["a": "}]\"{"]), [1, [2]], .members(["b": [.members(["c": "\\"])]]),
        .members(["id": 3]),
    ]

    @Test("values come out whole however the bytes come in", arguments: 1...40)
    func cutsAnywhere(step: Int) throws {
        var framer = JSONFramer()
        var found: [JSONValue] = []
        for first in stride(from: 0, to: stream.count, by: step) {
            framer.append(stream[first..<min(first + step, stream.count)])
            while let value = try framer.next() { found.append(value) }
        }
        #expect(found == values)
        #expect(framer.bufferedBytes == 0)
    }

    @Test("a value that is no object or array is refused, and the framer stays failed")
    func refusesScalars() {
        var framer = JSONFramer()
        framer.append(Array("[] 7 []".utf8))
        #expect(throws: Never.self) { try framer.next() }
        let error = JSONError(.unexpectedByte(UInt8(ascii: "7")), offset: 0)
        #expect(throws: error) { try framer.next() }
        framer.append(Array("[]".utf8))
        #expect(throws: error) { try framer.next() }
    }

    @Test("a message beyond the limit is refused before its end is seen")
    func boundsSize() {
        var framer = JSONFramer(limits: JSONLimits(depthMax: 4, bytesMax: 16))
        framer.append(Array("[\"0123456789012345".utf8))
        #expect(throws: JSONError(.tooLarge, offset: 16)) { try framer.next() }
    }

    @Test("nesting beyond the limit is refused")
    func boundsDepth() {
        var framer = JSONFramer(limits: JSONLimits(depthMax: 2, bytesMax: 64))
        framer.append(Array("[[[".utf8))
        #expect(throws: JSONError(.tooDeep, offset: 2)) { try framer.next() }
    }

    @Test("brackets that balance in number but not in kind are refused")
    func refusesMismatch() {
        var framer = JSONFramer()
        framer.append(Array("[}".utf8))
        #expect(throws: JSONError(.unexpectedByte(UInt8(ascii: "}")), offset: 1)) {
            try framer.next()
        }
    }
}
