// The small forms that all printers share: hexadecimal numbers as C's `%#x` writes them, byte
// strings, addresses and flag sets.

import Flow
import Glibc

enum TextForm {
    /// `%#x`: zero is `0`, others have `0x`.
    static func hex(_ value: UInt64) -> String {
        value == 0 ? "0" : "0x" + String(value, radix: 16)
    }

    static func hexPadded(_ value: UInt64, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(digits - text.utf8.count, 0)) + text
    }

    /// A long number: `0` or `0x` and the digits without leading zeros.
    static func hex(_ bytes: [UInt8]) -> String {
        guard let first = bytes.firstIndex(where: { $0 != 0 }) else { return "0" }
        var text = "0x" + String(bytes[first], radix: 16)
        for byte in bytes[(first + 1)...] { text += hexPadded(UInt64(byte), digits: 2) }
        return text
    }

    /// Bytes with dots between: `00.1f`.
    static func dotted(_ bytes: [UInt8]) -> String {
        bytes.map { hexPadded(UInt64($0), digits: 2) }.joined(separator: ".")
    }

    static func ethernet(_ address: UInt64) -> String {
        var text = ""
        for index in 0..<6 {
            if index > 0 { text += ":" }
            text += hexPadded(address >> UInt64(40 - index * 8) & 0xff, digits: 2)
        }
        return text
    }

    static func ipv4(_ address: UInt32) -> String {
        "\(address >> 24).\(address >> 16 & 0xff).\(address >> 8 & 0xff).\(address & 0xff)"
    }

    /// An address and its mask: none, `/prefix`, or `/mask`.
    static func ipv4(_ address: UInt32, mask: UInt32) -> String {
        guard mask != .max else { return ipv4(address) }
        let inverse = ~mask
        if inverse & (inverse &+ 1) == 0 {
            return ipv4(address) + "/\(mask.nonzeroBitCount)"
        }
        return ipv4(address) + "/" + ipv4(mask)
    }

    /// 16 bytes as RFC 5952 text.
    static func ipv6(_ bytes: [UInt8]) -> String {
        guard bytes.count == 16 else { return "::" }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let done = bytes.withUnsafeBytes { source in
            inet_ntop(AF_INET6, source.baseAddress, &text, socklen_t(text.count)) != nil
        }
        guard done else { return "::" }
        return String(
            decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static func ipv6(_ bytes: [UInt8], mask: [UInt8]) -> String {
        guard !mask.allSatisfy({ $0 == 0xff }) else { return ipv6(bytes) }
        if let prefix = prefixLength(mask) { return ipv6(bytes) + "/\(prefix)" }
        return ipv6(bytes) + "/" + ipv6(mask)
    }

    /// The length of a mask whose ones all come first.
    static func prefixLength(_ mask: [UInt8]) -> Int? {
        let length = mask.reduce(0) { $0 + $1.nonzeroBitCount }
        let value = FieldValue(bytes: mask)
        for bit in 0..<(mask.count * 8) where value.bit(bit) != (bit >= mask.count * 8 - length) {
            return nil
        }
        return length
    }
}

extension String {
    /// Drops one comma at the end, if there is one.
    mutating func chompComma() { if utf8.last == UInt8(ascii: ",") { removeLast() } }
}
