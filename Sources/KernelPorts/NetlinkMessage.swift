// The framing of rtnetlink: messages in a datagram, attributes in a message. Every length is
// checked; what does not fit ends the walk.

/// A message of a netlink datagram.
struct NetlinkMessage {
    let type: UInt16
    let sequence: UInt32
    let body: ArraySlice<UInt8>

    /// Splits a datagram.
    static func parse(_ bytes: ArraySlice<UInt8>) -> [NetlinkMessage] {
        var rest = bytes
        var messages: [NetlinkMessage] = []
        while rest.count >= 16 {
            let length = Int(rest.netlink32(0))
            guard length >= 16, length <= rest.count else { break }
            messages.append(
                NetlinkMessage(
                    type: rest.netlink16(4), sequence: rest.netlink32(8),
                    body: rest.dropFirst(16).prefix(length - 16)))
            rest = rest.dropFirst(min((length + 3) & ~3, rest.count))
        }
        return messages
    }

    /// The attributes that follow a fixed part of `fixedBytes`.
    func attributes(after fixedBytes: Int) -> [(type: UInt16, value: ArraySlice<UInt8>)] {
        NetlinkMessage.attributes(body.dropFirst(fixedBytes))
    }

    /// Splits a sequence of attributes; the nested flag is taken off their types.
    static func attributes(
        _ bytes: ArraySlice<UInt8>
    ) -> [(type: UInt16, value: ArraySlice<UInt8>)] {
        var rest = bytes
        var found: [(type: UInt16, value: ArraySlice<UInt8>)] = []
        while rest.count >= 4 {
            let length = Int(rest.netlink16(0))
            guard length >= 4, length <= rest.count else { break }
            found.append((rest.netlink16(2) & 0x3fff, rest.dropFirst(4).prefix(length - 4)))
            rest = rest.dropFirst(min((length + 3) & ~3, rest.count))
        }
        return found
    }
}

extension ArraySlice<UInt8> {
    /// Machine-order integers at an offset from the slice's start; zero beyond its end.
    func netlink16(_ offset: Int) -> UInt16 { UInt16(truncatingIfNeeded: netlink(offset, 2)) }
    func netlink32(_ offset: Int) -> UInt32 { UInt32(truncatingIfNeeded: netlink(offset, 4)) }
    func netlink64(_ offset: Int) -> UInt64 { netlink(offset, 8) }

    /// A text that ends at its first zero byte.
    var netlinkText: String { String(decoding: prefix { $0 != 0 }, as: UTF8.self) }

    private func netlink(_ offset: Int, _ bytes: Int) -> UInt64 {
        guard offset >= 0, offset + bytes <= count else { return 0 }
        var value: UInt64 = 0
        for index in 0..<bytes { value |= UInt64(self[startIndex + offset + index]) << (8 * index) }
        return value
    }
}
