// One entry of an MPLS label stack: four bytes.

/// A view of an MPLS label stack entry.
///
/// **Shape**: label 20, traffic class 3, bottom of stack 1, TTL 8. **Source**: RFC 3032.
@frozen public struct MPLSHeader: @unchecked Sendable {
    @inlinable public static var byteCount: Int { 4 }
    public let base: UnsafeMutableRawPointer

    @inlinable @inline(always)
    public init?(_ base: UnsafeMutableRawPointer, available: Int) {
        guard available >= 4 else { return nil }
        self.base = base
    }

    @inlinable public var entry: UInt32 {
        get { base.network32(at: 0) }
        nonmutating set { base.setNetwork32(newValue, at: 0) }
    }
    @inlinable public var label: UInt32 {
        get { entry &>> 12 }
        nonmutating set { entry = (entry & 0xfff) | newValue << 12 }
    }
    @inlinable public var trafficClass: UInt8 {
        get { UInt8(truncatingIfNeeded: (entry &>> 9) & 7) }
        nonmutating set { entry = (entry & ~0xe00) | UInt32(newValue & 7) << 9 }
    }
    @inlinable public var isBottom: Bool {
        get { entry & 0x100 != 0 }
        nonmutating set { entry = newValue ? entry | 0x100 : entry & ~0x100 }
    }
    @inlinable public var ttl: UInt8 {
        get { UInt8(truncatingIfNeeded: entry) }
        nonmutating set { entry = (entry & ~0xff) | UInt32(newValue) }
    }
}
