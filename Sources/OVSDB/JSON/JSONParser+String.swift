// Strings: a run without escapes is validated as UTF-8 where it lies; one with escapes is
// unescaped into an array first. U+0000 is refused, as in Open vSwitch, because such a name could
// never be spoken to the system calls and C tools that meet it later.

extension JSONParser {
    /// The string whose opening quote is at the position.
    mutating func parseString() throws(JSONError) -> String {
        position += 1
        let first = position
        while position < end {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                let text = try decode(bytes[first..<position])
                position += 1
                return text
            case UInt8(ascii: "\\"):
                return try parseEscapedString(from: first)
            case 0..<0x20:
                throw fault(.badCharacter)
            default:
                position += 1
            }
        }
        throw fault(.unexpectedEnd)
    }

    private func decode(_ slice: some Collection<UInt8>) throws(JSONError) -> String {
        guard let text = String(validating: slice, as: UTF8.self) else { throw fault(.badUTF8) }
        return text
    }

    private mutating func parseEscapedString(from first: Int) throws(JSONError) -> String {
        var text = Array(bytes[first..<position])
        while position < end {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                let decoded = try decode(text)
                position += 1
                return decoded
            case UInt8(ascii: "\\"):
                position += 1
                try parseEscape(into: &text)
            case 0..<0x20:
                throw fault(.badCharacter)
            default:
                text.append(byte)
                position += 1
            }
        }
        throw fault(.unexpectedEnd)
    }

    /// One escape whose backslash was passed.
    private mutating func parseEscape(into text: inout [UInt8]) throws(JSONError) {
        guard position < end else { throw fault(.unexpectedEnd) }
        let letter = bytes[position]
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            position += 1
            let scalar = try parseUnicodeEscape()
            guard scalar.value != 0 else { throw fault(.badCharacter) }
            text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            return
        default: throw fault(.badEscape)
        }
        position += 1
    }

    /// The scalar of `\uXXXX`, or of two of them that make a surrogate pair; the first `\u` was
    /// passed.
    private mutating func parseUnicodeEscape() throws(JSONError) -> Unicode.Scalar {
        let unit = try parseFourDigits()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        guard UTF16.isLeadSurrogate(UInt16(truncatingIfNeeded: unit)),
            end - position >= 2, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u")
        else { throw fault(.badEscape) }
        position += 2
        let trail = try parseFourDigits()
        guard UTF16.isTrailSurrogate(UInt16(truncatingIfNeeded: trail)),
            let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (trail - 0xDC00))
        else { throw fault(.badEscape) }
        return scalar
    }

    private mutating func parseFourDigits() throws(JSONError) -> UInt32 {
        guard end - position >= 4 else { throw fault(.unexpectedEnd) }
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = HexDigit.value(of: bytes[position]) else { throw fault(.badEscape) }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}
