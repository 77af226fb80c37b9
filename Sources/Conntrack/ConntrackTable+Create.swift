// A packet without connection: whether it may begin one, and the making of it.

import Wire

extension ConntrackTable {
    /// Judges a packet that has no connection, and creates one where the request commits. On any
    /// refusal the packet keeps the state NEW, and `outcome` says why nothing was made.
    func create(
        _ context: inout ConntrackContext, _ tracked: inout TrackedPacket,
        _ expectation: UnsafePointer<Expectation>?
    ) {
        let verdict = context.verdict
        let request = context.request
        context.index = nil
        guard canBegin(tracked) else {
            verdict.pointee.state = ConntrackState.invalid
            verdict.pointee.outcome = .badNew
            state.pointee.counters.invalidNew &+= 1
            return
        }
        verdict.pointee.state = ConntrackState.new
        if expectation != nil { verdict.pointee.state |= ConntrackState.related }
        guard request.pointee.commit || request.pointee.force else { return }
        let refused = refusal(request, zone: request.pointee.zone)
        guard refused == .done else {
            verdict.pointee.outcome = refused
            return
        }
        guard let index = takeSlot() else {
            verdict.pointee.outcome = .tableFull
            state.pointee.counters.tableFull &+= 1
            return
        }
        fill(index, context, tracked)
        if let expectation, !inherit(index, expectation.pointee) {
            giveSlots(index)
            verdict.pointee.outcome = .tableFull
            state.pointee.counters.tableFull &+= 1
            return
        }
        if request.pointee.hasNAT && request.pointee.nat.action != 0 {
            guard chooseNAT(index, context, expectation) else {
                giveSlots(index)
                verdict.pointee.outcome = .natExhausted
                state.pointee.counters.natExhausted &+= 1
                return
            }
        }
        let hash = context.absentHash ?? tracked.tuple.hash(state.pointee.hash)
        guard enter(index, hash: hash) else {
            giveSlots(index)
            verdict.pointee.outcome = .tableFull
            state.pointee.counters.tableFull &+= 1
            return
        }
        context.index = index
        context.isReply = false
        verdict.pointee.didCreate = true
        if hot(index).pointee.natAction != 0 {
            rewrite(index, isReply: false, context, &tracked)
        }
    }

    /// Whether the packet may be the first of a connection.
    private func canBegin(_ tracked: borrowing TrackedPacket) -> Bool {
        switch tracked.protocolNumber {
        case IPProtocol.tcp:
            let flags = tracked.tcp.flags
            guard !ConntrackTable.isInvalidTCP(flags) else {
                state.pointee.counters.invalidTCPFlags &+= 1
                return false
            }
            // A whole new connection or one that was there before us, but not one that is half
            // open.
            let handshake = TCPFlags.syn | TCPFlags.ack
            return flags & handshake != handshake
        case IPProtocol.icmp where !tracked.isIPv6:
            let type = tracked.transport.network8(at: 0)
            return type == ICMPType.echoRequest || type == ICMPType.timestamp
                || type == ICMPType.informationRequest
        case IPProtocol.icmpv6 where tracked.isIPv6:
            return tracked.transport.network8(at: 0) == ICMPv6Type.echoRequest
        case IPProtocol.sctp:
            return ConntrackTable.canBeginSCTP(tracked)
        default:
            return true
        }
    }

    /// Fills tuples, helper and protocol state of a new connection.
    private func fill(
        _ index: UInt32, _ context: borrowing ConntrackContext,
        _ tracked: borrowing TrackedPacket
    ) {
        let request = context.request
        let hot = hot(index)
        let cold = cold(index)
        let tuple = tracked.tuple
        hot.pointee.zone = tuple.zone
        hot.pointee.protocolNumber = tuple.protocolNumber
        if tuple.isIPv6 { hot.pointee.flags |= ConnectionFlags.isIPv6 }
        cold.pointee.originalSource = tuple.source
        cold.pointee.originalDestination = tuple.destination
        cold.pointee.originalSourcePort = tuple.sourcePort
        cold.pointee.originalDestinationPort = tuple.destinationPort
        cold.pointee.identifier = tuple.identifier
        cold.pointee.timeoutPolicy = request.pointee.timeoutPolicy
        cold.pointee.ownerPort = request.pointee.ownerPort
        cold.pointee.policyVersion = request.pointee.policyVersion
        cold.pointee.createdSeconds = UInt32(truncatingIfNeeded: context.now / 1000)
        if request.pointee.helper == context.helper {
            switch context.helper {
            case .none: break
            case .ftp: hot.pointee.flags |= ConnectionFlags.helperFTP
            case .tftp: hot.pointee.flags |= ConnectionFlags.helperTFTP
            }
        }
        switch tuple.protocolNumber {
        case IPProtocol.tcp: beginTCP(index, tracked, now: context.now)
        case IPProtocol.sctp: beginSCTP(index, tracked, now: context.now)
        default: beginFlow(index, isICMP: tuple.isICMP, now: context.now)
        }
    }

    /// Takes over what the connection that announced this one left; false when no line is left.
    private func inherit(_ index: UInt32, _ expectation: Expectation) -> Bool {
        let hot = hot(index)
        let cold = cold(index)
        hot.pointee.flags |= ConnectionFlags.related
        hot.pointee.mark = expectation.mark
        cold.pointee.labelHigh = expectation.labelHigh
        cold.pointee.labelLow = expectation.labelLow
        guard let number = state.pointee.extensions.keep(expectation.parent) else { return false }
        cold.pointee.announcement = number
        return true
    }
}
