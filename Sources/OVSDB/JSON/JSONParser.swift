// A recursive-descent JSON parser over one array of bytes. Recursion is bounded by the limits;
// every index is checked against the end of the range; no input can trap. Strings are in
// `JSONParser+String.swift`, numbers in `JSONParser+Number.swift`.

/// Parses one JSON value from a range of bytes.
struct JSONParser {
    let bytes: [UInt8]
    let start: Int
    let end: Int
    let limits: JSONLimits
    var position: Int
    private var depth = 0

    init(_ bytes: [UInt8], range: Range<Int>, limits: JSONLimits) {
        self.bytes = bytes
        start = range.lowerBound
        end = range.upperBound
        position = range.lowerBound
        self.limits = limits
    }

    /// The value of the whole range.
    mutating func parseDocument() throws(JSONError) -> JSONValue {
        guard end - start <= limits.bytesMax else {
            throw JSONError(.tooLarge, offset: limits.bytesMax)
        }
        let value = try parseValue()
        skipSpace()
        guard position == end else { throw fault(.trailingBytes) }
        return value
    }

    func fault(_ kind: JSONError.Kind) -> JSONError {
        JSONError(kind, offset: position - start)
    }

    /// The fault for whatever is at the position: its end or its byte.
    func unexpected() -> JSONError {
        position < end ? fault(.unexpectedByte(bytes[position])) : fault(.unexpectedEnd)
    }

    private mutating func skipSpace() {
        while position < end, JSONParser.isSpace(bytes[position]) { position += 1 }
    }

    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    private mutating func parseValue() throws(JSONError) -> JSONValue {
        skipSpace()
        guard position < end else { throw fault(.unexpectedEnd) }
        switch bytes[position] {
        case UInt8(ascii: "{"): return try parseObject()
        case UInt8(ascii: "["): return try parseArray()
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try parseNumber()
        case UInt8(ascii: "t"): return try parseLiteral("true", .bool(true))
        case UInt8(ascii: "f"): return try parseLiteral("false", .bool(false))
        case UInt8(ascii: "n"): return try parseLiteral("null", .null)
        default: throw unexpected()
        }
    }

    private mutating func parseLiteral(
        _ word: StaticString, _ value: JSONValue
    ) throws(JSONError) -> JSONValue {
        let matched = word.withUTF8Buffer { wanted in
            end - position >= wanted.count
                && bytes[position..<position + wanted.count].elementsEqual(wanted)
        }
        guard matched else { throw fault(.badLiteral) }
        position += word.utf8CodeUnitCount
        return value
    }

    private mutating func descend() throws(JSONError) {
        depth += 1
        guard depth <= limits.depthMax else { throw fault(.tooDeep) }
        position += 1
    }

    private mutating func parseArray() throws(JSONError) -> JSONValue {
        try descend()
        var elements: [JSONValue] = []
        skipSpace()
        if !consume(UInt8(ascii: "]")) {
            repeat {
                elements.append(try parseValue())
                skipSpace()
            } while consume(UInt8(ascii: ","))
            guard consume(UInt8(ascii: "]")) else { throw unexpected() }
        }
        depth -= 1
        return .array(elements)
    }

    private mutating func parseObject() throws(JSONError) -> JSONValue {
        try descend()
        var object = JSONObject()
        skipSpace()
        if !consume(UInt8(ascii: "}")) {
            repeat {
                skipSpace()
                guard position < end, bytes[position] == UInt8(ascii: "\"") else {
                    throw unexpected()
                }
                let key = try parseString()
                skipSpace()
                guard consume(UInt8(ascii: ":")) else { throw unexpected() }
                object.append(key, try parseValue())
                skipSpace()
            } while consume(UInt8(ascii: ","))
            guard consume(UInt8(ascii: "}")) else { throw unexpected() }
        }
        depth -= 1
        return .object(object)
    }

    private mutating func consume(_ byte: UInt8) -> Bool {
        guard position < end, bytes[position] == byte else { return false }
        position += 1
        return true
    }
}
