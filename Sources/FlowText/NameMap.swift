// Names of numbers: ports and tables, both ways. A name given to two numbers, or a number given
// two names, is ambiguous and then resolves to nothing, as in Open vSwitch.

/// A two-way map between numbers and names.
public struct NameMap: Sendable {
    private var numbers: [String: UInt32] = [:]
    private var names: [UInt32: String] = [:]
    private var ambiguousNames: Set<String> = []
    private var ambiguousNumbers: Set<UInt32> = []

    public init() {}

    public init(_ pairs: [(number: UInt32, name: String)]) {
        for pair in pairs { insert(pair.name, number: pair.number) }
    }

    public mutating func insert(_ name: String, number: UInt32) {
        if let known = numbers[name], known != number { ambiguousNames.insert(name) }
        if let known = names[number], known != name { ambiguousNumbers.insert(number) }
        numbers[name] = number
        names[number] = name
    }

    public func number(of name: String) -> UInt32? {
        ambiguousNames.contains(name) ? nil : numbers[name]
    }

    public func name(of number: UInt32) -> String? {
        ambiguousNumbers.contains(number) ? nil : names[number]
    }

    /// The name as tools print it: in quotation marks unless a letter and then letters and digits.
    static func quoted(_ name: String) -> String {
        let bytes = Array(name.utf8)
        let plain =
            !bytes.isEmpty && bytes[0].isLetter && bytes.allSatisfy { $0.isLetter || $0.isDigit }
        guard !plain else { return name }
        var text = "\""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\t": text += "\\t"
            case "\r": text += "\\r"
            case "\u{8}": text += "\\b"
            case "\u{c}": text += "\\f"
            case _ where scalar.value < 32:
                text += "\\u" + TextForm.hexPadded(UInt64(scalar.value), digits: 4)
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }

    /// The number of a name that may be written in quotation marks.
    func number(ofWritten text: String) -> UInt32? {
        guard text.utf8.first == UInt8(ascii: "\"") else { return number(of: text) }
        guard text.utf8.count > 1, text.utf8.last == UInt8(ascii: "\"") else { return nil }
        guard let name = NameMap.unescaped(text.dropFirst().dropLast()) else { return nil }
        return number(of: name)
    }

    private static func unescaped(_ text: Substring) -> String? {
        var result = String.UnicodeScalarView()
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            guard scalar == "\\" else {
                result.append(scalar)
                continue
            }
            guard let escape = rest.popFirst() else { return nil }
            switch escape {
            case "\"", "\\", "/": result.append(escape)
            case "n": result.append("\n")
            case "t": result.append("\t")
            case "r": result.append("\r")
            case "b": result.append("\u{8}")
            case "f": result.append("\u{c}")
            case "u":
                let digits = rest.prefix(4)
                guard digits.count == 4, let value = UInt32(String(digits), radix: 16),
                    let decoded = Unicode.Scalar(value)
                else { return nil }
                rest = rest.dropFirst(4)
                result.append(decoded)
            default: return nil
            }
        }
        return String(result)
    }
}

extension UInt8 {
    var isLetter: Bool { (self | 0x20) >= 0x61 && (self | 0x20) <= 0x7a }
    var isDigit: Bool { self >= 0x30 && self <= 0x39 }
    /// What C calls white space.
    var isSpace: Bool { self == 0x20 || (self >= 9 && self <= 13) }
    /// The value of a hexadecimal digit.
    var hexDigit: Int? {
        switch self {
        case 0x30...0x39: return Int(self) - 0x30
        case 0x41...0x46: return Int(self) - 0x37
        case 0x61...0x66: return Int(self) - 0x57
        default: return nil
        }
    }
}
