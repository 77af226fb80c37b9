// IPv6: the fixed header of 40 bytes.

/// A view of an IPv6 header whose lengths were checked.
///
/// **Source**: RFC 8200.
@frozen public struct IPv6Header: @unchecked Sendable {
    @inlinable public static var byteCount: Int { 40 }
    public let base: UnsafeMutableRawPointer

    /// The header at `base`, or nil when the version is not 6 or header and payload do not fit.
    @inlinable @inline(always)
    public init?(_ base: UnsafeMutableRawPointer, available: Int) {
        guard available >= 40, base.network8(at: 0) &>> 4 == 6,
            Int(base.network16(at: 4)) &+ 40 <= available
        else { return nil }
        self.base = base
    }

    /// SAFETY: 40 bytes at `base` were checked before.
    @inlinable @inline(always)
    public init(unchecked base: UnsafeMutableRawPointer) { self.base = base }

    @inlinable public var trafficClass: UInt8 {
        get { UInt8(truncatingIfNeeded: base.network16(at: 0) &>> 4) }
        nonmutating set {
            base.setNetwork16((base.network16(at: 0) & 0xf00f) | UInt16(newValue) << 4, at: 0)
        }
    }
    @inlinable public var flowLabel: UInt32 {
        get { base.network32(at: 0) & 0xfffff }
        nonmutating set {
            base.setNetwork32((base.network32(at: 0) & 0xfff0_0000) | (newValue & 0xfffff), at: 0)
        }
    }
    @inlinable public var payloadLength: Int {
        get { Int(base.network16(at: 4)) }
        nonmutating set { base.setNetwork16(UInt16(truncatingIfNeeded: newValue), at: 4) }
    }
    @inlinable public var nextHeader: UInt8 {
        get { base.network8(at: 6) }
        nonmutating set { base.setNetwork8(newValue, at: 6) }
    }
    @inlinable public var hopLimit: UInt8 {
        get { base.network8(at: 7) }
        nonmutating set { base.setNetwork8(newValue, at: 7) }
    }
    /// The 16 bytes of the source.
    @inlinable public var source: UnsafeMutableRawPointer { base + 8 }
    /// The 16 bytes of the destination.
    @inlinable public var destination: UnsafeMutableRawPointer { base + 24 }
    @inlinable public var payload: UnsafeMutableRawPointer { base + 40 }

    /// Writes a header at `base`, which has room for 40 bytes.
    @inlinable @discardableResult
    public static func write(
        to base: UnsafeMutableRawPointer, source: UnsafeRawPointer, destination: UnsafeRawPointer,
        nextHeader: UInt8, payloadLength: Int, hopLimit: UInt8 = 64, trafficClass: UInt8 = 0,
        flowLabel: UInt32 = 0
    ) -> IPv6Header {
        base.setNetwork32(0x6000_0000 | UInt32(trafficClass) << 20 | (flowLabel & 0xfffff), at: 0)
        base.setNetwork16(UInt16(truncatingIfNeeded: payloadLength), at: 4)
        base.setNetwork8(nextHeader, at: 6)
        base.setNetwork8(hopLimit, at: 7)
        (base + 8).copyMemory(from: source, byteCount: 16)
        (base + 24).copyMemory(from: destination, byteCount: 16)
        return IPv6Header(unchecked: base)
    }
}
