// Why a packet was dropped. Every dropped packet has one, each has a counter in the engine and a
// line in docs/DROPS.md.

/// The reason a packet went no further.
@frozen public enum DropReason: UInt16, CaseIterable, Sendable {
    /// Not dropped.
    case none = 0
    /// Shorter than an Ethernet header.
    case frameTooShort
    /// The table had no matching rule.
    case tableMiss
    /// A rule matched whose actions end in nothing.
    case ruleDrop
    /// The port is configured not to receive (`no-receive`) or is down.
    case portDisabled
    /// A VLAN that the port does not carry.
    case vlanNotCarried
    /// Output back to the port it came in on, or to a port that is gone.
    case noOutputPort
    /// A `resubmit`, group or patch nesting went deeper than 64.
    case recursionTooDeep
    /// More than 4,096 resubmits for one packet.
    case tooManyResubmits
    /// The register stack went over its bound.
    case stackOverflow
    /// A meter's rate was exceeded.
    case meter
    /// The TTL reached zero.
    case ttlExceeded
    /// No packet buffer was free.
    case noBuffer
    /// The output port's queue was full.
    case transmitQueueFull
    /// The packet is longer than the output port's MTU and cannot be segmented.
    case exceedsMTU
    /// The port's budget of pipeline runs for this interval is used up.
    case missBudget
    /// The fragment could not be held for reassembly.
    case fragment
    /// A fragment that overlaps another.
    case fragmentOverlap
    /// Too many operations in one path.
    case pathTooLong
    /// The control room's event ring was full.
    case eventQueueFull
    /// The header stack cannot take another VLAN tag or MPLS label.
    case headerStackFull
    /// A reserved Ethernet multicast address (BPDU) on a bridge that does not forward them.
    case reservedMulticast
    /// Learned on another port while a mirror or bond forbids this one.
    case bondNotActive
    /// Group with no live bucket.
    case groupNoBucket
    /// Needs a tunnel whose endpoint could not be resolved.
    case tunnelUnresolved
    /// A virtual-I/O header that contradicts the frame.
    case badOffload
    /// Continuation or packet-out named something that is gone.
    case staleContinuation
    /// The port's budget of packets to controllers for this interval is used up.
    case packetInBudget
    /// The port received more than its policing, or was sent more than its egress policer, allows.
    case policed
}
