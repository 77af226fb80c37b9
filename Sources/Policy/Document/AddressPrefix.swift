// Address prefixes as documents write them. Values.

/// The two families of addresses, as `ethertype` names them.
public enum AddressFamily: String, Hashable, Sendable, CaseIterable {
    case ipv4 = "IPv4"
    case ipv6 = "IPv6"
    var bits: Int { self == .ipv4 ? 32 : 128 }
    var etherType: UInt64 { self == .ipv4 ? 0x0800 : 0x86dd }
}

/// An address with the length of its prefix.
///
/// **Shape**: an IPv4 address lies in the low 32 bits; bits behind the prefix are zero.
public struct AddressPrefix: Hashable, Sendable {
    public let family: AddressFamily
    public let high: UInt64
    public let low: UInt64
    public let length: Int

    public init(family: AddressFamily, high: UInt64, low: UInt64, length: Int) {
        self.family = family
        self.length = length
        let mask = AddressPrefix.mask(family, length)
        self.high = high & mask.high
        self.low = low & mask.low
    }

    /// Reads `10.0.0.1`, `10.0.0.0/8` or `fd00::/64`; nil where it is neither.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = parts.first else { return nil }
        let family: AddressFamily = address.contains(":") ? .ipv6 : .ipv4
        var length = family.bits
        if parts.count == 2 {
            guard let given = Int(parts[1]), (0...family.bits).contains(given),
                parts[1].allSatisfy(\.isNumber)
            else { return nil }
            length = given
        }
        switch family {
        case .ipv4:
            guard let value = AddressPrefix.ipv4(address) else { return nil }
            self.init(family: family, high: 0, low: UInt64(value), length: length)
        case .ipv6:
            guard let value = AddressPrefix.ipv6(address) else { return nil }
            self.init(family: family, high: value.high, low: value.low, length: length)
        }
    }

    /// The link-local address that is made from an Ethernet address.
    public init(linkLocalOf mac: UInt64) {
        let upper = (mac >> 24 ^ 0x02_0000) & 0xff_ffff
        self.init(
            family: .ipv6, high: 0xfe80 << 48,
            low: upper << 40 | 0xff_fe00_0000 | mac & 0xff_ffff, length: 128)
    }

    public var isHost: Bool { length == family.bits }

    /// Whether every address of `other` is in it.
    public func contains(_ other: AddressPrefix) -> Bool {
        guard family == other.family, other.length >= length else { return false }
        let mask = AddressPrefix.mask(family, length)
        return other.high & mask.high == high && other.low & mask.low == low
    }

    static func mask(_ family: AddressFamily, _ length: Int) -> (high: UInt64, low: UInt64) {
        func ones(_ count: Int) -> UInt64 {
            count <= 0 ? 0 : count >= 64 ? .max : ~(UInt64.max >> UInt64(count))
        }
        switch family {
        case .ipv4: return (0, ones(length) >> 32)
        case .ipv6: return (ones(length), ones(length - 64))
        }
    }

    private static func ipv4(_ text: some StringProtocol) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.utf8.count), let byte = UInt8(part),
                part.utf8.allSatisfy({ (0x30...0x39).contains($0) })
            else { return nil }
            value = value << 8 | UInt32(byte)
        }
        return value
    }

    private static func ipv6(_ text: some StringProtocol) -> (high: UInt64, low: UInt64)? {
        func groups(_ text: some StringProtocol) -> [UInt16]? {
            guard !text.isEmpty else { return [] }
            var result: [UInt16] = []
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            for (index, part) in parts.enumerated() {
                if index == parts.count - 1, part.contains(".") {
                    guard let value = ipv4(part) else { return nil }
                    result += [UInt16(value >> 16), UInt16(value & 0xffff)]
                    continue
                }
                guard (1...4).contains(part.utf8.count), part.allSatisfy(\.isHexDigit),
                    let value = UInt16(part, radix: 16)
                else { return nil }
                result.append(value)
            }
            return result
        }
        var words: [UInt16]
        if let gap = text.firstDoubleColon {
            guard let head = groups(text[text.startIndex..<gap]),
                let tail = groups(text[text.index(gap, offsetBy: 2)...]),
                head.count + tail.count < 8
            else { return nil }
            words = head + [UInt16](repeating: 0, count: 8 - head.count - tail.count) + tail
        } else {
            guard let all = groups(text), all.count == 8 else { return nil }
            words = all
        }
        let high = words[0..<4].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
        let low = words[4..<8].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
        return (high, low)
    }
}

extension StringProtocol {
    /// Where `::` begins.
    fileprivate var firstDoubleColon: Index? {
        var previous: Index?
        for index in indices {
            if self[index] == ":" {
                if let previous { return previous }
                previous = index
            } else {
                previous = nil
            }
        }
        return nil
    }
}

extension AddressPrefix: CustomStringConvertible {
    /// As `ovs-ofctl` writes it; a host without its length.
    public var description: String {
        let suffix = isHost ? "" : "/\(length)"
        guard family == .ipv6 else {
            return "\(low >> 24 & 255).\(low >> 16 & 255).\(low >> 8 & 255).\(low & 255)" + suffix
        }
        let words = (0..<8).map { index in
            UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> UInt64(48 - index % 4 * 16))
        }
        var best = 0..<0
        var start = 0
        for index in 0...8 where index == 8 || words[index] != 0 {
            if index - start > max(best.count, 1) { best = start..<index }
            start = index + 1
        }
        func hex(_ range: some Sequence<Int>) -> String {
            range.map { String(words[$0], radix: 16) }.joined(separator: ":")
        }
        guard !best.isEmpty else { return hex(0..<8) + suffix }
        return hex(0..<best.lowerBound) + "::" + hex(best.upperBound..<8) + suffix
    }
}

/// Ethernet addresses as documents write them.
public enum EthernetAddress {
    /// Reads six pairs of hexadecimal digits.
    public static func parse(_ text: String) -> UInt64? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 6 else { return nil }
        var value: UInt64 = 0
        for part in parts {
            guard part.utf8.count == 2, part.allSatisfy(\.isHexDigit),
                let byte = UInt64(part, radix: 16)
            else { return nil }
            value = value << 8 | byte
        }
        return value
    }

    public static func text(_ value: UInt64) -> String {
        stride(from: 40, through: 0, by: -8).map {
            let digits = String(value >> UInt64($0) & 0xff, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined(separator: ":")
    }
}
