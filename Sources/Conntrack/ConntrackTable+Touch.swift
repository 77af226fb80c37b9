// Level 1: a packet of a known flow. One cache line, no calls, no look at the packet's bytes beyond
// what the parser already knows. Whatever is not plain traffic within the window goes to level 2.

import Bounded
import Wire

/// What `touch` needs to know of a packet; the parser has it at hand.
///
/// **Shape**: 16 bytes. All zero for protocols other than TCP.
@frozen public struct ConntrackPacketFacts: Sendable {
    public var sequence: UInt32
    public var acknowledgement: UInt32
    public var payloadLength: UInt32
    public var window: UInt16
    public var tcpFlags: UInt16

    @inlinable @inline(always)
    public init() {
        sequence = 0
        acknowledgement = 0
        payloadLength = 0
        window = 0
        tcpFlags = 0
    }

    /// The facts of a TCP header whose length was checked; `payloadLength` counts bytes behind its
    /// options.
    @inlinable @inline(always)
    public init(_ tcp: TCPHeader, payloadLength: Int) {
        sequence = tcp.sequence
        acknowledgement = tcp.acknowledgement
        self.payloadLength = UInt32(truncatingIfNeeded: payloadLength)
        window = tcp.window
        tcpFlags = tcp.flags
    }
}

extension ConntrackTable {
    /// Lets a packet of a known connection through and moves its window and expiry on.
    ///
    /// False means that level 2 must judge the packet: the connection changed or ended since
    /// `generation` was noted, the packet is a SYN, FIN or RST, lies outside the window, answers
    /// for the first time, or a helper watches the connection. Nothing was changed then.
    ///
    /// - Parameters:
    ///   - index, generation, isReply: as `ConntrackVerdict` gave them for the flow.
    ///   - now: milliseconds of the table's clock.
    @inlinable @inline(always)
    public func touch(
        _ index: UInt32, generation: UInt32, isReply: Bool, facts: ConntrackPacketFacts,
        now: UInt64
    ) -> Bool {
        let hot = hot(index)
        let isShared = state.pointee.isShared
        guard hot.pointee.generation == generation else { return false }
        if isShared { SpinLock(UnsafeMutableRawPointer(hot) + 12).lock() }
        let isPassed = advance(
            hot, generation: generation, isReply: isReply, facts: facts, now: now)
        if isShared { SpinLock(UnsafeMutableRawPointer(hot) + 12).unlock() }
        return isPassed
    }

    @inlinable @inline(always)
    func advance(
        _ hot: UnsafeMutablePointer<ConnectionHot>, generation: UInt32, isReply: Bool,
        facts: ConntrackPacketFacts, now: UInt64
    ) -> Bool {
        guard hot.pointee.generation == generation, now < hot.pointee.expiryMilliseconds,
            hot.pointee.flags & ConnectionFlags.helpers == 0
        else { return false }
        if hot.pointee.protocolNumber == IPProtocol.tcp {
            guard hot.pointee.state0 == TCPState.established,
                hot.pointee.state1 == TCPState.established,
                facts.tcpFlags
                    & (TCPFlags.syn | TCPFlags.fin | TCPFlags.rst | TCPFlags.ack)
                    == TCPFlags.ack
            else { return false }
            let isInside =
                isReply
                ? ConntrackTable.slide(
                    &hot.pointee.responder, &hot.pointee.originator, facts,
                    isChecked: state.pointee.checksTCPSequence)
                : ConntrackTable.slide(
                    &hot.pointee.originator, &hot.pointee.responder, facts,
                    isChecked: state.pointee.checksTCPSequence)
            guard isInside else { return false }
        } else {
            let flow = hot.pointee.state0
            guard hot.pointee.protocolNumber != IPProtocol.sctp,
                flow == FlowState.bidirectional || (flow == FlowState.multiple && !isReply)
            else { return false }
        }
        hot.pointee.expiryMilliseconds = now &+ UInt64(hot.pointee.timeoutSeconds) &* 1000
        return true
    }

    /// The window check of `TCPPair` for a plain segment between established ends.
    @inlinable @inline(always)
    static func slide(
        _ sender: inout TCPPeer, _ receiver: inout TCPPeer, _ facts: ConntrackPacketFacts,
        isChecked: Bool
    ) -> Bool {
        let scales = sender.windowScale & receiver.windowScale
        let isKnown = scales & TCPPeer.windowScaleKnown != 0
        let isUnknown = scales & TCPPeer.windowScaleUnknown != 0
        let senderShift: UInt32 =
            isKnown ? UInt32(sender.windowScale & TCPPeer.shiftMask) : isUnknown ? 14 : 0
        let receiverShift: UInt32 =
            isKnown ? UInt32(receiver.windowScale & TCPPeer.shiftMask) : isUnknown ? 14 : 0
        let low = sender.sequenceLow
        let hasData = facts.payloadLength != 0
        let sequence = hasData ? facts.sequence : low
        let end = hasData ? facts.sequence &+ facts.payloadLength : low
        let skew = Int32(bitPattern: receiver.sequenceLow &- facts.acknowledgement)
        let slack = ConntrackTable.ackSlack
        let reach = UInt32(receiver.windowMax) &<< receiverShift
        let isInside =
            Int32(bitPattern: sender.sequenceHigh &- end) >= 0
            && Int32(bitPattern: sequence &- (low &- reach)) >= 0
            && skew >= 0 &- slack && Int64(skew) <= Int64(slack) &<< Int64(senderShift)
        guard isInside || !isChecked else { return false }
        if sender.windowMax < facts.window { sender.windowMax = facts.window }
        if Int32(bitPattern: end &- low) > 0 { sender.sequenceLow = end }
        let opened = UInt32(facts.window) &<< senderShift
        let edge = facts.acknowledgement &+ opened
        if Int32(bitPattern: edge &- receiver.sequenceHigh) >= 0 {
            receiver.sequenceHigh = facts.acknowledgement &+ (opened > 0 ? opened : 1)
        }
        return true
    }

    /// Adds what flow records counted for a connection since they were last swept. Level 2 counts
    /// its own.
    ///
    /// **Owner**: any thread that holds a record of the connection; adds are not atomic, so call it
    /// with the generation just checked, from one thread a direction.
    @inlinable
    public func credit(_ index: UInt32, isReply: Bool, packets: UInt64, bytes: UInt64) {
        let cold = cold(index)
        if isReply {
            cold.pointee.replyPackets &+= packets
            cold.pointee.replyBytes &+= bytes
        } else {
            cold.pointee.originalPackets &+= packets
            cold.pointee.originalBytes &+= bytes
        }
    }
}
