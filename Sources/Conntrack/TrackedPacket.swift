// A packet as the tracker reads it: where its headers lie, how long they are, and the tuple it
// belongs to. Everything is checked here once; nothing behind it checks lengths again.

import PacketBuffer
import Wire

/// A packet whose headers were checked.
///
/// **Owner**: lives on the stack of one `execute`.
@usableFromInline
struct TrackedPacket: ~Copyable {
    var packet: PacketBuffer
    /// The IP header, and the bytes from it to the end of the datagram.
    var ip: UnsafeMutableRawPointer
    var ipLength: Int
    /// The transport header of the packet itself, and the bytes from it to the end of the datagram.
    var transport: UnsafeMutableRawPointer
    var transportLength: Int
    var isIPv6: Bool
    /// The protocol of the packet itself; `tuple` has that of the packet an ICMP error is about.
    var protocolNumber: UInt8
    /// An ICMP error; `tuple` is the reverse of the packet that it quotes.
    var isError = false
    var tuple = ConntrackTuple()

    /// The tuple of the packet itself, also for an ICMP error.
    var tcp: TCPHeader { TCPHeader(unchecked: transport) }
    /// TCP payload bytes.
    var tcpPayloadLength: Int { transportLength &- tcp.headerBytes }
}

/// Why a packet cannot be tracked. A plain value: throwing would call into Swift's runtime.
@usableFromInline
enum TrackingRefusal {
    case malformed, ipChecksum, transportChecksum
}

extension TrackedPacket {
    /// A packet of which nothing is known yet.
    init(_ packet: PacketBuffer) {
        self.packet = packet
        ip = packet.data
        ipLength = 0
        transport = ip
        transportLength = 0
        isIPv6 = false
        protocolNumber = 0
    }

    /// Checks the packet whose network header lies at `packet.l3Offset`.
    ///
    /// - Parameters:
    ///   - isChecksumKnown: checksums were checked before.
    /// - Returns: why it can't be tracked, or nil.
    mutating func check(
        etherType: UInt16, zone: UInt16, isChecksumKnown: Bool
    ) -> TrackingRefusal? {
        let offset = packet.l3Offset
        let available = packet.length &- offset
        guard offset >= 14, available >= 20 else { return .malformed }
        let ip = packet.data + offset
        let flags = packet.metadata.pointee.flags.rawValue
        if flags & PacketFlags.checksumBad.rawValue != 0 {
            return .transportChecksum
        }
        let isTrusted =
            isChecksumKnown
            || flags & (PacketFlags.checksumValid.rawValue | PacketFlags.needsChecksum.rawValue)
                != 0
        self.ip = ip
        tuple.zone = zone
        switch etherType {
        case EtherType.ipv4:
            guard let header = IPv4Header(ip, available: available), !header.isFragment else {
                return .malformed
            }
            if !isTrusted && !header.isChecksumValid {
                return .ipChecksum
            }
            isIPv6 = false
            ipLength = header.totalLength
            transport = header.payload
            transportLength = header.payloadLength
            protocolNumber = header.protocolNumber
            tuple.source = ConntrackAddress(ipv4: header.source)
            tuple.destination = ConntrackAddress(ipv4: header.destination)
        case EtherType.ipv6:
            guard let header = IPv6Header(ip, available: available) else { return .malformed }
            // A jumbo super-packet says zero; its length is the packet's.
            let payload = header.payloadLength
            ipLength =
                payload == 0 && packet.isSuperPacket ? available : payload &+ 40
            guard let extensions = IPv6ExtensionHeaders(ip, length: ipLength),
                !extensions.isFragment
            else { return .malformed }
            isIPv6 = true
            transport = ip + extensions.transportOffset
            transportLength = ipLength &- extensions.transportOffset
            protocolNumber = extensions.protocolNumber
            tuple.source = ConntrackAddress(ipv6: ip + 8)
            tuple.destination = ConntrackAddress(ipv6: ip + 24)
        default:
            return .malformed
        }
        tuple.isIPv6 = isIPv6
        tuple.protocolNumber = protocolNumber
        if let refusal = checkTransport(isTrusted: isTrusted) { return refusal }
        guard
            TrackedPacket.readPorts(
                &tuple, transport, length: transportLength, isInner: false, isError: &isError)
        else { return .malformed }
        return nil
    }

    /// Checks lengths and checksum of the packet's own transport header.
    private func checkTransport(isTrusted: Bool) -> TrackingRefusal? {
        switch protocolNumber {
        case IPProtocol.tcp:
            guard TCPHeader(transport, available: transportLength) != nil else {
                return .malformed
            }
        case IPProtocol.udp:
            guard let udp = UDPHeader(transport, available: transportLength), udp.length >= 8,
                udp.length <= transportLength
            else { return .malformed }
        case IPProtocol.sctp:
            guard transportLength >= SCTPHeader.byteCount else { return .malformed }
        default:
            break
        }
        let isRight =
            isTrusted
            || PacketBuffer.hasRightChecksum(
                transport, length: transportLength, ip: ip, isIPv6: isIPv6,
                protocol: protocolNumber)
        return isRight ? nil : .transportChecksum
    }

    /// Reads what identifies the flow behind the addresses into `tuple`; false when the packet
    /// cannot be tracked. For an ICMP error the tuple becomes the reverse of that of the quoted
    /// packet.
    private static func readPorts(
        _ tuple: inout ConntrackTuple, _ transport: UnsafeMutableRawPointer, length: Int,
        isInner: Bool, isError: inout Bool
    ) -> Bool {
        switch tuple.protocolNumber {
        case IPProtocol.tcp, IPProtocol.udp, IPProtocol.sctp:
            // An IPv4 error quotes eight bytes at least; IPv6 errors quote whole headers.
            let isWhole = !isInner || tuple.isIPv6
            let needed = isWhole && tuple.protocolNumber == IPProtocol.tcp ? 20 : 8
            guard length >= needed else { return false }
            tuple.sourcePort = transport.network16(at: 0)
            tuple.destinationPort = transport.network16(at: 2)
            return tuple.sourcePort != 0 && tuple.destinationPort != 0
        case IPProtocol.icmp where !tuple.isIPv6, IPProtocol.icmpv6 where tuple.isIPv6:
            guard length >= 8 else { return false }
            let type = transport.network8(at: 0)
            if let answer = answer(to: type, isIPv6: tuple.isIPv6) {
                guard transport.network8(at: 1) == 0 else { return false }
                tuple.sourcePort = UInt16(type)
                tuple.destinationPort = UInt16(answer)
                tuple.identifier = transport.network16(at: 4)
                return true
            }
            guard !isInner, isErrorType(type, isIPv6: tuple.isIPv6) else { return false }
            return readQuoted(&tuple, transport + 8, length: length &- 8, isError: &isError)
        default:
            return true
        }
    }

    /// Reads the packet that an ICMP error quotes.
    private static func readQuoted(
        _ tuple: inout ConntrackTuple, _ quoted: UnsafeMutableRawPointer, length: Int,
        isError: inout Bool
    ) -> Bool {
        guard let inner = QuotedPacket(quoted, length: length, isIPv6: tuple.isIPv6) else {
            return false
        }
        // The error goes to whoever sent the quoted packet.
        guard inner.source == tuple.destination else { return false }
        var found = tuple
        found.source = inner.source
        found.destination = inner.destination
        found.protocolNumber = inner.protocolNumber
        found.sourcePort = 0
        found.destinationPort = 0
        var ignored = false
        guard
            readPorts(
                &found, quoted + inner.transportOffset, length: length &- inner.transportOffset,
                isInner: true, isError: &ignored)
        else { return false }
        tuple = found.reversed
        isError = true
        return true
    }

    /// The type of the answer to an ICMP message of `type`, or of the question it answers; nil for
    /// others.
    static func answer(to type: UInt8, isIPv6: Bool) -> UInt8? {
        if isIPv6 {
            switch type {
            case ICMPv6Type.echoRequest: return ICMPv6Type.echoReply
            case ICMPv6Type.echoReply: return ICMPv6Type.echoRequest
            default: return nil
            }
        }
        switch type {
        case ICMPType.echoRequest: return ICMPType.echoReply
        case ICMPType.echoReply: return ICMPType.echoRequest
        case ICMPType.timestamp: return ICMPType.timestampReply
        case ICMPType.timestampReply: return ICMPType.timestamp
        case ICMPType.informationRequest: return ICMPType.informationReply
        case ICMPType.informationReply: return ICMPType.informationRequest
        default: return nil
        }
    }

    private static func isErrorType(_ type: UInt8, isIPv6: Bool) -> Bool {
        if isIPv6 { return type >= ICMPv6Type.unreachable && type <= ICMPv6Type.parameterProblem }
        switch type {
        case ICMPType.unreachable, ICMPType.timeExceeded, ICMPType.parameterProblem,
            ICMPType.sourceQuench, ICMPType.redirect:
            return true
        default:
            return false
        }
    }
}

/// The head of the packet that an ICMP error quotes, of which only the IP header need be whole.
struct QuotedPacket {
    var source: ConntrackAddress
    var destination: ConntrackAddress
    var protocolNumber: UInt8
    /// From the start of the quoted IP header.
    var transportOffset: Int

    init?(_ ip: UnsafeMutableRawPointer, length: Int, isIPv6: Bool) {
        if isIPv6 {
            guard let extensions = IPv6ExtensionHeaders(ip, length: length),
                !extensions.isFragment
            else { return nil }
            source = ConntrackAddress(ipv6: ip + 8)
            destination = ConntrackAddress(ipv6: ip + 24)
            protocolNumber = extensions.protocolNumber
            transportOffset = extensions.transportOffset
        } else {
            guard length >= 20 else { return nil }
            let header = IPv4Header(unchecked: ip)
            transportOffset = header.headerBytes
            guard transportOffset >= 20, transportOffset <= length, !header.isFragment else {
                return nil
            }
            source = ConntrackAddress(ipv4: header.source)
            destination = ConntrackAddress(ipv4: header.destination)
            protocolNumber = header.protocolNumber
        }
    }
}
