// Reading the messages of FTP control connections that announce data connections: PORT and EPRT of
// the client, 227 and 229 of the server. Works on the bytes where they lie, at most 128 of them.

import Wire

/// An address and port found in an FTP message.
struct FTPAnnouncement {
    /// The client will listen (PORT, EPRT), not the server.
    var isActive: Bool
    var address = ConntrackAddress()
    /// Where the address stands in the text; length zero when it has none (229).
    var addressOffset = 0
    var addressLength = 0
    var usesCommas = false
    var port: UInt16 = 0
}

/// The beginning of the text in a TCP segment.
struct FTPText {
    static var lengthMax: Int { 128 }
    let bytes: UnsafePointer<UInt8>
    let count: Int

    init(_ tracked: borrowing TrackedPacket) {
        let payload = tracked.transport + tracked.tcp.headerBytes
        bytes = UnsafePointer(payload.assumingMemoryBound(to: UInt8.self))
        count = min(max(tracked.tcpPayloadLength, 0), FTPText.lengthMax)
    }

    /// The byte at `at`, or zero behind the end.
    private func byte(_ at: Int) -> UInt8 { at >= 0 && at < count ? bytes[at] : 0 }
    private func isDigit(_ at: Int) -> Bool { byte(at) >= 0x30 && byte(at) <= 0x39 }

    /// Whether the text at `at` is `word`, which is in upper case, in any case.
    private func has(_ word: StaticString, at: Int) -> Bool {
        guard at >= 0, at + word.utf8CodeUnitCount <= count else { return false }
        for offset in 0..<word.utf8CodeUnitCount {
            var letter = bytes[at + offset]
            if letter >= 0x61 && letter <= 0x7a { letter &-= 0x20 }
            if letter != word.utf8Start[offset] { return false }
        }
        return true
    }

    private func contains(_ word: StaticString) -> Bool {
        var at = 0
        while at + word.utf8CodeUnitCount <= count {
            if has(word, at: at) { return true }
            at += 1
        }
        return false
    }

    /// The text announces a data connection, or looks as if it did.
    var isAnnouncement: Bool {
        has("PORT", at: 0) || has("EPRT", at: 0) || has("227", at: 0) || has("229", at: 0)
            || contains("EXTENDED PASSIVE")
    }

    /// What the text announces, or nil when it is malformed.
    func announcement(isIPv6: Bool) -> FTPAnnouncement? {
        if has("EPRT", at: 0) { return extendedPort(isIPv6: isIPv6) }
        if has("PORT", at: 0) { return isIPv6 ? nil : commas(after: 4, isActive: true) }
        if has("227", at: 0) { return isIPv6 ? nil : commas(after: 3, isActive: false) }
        return extendedPassive()
    }

    /// `h1,h2,h3,h4,p1,p2`, the first number behind the first space.
    private func commas(after start: Int, isActive: Bool) -> FTPAnnouncement? {
        var at = start
        while at < count, byte(at) != 0x20 { at += 1 }
        while at < count, !isDigit(at) { at += 1 }
        guard at < count else { return nil }
        var result = FTPAnnouncement(isActive: isActive)
        result.usesCommas = true
        result.addressOffset = at
        var address: UInt32 = 0
        for _ in 0..<4 {
            guard let value = number(&at, digits: 3), value <= 255, byte(at) == 0x2c else {
                return nil
            }
            address = address << 8 | UInt32(value)
            at += 1
        }
        result.addressLength = at - 1 - result.addressOffset
        guard let high = number(&at, digits: 3), high <= 255, byte(at) == 0x2c else { return nil }
        at += 1
        guard let low = number(&at, digits: 3), low <= 255 else { return nil }
        result.address = ConntrackAddress(ipv4: address)
        result.port = UInt16(high) << 8 | UInt16(low)
        return result.port == 0 ? nil : result
    }

    /// `EPRT |family|address|port|` (RFC 2428).
    private func extendedPort(isIPv6: Bool) -> FTPAnnouncement? {
        var at = 4
        while at < count, byte(at) == 0x20 { at += 1 }
        let delimiter = byte(at)
        guard delimiter >= 33, delimiter <= 126, byte(at + 1) == (isIPv6 ? 0x32 : 0x31),
            byte(at + 2) == delimiter
        else { return nil }
        at += 3
        var result = FTPAnnouncement(isActive: true)
        result.addressOffset = at
        while at < count, byte(at) != delimiter { at += 1 }
        guard at < count else { return nil }
        result.addressLength = at - result.addressOffset
        guard
            let address = AddressText.parse(
                bytes + result.addressOffset, count: result.addressLength, isIPv6: isIPv6)
        else { return nil }
        result.address = address
        at += 1
        guard let port = number(&at, digits: 5), port > 0, port <= 65_535,
            byte(at) == delimiter
        else { return nil }
        result.port = UInt16(port)
        return result
    }

    /// `229 … (|||port|)` (RFC 2428).
    private func extendedPassive() -> FTPAnnouncement? {
        var at = 0
        while at < count, byte(at) != 0x28 { at += 1 }
        at += 1
        let delimiter = byte(at)
        guard delimiter >= 33, delimiter <= 126, byte(at + 1) == delimiter,
            byte(at + 2) == delimiter
        else { return nil }
        at += 3
        guard let port = number(&at, digits: 5), port > 0, port <= 65_535,
            byte(at) == delimiter
        else { return nil }
        var result = FTPAnnouncement(isActive: false)
        result.port = UInt16(port)
        return result
    }

    /// A decimal number of at most `digits` digits at `at`, which is moved behind it.
    private func number(_ at: inout Int, digits: Int) -> Int? {
        var value = 0
        var found = 0
        while isDigit(at), found <= digits {
            value = value * 10 + Int(byte(at) - 0x30)
            found += 1
            at += 1
        }
        return found > 0 && found <= digits ? value : nil
    }
}
