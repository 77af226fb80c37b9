// The one's-complement sum of RFC 1071 over raw memory, in the machine's byte order: the sum does
// not care, as long as loads and stores agree. Used to complete partial checksums and to segment.

/// Sums for IP, TCP and UDP checksums.
@frozen public enum InternetSum {
    /// Adds `count` bytes to `sum`. Only the last of several pieces may be of odd length.
    ///
    /// SAFETY: `count` bytes at `bytes` must be readable; callers have checked the packet's length.
    @inlinable
    public static func add(_ bytes: UnsafeRawPointer, count: Int, to sum: UInt64) -> UInt64 {
        var total = sum
        var offset = 0
        while offset &+ 16 <= count {
            let first = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            let second = bytes.loadUnaligned(fromByteOffset: offset &+ 8, as: UInt64.self)
            total &+= (first & 0xffff_ffff) &+ (first &>> 32)
            total &+= (second & 0xffff_ffff) &+ (second &>> 32)
            offset &+= 16
        }
        while offset &+ 2 <= count {
            total &+= UInt64(
                truncatingIfNeeded: bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
            offset &+= 2
        }
        if offset < count {
            total &+= UInt64(
                truncatingIfNeeded: bytes.loadUnaligned(fromByteOffset: offset, as: UInt8.self))
        }
        return total
    }

    /// Folds a sum to 16 bits, not complemented.
    @inlinable @inline(always)
    public static func fold(_ sum: UInt64) -> UInt16 {
        var total = (sum & 0xffff_ffff) &+ (sum &>> 32)
        total = (total & 0xffff) &+ ((total &>> 16) & 0xffff) &+ (total &>> 32)
        total = (total & 0xffff) &+ (total &>> 16)
        total = (total & 0xffff) &+ (total &>> 16)
        return UInt16(truncatingIfNeeded: total)
    }

    /// The checksum to store: complemented, and 0xffff in place of zero, as UDP needs and TCP
    /// allows.
    @inlinable @inline(always)
    public static func checksum(_ sum: UInt64) -> UInt16 {
        let value = ~fold(sum)
        return value == 0 ? 0xffff : value
    }
}
