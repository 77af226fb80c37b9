// The Internet checksum (RFC 1071), its incremental update (RFC 1624) and the pseudo-headers of
// IPv4 and IPv6. Sums are kept unfolded and in memory order, so no byte is swapped until the end.

/// Internet checksum arithmetic.
///
/// A *sum* is a 64-bit accumulator of 16-bit words in the byte order of memory. A *checksum* is the
/// folded complement in host order, as `network16` reads it from a header.
@frozen public enum InternetChecksum {
    /// Adds `count` bytes at `bytes` to `sum`. An odd last byte is padded with zero; only the last
    /// piece of a sum may be odd.
    @inlinable
    public static func sum(
        _ bytes: UnsafeRawPointer, count: Int, onto start: UInt64 = 0
    ) -> UInt64 {
        var sum = start
        var offset = 0
        while offset &+ 8 <= count {
            let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            sum &+= (word & 0xffff_ffff) &+ (word &>> 32)
            offset &+= 8
        }
        while offset &+ 2 <= count {
            sum &+= UInt64(bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
            offset &+= 2
        }
        if offset < count {
            sum &+= UInt64(UInt16(littleEndian: UInt16(bytes.network8(at: offset))))
        }
        return sum
    }

    /// Folds a sum to 16 bits in memory order.
    @inlinable @inline(always)
    public static func fold(_ sum: UInt64) -> UInt16 {
        var folded = (sum & 0xffff_ffff) &+ (sum &>> 32)
        folded = (folded & 0xffff) &+ (folded &>> 16)
        folded = (folded & 0xffff) &+ (folded &>> 16)
        folded = (folded & 0xffff) &+ (folded &>> 16)
        return UInt16(truncatingIfNeeded: folded)
    }

    /// The checksum of a sum, in host order.
    @inlinable @inline(always)
    public static func finish(_ sum: UInt64) -> UInt16 { ~UInt16(bigEndian: fold(sum)) }

    /// The checksum of `count` bytes; zero when they contain a right checksum.
    @inlinable
    public static func checksum(_ bytes: UnsafeRawPointer, count: Int) -> UInt16 {
        finish(sum(bytes, count: count))
    }

    /// The sum of the pseudo-header of the IPv4 header at `header` for `length` bytes of
    /// `protocol`.
    @inlinable @inline(always)
    public static func pseudoHeaderIPv4(
        _ header: UnsafeRawPointer, protocol number: UInt8, length: Int
    ) -> UInt64 {
        sum(header + 12, count: 8)
            &+ UInt64(UInt16(number).bigEndian)
            &+ UInt64(UInt16(truncatingIfNeeded: length).bigEndian)
    }

    /// The sum of the pseudo-header of the IPv6 header at `header` for `length` bytes of
    /// `protocol`.
    @inlinable @inline(always)
    public static func pseudoHeaderIPv6(
        _ header: UnsafeRawPointer, protocol number: UInt8, length: Int
    ) -> UInt64 {
        sum(header + 8, count: 32)
            &+ UInt64(UInt16(number).bigEndian)
            &+ UInt64(UInt32(truncatingIfNeeded: length).bigEndian & 0xffff)
            &+ UInt64(UInt32(truncatingIfNeeded: length).bigEndian &>> 16)
    }

    /// `checksum` after a 16-bit word of what it covers changed (RFC 1624, equation 3).
    @inlinable @inline(always)
    public static func update(_ checksum: UInt16, from old: UInt16, to new: UInt16) -> UInt16 {
        var sum = UInt32(~checksum) &+ UInt32(~old) &+ UInt32(new)
        sum = (sum & 0xffff) &+ (sum &>> 16)
        sum = (sum & 0xffff) &+ (sum &>> 16)
        return ~UInt16(truncatingIfNeeded: sum)
    }

    /// `checksum` after a 32-bit word of what it covers changed.
    @inlinable @inline(always)
    public static func update(_ checksum: UInt16, from old: UInt32, to new: UInt32) -> UInt16 {
        var sum =
            UInt32(~checksum) &+ UInt32(~UInt16(truncatingIfNeeded: old &>> 16))
            &+ UInt32(~UInt16(truncatingIfNeeded: old))
            &+ (new &>> 16) &+ (new & 0xffff)
        sum = (sum & 0xffff) &+ (sum &>> 16)
        sum = (sum & 0xffff) &+ (sum &>> 16)
        return ~UInt16(truncatingIfNeeded: sum)
    }

    /// `checksum` after the `count` bytes (an even number) at `old` became those at `new`.
    @inlinable
    public static func update(
        _ checksum: UInt16, from old: UnsafeRawPointer, to new: UnsafeRawPointer, count: Int
    ) -> UInt16 {
        let removed = UInt16(bigEndian: fold(sum(old, count: count)))
        let added = UInt16(bigEndian: fold(sum(new, count: count)))
        return update(checksum, from: removed, to: added)
    }

    /// Updates the checksum field at `field` for a changed 16-bit word.
    @inlinable @inline(always)
    public static func adjust(
        _ field: UnsafeMutableRawPointer, from old: UInt16, to new: UInt16
    ) {
        field.setNetwork16(update(field.network16(at: 0), from: old, to: new), at: 0)
    }

    /// Updates the checksum field at `field` for a changed 32-bit word.
    @inlinable @inline(always)
    public static func adjust(
        _ field: UnsafeMutableRawPointer, from old: UInt32, to new: UInt32
    ) {
        field.setNetwork16(update(field.network16(at: 0), from: old, to: new), at: 0)
    }
}
