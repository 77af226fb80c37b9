// One connection as dumps show it: a value, copied under the table's lock.

import Wire

/// A connection for `dump-conntrack` and statistics.
public struct ConntrackEntry: Sendable {
    public var index: UInt32
    public var original: ConntrackTuple
    public var reply: ConntrackTuple
    /// The control connection's original tuple, for a related one.
    public var parent: ConntrackTuple?
    public var zone: UInt16
    public var mark: UInt32
    public var labelHigh: UInt64
    public var labelLow: UInt64
    /// Seconds until it ends.
    public var timeoutSeconds: UInt32
    public var helper: ConntrackHelper
    /// TCP: the originator's `TCPState`; SCTP: `SCTPState`; others: `FlowState`.
    public var state0: UInt8
    /// TCP: the responder's.
    public var state1: UInt8
    public var originatorScale: UInt8
    public var responderScale: UInt8
    public var originatorTag: UInt32
    public var responderTag: UInt32
    public var natAction: UInt8
    public var originalPackets: UInt64
    public var originalBytes: UInt64
    public var replyPackets: UInt64
    public var replyBytes: UInt64
    public var createdSeconds: UInt32
    public var timeoutPolicy: UInt32
    public var ownerPort: UInt32
    public var policyVersion: UInt32

    init(_ table: ConntrackTable, _ index: UInt32, now: UInt64) {
        let hot = table.hot(index)
        let cold = table.cold(index).pointee
        let line = hot.pointee
        self.index = index
        original = table.original(index)
        reply = table.reply(index)
        parent = line.flags & ConnectionFlags.related != 0 ? table.parent(index) : nil
        zone = line.zone
        mark = line.mark
        labelHigh = cold.labelHigh
        labelLow = cold.labelLow
        let left = line.expiryMilliseconds > now ? line.expiryMilliseconds - now : 0
        timeoutSeconds = UInt32(truncatingIfNeeded: left / 1000)
        helper =
            line.flags & ConnectionFlags.helperFTP != 0
            ? .ftp : line.flags & ConnectionFlags.helperTFTP != 0 ? .tftp : .none
        state0 = line.state0
        state1 = line.state1
        let isTCP = line.protocolNumber == IPProtocol.tcp
        originatorScale = isTCP ? line.originator.windowScale : 0
        responderScale = isTCP ? line.responder.windowScale : 0
        originatorTag = line.originator.sequenceLow
        responderTag = line.responder.sequenceLow
        natAction = line.natAction
        originalPackets = cold.originalPackets
        originalBytes = cold.originalBytes
        replyPackets = cold.replyPackets
        replyBytes = cold.replyBytes
        createdSeconds = cold.createdSeconds
        timeoutPolicy = cold.timeoutPolicy
        ownerPort = cold.ownerPort
        policyVersion = cold.policyVersion
    }

    /// The one state that dumps without `-m` and statistics name for a TCP connection.
    public var mergedTCPState: UInt8 { ConntrackEntry.mergedTCPState(state0, state1) }

    /// The later of both ends' states, in the words of a tracker that keeps only one.
    static func mergedTCPState(_ first: UInt8, _ second: UInt8) -> UInt8 {
        let state = max(first, second)
        if state == TCPState.finWait2 { return TCPState.timeWait }
        return state == TCPState.synReceived ? TCPState.established : state
    }
}

/// Live connections by kind.
public struct ConntrackStatistics: Sendable {
    public var total = 0
    public var tcp = 0
    public var udp = 0
    public var icmp = 0
    public var icmpv6 = 0
    public var sctp = 0
    public var other = 0
    /// TCP connections by merged state.
    public var tcpStates: InlineArray<11, Int> = InlineArray(repeating: 0)

    public init() {}

    mutating func add(_ hot: ConnectionHot) {
        total += 1
        switch hot.protocolNumber {
        case IPProtocol.tcp:
            tcp += 1
            let state = Int(ConntrackEntry.mergedTCPState(hot.state0, hot.state1))
            if state < 11 { tcpStates[state] += 1 }
        case IPProtocol.udp: udp += 1
        case IPProtocol.icmp: icmp += 1
        case IPProtocol.icmpv6: icmpv6 += 1
        case IPProtocol.sctp: sctp += 1
        default: other += 1
        }
    }
}
