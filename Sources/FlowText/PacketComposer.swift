// Builds a packet from a flow key: the least packet whose headers are those of the key, with right
// lengths and checksums. For `netdev-dummy/receive`, `ofproto/trace -generate` and tests.

import Flow

/// Composes packets.
///
/// **Source**: ovs-ofctl(8), compose-packet, whose bytes it makes.
public enum PacketComposer {
    /// What follows the last header that carries data.
    public enum Payload: Sendable {
        /// 0, 1, 2, …
        case counting(Int)
        case bytes([UInt8])

        var content: [UInt8] {
            switch self {
            case .counting(let count):
                return (0..<max(count, 0)).map { UInt8(truncatingIfNeeded: $0) }
            case .bytes(let bytes): return bytes
            }
        }
    }

    /// The longest payload; what is longer is cut.
    public static let payloadBytesMax = 65000

    /// A packet with the key's headers.
    public static func packet(_ key: FlowKey, payload: Payload = .counting(64)) -> [UInt8] {
        let content = Array(payload.content.prefix(payloadBytesMax))
        var packet = bytes(of: key, FlowLayout.ethDestination, 6)
        packet += bytes(of: key, FlowLayout.ethSource, 6)
        let ethType = key.load16(FlowLayout.ethType)
        if ethType == EthType.none {
            // A frame with a length in place of an Ethertype.
            return packet + FieldBytes.of(14, byteCount: 2)
        }
        for (tci, tpid) in [
            (FlowLayout.vlanTCI, FlowLayout.vlanTPID),
            (FlowLayout.innerVLANTCI, FlowLayout.innerVLANTPID),
        ] where key.load16(tci) & 0x1000 != 0 {
            let type = key.load16(tpid)
            packet += FieldBytes.of(UInt64(type == 0 ? EthType.vlan : type), byteCount: 2)
            packet += FieldBytes.of(UInt64(key.load16(tci) & ~0x1000), byteCount: 2)
        }
        packet += FieldBytes.of(UInt64(ethType), byteCount: 2)
        switch ethType {
        case EthType.ipv4: packet += ipv4(key, content)
        case EthType.ipv6: packet += ipv6(key, content)
        case EthType.arp, EthType.rarp: packet += arp(key)
        case EthType.mpls, EthType.mplsMulticast: packet += mpls(key)
        default: break
        }
        return packet
    }

    /// The same, filled up with zeros to `byteCount`; nil where the headers alone are longer.
    public static func packet(_ key: FlowKey, byteCount: Int) -> [UInt8]? {
        let headers = packet(key, payload: .counting(0))
        guard byteCount >= headers.count, byteCount <= payloadBytesMax else {
            return nil
        }
        let ethType = key.load16(FlowLayout.ethType)
        let missing = byteCount - headers.count
        if ethType == EthType.none {
            let length = FieldBytes.of(UInt64(byteCount), byteCount: 2)
            return Array(headers.dropLast(2)) + length + [UInt8](repeating: 0, count: missing)
        }
        guard EthType.isIP(ethType) else {
            return headers + [UInt8](repeating: 0, count: missing)
        }
        let extended = packet(
            key, payload: .bytes([UInt8](repeating: 0, count: missing)))
        if extended.count == byteCount { return extended }
        return headers + [UInt8](repeating: 0, count: missing)
    }

    // MARK: Headers

    private static func bytes(of key: FlowKey, _ offset: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { key.load8(offset + $0) }
    }

    private static func ipv4(_ key: FlowKey, _ payload: [UInt8]) -> [UInt8] {
        let transport = TransportComposer.segment(key, payload)
        var header: [UInt8] = [0x45, key.load8(FlowLayout.ipTOS)]
        header += FieldBytes.of(UInt64(20 + transport.count), byteCount: 2)
        let fragment = key.load8(FlowLayout.ipFragment)
        let place: UInt64 = fragment & 1 == 0 ? 0 : fragment & 2 == 0 ? 0x2000 : 0x2000 | 100
        header += [0, 0] + FieldBytes.of(place, byteCount: 2)
        header += [key.load8(FlowLayout.ipTTL), key.load8(FlowLayout.ipProtocol), 0, 0]
        let addresses = bytes(of: key, FlowLayout.ipv4Source, 8)
        header += addresses
        let sum = InternetChecksum.of(header)
        header[10] = UInt8(sum >> 8)
        header[11] = UInt8(sum & 0xff)
        let pseudo =
            addresses + [0, key.load8(FlowLayout.ipProtocol)]
            + FieldBytes.of(UInt64(transport.count), byteCount: 2)
        return header + TransportComposer.withChecksum(transport, key, pseudoHeader: pseudo)
    }

    private static func ipv6(_ key: FlowKey, _ payload: [UInt8]) -> [UInt8] {
        let transport = TransportComposer.segment(key, payload)
        let first =
            6 << 28 | UInt64(key.load8(FlowLayout.ipTOS)) << 20
            | UInt64(key.load32(FlowLayout.ipv6Label) & 0xfffff)
        var header = FieldBytes.of(first, byteCount: 4)
        header += FieldBytes.of(UInt64(transport.count), byteCount: 2)
        header += [key.load8(FlowLayout.ipProtocol), key.load8(FlowLayout.ipTTL)]
        let addresses = bytes(of: key, FlowLayout.ipv6Source, 32)
        header += addresses
        let pseudo =
            addresses + FieldBytes.of(UInt64(transport.count), byteCount: 4)
            + [0, 0, 0, key.load8(FlowLayout.ipProtocol)]
        return header + TransportComposer.withChecksum(transport, key, pseudoHeader: pseudo)
    }

    private static func arp(_ key: FlowKey) -> [UInt8] {
        let opcode = key.load8(FlowLayout.ipProtocol)
        var packet: [UInt8] = [0, 1, 8, 0, 6, 4, 0, opcode]
        guard opcode == 1 || opcode == 2 else {
            return packet + [UInt8](repeating: 0, count: 20)
        }
        packet += bytes(of: key, FlowLayout.arpSourceHardware, 6)
        packet += bytes(of: key, FlowLayout.ipv4Source, 4)
        packet += bytes(of: key, FlowLayout.arpTargetHardware, 6)
        packet += bytes(of: key, FlowLayout.ipv4Destination, 4)
        return packet
    }

    private static func mpls(_ key: FlowKey) -> [UInt8] {
        var packet: [UInt8] = []
        for index in 0..<3 {
            let entry = key.load32(FlowLayout.mplsStack + index * 4)
            packet += FieldBytes.of(UInt64(entry), byteCount: 4)
            if entry & 0x100 != 0 { break }
        }
        return packet
    }
}

/// The one's complement sum of the Internet protocols.
enum InternetChecksum {
    static func of(_ bytes: [UInt8]) -> UInt16 {
        var sum: UInt64 = 0
        var index = 0
        while index + 1 < bytes.count {
            sum += UInt64(bytes[index]) << 8 | UInt64(bytes[index + 1])
            index += 2
        }
        if index < bytes.count { sum += UInt64(bytes[index]) << 8 }
        while sum >> 16 != 0 { sum = sum & 0xffff + sum >> 16 }
        return ~UInt16(sum)
    }
}
