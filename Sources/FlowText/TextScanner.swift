// A cursor over the bytes of a text, with the number and address forms that flow syntax uses. It
// follows the C library where that decides what is accepted: a NUL ends the text, octal and
// hexadecimal prefixes count, and a number's overflow wraps where Open vSwitch lets it.

import Glibc

/// A place in a text.
struct TextScanner: Sendable {
    let bytes: [UInt8]
    var index = 0

    init(_ text: String) { self.init(Array(text.utf8)) }

    init(_ bytes: [UInt8]) { self.bytes = Array(bytes.prefix { $0 != 0 }) }

    /// The byte here; 0 at the end.
    var current: UInt8 { self[0] }

    /// The byte `offset` after here; 0 beyond the end.
    subscript(offset: Int) -> UInt8 {
        let position = index + offset
        return position >= 0 && position < bytes.count ? bytes[position] : 0
    }

    var isAtEnd: Bool { index >= bytes.count }

    /// What follows, as text.
    var rest: String { String(decoding: bytes[min(index, bytes.count)...], as: UTF8.self) }

    /// The text between two places.
    func text(from start: Int) -> String { String(decoding: bytes[start..<index], as: UTF8.self) }

    /// Passes over `literal` if it comes next.
    mutating func take(_ literal: StaticString) -> Bool {
        let count = literal.utf8CodeUnitCount
        guard index + count <= bytes.count else { return false }
        for offset in 0..<count where bytes[index + offset] != literal.utf8Start[offset] {
            return false
        }
        index += count
        return true
    }

    mutating func skipSpace() { while current.isSpace { index += 1 } }

    mutating func skip(_ set: StaticString) {
        while !isAtEnd, set.contains(current) { index += 1 }
    }

    /// Passes over one of `names` that is followed by one of the bytes `before`.
    mutating func takeName(_ names: [String?], before ends: [UInt8]) -> Int? {
        for (position, name) in names.enumerated() {
            guard let name, bytes[index...].starts(with: name.utf8) else { continue }
            let count = name.utf8.count
            guard ends.contains(self[count]) else { continue }
            index += count
            return position
        }
        return nil
    }

    /// A number as the scan functions of Open vSwitch read it: white space, a sign, digits; base 0
    /// takes `0x` and octal prefixes. Overflow wraps.
    mutating func scanInt(base: Int, width: Int = .max, skippingSpace: Bool = true) -> UInt64? {
        var place = self
        if skippingSpace { place.skipSpace() }
        let start = place.index
        let negative = place.current == UInt8(ascii: "-")
        if negative || place.current == UInt8(ascii: "+") { place.index += 1 }
        var radix = base
        if base == 0 || base == 16, place.current == UInt8(ascii: "0"),
            place[1] | 0x20 == UInt8(ascii: "x")
        {
            radix = 16
            place.index += 2
        } else if base == 0 {
            radix = place.current == UInt8(ascii: "0") ? 8 : 10
        }
        var value: UInt64 = 0
        var digits = 0
        while place.index - start < width, let digit = place.current.hexDigit, digit < radix {
            value = value &* UInt64(radix) &+ UInt64(digit)
            digits += 1
            place.index += 1
        }
        guard digits > 0 else { return nil }
        self = place
        return negative ? 0 &- value : value
    }

    /// `a.b.c.d`; each part keeps its low eight bits.
    mutating func scanIPv4() -> UInt32? {
        var place = self
        var address: UInt32 = 0
        for part in 0..<4 {
            if part > 0, !place.take(".") { return nil }
            guard let value = place.scanInt(base: 10) else { return nil }
            address = address << 8 | UInt32(value & 0xff)
        }
        self = place
        return address
    }

    /// `aa:bb:cc:dd:ee:ff`; each part keeps its low eight bits.
    mutating func scanEthernet() -> UInt64? {
        var place = self
        var address: UInt64 = 0
        for part in 0..<6 {
            if part > 0, !place.take(":") { return nil }
            guard let value = place.scanInt(base: 16) else { return nil }
            address = address << 8 | value & 0xff
        }
        self = place
        return address
    }

    /// The longest run of an IPv6 address's characters, if it is an address.
    mutating func scanIPv6() -> [UInt8]? {
        var place = self
        place.skipIPv6()
        guard place.index > index else { return nil }
        guard let address = TextScanner.ipv6(Array(bytes[index..<place.index])) else { return nil }
        self = place
        return address
    }

    /// Passes over at most 46 characters that IPv6 addresses consist of.
    mutating func skipIPv6() {
        let start = index
        while index - start < 46,
            current.hexDigit != nil || current == UInt8(ascii: ":")
                || current == UInt8(ascii: ".")
        {
            index += 1
        }
    }

    static func ipv6(_ text: [UInt8]) -> [UInt8]? {
        var result = [UInt8](repeating: 0, count: 16)
        let terminated = text.map { CChar(bitPattern: $0) } + [0]
        let done = result.withUnsafeMutableBytes { bytes in
            inet_pton(AF_INET6, terminated, bytes.baseAddress)
        }
        return done == 1 ? result : nil
    }
}

extension StaticString {
    func contains(_ byte: UInt8) -> Bool {
        for offset in 0..<utf8CodeUnitCount where utf8Start[offset] == byte { return true }
        return false
    }
}
