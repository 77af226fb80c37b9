// Helpers: FTP control connections announce data connections in their text, TFTP requests announce
// that the answer comes from another port. Where NAT rewrites the control connection, the addresses
// in its text are rewritten too, and from then on its sequence numbers are shifted by what the text
// grew or shrank.

import PacketBuffer
import Wire

extension TrackedPacket {
    /// The helper whose control port the packet uses, or that the request names for its protocol.
    func controlHelper(_ request: UnsafePointer<ConntrackRequest>) -> ConntrackHelper {
        switch protocolNumber {
        case IPProtocol.udp:
            let isTFTP =
                transport.network16(at: 2) == 69 || request.pointee.helper == .tftp
            return isTFTP ? .tftp : .none
        case IPProtocol.tcp:
            let isFTP =
                transport.network16(at: 0) == 21 || transport.network16(at: 2) == 21
                || request.pointee.helper == .ftp
            return isFTP ? .ftp : .none
        default:
            return .none
        }
    }
}

extension ConntrackTable {
    /// Runs the state machine on a packet whose sequence numbers may be shifted: the window is kept
    /// in the numbers of whoever wrote them.
    func updateWithSkew(
        _ context: inout ConntrackContext, _ tracked: inout TrackedPacket
    ) -> Bool {
        guard let index = context.index else { return true }
        let cold = cold(index)
        guard tracked.protocolNumber == IPProtocol.tcp, !tracked.isError,
            cold.pointee.sequenceSkew != 0, context.request.pointee.hasNAT
        else { return updateState(&context, tracked) }
        context.helper = .ftp
        // A message that announces something is shifted after its text was looked at.
        guard !isAnnouncement(tracked) else { return updateState(&context, tracked) }
        if context.isReply != cold.pointee.isSkewReply {
            shift(tracked, index, isReply: context.isReply)
            return updateState(&context, tracked)
        }
        let mustCreate = updateState(&context, tracked)
        if !mustCreate { shift(tracked, index, isReply: context.isReply) }
        return mustCreate
    }

    /// Shifts the sequence or acknowledgement number of a packet.
    private func shift(_ tracked: borrowing TrackedPacket, _ index: UInt32, isReply: Bool) {
        let skew = UInt32(bitPattern: cold(index).pointee.sequenceSkew)
        let tcp = tracked.tcp
        let isAcknowledgement = isReply != cold(index).pointee.isSkewReply
        let old = isAcknowledgement ? tcp.acknowledgement : tcp.sequence
        let new = isAcknowledgement ? old &- skew : old &+ skew
        if isAcknowledgement {
            tcp.acknowledgement = new
        } else {
            tcp.sequence = new
        }
        if !tracked.packet.needsChecksum {
            InternetChecksum.adjust(tracked.transport + 16, from: old, to: new)
        }
    }

    /// Looks at a packet of a control connection for what it announces.
    func watch(_ context: inout ConntrackContext, _ tracked: inout TrackedPacket) {
        guard let index = context.index, !tracked.isError else { return }
        let verdict = context.verdict
        guard verdict.pointee.state & ConntrackState.invalid == 0 else { return }
        let flags = hot(index).pointee.flags
        if context.helper == .tftp, flags & ConnectionFlags.helperTFTP != 0 {
            expect(index, port: cold(index).pointee.originalSourcePort, context)
            return
        }
        guard context.helper == .ftp, flags & ConnectionFlags.helperFTP != 0,
            tracked.protocolNumber == IPProtocol.tcp, isAnnouncement(tracked)
        else { return }
        let text = FTPText(tracked)
        guard let message = text.announcement(isIPv6: tracked.isIPv6),
            isOwnAddress(message, index, isReply: context.isReply, isIPv6: tracked.isIPv6)
        else {
            verdict.pointee.state |= ConntrackState.tracked | ConntrackState.invalid
            verdict.pointee.outcome = .badHelperMessage
            state.pointee.counters.badHelperMessage &+= 1
            return
        }
        expect(index, port: message.port, context)
        guard context.request.pointee.hasNAT else { return }
        var growth = 0
        if message.addressLength > 0, hot(index).pointee.natAction != 0 {
            growth = replaceAddress(message, index, context, &tracked)
        }
        let cold = cold(index)
        if cold.pointee.sequenceSkew != 0 { shift(tracked, index, isReply: context.isReply) }
        if growth != 0 {
            cold.pointee.sequenceSkew &+= Int32(truncatingIfNeeded: growth)
            cold.pointee.isSkewReply = context.isReply
        }
    }

    private func isAnnouncement(_ tracked: borrowing TrackedPacket) -> Bool {
        FTPText(tracked).isAnnouncement
    }

    /// The address in the text must be that of the end that speaks, or what NAT makes of it: a
    /// server must not be sent to somebody else's port.
    private func isOwnAddress(
        _ message: FTPAnnouncement, _ index: UInt32, isReply: Bool, isIPv6: Bool
    ) -> Bool {
        guard message.addressLength > 0 else { return true }
        let original = original(index)
        let reply = reply(index)
        return message.isActive
            ? message.address == original.source || message.address == reply.destination
            : message.address == reply.source || message.address == original.destination
    }

    /// Remembers the connection that a control connection announced.
    private func expect(_ index: UInt32, port: UInt16, _ context: borrowing ConntrackContext) {
        let hot = hot(index)
        let cold = cold(index)
        let isReply = context.verdict.pointee.state & ConntrackState.reply != 0
        let isDestinationNAT = hot.pointee.natAction & NATAction.destination != 0
        let original = original(index)
        let reply = reply(index)
        var tuple = original
        var rewritesDestination = isReply
        var replacement: ConntrackAddress
        if isReply {
            // The originator will connect to the responder, as it did for this connection.
            replacement = reply.destination
            if isDestinationNAT {
                replacement = reply.source
                rewritesDestination = false
            }
        } else {
            tuple = reply
            replacement = original.source
            if isDestinationNAT {
                replacement = original.destination
                rewritesDestination = true
            }
        }
        tuple.sourcePort = 0
        tuple.destinationPort = port
        state.pointee.expectations.add(
            Expectation(
                tuple: tuple, parent: original, replacement: replacement,
                labelHigh: cold.pointee.labelHigh, labelLow: cold.pointee.labelLow,
                mark: hot.pointee.mark, parentIndex: index,
                rewritesDestination: rewritesDestination, isUsed: true, next: 0, previous: 0),
            state.pointee.hash)
    }

    /// Puts the address that NAT shows to the other side into the text; returns by how much it
    /// grew.
    private func replaceAddress(
        _ message: FTPAnnouncement, _ index: UInt32, _ context: borrowing ConntrackContext,
        _ tracked: inout TrackedPacket
    ) -> Int {
        let address =
            message.isActive ? reply(index).destination : original(index).destination
        if message.address == address { return 0 }
        return withUnsafeTemporaryAllocation(byteCount: 64, alignment: 8) { buffer in
            guard let bytes = buffer.baseAddress else { return 0 }
            let count = AddressText.write(
                address, isIPv6: tracked.isIPv6,
                separator: message.usesCommas ? 0x2c : 0x2e, to: bytes)
            return tracked.replaceText(
                at: message.addressOffset, count: message.addressLength, with: bytes,
                count: count)
        }
    }
}

extension TrackedPacket {
    /// Replaces bytes of the TCP payload, mending lengths and checksums; returns by how much it
    /// grew, zero when there was no room and nothing was done.
    mutating func replaceText(
        at offset: Int, count old: Int, with bytes: UnsafeRawPointer, count new: Int
    ) -> Int {
        let growth = new &- old
        let start = packet.l3Offset
        // Padding behind the datagram goes, and comes back where the frame needs it.
        guard packet.trim(to: start &+ ipLength) else { return 0 }
        if growth > 0, packet.append(growth) == nil || ipLength &+ growth > 0xffff { return 0 }
        let tail = transport + tcp.headerBytes + offset
        let rest = (ip + ipLength) - (tail + old)
        (tail + new).copyMemory(from: tail + old, byteCount: rest)
        tail.copyMemory(from: bytes, byteCount: new)
        if growth < 0 { packet.trim(to: start &+ ipLength &+ growth) }
        ipLength &+= growth
        transportLength &+= growth
        if isIPv6 {
            let header = IPv6Header(unchecked: ip)
            header.payloadLength &+= growth
        } else {
            let header = IPv4Header(unchecked: ip)
            header.totalLength = ipLength
        }
        if packet.needsChecksum {
            tcp.checksum = TransportChecksum.partial(
                ip: ip, isIPv6: isIPv6, protocol: protocolNumber, length: transportLength)
        } else {
            tcp.checksum = 0
            tcp.checksum = TransportChecksum.compute(
                transport, length: transportLength, ip: ip, isIPv6: isIPv6,
                protocol: protocolNumber)
        }
        return growth
    }
}
