// Splits flow text into keys and values: `key`, `key=value`, `key:value`, `key(value)` and
// `key(value)->rest`, separated by commas or white space; parentheses in values nest.

/// One key and its value, empty where there is none.
struct KeyValue: Hashable, Sendable {
    var key: String
    var value: String
}

/// Reads the key-value pairs of a text, first to last.
struct KeyValueReader {
    private var scanner: TextScanner

    init(_ text: String) { scanner = TextScanner(text) }

    /// The next pair, or nil at the end.
    mutating func next() -> KeyValue? {
        scanner.skip(", \t\r\n")
        guard !scanner.isAtEnd else { return nil }
        let keyStart = scanner.index
        let delimiters: StaticString = ":=(, \t\r\n"
        while !scanner.isAtEnd, !delimiters.contains(scanner.current) { scanner.index += 1 }
        let key = scanner.text(from: keyStart)
        let delimiter = scanner.current
        if !scanner.isAtEnd { scanner.index += 1 }
        let ends: StaticString
        switch delimiter {
        case UInt8(ascii: ":"), UInt8(ascii: "="): ends = ", \t\r\n"
        case UInt8(ascii: "("): ends = ")"
        default: return KeyValue(key: key, value: "")
        }
        let start = scanner.index
        skipValue(ends)
        if delimiter == UInt8(ascii: "("), scanner.current == UInt8(ascii: ")"),
            scanner[1] == UInt8(ascii: "-"), scanner[2] == UInt8(ascii: ">")
        {
            skipValue(", \t\r\n")
        }
        let value = scanner.text(from: start)
        if !scanner.isAtEnd { scanner.index += 1 }
        return KeyValue(key: key, value: value)
    }

    private mutating func skipValue(_ ends: StaticString) {
        while !scanner.isAtEnd, !ends.contains(scanner.current) {
            guard scanner.current == UInt8(ascii: "(") else {
                scanner.index += 1
                continue
            }
            var level = 0
            repeat {
                if scanner.isAtEnd { return }
                if scanner.current == UInt8(ascii: "(") { level += 1 }
                if scanner.current == UInt8(ascii: ")") { level -= 1 }
                scanner.index += 1
            } while level > 0
        }
    }
}
