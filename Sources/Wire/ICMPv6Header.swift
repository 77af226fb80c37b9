// ICMPv6 and Neighbour Discovery.

/// A view of an ICMPv6 header with the four bytes that every message has behind it.
///
/// **Source**: RFC 4443, RFC 4861.
@frozen public struct ICMPv6Header: @unchecked Sendable {
    @inlinable public static var byteCount: Int { 8 }
    public let base: UnsafeMutableRawPointer

    @inlinable @inline(always)
    public init?(_ base: UnsafeMutableRawPointer, available: Int) {
        guard available >= 8 else { return nil }
        self.base = base
    }

    @inlinable public var type: UInt8 {
        get { base.network8(at: 0) }
        nonmutating set { base.setNetwork8(newValue, at: 0) }
    }
    @inlinable public var code: UInt8 {
        get { base.network8(at: 1) }
        nonmutating set { base.setNetwork8(newValue, at: 1) }
    }
    @inlinable public var checksum: UInt16 {
        get { base.network16(at: 2) }
        nonmutating set { base.setNetwork16(newValue, at: 2) }
    }
    @inlinable public var identifier: UInt16 { base.network16(at: 4) }
    @inlinable public var sequence: UInt16 { base.network16(at: 6) }

    /// Computes the checksum of a message of `length` bytes under the IPv6 header at `header`.
    @inlinable public func computeChecksum(under header: IPv6Header, length: Int) {
        base.setNetwork16(0, at: 2)
        let pseudo = InternetChecksum.pseudoHeaderIPv6(
            header.base, protocol: IPProtocol.icmpv6, length: length)
        let sum = InternetChecksum.sum(base, count: length, onto: pseudo)
        base.setNetwork16(InternetChecksum.finish(sum), at: 2)
    }
}

/// Types of ICMPv6 messages.
@frozen public enum ICMPv6Type {
    @inlinable public static var unreachable: UInt8 { 1 }
    @inlinable public static var packetTooBig: UInt8 { 2 }
    @inlinable public static var timeExceeded: UInt8 { 3 }
    @inlinable public static var parameterProblem: UInt8 { 4 }
    @inlinable public static var echoRequest: UInt8 { 128 }
    @inlinable public static var echoReply: UInt8 { 129 }
    @inlinable public static var routerSolicitation: UInt8 { 133 }
    @inlinable public static var routerAdvertisement: UInt8 { 134 }
    @inlinable public static var neighborSolicitation: UInt8 { 135 }
    @inlinable public static var neighborAdvertisement: UInt8 { 136 }
    @inlinable public static var redirect: UInt8 { 137 }
}

/// A view of a neighbour solicitation or advertisement.
///
/// **Shape**: ICMPv6 (8, the last four being flags), target (16), options of 8-byte units.
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
