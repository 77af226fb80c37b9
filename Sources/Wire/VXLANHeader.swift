// VXLAN: eight bytes behind UDP.

/// A view of a VXLAN header.
///
/// **Source**: RFC 7348; the group policy extension as in draft-smith-vxlan-group-policy.
@frozen public struct VXLANHeader: @unchecked Sendable {
    @inlinable public static var byteCount: Int { 8 }
    @inlinable public static var port: UInt16 { 4789 }
    @inlinable public static var validFlags: UInt32 { 0x0800_0000 }
    public let base: UnsafeMutableRawPointer

    @inlinable
    public init?(_ base: UnsafeMutableRawPointer, available: Int) {
        guard available >= 8 else { return nil }
        self.base = base
    }
    @inlinable public var flags: UInt32 {
        get { base.network32(at: 0) }
        nonmutating set { base.setNetwork32(newValue, at: 0) }
    }
    @inlinable public var vni: UInt32 {
        get { base.network32(at: 4) &>> 8 }
        nonmutating set { base.setNetwork32(newValue << 8, at: 4) }
    }
    /// Group policy identifier of the extension.
    @inlinable public var groupPolicy: UInt16 { base.network16(at: 2) }
}
