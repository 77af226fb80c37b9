// ICMP for IPv4 and IPv6: eight bytes, the last four depending on the type. The two differ in what
// their checksum covers.

/// A view of an ICMP or ICMPv6 header.
///
/// **Source**: RFC 792, RFC 4443.
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
    /// Computes the checksum of an IPv4 message of `length` bytes.
    @inlinable public func computeChecksum(length: Int) {
        base.setNetwork16(0, at: 2)
        base.setNetwork16(InternetChecksum.checksum(base, count: length), at: 2)
    }

    /// Computes the checksum of an ICMPv6 message of `length` bytes under the IPv6 header at
    /// `header`.
    @inlinable public func computeChecksum(under header: IPv6Header, length: Int) {
        base.setNetwork16(0, at: 2)
        let pseudo = InternetChecksum.pseudoHeaderIPv6(
            header.base, protocol: IPProtocol.icmpv6, length: length)
        let sum = InternetChecksum.sum(base, count: length, onto: pseudo)
        base.setNetwork16(InternetChecksum.finish(sum), at: 2)
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
