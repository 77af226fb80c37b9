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
            0, UInt8(8 + data.count), 0, 0,
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
