// JSON with line numbers, as fast as 50,000 rules need it. Depth and size are bounded.

/// Reads JSON.
public struct PolicyJSON {
    public static let bytesMax = 128 << 20
    static let depthMax = 16
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0
    private var line = 1

    /// Reads one value.
    ///
    /// **Errors**: where it is no JSON; the field is `JSON`.
    public static func parse(_ text: [UInt8]) throws(PolicyError) -> PolicyNode {
        guard text.count <= bytesMax else {
            throw PolicyError(
                line: 1, field: "JSON", value: "\(text.count) bytes",
                reason: "longer than \(bytesMax) bytes")
        }
        var result: Result<PolicyNode, PolicyError> = .success(PolicyNode(line: 1, .null))
        text.withUnsafeBufferPointer { bytes in
            var reader = PolicyJSON(bytes: bytes)
            do throws(PolicyError) {
                let node = try reader.value(depth: 0)
                reader.skipSpace()
                guard reader.position == bytes.count else { throw reader.fail("text behind it") }
                result = .success(node)
            } catch {
                result = .failure(error)
            }
        }
        return try result.get()
    }

    private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    private func fail(_ reason: String) -> PolicyError {
        let start = min(position, bytes.count)
        let rest = bytes[start..<min(start + 20, bytes.count)]
        let shown = String(decoding: rest.prefix { $0 != 0x0a }, as: UTF8.self)
        return PolicyError(
            line: line, field: "JSON", value: shown.isEmpty ? "end" : "\"\(shown)\"",
            reason: reason)
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x0a: line += 1
            case 0x20, 0x09, 0x0d: break
            default: return
            }
            position += 1
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws(PolicyError) -> PolicyNode {
        skipSpace()
        guard depth < PolicyJSON.depthMax else { throw fail("nested too deep") }
        guard position < bytes.count else { throw fail("a value is missing") }
        let start = line
        switch bytes[position] {
        case UInt8(ascii: "{"): return PolicyNode(line: start, .map(try entries(depth)))
        case UInt8(ascii: "["): return PolicyNode(line: start, .list(try items(depth)))
        case UInt8(ascii: "\""): return PolicyNode(line: start, .string(try string()))
        case UInt8(ascii: "-"), 0x30...0x39: return PolicyNode(line: start, .number(number()))
        default:
            for (word, content) in PolicyJSON.words where takeWord(word) {
                return PolicyNode(line: start, content)
            }
            throw fail("no value")
        }
    }

    private static let words: [(String, PolicyNode.Content)] = [
        ("null", .null), ("true", .boolean(true)), ("false", .boolean(false)),
    ]

    private mutating func takeWord(_ word: String) -> Bool {
        let end = position + word.utf8.count
        guard end <= bytes.count, bytes[position..<end].elementsEqual(word.utf8) else {
            return false
        }
        position = end
        return true
    }

    private mutating func entries(
        _ depth: Int
    ) throws(PolicyError) -> [(key: String, line: Int, value: PolicyNode)] {
        position += 1
        var result: [(key: String, line: Int, value: PolicyNode)] = []
        skipSpace()
        if take(UInt8(ascii: "}")) { return result }
        while true {
            skipSpace()
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
                throw fail("a key is missing")
            }
            let start = line
            let key = try string()
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw fail("':' is missing") }
            result.append((key, start, try value(depth: depth + 1)))
            skipSpace()
            if take(UInt8(ascii: "}")) { return result }
            guard take(UInt8(ascii: ",")) else { throw fail("',' or '}' is missing") }
        }
    }

    private mutating func items(_ depth: Int) throws(PolicyError) -> [PolicyNode] {
        position += 1
        var result: [PolicyNode] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return result }
        while true {
            result.append(try value(depth: depth + 1))
            skipSpace()
            if take(UInt8(ascii: "]")) { return result }
            guard take(UInt8(ascii: ",")) else { throw fail("',' or ']' is missing") }
        }
    }

    private mutating func number() -> String {
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case 0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
                UInt8(ascii: "e"), UInt8(ascii: "E"):
                position += 1
            default: return String(decoding: bytes[start..<position], as: UTF8.self)
            }
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func string() throws(PolicyError) -> String {
        position += 1
        let start = position
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                position += 1
                return String(decoding: bytes[start..<(position - 1)], as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
            guard byte >= 0x20 else { throw fail("a control character in a string") }
            position += 1
        }
        throw fail("a string does not end")
    }

    private mutating func escapedString(from start: Int) throws(PolicyError) -> String {
        var result = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\"") { return String(decoding: result, as: UTF8.self) }
            guard byte >= 0x20 else { throw fail("a control character in a string") }
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                continue
            }
            guard position < bytes.count else { break }
            let escape = bytes[position]
            position += 1
            switch escape {
            case UInt8(ascii: "n"): result.append(0x0a)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "r"): result.append(0x0d)
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0c)
            case UInt8(ascii: "u"): result += Array(String(try unicode()).utf8)
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(escape)
            default: throw fail("an unknown escape in a string")
            }
        }
        throw fail("a string does not end")
    }

    private mutating func unicode() throws(PolicyError) -> Character {
        func hex() -> UInt32? {
            guard position + 4 <= bytes.count else { return nil }
            let text = String(decoding: bytes[position..<(position + 4)], as: UTF8.self)
            position += 4
            return UInt32(text, radix: 16)
        }
        guard var code = hex() else { throw fail("\\u wants four digits") }
        if 0xd800..<0xdc00 ~= code, takeWord("\\u"), let low = hex(), 0xdc00..<0xe000 ~= low {
            code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw fail("half of a surrogate pair") }
        return Character(scalar)
    }
}
