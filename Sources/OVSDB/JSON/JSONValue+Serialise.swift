// JSON values to text: compact, without white space, only the escapes that RFC 8259 demands.
// Doubles use Swift's shortest form that reads back the same; an infinity or NaN, which JSON
// lacks, becomes null.

extension JSONValue {
    /// The compact UTF-8 text.
    public func serialised() -> [UInt8] {
        var output: [UInt8] = []
        serialise(into: &output)
        return output
    }

    /// The compact text as a string.
    public func serialisedText() -> String {
        String(decoding: serialised(), as: UTF8.self)
    }

    /// Appends the compact UTF-8 text.
    ///
    /// **Cost**: O(bytes).
    public func serialise(into output: inout [UInt8]) {
        switch self {
        case .null: output.append(contentsOf: "null".utf8)
        case .bool(let value): output.append(contentsOf: (value ? "true" : "false").utf8)
        case .integer(let value): output.append(contentsOf: String(value).utf8)
        case .real(let value):
            output.append(contentsOf: (value.isFinite ? value.description : "null").utf8)
        case .string(let value): JSONValue.serialise(value, into: &output)
        case .array(let elements):
            output.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                element.serialise(into: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let object):
            output.append(UInt8(ascii: "{"))
            for (index, member) in object.members.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                JSONValue.serialise(member.key, into: &output)
                output.append(UInt8(ascii: ":"))
                member.value.serialise(into: &output)
            }
            output.append(UInt8(ascii: "}"))
        }
    }

    /// Appends a quoted string.
    static func serialise(_ text: String, into output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                output.append(UInt8(ascii: "\\"))
                output.append(byte)
            case 0x0A: output.append(contentsOf: "\\n".utf8)
            case 0x0D: output.append(contentsOf: "\\r".utf8)
            case 0x09: output.append(contentsOf: "\\t".utf8)
            case 0..<0x20:
                output.append(contentsOf: "\\u00".utf8)
                output.append(HexDigit.character(of: byte >> 4))
                output.append(HexDigit.character(of: byte))
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}
