// The TCP state machine and window check, behaving as Open vSwitch's (which is pf's): every segment
// must lie in the window that both ends have opened, with scaling; resets must be exact; a
// mid-stream pick-up is allowed and assumes the largest scaling until the window is learnt; a SYN
// on a closed connection reopens.

import Wire

/// What the window check needs of a segment.
@usableFromInline
struct TCPSegment {
    var flags: UInt16
    var sequence: UInt32
    var acknowledgement: UInt32
    var window: UInt32
    var payloadLength: UInt32

    init(_ tracked: borrowing TrackedPacket) {
        let tcp = tracked.tcp
        flags = tcp.flags
        sequence = tcp.sequence
        acknowledgement = tcp.acknowledgement
        window = UInt32(tcp.window)
        payloadLength = UInt32(truncatingIfNeeded: tracked.tcpPayloadLength)
    }

    func has(_ flag: UInt16) -> Bool { flags & flag != 0 }
}

extension ConntrackTable {
    /// How far an acknowledgement or a late segment may stray: the largest unscaled window and a
    /// packet.
    @usableFromInline static var ackSlack: Int32 { 0xffff + 1500 }
    static var scaleMax: UInt8 { 14 }

    /// Combinations of flags that no sound stack sends.
    static func isInvalidTCP(_ flags: UInt16) -> Bool {
        let needsAck = TCPFlags.fin | TCPFlags.psh | TCPFlags.urg
        if flags & TCPFlags.syn != 0 {
            if flags & (TCPFlags.rst | TCPFlags.fin) != 0 { return true }
        } else if flags & (TCPFlags.ack | TCPFlags.rst) == 0 {
            return true
        }
        return flags & TCPFlags.ack == 0 && flags & needsAck != 0
    }

    func beginTCP(_ index: UInt32, _ tracked: borrowing TrackedPacket, now: UInt64) {
        let segment = TCPSegment(tracked)
        let hot = hot(index)
        var low = TCPPeer(
            sequenceLow: segment.sequence,
            sequenceHigh: segment.sequence &+ segment.payloadLength &+ 1, windowMax: 1,
            windowScale: 0, reserved: 0)
        var high = TCPPeer(
            sequenceLow: 0, sequenceHigh: 1, windowMax: 1, windowScale: 0, reserved: 0)
        var window = max(segment.window, 1)
        if segment.has(TCPFlags.syn) {
            low.sequenceHigh &+= 1
            low.windowScale = ConntrackTable.scale(of: tracked.tcp)
            // The window of a SYN is not scaled, those that follow are.
            let shift = UInt32(low.windowScale & TCPPeer.shiftMask)
            window = (window &+ (1 << shift) &- 1) >> shift
        } else {
            low.windowScale = TCPPeer.windowScaleUnknown
            high.windowScale = TCPPeer.windowScaleUnknown
        }
        if segment.has(TCPFlags.fin) { low.sequenceHigh &+= 1 }
        low.windowMax = UInt16(truncatingIfNeeded: window)
        hot.pointee.originator = low
        hot.pointee.responder = high
        hot.pointee.state0 = TCPState.synSent
        hot.pointee.state1 = TCPState.closed
        setExpiry(index, .tcpSynSent, now: now)
    }

    /// The window scale of a SYN as a peer keeps it, zero when it has none.
    private static func scale(of tcp: TCPHeader) -> UInt8 {
        let options = TCPOptions(tcp)
        return options.hasWindowScale ? options.windowScale | TCPPeer.windowScaleKnown : 0
    }

    func updateTCP(
        _ index: UInt32, _ tracked: borrowing TrackedPacket, isReply: Bool, now: UInt64
    ) -> ConntrackUpdate {
        let segment = TCPSegment(tracked)
        guard !ConntrackTable.isInvalidTCP(segment.flags) else {
            state.pointee.counters.invalidTCPFlags &+= 1
            return .invalid
        }
        let hot = hot(index)
        var pair = TCPPair(hot, isReply: isReply)
        if segment.flags & (TCPFlags.syn | TCPFlags.ack) == TCPFlags.syn {
            if pair.senderState >= TCPState.finWait2 && pair.receiverState >= TCPState.finWait2 {
                return .reopen
            }
            if pair.senderState <= TCPState.synSent {
                pair.senderState = TCPState.synSent
                pair.store(hot, isReply: isReply)
                setExpiry(index, .tcpSynSent, now: now)
                return .beginning
            }
        }
        let before = (hot.pointee.state0, hot.pointee.state1)
        let isInside = pair.judge(
            segment, tracked.tcp, isChecked: state.pointee.checksTCPSequence)
        switch isInside {
        case .inside:
            pair.advance(segment)
            pair.changeState(segment)
            pair.store(hot, isReply: isReply)
            setExpiry(index, pair.timeout, now: now)
        case .loose:
            pair.advance(segment)
            pair.changeStateLoosely(segment)
            pair.store(hot, isReply: isReply)
        case .outside:
            // What was learnt of an end's first segment is kept even so.
            pair.store(hot, isReply: isReply)
            state.pointee.counters.outOfWindow &+= 1
            return .invalid
        }
        if before != (hot.pointee.state0, hot.pointee.state1) {
            if hot.pointee.state0 >= TCPState.established
                && hot.pointee.state1 >= TCPState.established
            {
                settle(index)
            }
        }
        return .valid
    }
}
