// Epoch reclamation between the control room and poll threads. The control room publishes a new
// snapshot, advances the epoch, and may free the old one when every poll thread that is on line has
// passed a quiescent point (the end of a turn, when it holds no pointer) since. Poll threads pay
// one load and one store a turn.

import CIntrinsics

/// The quiescence counters of poll threads.
///
/// **Shape**: the epoch on one cache line, one line per thread. **Owner**: each thread writes its
/// own line; the control room writes the epoch.
@frozen public struct EpochDomain: @unchecked Sendable {
    public let base: UnsafeMutableRawPointer
    public let threadCapacity: Int

    /// A domain for at most `threadCapacity` poll threads, all off line.
    public init(threadCapacity: Int) {
        precondition(threadCapacity > 0 && threadCapacity <= 4096)
        self.threadCapacity = threadCapacity
        let bytes = 64 * (threadCapacity + 1)
        base = .allocate(byteCount: bytes, alignment: 64)
        vd_zero(base, UInt64(bytes))
        base.storeBytes(of: 1, as: UInt64.self)
    }

    public func deallocate() { base.deallocate() }

    @inlinable @inline(always)
    func line(_ thread: Int) -> UnsafeMutableRawPointer { base + (thread &+ 1) &* 64 }

    /// The thread begins to hold pointers into snapshots.
    @inlinable
    public func goOnline(_ thread: Int) {
        assert(thread >= 0 && thread < threadCapacity)
        vd_store_release64(line(thread), vd_load_acquire64(base))
        vd_fence()
    }

    /// The thread holds no pointer now. Called once a turn.
    @inlinable @inline(always)
    public func quiesce(_ thread: Int) {
        vd_store_release64(line(thread), vd_load_acquire64(base))
    }

    /// The thread holds no pointer and will take none until it goes on line again (before it
    /// sleeps).
    @inlinable
    public func goOffline(_ thread: Int) { vd_store_release64(line(thread), 0) }

    /// Opens a new epoch, after a snapshot was replaced; returns the number that all threads must
    /// reach.
    public func advance() -> UInt64 {
        vd_fence()
        let epoch = vd_fetch_add64(base, 1) &+ 1
        vd_fence()
        return epoch
    }

    /// Whether every thread on line has been quiescent since `advance` returned `epoch`.
    public func hasPassed(_ epoch: UInt64) -> Bool {
        var thread = 0
        while thread < threadCapacity {
            let seen = vd_load_acquire64(line(thread))
            if seen != 0 && seen < epoch { return false }
            thread += 1
        }
        return true
    }
}
