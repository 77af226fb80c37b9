// Rewriting packets as NAT wants it: addresses and ports, all checksums by increments, partial
// checksums as their sender left them, and for an ICMP error the packet that it quotes as well.

import Flow
import PacketBuffer
import Wire

/// New addresses and ports of a packet; what is nil stays.
@usableFromInline
struct NATRewrite {
    var source: ConntrackAddress?
    var destination: ConntrackAddress?
    var sourcePort: UInt16
    var destinationPort: UInt16
}

extension ConntrackTable {
    /// What a packet of a direction gets.
    func rewriting(_ index: UInt32, isReply: Bool) -> NATRewrite {
        let hot = hot(index)
        let action = hot.pointee.natAction
        let actual = isReply ? NATAction.reversed(action) : action
        let tuple = isReply ? original(index) : reply(index)
        // The packet becomes the reverse of the other direction's tuple.
        return NATRewrite(
            source: actual & NATAction.source != 0 ? tuple.destination : nil,
            destination: actual & NATAction.source == 0 ? tuple.source : nil,
            sourcePort: tuple.destinationPort, destinationPort: tuple.sourcePort)
    }

    /// Applies the connection's NAT to a packet, unless an earlier action in this zone did.
    func applyNAT(_ context: inout ConntrackContext, _ tracked: inout TrackedPacket) {
        guard let index = context.index, hot(index).pointee.natAction != 0 else { return }
        let verdict = context.verdict
        if verdict.pointee.state & ConntrackState.anyNAT != 0 {
            guard verdict.pointee.zone != context.request.pointee.zone else { return }
            verdict.pointee.state &= ~ConntrackState.anyNAT
        }
        rewrite(index, isReply: context.isReply, context, &tracked)
    }

    /// Rewrites a packet, its key and its state.
    func rewrite(
        _ index: UInt32, isReply: Bool, _ context: borrowing ConntrackContext,
        _ tracked: inout TrackedPacket
    ) {
        let rewriting = rewriting(index, isReply: isReply)
        context.verdict.pointee.state |=
            rewriting.source != nil ? ConntrackState.sourceNAT : ConntrackState.destinationNAT
        context.verdict.pointee.didRewrite = true
        tracked.rewrite(rewriting)
        let key = context.key
        if let source = rewriting.source {
            if tracked.isIPv6 {
                source.storeIPv6(to: key.base + FlowLayout.ipv6Source)
            } else {
                key.store32(source.ipv4, at: FlowLayout.ipv4Source)
            }
        }
        if let destination = rewriting.destination {
            if tracked.isIPv6 {
                destination.storeIPv6(to: key.base + FlowLayout.ipv6Destination)
            } else {
                key.store32(destination.ipv4, at: FlowLayout.ipv4Destination)
            }
        }
        if !tracked.isError && ConntrackTable.hasPorts(tracked.protocolNumber) {
            key.store16(rewriting.sourcePort, at: FlowLayout.l4Source)
            key.store16(rewriting.destinationPort, at: FlowLayout.l4Destination)
        }
    }

    @inlinable
    static func hasPorts(_ number: UInt8) -> Bool {
        number == IPProtocol.tcp || number == IPProtocol.udp || number == IPProtocol.sctp
    }

    /// Rewrites a packet of a known flow as the connection's NAT wants it: what a record's path
    /// does instead of `execute`. The packet was parsed on this turn; ICMP errors do not come here.
    ///
    /// - Parameter isIPv6: the family of the packet at `packet.l3Offset`.
    /// - Returns: false, and nothing done, when the packet is too short.
    public func natRewrite(
        _ index: UInt32, isReply: Bool, packet: PacketBuffer, isIPv6: Bool
    ) -> Bool {
        let offset = packet.l3Offset
        let transportOffset = packet.l4Offset
        guard offset >= 0, transportOffset >= offset &+ (isIPv6 ? 40 : 20),
            transportOffset <= packet.length, hot(index).pointee.natAction != 0
        else { return false }
        let ip = packet.data + offset
        var tracked = TrackedPacket(
            packet, ip: ip, ipLength: packet.length &- offset,
            transport: packet.data + transportOffset,
            transportLength: packet.length &- transportOffset, isIPv6: isIPv6,
            protocolNumber: hot(index).pointee.protocolNumber)
        tracked.rewrite(rewriting(index, isReply: isReply))
        return true
    }
}

extension TrackedPacket {
    /// A packet whose headers were checked elsewhere.
    init(
        _ packet: PacketBuffer, ip: UnsafeMutableRawPointer, ipLength: Int,
        transport: UnsafeMutableRawPointer, transportLength: Int, isIPv6: Bool,
        protocolNumber: UInt8
    ) {
        self.packet = packet
        self.ip = ip
        self.ipLength = ipLength
        self.transport = transport
        self.transportLength = transportLength
        self.isIPv6 = isIPv6
        self.protocolNumber = protocolNumber
    }

    /// The packet's transport checksum is partial.
    private var isPartial: Bool {
        packet.needsChecksum && packet.data + packet.checksumStart == transport
    }

    mutating func rewrite(_ new: NATRewrite) {
        let outer = RewriteTarget(
            ip: ip, transport: transport, transportLength: transportLength, isIPv6: isIPv6,
            protocolNumber: protocolNumber, isPartial: isPartial)
        if let source = new.source { outer.setAddress(source, isSource: true) }
        if let destination = new.destination { outer.setAddress(destination, isSource: false) }
        guard isError else {
            outer.setPorts(source: new.sourcePort, destination: new.destinationPort)
            return
        }
        rewriteQuoted(new)
    }

    /// The quoted packet went the other way, so the same addresses stand in it the other way round.
    private func rewriteQuoted(_ new: NATRewrite) {
        let quoted = transport + 8
        let length = transportLength &- 8
        guard let head = QuotedPacket(quoted, length: length, isIPv6: isIPv6) else { return }
        let inner = RewriteTarget(
            ip: quoted, transport: quoted + head.transportOffset,
            transportLength: length &- head.transportOffset, isIPv6: isIPv6,
            protocolNumber: head.protocolNumber, isPartial: false)
        inner.setPorts(source: new.destinationPort, destination: new.sourcePort)
        if let source = new.source { inner.setAddress(source, isSource: false) }
        if let destination = new.destination { inner.setAddress(destination, isSource: true) }
        transport.setNetwork16(0, at: 2)
        let checksum =
            isIPv6
            ? TransportChecksum.compute(
                transport, length: transportLength, ip: ip, isIPv6: true,
                protocol: IPProtocol.icmpv6)
            : InternetChecksum.checksum(transport, count: transportLength)
        transport.setNetwork16(checksum, at: 2)
    }
}

/// One IP header and the transport header behind it, of which only the first bytes may be there.
struct RewriteTarget {
    var ip: UnsafeMutableRawPointer
    var transport: UnsafeMutableRawPointer
    var transportLength: Int
    var isIPv6: Bool
    var protocolNumber: UInt8
    var isPartial: Bool

    /// Offset of the checksum field that covers the addresses; negative when there is none.
    private var checksumOffset: Int {
        switch protocolNumber {
        case IPProtocol.tcp: transportLength >= 18 ? 16 : -1
        case IPProtocol.udp: transportLength >= 8 ? 6 : -1
        case IPProtocol.icmpv6 where isIPv6: transportLength >= 4 ? 2 : -1
        default: -1
        }
    }

    func setAddress(_ address: ConntrackAddress, isSource: Bool) {
        if isIPv6 {
            let field = ip + (isSource ? 8 : 24)
            let old = ConntrackAddress(ipv6: field)
            let removed = RewriteTarget.folded(old)
            let added = RewriteTarget.folded(address)
            adjust(from: removed, to: added)
            address.storeIPv6(to: field)
            return
        }
        let header = IPv4Header(unchecked: ip)
        let old = isSource ? header.source : header.destination
        let removed = UInt32(old >> 16) &+ (old & 0xffff)
        let added = UInt32(address.ipv4 >> 16) &+ (address.ipv4 & 0xffff)
        adjust(from: RewriteTarget.fold16(removed), to: RewriteTarget.fold16(added))
        if isSource {
            header.source = address.ipv4
        } else {
            header.destination = address.ipv4
        }
    }

    private static func fold16(_ sum: UInt32) -> UInt16 {
        UInt16(truncatingIfNeeded: (sum & 0xffff) &+ (sum >> 16))
    }

    /// The one's complement sum of an IPv6 address in host order.
    private static func folded(_ address: ConntrackAddress) -> UInt16 {
        let sum =
            (address.word0 & 0xffff_ffff) &+ (address.word0 >> 32)
            &+ (address.word1 & 0xffff_ffff) &+ (address.word1 >> 32)
        return UInt16(bigEndian: InternetChecksum.fold(sum))
    }

    /// Updates the transport checksum for a changed part of the pseudo-header.
    private func adjust(from old: UInt16, to new: UInt16) {
        let offset = checksumOffset
        guard offset >= 0 else { return }
        let field = transport.network16(at: offset)
        if isPartial {
            transport.setNetwork16(
                ~InternetChecksum.update(~field, from: old, to: new), at: offset)
            return
        }
        let isUDP = protocolNumber == IPProtocol.udp
        if isUDP && field == 0 { return }
        let updated = InternetChecksum.update(field, from: old, to: new)
        transport.setNetwork16(updated == 0 && isUDP ? 0xffff : updated, at: offset)
    }

    /// Sets the ports, with the checksum where it is there.
    func setPorts(source: UInt16, destination: UInt16) {
        guard ConntrackTable.hasPorts(protocolNumber), transportLength >= 4 else { return }
        let oldSource = transport.network16(at: 0)
        let oldDestination = transport.network16(at: 2)
        if oldSource == source && oldDestination == destination { return }
        let isSCTP = protocolNumber == IPProtocol.sctp
        let before = isSCTP ? CRC32C.sctp(transport, count: transportLength) : 0
        transport.setNetwork16(source, at: 0)
        transport.setNetwork16(destination, at: 2)
        if isSCTP {
            guard transportLength >= 12 else { return }
            // A wrong checksum stays wrong.
            let header = SCTPHeader(unchecked: transport)
            header.checksum ^= before ^ CRC32C.sctp(transport, count: transportLength)
        } else if !isPartial {
            // A partial checksum does not cover the ports yet.
            adjust(from: oldSource, to: source)
            adjust(from: oldDestination, to: destination)
        }
    }
}
