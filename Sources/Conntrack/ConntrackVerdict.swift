// What the tracker knows of one packet. The interpreter keeps one per packet from its arrival,
// starts it empty, and passes it to every `execute`; it is what Open vSwitch calls the packet's
// conntrack metadata.

import Flow

/// The conntrack metadata of one packet.
///
/// **Owner**: the thread that judges the packet.
@frozen public struct ConntrackVerdict: Sendable {
    /// No connection.
    @inlinable public static var noConnection: UInt32 { UInt32.max }

    /// `ConntrackState` bits; zero before the first `ct` and after `ct_clear`.
    public var state: UInt8
    public var outcome: ConntrackOutcome
    /// The packet goes from responder to originator.
    public var isReply: Bool
    /// An ICMP error about `connection`.
    public var isError: Bool
    /// Another `ct` in the same zone need not look up nor update the connection again.
    public var isCached: Bool
    /// The last `execute` rewrote addresses or ports.
    public var didRewrite: Bool
    /// The packet's checksums were found right, or the sender vouches for them.
    public var isChecksumKnown: Bool
    /// The last `execute` created `connection`.
    public var didCreate: Bool
    public var zone: UInt16
    public var reserved: UInt16
    /// Index of the connection, or `noConnection`.
    public var connection: UInt32
    /// Its generation now; pass both to `touch` for later packets. Without a connection, the
    /// counter in the `AbsenceTable`.
    public var generation: UInt32
    public var mark: UInt32
    public var labelHigh: UInt64
    public var labelLow: UInt64
    /// Where the table has no connection for `original`: the tuple's hash, and one more than the
    /// number of connections ever made until then; else 0.
    @usableFromInline var absentHash: UInt64
    @usableFromInline var absentSince: UInt64
    /// The original direction's tuple of the connection (of its parent where related); for a packet
    /// without connection its own; all zero when the packet is invalid. For ICMP the ports are type
    /// and code.
    public var original: ConntrackTuple

    @inlinable @inline(always)
    public init() {
        state = 0
        outcome = .done
        isReply = false
        isError = false
        isCached = false
        didRewrite = false
        isChecksumKnown = false
        didCreate = false
        zone = 0
        reserved = 0
        connection = ConntrackVerdict.noConnection
        generation = 0
        mark = 0
        labelHigh = 0
        labelLow = 0
        absentHash = 0
        absentSince = 0
        original = ConntrackTuple()
    }

    /// What `ct_clear` does: the packet is untracked.
    @inlinable
    public mutating func clear() {
        let isChecksumKnown = isChecksumKnown
        self = ConntrackVerdict()
        self.isChecksumKnown = isChecksumKnown
    }
}

/// Why a commit made no connection.
@frozen public enum ConntrackOutcome: UInt8, CaseIterable, Sendable {
    /// Nothing was refused.
    case done = 0
    /// The packet is malformed, has a wrong checksum or belongs to no flow that could be tracked.
    case malformed
    /// The state machine or the window check refused it.
    case badState
    /// The packet cannot begin a connection.
    case badNew
    /// An ICMP error about a connection that is not known.
    case unknownError
    case zoneLimit
    case tableFull
    case ownerLimit
    case halfOpenLimit
    case natExhausted
    /// A control message that the helper cannot make sense of.
    case badHelperMessage
}

extension ConntrackVerdict {
    /// Writes the `ct_*` fields of `key`, as the table behind `ct(table=…)` sees them.
    @inlinable
    public func write(to key: FlowKey) {
        key.store32(UInt32(state), at: FlowLayout.ctState)
        key.store32(mark, at: FlowLayout.ctMark)
        key.store64(labelHigh, at: FlowLayout.ctLabel)
        key.store64(labelLow, at: FlowLayout.ctLabel &+ 8)
        key.store16(zone, at: FlowLayout.ctZone)
        key.store8(original.protocolNumber, at: FlowLayout.ctProtocol)
        let isICMP = original.isICMP
        key.store16(original.sourcePort, at: FlowLayout.ctSourcePort)
        key.store16(isICMP ? 0 : original.destinationPort, at: FlowLayout.ctDestinationPort)
        if original.isIPv6 {
            key.store64(0, at: FlowLayout.ctIPv4Source)
            original.source.storeIPv6(to: key.base + FlowLayout.ctIPv6Source)
            original.destination.storeIPv6(to: key.base + FlowLayout.ctIPv6Destination)
        } else {
            key.store32(original.source.ipv4, at: FlowLayout.ctIPv4Source)
            key.store32(original.destination.ipv4, at: FlowLayout.ctIPv4Destination)
            ConntrackAddress().storeIPv6(to: key.base + FlowLayout.ctIPv6Source)
            ConntrackAddress().storeIPv6(to: key.base + FlowLayout.ctIPv6Destination)
        }
    }
}
