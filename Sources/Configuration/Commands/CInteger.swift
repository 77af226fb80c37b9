// Numbers in arguments as C's library reads them.

enum CInteger {
    /// As `atoi`: the digits at the start, 0 where there are none.
    static func leading(_ text: String) -> Int64 {
        var digits = Substring(text.drop { $0 == " " })
        let isNegative = digits.hasPrefix("-")
        if isNegative || digits.hasPrefix("+") { digits = digits.dropFirst() }
        let value = Int64(digits.prefix { $0.isASCII && $0.isNumber }) ?? 0
        return isNegative ? -value : value
    }

    /// A whole decimal number behind `prefix`, as `sscanf` reads it: what follows is ignored.
    static func scan<Number: FixedWidthInteger>(
        _ text: some StringProtocol, after prefix: String = "", as type: Number.Type = Number.self
    ) -> Number? {
        guard text.hasPrefix(prefix) else { return nil }
        let digits = text.dropFirst(prefix.count).prefix { $0.isASCII && $0.isNumber }
        return Number(digits)
    }
}
