// Addresses as text in raw bytes, without strings: what FTP messages carry.

/// Reads and writes addresses in text form.
enum AddressText {
    /// The address written in the `count` bytes at `bytes`, or nil.
    static func parse(
        _ bytes: UnsafePointer<UInt8>, count: Int, isIPv6: Bool
    ) -> ConntrackAddress? {
        isIPv6 ? parseIPv6(bytes, count) : parseIPv4(bytes, count).map(ConntrackAddress.init(ipv4:))
    }

    static func parseIPv4(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> UInt32? {
        var address: UInt32 = 0
        var at = 0
        for part in 0..<4 {
            var value: UInt32 = 0
            let start = at
            while at < count, bytes[at] >= 0x30, bytes[at] <= 0x39, at - start < 4 {
                value = value * 10 + UInt32(bytes[at] - 0x30)
                at += 1
            }
            guard at > start, at - start <= 3, value <= 255 else { return nil }
            address = address << 8 | value
            if part < 3 {
                guard at < count, bytes[at] == 0x2e else { return nil }
                at += 1
            }
        }
        return at == count ? address : nil
    }

    /// Groups of hexadecimal digits with at most one `::`, and perhaps an IPv4 address at the end.
    private static func parseIPv6(
        _ bytes: UnsafePointer<UInt8>, _ count: Int
    ) -> ConntrackAddress? {
        var groups: InlineArray<8, UInt16> = InlineArray(repeating: 0)
        var used = 0
        var gap = -1
        var at = 0
        if count >= 2, bytes[0] == 0x3a, bytes[1] == 0x3a {
            gap = 0
            at = 2
        }
        while at < count {
            guard used < 8 else { return nil }
            let start = at
            var value: UInt32 = 0
            while at < count, let digit = hexadecimal(bytes[at]) {
                value = value << 4 | digit
                at += 1
                guard at - start <= 4 else { break }
            }
            if at < count, bytes[at] == 0x2e {
                guard used <= 6, let last = parseIPv4(bytes + start, count - start) else {
                    return nil
                }
                groups[used] = UInt16(truncatingIfNeeded: last >> 16)
                groups[used + 1] = UInt16(truncatingIfNeeded: last)
                used += 2
                at = count
                break
            }
            guard at > start, at - start <= 4 else { return nil }
            groups[used] = UInt16(truncatingIfNeeded: value)
            used += 1
            if at == count { break }
            guard bytes[at] == 0x3a else { return nil }
            at += 1
            if at < count, bytes[at] == 0x3a {
                guard gap < 0 else { return nil }
                gap = used
                at += 1
            } else if at == count {
                return nil
            }
        }
        guard gap >= 0 ? used < 8 : used == 8 else { return nil }
        return assemble(groups, used: used, gap: gap)
    }

    private static func assemble(
        _ groups: InlineArray<8, UInt16>, used: Int, gap: Int
    ) -> ConntrackAddress {
        var high: UInt64 = 0
        var low: UInt64 = 0
        let shift = 8 - used
        for place in 0..<8 {
            var group: UInt16 = 0
            if gap < 0 || place < gap {
                group = place < used ? groups[place] : 0
            } else if place >= gap + shift {
                group = groups[place - shift]
            }
            if place < 4 {
                high = high << 16 | UInt64(group)
            } else {
                low = low << 16 | UInt64(group)
            }
        }
        return ConntrackAddress(high: high, low: low)
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x30...0x39: UInt32(byte - 0x30)
        case 0x41...0x46: UInt32(byte - 0x37)
        case 0x61...0x66: UInt32(byte - 0x57)
        default: nil
        }
    }

    /// Writes an address at `target`, which has room for 40 bytes; returns how many were written.
    static func write(
        _ address: ConntrackAddress, isIPv6: Bool, separator: UInt8,
        to target: UnsafeMutableRawPointer
    ) -> Int {
        var at = 0
        if !isIPv6 {
            for part in 0..<4 {
                if part > 0 { put(separator, target, &at) }
                let shift = UInt32(24 - part * 8)
                putDecimal(UInt8(truncatingIfNeeded: address.ipv4 >> shift), target, &at)
            }
            return at
        }
        writeIPv6(address, target, &at)
        return at
    }

    private static func put(_ byte: UInt8, _ target: UnsafeMutableRawPointer, _ at: inout Int) {
        target.storeBytes(of: byte, toByteOffset: at, as: UInt8.self)
        at += 1
    }

    private static func putDecimal(
        _ value: UInt8, _ target: UnsafeMutableRawPointer, _ at: inout Int
    ) {
        if value >= 100 { put(0x30 + value / 100, target, &at) }
        if value >= 10 { put(0x30 + value / 10 % 10, target, &at) }
        put(0x30 + value % 10, target, &at)
    }

    /// The canonical form: the longest run of two or more zero groups, the first of equals, becomes
    /// `::`.
    private static func writeIPv6(
        _ address: ConntrackAddress, _ target: UnsafeMutableRawPointer, _ at: inout Int
    ) {
        func group(_ place: Int) -> UInt16 {
            let half = place < 4 ? address.high : address.low
            return UInt16(truncatingIfNeeded: half >> UInt64(48 - place % 4 * 16))
        }
        var best = 0
        var bestLength = 1
        var place = 0
        while place < 8 {
            var end = place
            while end < 8, group(end) == 0 { end += 1 }
            if end - place > bestLength {
                best = place
                bestLength = end - place
            }
            place = end + 1
        }
        if bestLength < 2 { best = 8 }
        place = 0
        while place < 8 {
            if place == best {
                put(0x3a, target, &at)
                put(0x3a, target, &at)
                place += bestLength
                continue
            }
            if place > 0 && place != best + bestLength { put(0x3a, target, &at) }
            let value = group(place)
            var isLeading = true
            for digit in 0..<4 {
                let nibble = UInt8(truncatingIfNeeded: value >> UInt16(12 - digit * 4)) & 15
                if nibble == 0 && isLeading && digit < 3 { continue }
                isLeading = false
                put(nibble < 10 ? 0x30 + nibble : 0x57 + nibble, target, &at)
            }
            place += 1
        }
    }
}
