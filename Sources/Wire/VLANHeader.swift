// An IEEE 802.1Q tag as it lies behind its TPID: TCI and the next Ethertype.

/// A view of the four bytes behind the Ethernet addresses and TPID of a tagged frame.
///
/// **Shape**: TCI (priority 3, DEI 1, VID 12), next type (2). **Source**: IEEE 802.1Q.
@frozen public struct VLANHeader: @unchecked Sendable {
    @inlinable public static var byteCount: Int { 4 }
    @inlinable public static var vidMask: UInt16 { 0x0fff }
    /// OpenFlow's "tag present" bit, which is DEI on the wire.
    @inlinable public static var present: UInt16 { 0x1000 }
    public let base: UnsafeMutableRawPointer

    @inlinable @inline(always)
    public init?(_ base: UnsafeMutableRawPointer, available: Int) {
        guard available >= 4 else { return nil }
        self.base = base
    }

    @inlinable public var tci: UInt16 {
        @inline(always) get { base.network16(at: 0) }
        @inline(always) nonmutating set { base.setNetwork16(newValue, at: 0) }
    }
    @inlinable public var vid: UInt16 { tci & VLANHeader.vidMask }
    @inlinable public var priority: UInt8 { UInt8(truncatingIfNeeded: tci &>> 13) }
    @inlinable public var nextType: UInt16 {
        @inline(always) get { base.network16(at: 2) }
        @inline(always) nonmutating set { base.setNetwork16(newValue, at: 2) }
    }
}
