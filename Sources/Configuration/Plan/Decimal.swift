// Numbers and columns in text, without Foundation.

/// Decimal fractions as printf's `%.nf` writes them.
enum Decimal {
    static func text(_ value: Double, _ digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = (value.magnitude * scale).rounded(.toNearestOrEven)
        guard scaled < 1e18 else { return String(value) }
        let whole = UInt64(scaled)
        let unit = UInt64(scale)
        let sign = value < 0 && whole > 0 ? "-" : ""
        if digits == 0 { return sign + String(whole) }
        let rest = String(whole % unit)
        return sign + String(whole / unit) + "."
            + String(repeating: "0", count: digits - rest.count) + rest
    }
}

extension String {
    /// The text with spaces behind it, up to `width`.
    func padding(_ width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, width - count))
    }

    /// The text with spaces before it, up to `width`.
    func leftPadding(_ width: Int) -> String {
        String(repeating: " ", count: Swift.max(0, width - count)) + self
    }
}
