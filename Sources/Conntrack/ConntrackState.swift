// The bits of ct_state, and of a connection's NAT action, with the numbers that OpenFlow and dumps
// use.

/// Bits of `ct_state`.
///
/// **Source**: ovs-fields(7).
@frozen public enum ConntrackState {
    @inlinable public static var new: UInt8 { 0x01 }
    @inlinable public static var established: UInt8 { 0x02 }
    @inlinable public static var related: UInt8 { 0x04 }
    @inlinable public static var reply: UInt8 { 0x08 }
    @inlinable public static var invalid: UInt8 { 0x10 }
    @inlinable public static var tracked: UInt8 { 0x20 }
    @inlinable public static var sourceNAT: UInt8 { 0x40 }
    @inlinable public static var destinationNAT: UInt8 { 0x80 }
    @inlinable public static var anyNAT: UInt8 { 0xc0 }
}

/// What NAT does to a connection's original direction.
@frozen public enum NATAction {
    @inlinable public static var source: UInt8 { 1 }
    @inlinable public static var sourcePort: UInt8 { 2 }
    @inlinable public static var destination: UInt8 { 4 }
    @inlinable public static var destinationPort: UInt8 { 8 }

    /// The action for the reply direction.
    @inlinable @inline(always)
    static func reversed(_ action: UInt8) -> UInt8 {
        if action & source != 0 { return (action & ~source) | destination }
        if action & destination != 0 { return (action & ~destination) | source }
        return action
    }
}

/// A helper that watches a control connection for the data connections it announces.
@frozen public enum ConntrackHelper: UInt8, Sendable {
    case none = 0
    case ftp = 1
    case tftp = 2
}
