// Numbers: RFC 8259's grammar by hand, exact for 64-bit integers. A whole number too large for 64
// bits becomes a double, as in Open vSwitch; one too large for a double is an error.

extension JSONParser {
    mutating func parseNumber() throws(JSONError) -> JSONValue {
        let first = position
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        let wholeStart = position
        skipDigits()
        guard position > wholeStart else { throw unexpected() }
        if bytes[wholeStart] == UInt8(ascii: "0"), position - wholeStart > 1 {
            throw fault(.badNumber)
        }
        let isWhole = try !parseFractionAndExponent()
        // The grammar above admits ASCII alone, so decoding can't repair anything.
        let text = String(decoding: bytes[first..<position], as: UTF8.self)
        if isWhole, let integer = Int64(text) { return .integer(integer) }
        guard let real = Double(text), real.isFinite else { throw fault(.badNumber) }
        return .real(real)
    }

    /// Skips what follows the whole part; whether there was any.
    private mutating func parseFractionAndExponent() throws(JSONError) -> Bool {
        var found = false
        if position < end, bytes[position] == UInt8(ascii: ".") {
            found = true
            position += 1
            try requireDigits()
        }
        if position < end, bytes[position] | 0x20 == UInt8(ascii: "e") {
            found = true
            position += 1
            if position < end,
                bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-")
            {
                position += 1
            }
            try requireDigits()
        }
        return found
    }

    private mutating func requireDigits() throws(JSONError) {
        let first = position
        skipDigits()
        guard position > first else { throw fault(.badNumber) }
    }

    private mutating func skipDigits() {
        while position < end, bytes[position] &- UInt8(ascii: "0") < 10 { position += 1 }
    }
}
