// How a device's link is, as its driver tells by ethtool. A value; `NetdevControl` reads it.

/// Speed, medium and what the two ends of a link can do.
public struct LinkMode: Sendable, Equatable {
    public var megabitsPerSecond: UInt32?
    public var isFullDuplex: Bool?
    /// Twisted pair.
    public var isCopper = false
    public var isFiber = false
    public var autonegotiates = false
    /// The kernel's ADVERTISED_* and SUPPORTED_* bits: of this end and, where known, of the other.
    public var supported: UInt32 = 0
    public var advertised: UInt32 = 0
    public var partner: UInt32 = 0
    public init() {}
}
