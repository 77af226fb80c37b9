// Numbers as the C library's `strtoull`, `strtoll` and `atoi` read them, which decides what the
// tools accept: leading white space, signs, `0x` and octal prefixes, wrap-around of negatives.

enum CNumber {
    /// The outcome of `strtoull`.
    struct Unsigned {
        var value: UInt64
        /// Where the number ended; the start where there was none.
        var end: Int
        var overflowed: Bool
    }

    /// `strtoull(text, &tail, base)` from the scanner's place.
    static func unsigned(_ scanner: TextScanner, base: Int) -> Unsigned {
        let parsed = magnitude(scanner, base: base)
        let value = parsed.overflowed ? .max : parsed.negative ? 0 &- parsed.value : parsed.value
        return Unsigned(value: value, end: parsed.end, overflowed: parsed.overflowed)
    }

    /// A whole text as `strtoll` reads it; nil if there is anything else, or no number.
    static func int64(_ text: String, base: Int) -> Int64? {
        let scanner = TextScanner(text)
        let parsed = magnitude(scanner, base: base)
        guard parsed.end > 0, parsed.end == scanner.bytes.count, !parsed.overflowed else {
            return nil
        }
        if parsed.negative {
            return parsed.value <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- parsed.value) : nil
        }
        return Int64(exactly: parsed.value)
    }

    static func int32(_ text: String, base: Int) -> Int32? {
        int64(text, base: base).flatMap { Int32(exactly: $0) }
    }

    static func uint32(_ text: String, base: Int) -> UInt32? {
        int64(text, base: base).flatMap { UInt32(exactly: $0) }
    }

    /// `atoi`: the number that the text begins with, or 0.
    static func prefixInt(_ text: String) -> Int32 {
        let parsed = magnitude(TextScanner(text), base: 10)
        let bounded: Int64
        if parsed.negative {
            bounded =
                parsed.overflowed || parsed.value > 1 << 63
                ? .min : Int64(truncatingIfNeeded: 0 &- parsed.value)
        } else {
            bounded = parsed.overflowed ? .max : Int64(exactly: parsed.value) ?? .max
        }
        return Int32(truncatingIfNeeded: bounded)
    }

    private static func magnitude(
        _ scanner: TextScanner, base: Int
    ) -> (value: UInt64, negative: Bool, end: Int, overflowed: Bool) {
        var place = scanner
        place.skipSpace()
        let negative = place.current == UInt8(ascii: "-")
        if negative || place.current == UInt8(ascii: "+") { place.index += 1 }
        var radix = UInt64(base)
        if base == 0 || base == 16, place.current == UInt8(ascii: "0"),
            place[1] | 0x20 == UInt8(ascii: "x"), place[2].hexDigit != nil
        {
            radix = 16
            place.index += 2
        } else if base == 0 {
            radix = place.current == UInt8(ascii: "0") ? 8 : 10
        }
        var value: UInt64 = 0
        var overflowed = false
        let start = place.index
        while let digit = place.current.hexDigit, UInt64(digit) < radix {
            let (product, high) = value.multipliedReportingOverflow(by: radix)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            overflowed = overflowed || high || carry
            value = sum
            place.index += 1
        }
        guard place.index > start else { return (0, false, scanner.index, false) }
        return (value, negative, place.index, overflowed)
    }
}

extension CNumber {
    /// A whole number of eight bits, or the error that names it.
    static func u8(_ text: String, _ name: String) throws(FlowTextError) -> UInt8 {
        guard let value = int32(text, base: 0), let byte = UInt8(exactly: value) else {
            throw FlowTextError("invalid \(name) \"\(text)\"")
        }
        return byte
    }

    static func u16(_ text: String, _ name: String) throws(FlowTextError) -> UInt16 {
        guard let value = int32(text, base: 0), let word = UInt16(exactly: value) else {
            throw FlowTextError("invalid \(name) \"\(text)\"")
        }
        return word
    }

    /// 32 bits; longer numbers lose their high bits, as in Open vSwitch.
    static func u32(_ text: String) throws(FlowTextError) -> UInt32 {
        UInt32(truncatingIfNeeded: try u64(text))
    }

    static func u64(_ text: String) throws(FlowTextError) -> UInt64 {
        guard !text.isEmpty else { throw FlowTextError("missing required numeric argument") }
        let scanner = TextScanner(text)
        let parsed = unsigned(scanner, base: 0)
        guard parsed.end == scanner.bytes.count, !parsed.overflowed, parsed.end > 0 else {
            throw FlowTextError("invalid numeric format \(text)")
        }
        return parsed.value
    }

    /// Why a long number did not parse.
    enum WideError { case range, syntax }

    /// A number of `byteCount` bytes: `0x` with any number of digits, else as `strtoull`; moves
    /// the scanner behind it.
    static func wide(
        _ scanner: inout TextScanner, byteCount: Int
    ) -> Result<[UInt8], WideFailure> {
        if scanner.current == UInt8(ascii: "0"), scanner[1] | 0x20 == UInt8(ascii: "x") {
            scanner.index += 2
            return wideHex(&scanner, byteCount: byteCount)
        }
        let parsed = unsigned(scanner, base: 0)
        if parsed.overflowed { return .failure(WideFailure(.range)) }
        guard parsed.end > scanner.index else { return .failure(WideFailure(.syntax)) }
        scanner.index = parsed.end
        if byteCount < 8, parsed.value >> UInt64(byteCount * 8) != 0 {
            return .failure(WideFailure(.range))
        }
        return .success(FieldBytes.of(parsed.value, byteCount: byteCount))
    }

    private static func wideHex(
        _ scanner: inout TextScanner, byteCount: Int
    ) -> Result<[UInt8], WideFailure> {
        var digits: [UInt8] = []
        while true {
            scanner.skip(" \t\r\n")
            guard let digit = scanner.current.hexDigit else { break }
            if digit != 0 || !digits.isEmpty {
                guard digits.count < byteCount * 2 else { return .failure(WideFailure(.range)) }
                digits.append(UInt8(digit))
            }
            scanner.index += 1
        }
        var bytes = [UInt8](repeating: 0, count: byteCount)
        for (position, digit) in digits.reversed().enumerated() {
            bytes[byteCount - 1 - position / 2] |= digit << UInt8(position % 2 * 4)
        }
        return .success(bytes)
    }
}

/// Why a long number was refused.
struct WideFailure: Error {
    let reason: CNumber.WideError
    init(_ reason: CNumber.WideError) { self.reason = reason }
}

enum FieldBytes {
    /// An integer as big-endian bytes.
    static func of(_ value: UInt64, byteCount: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        var rest = value
        for index in stride(from: byteCount - 1, through: 0, by: -1) {
            bytes[index] = UInt8(truncatingIfNeeded: rest)
            rest >>= 8
        }
        return bytes
    }
}
