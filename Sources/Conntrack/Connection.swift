// A connection in memory: one hot line that every packet of it touches, and two cold ones that
// level 2, dumps and expiry use; a line more where it is translated, and where another announced
// it. Plain records in mapped memory, found by index; nothing points to them.

import Bounded

/// TCP window tracking of one peer.
///
/// **Source**: the sequence tracking of Rooij's paper, as in Open vSwitch and pf.
@frozen public struct TCPPeer: Sendable {
    /// The highest sequence number sent. For SCTP, the verification tag of this peer's packets.
    public var sequenceLow: UInt32
    /// The highest that the other end acknowledged plus its window.
    public var sequenceHigh: UInt32
    /// The largest window, before scaling.
    public var windowMax: UInt16
    /// Shift in the low four bits, `windowScaleKnown`, `windowScaleUnknown`.
    public var windowScale: UInt8
    public var reserved: UInt8

    @inlinable public static var windowScaleKnown: UInt8 { 0x80 }
    @inlinable public static var windowScaleUnknown: UInt8 { 0x40 }
    @inlinable public static var shiftMask: UInt8 { 0x0f }
}

/// The hot line of a connection.
///
/// **Shape**: 64 bytes. **Owner**: the thread that holds `lock`; in single-thread mode, the one
/// thread.
@frozen public struct ConnectionHot: Sendable {
    /// When the connection is gone.
    public var expiryMilliseconds: UInt64
    /// Changes whenever something changes that a judgement could have depended on: what ct_state
    /// the packets of a direction see, mark, label, NAT, the end of the connection and reuse of the
    /// slot.
    public var generation: UInt32
    public var lock: UInt32
    public var mark: UInt32
    /// What `touch` adds to now.
    public var timeoutSeconds: UInt32
    public var zone: UInt16
    public var flags: UInt16
    public var protocolNumber: UInt8
    /// TCP: state of the originator. Others: see `FlowState` and `SCTPState`.
    public var state0: UInt8
    /// TCP: state of the responder.
    public var state1: UInt8
    /// `NATAction` bits.
    public var natAction: UInt8
    public var originator: TCPPeer
    public var responder: TCPPeer
    /// The extension with the reply tuple, where that is not the original reversed.
    public var translation: UInt32
    public var reserved: UInt32
}

/// The cold lines of a connection.
///
/// **Shape**: 128 bytes. **Owner**: the table's lock.
@frozen public struct ConnectionCold: Sendable {
    public var originalSource: ConntrackAddress
    public var originalDestination: ConntrackAddress
    public var originalSourcePort: UInt16
    public var originalDestinationPort: UInt16
    public var identifier: UInt16
    /// The direction whose sequence numbers are shifted is the reply's.
    public var isSkewReply: Bool
    public var reserved0: UInt8
    public var timeoutPolicy: UInt32
    /// The extension with the original tuple of the connection that announced this one.
    public var announcement: UInt32
    public var labelHigh: UInt64
    public var labelLow: UInt64

    public var originalPackets: UInt64
    public var originalBytes: UInt64
    public var replyPackets: UInt64
    public var replyBytes: UInt64

    public var wheelNext: UInt32
    public var wheelPrevious: UInt32
    public var createdSeconds: UInt32
    public var ownerPort: UInt32
    public var policyVersion: UInt32
    public var sequenceSkew: Int32
    public var zoneLimitSequence: UInt32
    public var reserved1: UInt32

    /// Where the wheel's links lie.
    @inlinable static var linksOffset: Int { 96 }
}

/// Bits of `ConnectionHot.flags`.
@frozen public enum ConnectionFlags {
    @inlinable public static var inUse: UInt16 { 0x0001 }
    @inlinable public static var isIPv6: UInt16 { 0x0002 }
    /// Created from an expectation.
    @inlinable public static var related: UInt16 { 0x0004 }
    @inlinable public static var helperFTP: UInt16 { 0x0008 }
    @inlinable public static var helperTFTP: UInt16 { 0x0010 }
    /// Counts against the half-open limits.
    @inlinable public static var halfOpen: UInt16 { 0x0020 }
    /// Counted by the zone's own limit.
    @inlinable public static var zoneLimited: UInt16 { 0x0040 }
    /// Counted by the default limit.
    @inlinable public static var defaultLimited: UInt16 { 0x0080 }
    /// Lies in the index under the reply tuple too.
    @inlinable public static var indexedReply: UInt16 { 0x0100 }
    @inlinable public static var helpers: UInt16 { 0x0018 }
}

/// States of connections that are not TCP or SCTP.
@frozen public enum FlowState {
    /// One packet was seen.
    @inlinable public static var first: UInt8 { 0 }
    /// More were seen, all from the originator. ICMP begins here.
    @inlinable public static var multiple: UInt8 { 1 }
    /// The other end answered.
    @inlinable public static var bidirectional: UInt8 { 2 }
}

/// TCP states of one peer, numbered as Open vSwitch's dumps name them.
@frozen public enum TCPState {
    @inlinable public static var closed: UInt8 { 0 }
    @inlinable public static var listen: UInt8 { 1 }
    @inlinable public static var synSent: UInt8 { 2 }
    @inlinable public static var synReceived: UInt8 { 3 }
    @inlinable public static var established: UInt8 { 4 }
    @inlinable public static var closeWait: UInt8 { 5 }
    @inlinable public static var finWait1: UInt8 { 6 }
    @inlinable public static var closing: UInt8 { 7 }
    @inlinable public static var lastAck: UInt8 { 8 }
    @inlinable public static var finWait2: UInt8 { 9 }
    @inlinable public static var timeWait: UInt8 { 10 }
}

extension ConnectionCold {
    @inlinable @inline(always)
    func original(_ hot: UnsafePointer<ConnectionHot>) -> ConntrackTuple {
        var tuple = ConntrackTuple()
        tuple.source = originalSource
        tuple.destination = originalDestination
        tuple.sourcePort = originalSourcePort
        tuple.destinationPort = originalDestinationPort
        tuple.identifier = identifier
        tuple.zone = hot.pointee.zone
        tuple.protocolNumber = hot.pointee.protocolNumber
        tuple.isIPv6 = hot.pointee.flags & ConnectionFlags.isIPv6 != 0
        return tuple
    }
}
