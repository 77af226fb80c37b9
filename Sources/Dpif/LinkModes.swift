// What a device's link is made of and can do, for OpenFlow's port features. A value.

/// The medium of a link, and the modes of its two ends.
public struct LinkModes: Hashable, Sendable {
    public var isCopper = false
    public var isFiber = false
    public var autonegotiates = false
    /// Bits as the kernel numbers the link modes that fit 32 (SUPPORTED_10baseT_Half is bit 0).
    public var supported: UInt32 = 0
    public var advertised: UInt32 = 0
    public var partner: UInt32 = 0
    public init() {}
}
