// A token bucket that keeps one kind of message from filling the log. One `static let` a kind of
// message; any thread.

import Synchronization

/// Lets through `perMinute` messages a minute on average and `burst` at once.
///
/// **Owner** any thread; a lock inside.
public final class VLogRateLimit: Sendable {
    /// What is to be done with the next message.
    enum Verdict: Equatable {
        case pass
        case passAfter(dropped: Int, firstSeconds: Int64, lastSeconds: Int64)
        case drop
    }

    private struct Bucket {
        var tokens: Int64
        var lastFillMilliseconds: Int64 = .min
        var dropped = 0
        var firstDroppedMilliseconds: Int64 = 0
        var lastDroppedMilliseconds: Int64 = 0
    }

    /// The tokens one message costs; `perMinute` tokens come in each millisecond.
    private static let tokensPerMessage: Int64 = 60_000
    private let perMinute: Int64
    private let capacity: Int64
    private let bucket: Mutex<Bucket>

    /// Makes a bucket that starts full.
    public init(perMinute: Int, burst: Int) {
        self.perMinute = Int64(clamping: perMinute)
        capacity = Int64(clamping: burst).multipliedReportingOverflow(by: Self.tokensPerMessage)
            .partialValue
        bucket = Mutex(Bucket(tokens: capacity))
    }

    func admit(nowMilliseconds now: Int64) -> Verdict {
        bucket.withLock { bucket in
            if bucket.lastFillMilliseconds != .min, now > bucket.lastFillMilliseconds {
                let (gained, overflow) = (now - bucket.lastFillMilliseconds)
                    .multipliedReportingOverflow(by: perMinute)
                let (sum, full) = bucket.tokens.addingReportingOverflow(gained)
                bucket.tokens = overflow || full ? capacity : min(sum, capacity)
            }
            bucket.lastFillMilliseconds = max(now, bucket.lastFillMilliseconds)
            if bucket.tokens < Self.tokensPerMessage {
                if bucket.dropped == 0 { bucket.firstDroppedMilliseconds = now }
                bucket.lastDroppedMilliseconds = now
                bucket.dropped += 1
                return .drop
            }
            bucket.tokens -= Self.tokensPerMessage
            guard bucket.dropped > 0 else { return .pass }
            let dropped = bucket.dropped
            bucket.dropped = 0
            return .passAfter(
                dropped: dropped,
                firstSeconds: (now - bucket.firstDroppedMilliseconds) / 1000,
                lastSeconds: (now - bucket.lastDroppedMilliseconds) / 1000)
        }
    }
}
