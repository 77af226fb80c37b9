// The 128-bit name of a database row. Kept as two words so that comparing and hashing rows, which
// the replica does all day, never touches text.

/// A row's identifier.
///
/// **Shape**: the sixteen bytes of RFC 4122 as two big-endian words.
public struct RowUUID: Hashable, Sendable {
    public var high: UInt64
    public var low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The identifier of no row.
    public static let zero = RowUUID(high: 0, low: 0)

    public var isZero: Bool { high == 0 && low == 0 }

    /// Reads `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`, digits of either case; nil for anything else.
    public init?(_ text: some StringProtocol) {
        let bytes = text.utf8
        guard bytes.count == 36 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        var digits = 0
        for (index, byte) in bytes.enumerated() {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let digit = HexDigit.value(of: byte) else { return nil }
            if digits < 16 {
                words.0 = words.0 << 4 | UInt64(digit)
            } else {
                words.1 = words.1 << 4 | UInt64(digit)
            }
            digits += 1
        }
        self.init(high: words.0, low: words.1)
    }

    /// A fresh random (version 4) identifier.
    public static func random() -> RowUUID {
        var generator = SystemRandomNumberGenerator()
        return random(using: &generator)
    }

    /// A random (version 4) identifier from the caller's generator.
    public static func random(using generator: inout some RandomNumberGenerator) -> RowUUID {
        RowUUID(
            high: generator.next() & ~0xF000 | 0x4000,
            low: generator.next() & ~(0b11 << 62) | 0b10 << 62)
    }
}

extension RowUUID: Comparable {
    public static func < (left: RowUUID, right: RowUUID) -> Bool {
        left.high == right.high ? left.low < right.low : left.high < right.high
    }
}

extension RowUUID: CustomStringConvertible {
    public var description: String {
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for digit in 0..<32 {
            if digit == 8 || digit == 12 || digit == 16 || digit == 20 {
                text.append(UInt8(ascii: "-"))
            }
            let word = digit < 16 ? high : low
            let shift = UInt64(60 - digit % 16 * 4)
            text.append(HexDigit.character(of: UInt8(truncatingIfNeeded: word >> shift)))
        }
        return String(decoding: text, as: UTF8.self)
    }
}
