// The engine room's clock: the machine's monotonic clock, unless the control room has stopped it or
// moved it forward (`time/stop` and `time/warp`, for tests). Poll threads and the control loop read
// it; the control loop alone changes it.

import CIntrinsics
import Glibc

/// A clock in milliseconds that can be stopped and warped.
///
/// **Owner**: changed by the control loop; read by any thread.
struct EngineClock: @unchecked Sendable {
    /// Two words: the time it stands at (0 while it runs), and by how much it has been moved.
    private let words: UnsafeMutablePointer<UInt64>

    init() {
        words = .allocate(capacity: 2)
        words.initialize(repeating: 0, count: 2)
    }

    /// Milliseconds now.
    ///
    /// **Cost**: two loads and the C library's clock.
    @inline(__always)
    func now() -> UInt64 {
        let stopped = vd_load_relaxed64(words)
        return (stopped == 0 ? EngineClock.monotonic() : stopped)
            &+ vd_load_relaxed64(words + 1)
    }

    /// Makes it stand at `stopped` (nil: run), `warp` milliseconds ahead.
    func set(stopped: UInt64?, warp: UInt64) {
        vd_store_relaxed64(words, stopped ?? 0)
        vd_store_relaxed64(words + 1, warp)
    }

    private static func monotonic() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1000 &+ UInt64(time.tv_nsec) / 1_000_000
    }
}
