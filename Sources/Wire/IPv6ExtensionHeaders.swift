// The walk over IPv6 extension headers to the transport header. Bounded by the packet: every header
// is at least eight bytes long.

/// What a walk over IPv6 extension headers found.
///
/// **Source**: RFC 8200; stops where ovs-fields(7) says that `nw_proto` and `nw_frag` come from.
@frozen public struct IPv6ExtensionHeaders: Sendable {
    /// The transport protocol, or 44 for a later fragment.
    public var protocolNumber: UInt8
    public var isFragment = false
    public var isLaterFragment = false
    /// Offset of the transport header (or of a later fragment's data) from the start of the IPv6
    /// header.
    public var transportOffset = 40
    /// Offset of the fragment header, 0 if none was met.
    public var fragmentHeaderOffset = 0
    /// Offset of the byte that names the fragment header, in the header before it.
    public var fragmentNextHeaderOffset = 6

    /// Walks the headers of the packet at `base`, `length` bytes from the start of the IPv6 header;
    /// nil when a header does not fit.
    @inlinable
    public init?(_ base: UnsafeRawPointer, length: Int) {
        guard length >= 40 else { return nil }
        protocolNumber = base.network8(at: 6)
        var nextHeaderOffset = 6
        while true {
            let left = length &- transportOffset
            switch protocolNumber {
            case IPProtocol.hopByHop, IPProtocol.routing, IPProtocol.destinationOptions:
                guard left >= 8 else { return nil }
                let size = (Int(base.network8(at: transportOffset &+ 1)) &+ 1) &* 8
                guard size <= left else { return nil }
                protocolNumber = base.network8(at: transportOffset)
                nextHeaderOffset = transportOffset
                transportOffset &+= size
            case IPProtocol.authentication:
                guard left >= 8 else { return nil }
                let size = (Int(base.network8(at: transportOffset &+ 1)) &+ 2) &* 4
                guard size <= left, size >= 8 else { return nil }
                protocolNumber = base.network8(at: transportOffset)
                nextHeaderOffset = transportOffset
                transportOffset &+= size
            case IPProtocol.fragment:
                guard left >= 8 else { return nil }
                fragmentHeaderOffset = transportOffset
                fragmentNextHeaderOffset = nextHeaderOffset
                nextHeaderOffset = transportOffset
                let field = base.network16(at: transportOffset &+ 2)
                protocolNumber = base.network8(at: transportOffset)
                transportOffset &+= 8
                if field != 0 {
                    isFragment = true
                    if field & 0xfff8 != 0 {
                        isLaterFragment = true
                        protocolNumber = IPProtocol.fragment
                        return
                    }
                }
            default:
                return
            }
        }
    }
}

/// A view of an IPv6 fragment header.
///
/// **Shape**: next header, reserved, offset 13 + reserved 2 + more 1, identification 4.
@frozen public struct IPv6FragmentHeader: @unchecked Sendable {
    @inlinable public static var byteCount: Int { 8 }
    public let base: UnsafeMutableRawPointer

    @inlinable @inline(always)
    public init?(_ base: UnsafeMutableRawPointer, available: Int) {
        guard available >= 8 else { return nil }
        self.base = base
    }
    @inlinable public var nextHeader: UInt8 { base.network8(at: 0) }
    @inlinable public var field: UInt16 {
        get { base.network16(at: 2) }
        nonmutating set { base.setNetwork16(newValue, at: 2) }
    }
    /// Offset of this fragment's payload in bytes.
    @inlinable public var offset: Int { Int(field & 0xfff8) }
    @inlinable public var hasMore: Bool { field & 1 != 0 }
    @inlinable public var identification: UInt32 { base.network32(at: 4) }
}
