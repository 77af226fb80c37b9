// How long connections live without packets, by policy and state. Policy 0 is the default; others
// come from CT_Timeout_Policy rows.

/// The timeouts of CT_Timeout_Policy, in its order.
@frozen public enum TimeoutAttribute: UInt8, CaseIterable, Sendable {
    case tcpSynSent = 0
    case tcpSynReceived
    case tcpEstablished
    case tcpFinWait
    case tcpCloseWait
    case tcpLastAck
    case tcpTimeWait
    case tcpClose
    case tcpSynSent2
    case tcpRetransmit
    case tcpUnacknowledged
    case udpFirst
    case udpSingle
    case udpMultiple
    case icmpFirst
    case icmpReply

    /// The column key in the database and the name in dumps.
    public var name: StaticString {
        switch self {
        case .tcpSynSent: "tcp_syn_sent"
        case .tcpSynReceived: "tcp_syn_recv"
        case .tcpEstablished: "tcp_established"
        case .tcpFinWait: "tcp_fin_wait"
        case .tcpCloseWait: "tcp_close_wait"
        case .tcpLastAck: "tcp_last_ack"
        case .tcpTimeWait: "tcp_time_wait"
        case .tcpClose: "tcp_close"
        case .tcpSynSent2: "tcp_syn_sent2"
        case .tcpRetransmit: "tcp_retransmit"
        case .tcpUnacknowledged: "tcp_unack"
        case .udpFirst: "udp_first"
        case .udpSingle: "udp_single"
        case .udpMultiple: "udp_multiple"
        case .icmpFirst: "icmp_first"
        case .icmpReply: "icmp_reply"
        }
    }
}

/// One timeout policy.
///
/// **Units**: seconds. **Source**: the defaults are those of Open vSwitch's userspace datapath.
@frozen public struct TimeoutPolicy: Sendable {
    /// Policies that a table can hold.
    @inlinable public static var tableCapacity: Int { 1024 }

    public var id: UInt32
    public var isUsed: Bool
    public var seconds: InlineArray<16, UInt32>

    /// A policy with the default timeouts.
    public init(id: UInt32) {
        self.id = id
        isUsed = true
        seconds = [
            30, 30, 86_400, 900, 60, 30, 45, 30, 30, 30, 30, 60, 60, 30, 60, 30,
        ]
    }

    @inlinable
    public subscript(attribute: TimeoutAttribute) -> UInt32 {
        get { seconds[Int(attribute.rawValue)] }
        set { seconds[Int(attribute.rawValue)] = newValue }
    }
}

extension ConntrackTable {
    /// Adds or replaces a policy. Connections under it take their next timeout from it.
    ///
    /// **Errors**: false when the table of policies is full. **Owner**: the control room.
    @discardableResult
    public func setTimeoutPolicy(_ policy: TimeoutPolicy) -> Bool {
        lockTable()
        let slot = policySlot(policy.id, isInsertion: true)
        if slot >= 0 {
            state.pointee.policies[slot] = policy
            state.pointee.policies[slot].isUsed = true
        }
        unlockTable()
        if slot >= 0 { renewPolicy(policy.id) }
        return slot >= 0
    }

    /// Removes a policy; connections under it fall back to the defaults. False when there is none.
    @discardableResult
    public func removeTimeoutPolicy(_ id: UInt32) -> Bool {
        guard id != 0 else { return false }
        lockTable()
        let slot = policySlot(id, isInsertion: false)
        if slot >= 0 {
            // The slot keeps its number and default times, so that probing past it still works.
            state.pointee.policies[slot] = TimeoutPolicy(id: id)
        }
        unlockTable()
        if slot >= 0 { renewPolicy(id) }
        return slot >= 0
    }

    /// The policy `id`, or nil when there is none.
    public func timeoutPolicy(_ id: UInt32) -> TimeoutPolicy? {
        lockTable()
        defer { unlockTable() }
        let slot = policySlot(id, isInsertion: false)
        return slot >= 0 ? state.pointee.policies[slot] : nil
    }

    /// The slot of policy `id`, or a free one for it; negative when there is none.
    @usableFromInline
    func policySlot(_ id: UInt32, isInsertion: Bool) -> Int {
        let mask = TimeoutPolicy.tableCapacity - 1
        var slot = Int(id) & mask
        for _ in 0...mask {
            let policy = state.pointee.policies + slot
            if policy.pointee.isUsed {
                if policy.pointee.id == id { return slot }
            } else {
                return isInsertion ? slot : -1
            }
            slot = (slot + 1) & mask
        }
        return -1
    }

    /// The timeout of `attribute` for a connection under policy `id`.
    @usableFromInline
    func timeoutSeconds(_ id: UInt32, _ attribute: TimeoutAttribute) -> UInt32 {
        let slot = id == 0 ? 0 : policySlot(id, isInsertion: false)
        return state.pointee.policies[slot < 0 ? 0 : slot][attribute]
    }

    /// Makes the connections of a policy go through level 2 once, where they take the new timeouts.
    private func renewPolicy(_ id: UInt32) {
        forEachSlotInChunks { index in
            if cold(index).pointee.timeoutPolicy == id { bumpGeneration(index) }
        }
    }
}
