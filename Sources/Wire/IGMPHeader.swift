// IGMP: eight bytes, and the group records of version 3 reports.

/// A view of an IGMP header.
///
/// **Source**: RFC 2236, RFC 3376.
@frozen public struct IGMPHeader: @unchecked Sendable {
    @inlinable public static var byteCount: Int { 8 }
    @inlinable public static var query: UInt8 { 0x11 }
    @inlinable public static var reportV1: UInt8 { 0x12 }
    @inlinable public static var reportV2: UInt8 { 0x16 }
    @inlinable public static var leave: UInt8 { 0x17 }
    @inlinable public static var reportV3: UInt8 { 0x22 }
    public let base: UnsafeMutableRawPointer

    @inlinable
    public init?(_ base: UnsafeMutableRawPointer, available: Int) {
        guard available >= 8 else { return nil }
        self.base = base
    }
    @inlinable public var type: UInt8 { base.network8(at: 0) }
    @inlinable public var code: UInt8 { base.network8(at: 1) }
    @inlinable public var checksum: UInt16 { base.network16(at: 2) }
    /// The group of a query, report or leave; in a version 3 report, the last two bytes are the
    /// number of group records.
    @inlinable public var group: UInt32 { base.network32(at: 4) }
    @inlinable public var recordCount: Int { Int(base.network16(at: 6)) }
}
