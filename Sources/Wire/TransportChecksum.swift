// Checksums of TCP, UDP and ICMPv6 under either IP version: checking, computing, and the
// pseudo-header sum that a partial checksum starts from.

/// Transport checksums under an IP header.
@frozen public enum TransportChecksum {
    /// The sum of the pseudo-header of the IP header at `ip`.
    @inlinable @inline(always)
    public static func pseudoHeader(
        _ ip: UnsafeRawPointer, isIPv6: Bool, protocol number: UInt8, length: Int
    ) -> UInt64 {
        isIPv6
            ? InternetChecksum.pseudoHeaderIPv6(ip, protocol: number, length: length)
            : InternetChecksum.pseudoHeaderIPv4(ip, protocol: number, length: length)
    }

    /// Whether `length` bytes at `transport` sum to a right checksum.
    @inlinable
    public static func isValid(
        _ transport: UnsafeRawPointer, length: Int, ip: UnsafeRawPointer, isIPv6: Bool,
        protocol number: UInt8
    ) -> Bool {
        let pseudo = pseudoHeader(ip, isIPv6: isIPv6, protocol: number, length: length)
        return InternetChecksum.finish(
            InternetChecksum.sum(transport, count: length, onto: pseudo)) == 0
    }

    /// The full checksum of `length` bytes at `transport`, whose checksum field is zero.
    @inlinable
    public static func compute(
        _ transport: UnsafeRawPointer, length: Int, ip: UnsafeRawPointer, isIPv6: Bool,
        protocol number: UInt8
    ) -> UInt16 {
        let pseudo = pseudoHeader(ip, isIPv6: isIPv6, protocol: number, length: length)
        return InternetChecksum.finish(
            InternetChecksum.sum(transport, count: length, onto: pseudo))
    }

    /// What a partial checksum's field holds: the folded pseudo-header sum, not complemented.
    @inlinable
    public static func partial(
        ip: UnsafeRawPointer, isIPv6: Bool, protocol number: UInt8, length: Int
    ) -> UInt16 {
        UInt16(
            bigEndian: InternetChecksum.fold(
                pseudoHeader(ip, isIPv6: isIPv6, protocol: number, length: length)))
    }
}
