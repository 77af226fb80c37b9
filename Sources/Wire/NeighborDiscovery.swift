// Neighbour Discovery: the messages of ICMPv6 that OpenFlow matches on.

/// A view of a neighbour solicitation or advertisement.
///
/// **Shape**: ICMPv6 (8, the last four being flags), target (16), options of 8-byte units.
/// **Source**: RFC 4861.
@frozen public struct NeighborDiscovery: @unchecked Sendable {
    @inlinable public static var byteCount: Int { 24 }
    public let base: UnsafeMutableRawPointer
    public let length: Int

    @inlinable
    public init?(_ base: UnsafeMutableRawPointer, available: Int) {
        guard available >= 24,
            base.network8(at: 0) == ICMPv6Type.neighborSolicitation
                || base.network8(at: 0) == ICMPv6Type.neighborAdvertisement
        else { return nil }
        self.base = base
        length = available
    }

    /// Router, solicited and override flags in the top three bits.
    @inlinable public var flags: UInt32 { base.network32(at: 4) }
    /// The 16 bytes of the target.
    @inlinable public var target: UnsafeMutableRawPointer { base + 8 }

    /// Offset of the six address bytes of the first link-layer option of `type` (1 source, 2
    /// target) from the start of the message, or nil. Malformed options end the walk.
    @inlinable
    public func linkLayerAddressOffset(type: UInt8) -> Int? {
        var at = 24
        while at &+ 8 <= length {
            let size = Int(base.network8(at: at &+ 1)) &* 8
            guard size > 0, at &+ size <= length else { return nil }
            if base.network8(at: at) == type, size == 8 { return at &+ 2 }
            at &+= size
        }
        return nil
    }
}
