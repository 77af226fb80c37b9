// Frames for tests: IPv4 UDP and TCP with right checksums.

/// Builds frames.
public enum Frames {
    public static func ethernet(_ destination: UInt8, _ source: UInt8, type: UInt16) -> [UInt8] {
        [2, 0, 0, 0, 0, destination, 2, 0, 0, 0, 0, source, UInt8(type >> 8), UInt8(type & 0xff)]
    }

    public static func sum(_ bytes: [UInt8], _ start: UInt32 = 0) -> UInt16 {
        var total = start
        var index = 0
        while index < bytes.count {
            let low = index + 1 < bytes.count ? bytes[index + 1] : 0
            total += UInt32(bytes[index]) << 8 | UInt32(low)
            index += 2
        }
        while total > 0xffff { total = (total & 0xffff) + total >> 16 }
        return ~UInt16(total)
    }

    public static func ipv4(
        from source: [UInt8], to destination: [UInt8], proto: UInt8, payload: [UInt8]
    ) -> [UInt8] {
        let total = 20 + payload.count
        var header: [UInt8] = [
            0x45, 0, UInt8(total >> 8), UInt8(total & 0xff), 0, 1, 0x40, 0, 64, proto, 0, 0,
        ]
        header += source + destination
        let check = sum(header)
        header[10] = UInt8(check >> 8)
        header[11] = UInt8(check & 0xff)
        return header + payload
    }

    public static func udp(
        from source: [UInt8], _ sourcePort: UInt16, to destination: [UInt8], _ port: UInt16,
        macs: (UInt8, UInt8) = (2, 1), data: [UInt8] = [1, 2, 3, 4]
    ) -> [UInt8] {
        var l4 = [
            UInt8(sourcePort >> 8), UInt8(sourcePort & 0xff), UInt8(port >> 8), UInt8(port & 0xff),
            UInt8((8 + data.count) >> 8), UInt8((8 + data.count) & 0xff), 0, 0,
        ]
        l4 += data
        fill(&l4, at: 6, source, destination, 17)
        return ethernet(macs.0, macs.1, type: 0x0800)
            + ipv4(from: source, to: destination, proto: 17, payload: l4)
    }

    public static func tcp(
        from source: [UInt8], _ sourcePort: UInt16, to destination: [UInt8], _ port: UInt16,
        flags: UInt8, sequence: UInt32 = 0, acknowledgement: UInt32 = 0,
        macs: (UInt8, UInt8) = (2, 1), data: [UInt8] = []
    ) -> [UInt8] {
        func be(_ value: UInt32) -> [UInt8] {
            (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * $0)) }
        }
        var l4 =
            [
                UInt8(sourcePort >> 8), UInt8(sourcePort & 0xff), UInt8(port >> 8),
                UInt8(port & 0xff),
            ] + be(sequence) + be(acknowledgement) + [0x50, flags, 0xff, 0xff, 0, 0, 0, 0]
        l4 += data
        fill(&l4, at: 16, source, destination, 6)
        return ethernet(macs.0, macs.1, type: 0x0800)
            + ipv4(from: source, to: destination, proto: 6, payload: l4)
    }

    /// The IPv6 twin of an IPv4 frame without options: fd00:: and the old address as its end.
    /// Transport checksums are not mended.
    public static func ipv6Twin(of frame: [UInt8]) -> [UInt8] {
        let prefix: [UInt8] = [0xfd] + [UInt8](repeating: 0, count: 11)
        let payload = Array(frame[34...])
        let head: [UInt8] = [
            0x60, 0, 0, 0, UInt8(payload.count >> 8), UInt8(payload.count & 0xff), frame[23],
            frame[22],
        ]
        return Array(frame[..<12]) + [0x86, 0xdd] + head + prefix + Array(frame[26..<30]) + prefix
            + Array(frame[30..<34]) + payload
    }

    /// An IPv4 packet with an ICMP echo.
    public static func echo(
        from source: [UInt8], to destination: [UInt8], isReply: Bool, id: UInt16
    ) -> [UInt8] {
        var message: [UInt8] = [isReply ? 0 : 8, 0, 0, 0, UInt8(id >> 8), UInt8(id & 0xff), 0, 1]
        message += [1, 2, 3, 4]
        let check = sum(message)
        message[2] = UInt8(check >> 8)
        message[3] = UInt8(check & 0xff)
        return ipv4(from: source, to: destination, proto: 1, payload: message)
    }

    /// An IPv4 frame in pieces of these IP payload lengths, the last one perhaps shorter.
    public static func fragments(of frame: [UInt8], lengths: [Int]) -> [[UInt8]] {
        let payload = Array(frame[34...])
        var at = 0
        return lengths.map { length in
            let end = min(at + length, payload.count)
            var part = Array(frame[..<34]) + payload[at..<end]
            let field = UInt16(at / 8) | (end < payload.count ? 0x2000 : 0)
            let total = 20 + end - at
            part[16] = UInt8(total >> 8)
            part[17] = UInt8(total & 0xff)
            part[20] = UInt8(field >> 8)
            part[21] = UInt8(field & 0xff)
            part[24] = 0
            part[25] = 0
            let check = sum(Array(part[14..<34]))
            part[24] = UInt8(check >> 8)
            part[25] = UInt8(check & 0xff)
            at = end
            return part
        }
    }

    private static func fill(
        _ l4: inout [UInt8], at offset: Int, _ source: [UInt8], _ destination: [UInt8],
        _ proto: UInt8
    ) {
        let pseudo =
            source + destination + [0, proto, UInt8(l4.count >> 8), UInt8(l4.count & 0xff)]
        let check = sum(pseudo + l4)
        l4[offset] = UInt8(check >> 8)
        l4[offset + 1] = UInt8(check & 0xff)
    }
}
