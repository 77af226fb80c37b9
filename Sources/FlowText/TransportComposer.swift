// The transport part of a composed packet: TCP, UDP, SCTP, ICMP, IGMP, ICMPv6 and neighbour
// discovery, without and then with its checksum.

import Flow

enum TransportComposer {
    /// Header and payload with a checksum of zero. Later fragments have neither.
    static func segment(_ key: FlowKey, _ payload: [UInt8]) -> [UInt8] {
        guard hasHeader(key) else { return [] }
        let ports = (0..<4).map { key.load8(FlowLayout.l4Source + $0) }
        let type = ports[1]
        let code = ports[3]
        switch key.load8(FlowLayout.ipProtocol) {
        case IPProtocol.tcp:
            let flags = key.load16(FlowLayout.tcpFlags) & 0xfff
            var header = ports + [UInt8](repeating: 0, count: 8)
            header += FieldBytes.of(UInt64(5 << 12 | flags), byteCount: 2)
            header += [UInt8](repeating: 0, count: 6)
            // SYN, FIN and RST carry no data.
            return flags & 7 == 0 ? header + payload : header
        case IPProtocol.udp:
            let length = FieldBytes.of(UInt64(8 + payload.count), byteCount: 2)
            return ports + length + [0, 0] + payload
        case IPProtocol.sctp:
            return ports + [UInt8](repeating: 0, count: 8)
        case IPProtocol.icmp:
            let header: [UInt8] = [type, code, 0, 0, 0, 0, 0, 0]
            return (type == 8 || type == 0) && code == 0 ? header + payload : header
        case IPProtocol.igmp:
            return [type, code, 0, 0] + (0..<4).map { key.load8(FlowLayout.ndReserved + $0) }
        case IPProtocol.icmpv6:
            return icmpv6(key, type, code, payload)
        default: return []
        }
    }

    private static func icmpv6(
        _ key: FlowKey, _ type: UInt8, _ code: UInt8, _ payload: [UInt8]
    ) -> [UInt8] {
        var packet = [type, code, 0, 0] + (0..<4).map { key.load8(FlowLayout.ndReserved + $0) }
        guard code == 0 else { return packet }
        if type == 128 || type == 129 { return packet + payload }
        guard type == 135 || type == 136 else { return packet }
        packet += (0..<16).map { key.load8(FlowLayout.ndTarget + $0) }
        for (option, offset) in [
            (1, FlowLayout.arpSourceHardware), (2, FlowLayout.arpTargetHardware),
        ] as [(UInt8, Int)] where key.load48(offset) != 0 {
            packet += [option, 1] + (0..<6).map { key.load8(offset + $0) }
        }
        return packet
    }

    private static func hasHeader(_ key: FlowKey) -> Bool {
        key.load8(FlowLayout.ipFragment) & 3 != 3
    }

    /// Fills in the checksum where the protocol has one.
    static func withChecksum(
        _ segment: [UInt8], _ key: FlowKey, pseudoHeader: [UInt8]
    ) -> [UInt8] {
        guard hasHeader(key) else { return segment }
        let place: Int
        var covered = segment
        switch key.load8(FlowLayout.ipProtocol) {
        case IPProtocol.tcp:
            place = 16
            covered = pseudoHeader + segment
        case IPProtocol.udp:
            place = 6
            covered = pseudoHeader + segment
        case IPProtocol.icmpv6:
            place = 2
            covered = pseudoHeader + segment
        case IPProtocol.icmp, IPProtocol.igmp:
            place = 2
        default: return segment
        }
        guard place + 1 < segment.count else { return segment }
        var sum = InternetChecksum.of(covered)
        if place == 6, sum == 0 { sum = 0xffff }
        var result = segment
        result[place] = UInt8(sum >> 8)
        result[place + 1] = UInt8(sum & 0xff)
        return result
    }
}
