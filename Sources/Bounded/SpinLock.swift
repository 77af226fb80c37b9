// A spin lock in a word of somebody's memory. The one lock of the engine room; never nested.

import CIntrinsics

/// A spin lock over four bytes of raw memory, zero when free.
///
/// **Cost**: about 20 cycles when nobody holds it.
@frozen public struct SpinLock: @unchecked Sendable {
    public let word: UnsafeMutableRawPointer

    /// Uses the four bytes at `word` (4-byte aligned, zero at first).
    @inlinable @inline(always)
    public init(_ word: UnsafeMutableRawPointer) { self.word = word }

    @inlinable @inline(always)
    public func lock() { vd_spin_lock(word) }

    /// Takes the lock if it is free now.
    @inlinable @inline(always)
    public func tryLock() -> Bool { vd_exchange32(word, 1) == 0 }

    @inlinable @inline(always)
    public func unlock() { vd_spin_unlock(word) }
}
