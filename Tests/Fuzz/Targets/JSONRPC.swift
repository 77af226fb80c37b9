// The JSON-RPC reader: a stream in pieces gives the same values as in one, and every value writes
// to a text that reads as itself.

import OVSDB

func fuzzJSONRPC(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var input = InputReader(data, count)
    let step = 1 + input.below(40)
    let bytes = input.bytes(1 << 16)
    let whole = values(bytes, step: bytes.count + 1)
    let pieces = values(bytes, step: step)
    precondition(whole.values == pieces.values, "pieces read otherwise than the whole")
    precondition(whole.failed == pieces.failed, "pieces fail otherwise than the whole")
    for value in whole.values {
        guard let again = try? JSONValue(parsing: value.serialisedText()) else {
            preconditionFailure("what was written is not read")
        }
        precondition(again.serialisedText() == value.serialisedText(), "not a fixed point")
        if let message = try? JSONRPCMessage(value) {
            guard let back = try? JSONRPCMessage(message.json) else {
                preconditionFailure("a message that is written is not read")
            }
            precondition(back == message, "a message reads otherwise than it was written")
        }
        _ = try? DatabaseSchema(value)
    }
    return 0
}

private func values(_ bytes: [UInt8], step: Int) -> (values: [JSONValue], failed: Bool) {
    var framer = JSONFramer()
    var list: [JSONValue] = []
    var position = 0
    while position < bytes.count {
        let end = min(position + step, bytes.count)
        framer.append(bytes[position..<end])
        position = end
        do throws(JSONError) {
            while let value = try framer.next() { list.append(value) }
        } catch {
            return (list, true)
        }
    }
    return (list, false)
}
