// Both ends of a TCP connection as one segment sees them: who sent it and who will get it. The
// window check works on this copy, which is stored back when the segment is let through.

import Wire

/// How a segment lies to the windows.
enum TCPPosition {
    case inside
    /// Outside, but so little and at such a time (before both ends are known, or after the close)
    /// that it is let through without prolonging the connection.
    case loose
    case outside
}

/// Sender and receiver of one segment.
struct TCPPair {
    var sender: TCPPeer
    var receiver: TCPPeer
    var senderState: UInt8
    var receiverState: UInt8
    // What `judge` worked out for `advance`.
    private var end: UInt32 = 0
    private var acknowledgement: UInt32 = 0
    private var window: UInt32 = 0
    private var senderShift: UInt32 = 0

    init(_ hot: UnsafePointer<ConnectionHot>, isReply: Bool) {
        sender = isReply ? hot.pointee.responder : hot.pointee.originator
        receiver = isReply ? hot.pointee.originator : hot.pointee.responder
        senderState = isReply ? hot.pointee.state1 : hot.pointee.state0
        receiverState = isReply ? hot.pointee.state0 : hot.pointee.state1
    }

    func store(_ hot: UnsafeMutablePointer<ConnectionHot>, isReply: Bool) {
        hot.pointee.originator = isReply ? receiver : sender
        hot.pointee.responder = isReply ? sender : receiver
        hot.pointee.state0 = isReply ? receiverState : senderState
        hot.pointee.state1 = isReply ? senderState : receiverState
    }

    /// `first` is at or after `second`, modulo 2^32.
    private static func isAtOrAfter(_ first: UInt32, _ second: UInt32) -> Bool {
        Int32(bitPattern: first &- second) >= 0
    }

    /// Places a segment in the windows.
    ///
    /// **Source**: Guido van Rooij, "Real Stateful TCP Packet Filtering in IP Filter".
    mutating func judge(_ segment: TCPSegment, _ tcp: TCPHeader, isChecked: Bool) -> TCPPosition {
        window = segment.window
        var receiverShift: UInt32 = 0
        senderShift = 0
        if !segment.has(TCPFlags.syn) {
            let scales = sender.windowScale & receiver.windowScale
            if scales & TCPPeer.windowScaleKnown != 0 {
                senderShift = UInt32(sender.windowScale & TCPPeer.shiftMask)
                receiverShift = UInt32(receiver.windowScale & TCPPeer.shiftMask)
            } else if scales & TCPPeer.windowScaleUnknown != 0 {
                senderShift = UInt32(ConntrackTable.scaleMax)
                receiverShift = UInt32(ConntrackTable.scaleMax)
            }
        }
        var sequence = segment.sequence
        end = sequence &+ segment.payloadLength
        if segment.has(TCPFlags.syn) { end &+= 1 }
        if segment.has(TCPFlags.fin) { end &+= 1 }
        acknowledgement = segment.acknowledgement
        var checksSkew = true
        if senderState < TCPState.synSent {
            if segment.has(TCPFlags.syn) { receiverShift = learnScale(tcp) }
            checksSkew = !meet(segment, receiverShift: receiverShift)
        }
        let isReset = segment.has(TCPFlags.rst)
        if !segment.has(TCPFlags.ack) || (acknowledgement == 0 && isReset) {
            // Nothing is acknowledged, or a stack reset without saying what: let it pass this
            // check.
            acknowledgement = receiver.sequenceLow
        }
        if sequence == end {
            // No data: its place does not matter.
            sequence = sender.sequenceLow
            end = sequence
        }
        if !isChecked { return .inside }
        return place(
            segment, sequence: sequence, receiverShift: receiverShift, checksSkew: checksSkew)
    }

    private func place(
        _ segment: TCPSegment, sequence: UInt32, receiverShift: UInt32, checksSkew: Bool
    ) -> TCPPosition {
        let slack = ConntrackTable.ackSlack
        let skew =
            checksSkew ? Int32(bitPattern: receiver.sequenceLow &- acknowledgement) : 0
        let low = sender.sequenceLow
        let reach = UInt32(receiver.windowMax) << receiverShift
        // Resets must hit the next byte, or one to either side of it.
        let isExact =
            !segment.has(TCPFlags.rst) || segment.sequence == low
            || segment.sequence == low &+ 1 || segment.sequence &+ 1 == low
        if TCPPair.isAtOrAfter(sender.sequenceHigh, end),
            TCPPair.isAtOrAfter(sequence, low &- reach), skew >= -slack,
            Int64(skew) <= Int64(slack) << Int64(senderShift), isExact
        {
            return .inside
        }
        let isUnsettled =
            receiverState < TCPState.synSent || receiverState >= TCPState.finWait2
            || senderState >= TCPState.finWait2
        if isUnsettled,
            TCPPair.isAtOrAfter(sender.sequenceHigh &+ UInt32(bitPattern: slack), end),
            TCPPair.isAtOrAfter(sequence, low &- UInt32(bitPattern: slack))
        {
            return .loose
        }
        return .outside
    }

    /// The first SYN of this end settles whether windows are scaled; returns the receiver's shift.
    private mutating func learnScale(_ tcp: TCPHeader) -> UInt32 {
        guard receiver.windowScale & TCPPeer.windowScaleKnown != 0 else { return 0 }
        let options = TCPOptions(tcp)
        let shift = UInt32(receiver.windowScale & TCPPeer.shiftMask)
        if options.hasWindowScale {
            sender.windowScale = options.windowScale | TCPPeer.windowScaleKnown
            senderShift = UInt32(options.windowScale)
            window = (window &+ (1 << senderShift) &- 1) >> senderShift
            return shift
        }
        // This end does not scale, so the other must not either.
        sender.windowScale = 0
        receiver.windowMax = UInt16(truncatingIfNeeded: UInt32(receiver.windowMax) << shift)
        receiver.windowScale = 0
        return 0
    }

    /// The first segment from this end. True when its window had to be opened anew, as when a
    /// connection is picked up; then nothing can be said of what it acknowledges.
    private mutating func meet(_ segment: TCPSegment, receiverShift: UInt32) -> Bool {
        sender.sequenceLow = segment.sequence
        senderState = TCPState.synSent
        let edge = end &+ max(1, UInt32(receiver.windowMax) << receiverShift)
        var didOpen = false
        if sender.sequenceHigh == 1 || TCPPair.isAtOrAfter(edge, sender.sequenceHigh) {
            sender.sequenceHigh = edge
            didOpen = true
        }
        if window > UInt32(sender.windowMax) {
            sender.windowMax = UInt16(truncatingIfNeeded: window)
        }
        return didOpen
    }

    /// Moves the windows on by a segment that was let through.
    mutating func advance(_ segment: TCPSegment) {
        if UInt32(sender.windowMax) < window {
            sender.windowMax = UInt16(truncatingIfNeeded: window)
        }
        if Int32(bitPattern: end &- sender.sequenceLow) > 0 { sender.sequenceLow = end }
        let opened = window << senderShift
        if TCPPair.isAtOrAfter(acknowledgement &+ opened, receiver.sequenceHigh) {
            receiver.sequenceHigh = acknowledgement &+ max(opened, 1)
        }
    }

    mutating func changeState(_ segment: TCPSegment) {
        if segment.has(TCPFlags.syn) && senderState < TCPState.synSent {
            senderState = TCPState.synSent
        }
        if segment.has(TCPFlags.fin) && senderState < TCPState.closing {
            senderState = TCPState.closing
        }
        if segment.has(TCPFlags.ack) {
            if receiverState == TCPState.synSent {
                receiverState = TCPState.established
            } else if receiverState == TCPState.closing {
                receiverState = TCPState.finWait2
            }
        }
        closeOnReset(segment)
    }

    mutating func changeStateLoosely(_ segment: TCPSegment) {
        if segment.has(TCPFlags.fin) && senderState < TCPState.closing {
            senderState = TCPState.closing
        }
        closeOnReset(segment)
    }

    private mutating func closeOnReset(_ segment: TCPSegment) {
        if segment.has(TCPFlags.rst) {
            senderState = TCPState.timeWait
            receiverState = TCPState.timeWait
        }
    }

    /// The timeout of the states that both ends are in.
    var timeout: TimeoutAttribute {
        let low = min(senderState, receiverState)
        let high = max(senderState, receiverState)
        if low >= TCPState.finWait2 { return .tcpClose }
        if low >= TCPState.closing { return .tcpTimeWait }
        if low < TCPState.established { return .tcpSynReceived }
        return high >= TCPState.closing ? .tcpFinWait : .tcpEstablished
    }
}
