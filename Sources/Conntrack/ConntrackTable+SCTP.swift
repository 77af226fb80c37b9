// The SCTP state machine: verification tags of both ends, and the association's states as the
// chunks of a packet move it. Open vSwitch's userspace datapath has none and treats SCTP as it
// treats UDP; the ct_state of sound associations is the same here.

import Wire

/// States of an SCTP association.
@frozen public enum SCTPState {
    @inlinable public static var none: UInt8 { 0 }
    @inlinable public static var cookieWait: UInt8 { 1 }
    @inlinable public static var cookieEchoed: UInt8 { 2 }
    @inlinable public static var established: UInt8 { 3 }
    @inlinable public static var shutdownSent: UInt8 { 4 }
    @inlinable public static var shutdownReceived: UInt8 { 5 }
    @inlinable public static var shutdownAckSent: UInt8 { 6 }
    @inlinable public static var closed: UInt8 { 7 }
}

/// The chunks of one SCTP packet, as far as the state machine cares.
struct SCTPChunks {
    /// Chunks looked at in one packet.
    static var walkLimit: Int { 16 }

    var verificationTag: UInt32
    /// Bit n is set when a chunk of type n < 32 is there.
    var types: UInt32 = 0
    /// The initiate tag of an INIT or INIT ACK.
    var initiateTag: UInt32 = 0
    /// An ABORT or SHUTDOWN COMPLETE bears the tag of its receiver's own packets.
    var isTagReflected = false
    var isWellFormed = true
    var count = 0

    init(_ tracked: borrowing TrackedPacket) {
        let base = tracked.transport
        let length = tracked.transportLength
        verificationTag = base.network32(at: 4)
        var at = 12
        while at &+ 4 <= length, count < SCTPChunks.walkLimit {
            let type = base.network8(at: at)
            let size = Int(base.network16(at: at &+ 2))
            guard size >= 4, at &+ size <= length else {
                isWellFormed = false
                return
            }
            if type < 32 { types |= 1 << UInt32(type) }
            if type == SCTPChunk.initiation || type == SCTPChunk.initiationAck {
                guard size >= 20 else {
                    isWellFormed = false
                    return
                }
                initiateTag = base.network32(at: at &+ 4)
                if initiateTag == 0 { isWellFormed = false }
            }
            if type == SCTPChunk.abort || type == SCTPChunk.shutdownComplete {
                isTagReflected = base.network8(at: at &+ 1) & 1 != 0
            }
            count &+= 1
            at &+= (size &+ 3) & ~3
        }
        if count == 0 { isWellFormed = false }
        // These must travel alone.
        let alone = UInt32(1 << 1 | 1 << 2 | 1 << 14)
        if types & alone != 0 && count > 1 { isWellFormed = false }
        if has(SCTPChunk.initiation) && verificationTag != 0 { isWellFormed = false }
    }

    func has(_ type: UInt8) -> Bool { types & (1 << UInt32(type)) != 0 }
}

extension ConntrackTable {
    /// An INIT begins an association; data, SACK, COOKIE ECHO and HEARTBEAT may pick one up that
    /// was there before us.
    static func canBeginSCTP(_ tracked: borrowing TrackedPacket) -> Bool {
        let chunks = SCTPChunks(tracked)
        guard chunks.isWellFormed else { return false }
        return chunks.has(SCTPChunk.initiation) || chunks.has(SCTPChunk.data)
            || chunks.has(SCTPChunk.sack) || chunks.has(SCTPChunk.heartbeat)
            || chunks.has(SCTPChunk.cookieEcho)
    }

    func beginSCTP(_ index: UInt32, _ tracked: borrowing TrackedPacket, now: UInt64) {
        let chunks = SCTPChunks(tracked)
        let hot = hot(index)
        if chunks.has(SCTPChunk.initiation) {
            hot.pointee.state0 = SCTPState.cookieWait
            hot.pointee.responder.sequenceLow = chunks.initiateTag
        } else {
            hot.pointee.state0 =
                chunks.has(SCTPChunk.cookieEcho)
                ? SCTPState.cookieEchoed : SCTPState.established
            hot.pointee.originator.sequenceLow = chunks.verificationTag
        }
        setExpiry(index, ConntrackTable.timeoutSCTP(hot.pointee.state0), now: now)
    }

    func updateSCTP(
        _ index: UInt32, _ tracked: borrowing TrackedPacket, isReply: Bool, now: UInt64
    ) -> ConntrackUpdate {
        let chunks = SCTPChunks(tracked)
        guard chunks.isWellFormed else { return .invalid }
        let hot = hot(index)
        if chunks.has(SCTPChunk.initiation) {
            if hot.pointee.state0 == SCTPState.closed { return .reopen }
            if hot.pointee.state0 == SCTPState.cookieWait {
                let peer = isReply ? hot.pointee.originator : hot.pointee.responder
                // Only a retransmission, or the other end's INIT of a collision.
                if peer.sequenceLow != 0 && peer.sequenceLow != chunks.initiateTag && isReply {
                    return .invalid
                }
                setTag(hot, isReply: !isReply, chunks.initiateTag)
            }
        } else {
            guard isTagRight(hot, chunks, isReply: isReply) else { return .invalid }
            if chunks.has(SCTPChunk.initiationAck) {
                setTag(hot, isReply: !isReply, chunks.initiateTag)
            }
        }
        if isReply && hot.pointee.state1 == 0 {
            hot.pointee.state1 = 1
            hot.pointee.generation &+= 1
        }
        hot.pointee.state0 = ConntrackTable.nextSCTP(hot.pointee.state0, chunks)
        if hot.pointee.state0 >= SCTPState.established { settle(index) }
        setExpiry(index, ConntrackTable.timeoutSCTP(hot.pointee.state0), now: now)
        return hot.pointee.state1 != 0 ? .valid : .beginning
    }

    /// Sets the tag that packets in a direction must bear.
    private func setTag(
        _ hot: UnsafeMutablePointer<ConnectionHot>, isReply: Bool, _ tag: UInt32
    ) {
        if isReply {
            hot.pointee.responder.sequenceLow = tag
        } else {
            hot.pointee.originator.sequenceLow = tag
        }
    }

    /// Checks the verification tag, learning it where an association was picked up.
    private func isTagRight(
        _ hot: UnsafeMutablePointer<ConnectionHot>, _ chunks: SCTPChunks, isReply: Bool
    ) -> Bool {
        let own = isReply ? hot.pointee.responder : hot.pointee.originator
        let other = isReply ? hot.pointee.originator : hot.pointee.responder
        if chunks.isTagReflected { return chunks.verificationTag == other.sequenceLow }
        if own.sequenceLow == 0 {
            setTag(hot, isReply: isReply, chunks.verificationTag)
            return true
        }
        return chunks.verificationTag == own.sequenceLow
    }

    private static func nextSCTP(_ state: UInt8, _ chunks: SCTPChunks) -> UInt8 {
        if chunks.has(SCTPChunk.abort) || chunks.has(SCTPChunk.shutdownComplete) {
            return SCTPState.closed
        }
        if state == SCTPState.closed { return state }
        if chunks.has(SCTPChunk.cookieAck) { return SCTPState.established }
        if chunks.has(SCTPChunk.cookieEcho) && state < SCTPState.established {
            return SCTPState.cookieEchoed
        }
        if chunks.has(SCTPChunk.shutdownAck) { return SCTPState.shutdownAckSent }
        if chunks.has(SCTPChunk.shutdown) { return SCTPState.shutdownSent }
        return state
    }

    private static func timeoutSCTP(_ state: UInt8) -> TimeoutAttribute {
        switch state {
        case SCTPState.cookieWait: .tcpSynSent
        case SCTPState.cookieEchoed: .tcpSynReceived
        case SCTPState.established: .tcpEstablished
        case SCTPState.closed: .tcpClose
        default: .tcpTimeWait
        }
    }
}
