// ICMP for IPv4: eight bytes, the last four depending on the type.

/// A view of an ICMP header.
///
/// **Source**: RFC 792.
@frozen public struct ICMPHeader: @unchecked Sendable {
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
    /// Identifier of an echo, timestamp or information message.
    @inlinable public var identifier: UInt16 {
        get { base.network16(at: 4) }
        nonmutating set { base.setNetwork16(newValue, at: 4) }
    }
    @inlinable public var sequence: UInt16 {
        get { base.network16(at: 6) }
        nonmutating set { base.setNetwork16(newValue, at: 6) }
    }
    @inlinable public func computeChecksum(length: Int) {
        base.setNetwork16(0, at: 2)
        base.setNetwork16(InternetChecksum.checksum(base, count: length), at: 2)
    }
}

/// Types of ICMP messages.
@frozen public enum ICMPType {
    @inlinable public static var echoReply: UInt8 { 0 }
    @inlinable public static var unreachable: UInt8 { 3 }
    @inlinable public static var sourceQuench: UInt8 { 4 }
    @inlinable public static var redirect: UInt8 { 5 }
    @inlinable public static var echoRequest: UInt8 { 8 }
    @inlinable public static var timeExceeded: UInt8 { 11 }
    @inlinable public static var parameterProblem: UInt8 { 12 }
    @inlinable public static var timestamp: UInt8 { 13 }
    @inlinable public static var timestampReply: UInt8 { 14 }
    @inlinable public static var informationRequest: UInt8 { 15 }
    @inlinable public static var informationReply: UInt8 { 16 }
}
