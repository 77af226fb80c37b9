// Whether a packet's checksums are known to be right before any state moves: the device says so,
// the sender has yet to complete them, or they are checked here, once a packet.

import PacketBuffer
import Wire

extension PacketBuffer {
    /// Whether somebody vouches for the checksums of a whole IP packet, and if nobody does, whether
    /// they are right; then the packet says so from now on.
    ///
    /// - Parameters:
    ///   - network: offset of the IP header, whose length was checked.
    ///   - transport: offset of the header behind it and its extensions.
    ///   - end: offset of the end of the datagram, within the packet.
    @inlinable @inline(always)
    public func isVouchedFor(
        network: Int, transport: Int, end: Int, isIPv6: Bool, protocol number: UInt8
    ) -> Bool {
        let flags = metadata.pointee.flags.rawValue
        if flags & (PacketFlags.needsChecksum.rawValue | PacketFlags.checksumValid.rawValue) != 0 {
            return true
        }
        return flags & PacketFlags.checksumBad.rawValue == 0
            && hasRightChecksums(
                network: network, transport: transport, end: end, isIPv6: isIPv6, protocol: number)
    }

    @inlinable @inline(never)
    func hasRightChecksums(
        network: Int, transport: Int, end: Int, isIPv6: Bool, protocol number: UInt8
    ) -> Bool {
        let ip = data + network
        if !isIPv6 && !IPv4Header(unchecked: ip).isChecksumValid { return false }
        guard
            PacketBuffer.hasRightChecksum(
                data + transport, length: end &- transport, ip: ip, isIPv6: isIPv6,
                protocol: number)
        else { return false }
        metadata.pointee.flags.add(.checksumValid)
        return true
    }

    /// Whether the checksum of `length` bytes of a transport protocol is right or not used.
    @inlinable
    static func hasRightChecksum(
        _ transport: UnsafeMutableRawPointer, length: Int, ip: UnsafeMutableRawPointer,
        isIPv6: Bool, protocol number: UInt8
    ) -> Bool {
        switch number {
        case IPProtocol.icmp where !isIPv6:
            return InternetChecksum.checksum(transport, count: length) == 0
        case IPProtocol.udp where !isIPv6 && transport.network16(at: 6) == 0:
            return true
        case IPProtocol.tcp, IPProtocol.udp, IPProtocol.icmpv6:
            return TransportChecksum.isValid(
                transport, length: length, ip: ip, isIPv6: isIPv6, protocol: number)
        default:
            return true
        }
    }
}
