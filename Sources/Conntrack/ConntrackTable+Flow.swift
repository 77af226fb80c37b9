// The state machine of UDP, ICMP and every protocol without states of its own: one packet, several
// of one side, both sides.

extension ConntrackTable {
    func beginFlow(_ index: UInt32, isICMP: Bool, now: UInt64) {
        hot(index).pointee.state0 = isICMP ? FlowState.multiple : FlowState.first
        setExpiry(index, isICMP ? .icmpFirst : .udpFirst, now: now)
    }

    func updateFlow(_ index: UInt32, isReply: Bool, now: UInt64) -> ConntrackUpdate {
        let hot = hot(index)
        let isIPv6 = hot.pointee.flags & ConnectionFlags.isIPv6 != 0
        let isICMP = hot.pointee.protocolNumber == (isIPv6 ? 58 : 1)
        if isReply && hot.pointee.state0 != FlowState.bidirectional {
            hot.pointee.state0 = FlowState.bidirectional
            // What was NEW is ESTABLISHED from here on, in both directions.
            hot.pointee.generation &+= 1
            settle(index)
        } else if hot.pointee.state0 == FlowState.first {
            hot.pointee.state0 = FlowState.multiple
        }
        let isBoth = hot.pointee.state0 == FlowState.bidirectional
        if isICMP {
            setExpiry(index, isBoth ? .icmpReply : .icmpFirst, now: now)
        } else {
            setExpiry(index, isBoth ? .udpMultiple : .udpSingle, now: now)
        }
        return isBoth ? .valid : .beginning
    }
}
