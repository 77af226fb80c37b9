// IPv4: 20 to 60 bytes. Setters keep the header checksum right by increments.

/// A view of an IPv4 header whose lengths were checked.
///
/// **Source**: RFC 791.
@frozen public struct IPv4Header: @unchecked Sendable {
    @inlinable public static var byteCountMin: Int { 20 }
    @inlinable public static var moreFragments: UInt16 { 0x2000 }
    @inlinable public static var dontFragment: UInt16 { 0x4000 }
    @inlinable public static var fragmentOffsetMask: UInt16 { 0x1fff }
    public let base: UnsafeMutableRawPointer

    /// The header at `base`, or nil when the version is not 4, the header is shorter than 20 bytes
    /// or does not fit into `available`, or the total length is shorter than the header or longer
    /// than `available`.
    @inlinable @inline(always)
    public init?(_ base: UnsafeMutableRawPointer, available: Int) {
        guard available >= 20 else { return nil }
        let first = base.network8(at: 0)
        let header = Int(first & 15) &* 4
        let total = Int(base.network16(at: 2))
        guard first &>> 4 == 4, header >= 20, header <= total, total <= available else {
            return nil
        }
        self.base = base
    }

    /// SAFETY: 20 bytes at `base` were checked before.
    @inlinable @inline(always)
    public init(unchecked base: UnsafeMutableRawPointer) { self.base = base }

    @inlinable public var headerBytes: Int { Int(base.network8(at: 0) & 15) &* 4 }
    @inlinable public var tos: UInt8 {
        get { base.network8(at: 1) }
        nonmutating set {
            let old = base.network16(at: 0)
            base.setNetwork8(newValue, at: 1)
            InternetChecksum.adjust(base + 10, from: old, to: base.network16(at: 0))
        }
    }
    @inlinable public var totalLength: Int {
        get { Int(base.network16(at: 2)) }
        nonmutating set {
            let new = UInt16(truncatingIfNeeded: newValue)
            InternetChecksum.adjust(base + 10, from: base.network16(at: 2), to: new)
            base.setNetwork16(new, at: 2)
        }
    }
    @inlinable public var identification: UInt16 {
        get { base.network16(at: 4) }
        nonmutating set {
            InternetChecksum.adjust(base + 10, from: base.network16(at: 4), to: newValue)
            base.setNetwork16(newValue, at: 4)
        }
    }
    /// Flags and offset.
    @inlinable public var fragmentField: UInt16 {
        get { base.network16(at: 6) }
        nonmutating set {
            InternetChecksum.adjust(base + 10, from: base.network16(at: 6), to: newValue)
            base.setNetwork16(newValue, at: 6)
        }
    }
    /// Offset of this fragment's payload in bytes.
    @inlinable public var fragmentOffset: Int {
        Int(base.network16(at: 6) & IPv4Header.fragmentOffsetMask) &* 8
    }
    @inlinable public var hasMoreFragments: Bool {
        base.network16(at: 6) & IPv4Header.moreFragments != 0
    }
    @inlinable public var isFragment: Bool { base.network16(at: 6) & 0x3fff != 0 }
    @inlinable public var ttl: UInt8 {
        get { base.network8(at: 8) }
        nonmutating set {
            let old = base.network16(at: 8)
            base.setNetwork8(newValue, at: 8)
            InternetChecksum.adjust(base + 10, from: old, to: base.network16(at: 8))
        }
    }
    @inlinable public var protocolNumber: UInt8 { base.network8(at: 9) }
    @inlinable public var checksum: UInt16 {
        get { base.network16(at: 10) }
        nonmutating set { base.setNetwork16(newValue, at: 10) }
    }
    /// Changes the address and the header checksum; not the checksum of the transport header.
    @inlinable public var source: UInt32 {
        get { base.network32(at: 12) }
        nonmutating set {
            InternetChecksum.adjust(base + 10, from: base.network32(at: 12), to: newValue)
            base.setNetwork32(newValue, at: 12)
        }
    }
    /// Changes the address and the header checksum; not the checksum of the transport header.
    @inlinable public var destination: UInt32 {
        get { base.network32(at: 16) }
        nonmutating set {
            InternetChecksum.adjust(base + 10, from: base.network32(at: 16), to: newValue)
            base.setNetwork32(newValue, at: 16)
        }
    }
    @inlinable public var payload: UnsafeMutableRawPointer { base + headerBytes }
    @inlinable public var payloadLength: Int { totalLength &- headerBytes }

    @inlinable public var isChecksumValid: Bool {
        InternetChecksum.checksum(base, count: headerBytes) == 0
    }
    @inlinable public func computeChecksum() {
        base.setNetwork16(0, at: 10)
        base.setNetwork16(InternetChecksum.checksum(base, count: headerBytes), at: 10)
    }

    /// Writes a header without options at `base`, which has room for 20 bytes, with its checksum.
    @inlinable @discardableResult
    public static func write(
        to base: UnsafeMutableRawPointer, source: UInt32, destination: UInt32,
        protocolNumber: UInt8, totalLength: Int, ttl: UInt8 = 64, tos: UInt8 = 0,
        identification: UInt16 = 0, fragmentField: UInt16 = 0x4000
    ) -> IPv4Header {
        base.setNetwork8(0x45, at: 0)
        base.setNetwork8(tos, at: 1)
        base.setNetwork16(UInt16(truncatingIfNeeded: totalLength), at: 2)
        base.setNetwork16(identification, at: 4)
        base.setNetwork16(fragmentField, at: 6)
        base.setNetwork8(ttl, at: 8)
        base.setNetwork8(protocolNumber, at: 9)
        base.setNetwork32(source, at: 12)
        base.setNetwork32(destination, at: 16)
        let header = IPv4Header(unchecked: base)
        header.computeChecksum()
        return header
    }
}
