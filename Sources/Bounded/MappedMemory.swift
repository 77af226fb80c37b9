// Page-mapped memory that is reserved at start and touched lazily: a table sized for a million
// entries costs nothing until it is used. Called at start only; the owner of the table unmaps it.

import CIntrinsics
import Glibc

/// A block of zeroed, page-aligned memory.
///
/// **Owner**: the table that asked for it.
@frozen public struct MappedMemory: @unchecked Sendable {
    public let base: UnsafeMutableRawPointer
    public let byteCount: Int

    /// Reserves `byteCount` zeroed bytes; nil when the system refuses or the size is not positive.
    public static func reserve(byteCount: Int) -> MappedMemory? {
        guard byteCount > 0, byteCount <= 1 << 40 else { return nil }
        let mapped = mmap(
            nil, byteCount, PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | Int32(MAP_NORESERVE), -1, 0)
        guard let base = mapped, base != UnsafeMutableRawPointer(bitPattern: -1) else {
            return nil
        }
        if byteCount >= 2 << 20 { _ = madvise(base, byteCount, 14) }  // MADV_HUGEPAGE
        return MappedMemory(base: base, byteCount: byteCount)
    }

    @usableFromInline
    init(base: UnsafeMutableRawPointer, byteCount: Int) {
        self.base = base
        self.byteCount = byteCount
    }

    /// Gives the memory back. Nobody may hold a pointer into it.
    public func release() { munmap(base, byteCount) }
}

/// Asks for cache lines ahead of their use.
@frozen public enum Prefetch {
    @inlinable @inline(always)
    public static func read(_ address: UnsafeRawPointer) { vd_prefetch(address) }
    @inlinable @inline(always)
    public static func write(_ address: UnsafeRawPointer) { vd_prefetch_write(address) }
}

extension Int {
    /// The smallest power of two that is at least `value` and at least 1.
    @inlinable
    public static func powerOfTwo(atLeast value: Int) -> Int {
        value <= 1 ? 1 : 1 << (Int.bitWidth - (value - 1).leadingZeroBitCount)
    }
}
