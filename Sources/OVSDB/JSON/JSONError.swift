// What can be wrong with JSON text, and where. Raised by the parser and the framer; a session that
// meets one closes its connection, because JSON-RPC without delimiters can't be resynchronised.

/// A fault in JSON text at a byte.
public struct JSONError: Error, Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// The text ended inside a value.
        case unexpectedEnd
        /// A byte that can't stand here.
        case unexpectedByte(UInt8)
        /// More text after the value.
        case trailingBytes
        /// `true`, `false` or `null` misspelt.
        case badLiteral
        /// A number that RFC 8259 does not allow, or one beyond the range of a double.
        case badNumber
        /// A control character, or U+0000 by escape, inside a string.
        case badCharacter
        /// An unknown or truncated escape, or half a surrogate pair.
        case badEscape
        /// A string that isn't UTF-8.
        case badUTF8
        /// Deeper nesting than `JSONLimits.depthMax`.
        case tooDeep
        /// More bytes than `JSONLimits.bytesMax`.
        case tooLarge
    }

    public var kind: Kind
    /// Offset from the start of the value or, in a framer, of the message.
    public var offset: Int

    public init(_ kind: Kind, offset: Int) {
        self.kind = kind
        self.offset = offset
    }
}

extension JSONError: CustomStringConvertible {
    public var description: String { "\(what) at byte \(offset)" }

    private var what: String {
        switch kind {
        case .unexpectedEnd: "unexpected end of JSON text"
        case .unexpectedByte(let byte): "unexpected byte 0x" + String(byte, radix: 16)
        case .trailingBytes: "text after the JSON value"
        case .badLiteral: "misspelt literal"
        case .badNumber: "malformed or out-of-range number"
        case .badCharacter: "control character in a string"
        case .badEscape: "malformed escape in a string"
        case .badUTF8: "string is not UTF-8"
        case .tooDeep: "JSON nested too deeply"
        case .tooLarge: "JSON text too large"
        }
    }
}
