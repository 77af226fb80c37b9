// A rate with a burst, as tokens that come in with time: asked by poll threads for each packet of a
// port that has a limit.

/// A bucket that fills with time and pays for packets.
///
/// **Units**: thousandths of a byte, or of a packet, so that a rate a second is also a rate a
/// millisecond. **Owner**: one thread, or whoever holds the lock beside it.
@frozen public struct TokenBucket: Sendable {
    /// Thousandths a millisecond; 0 is no limit.
    public let rate: Int64
    public let capacity: Int64
    @usableFromInline var tokens: Int64
    @usableFromInline var filledAt: UInt64

    /// A full bucket.
    public init(perSecond rate: UInt64, burst: UInt64, now: UInt64) {
        self.rate = Int64(min(rate, TokenBucket.rateMax))
        capacity = Int64(min(max(burst, 1), TokenBucket.burstMax)) * 1000
        tokens = capacity
        filledAt = now
    }

    /// A terabyte a second; with it an hour's tokens fit.
    @inlinable public static var rateMax: UInt64 { 1_000_000_000_000 }
    @inlinable public static var burstMax: UInt64 { 1_000_000_000_000 }
    @inlinable static var millisecondsMax: UInt64 { 3_600_000 }

    /// Adds what has come in since the last time.
    @inlinable @inline(__always)
    public mutating func fill(now: UInt64) {
        guard now > filledAt else { return }
        let passed = Int64(truncatingIfNeeded: min(now &- filledAt, TokenBucket.millisecondsMax))
        tokens = min(tokens &+ passed &* rate, capacity)
        filledAt = now
    }

    /// Whether the next packet may pass. A bucket that holds anything pays for a whole packet and
    /// may owe the rest: else a packet longer than the burst, such as a super-packet, never could.
    @inlinable @inline(__always)
    public var isOpen: Bool { rate == 0 || tokens > 0 }

    /// Whether it holds one whole byte, or packet: for what is asked in ones, and never owes.
    @inlinable @inline(__always)
    public var holdsOne: Bool { rate == 0 || tokens >= 1000 }

    /// Takes `amount` bytes, or packets, out.
    @inlinable @inline(__always)
    public mutating func pay(_ amount: Int) {
        if rate != 0 { tokens &-= Int64(truncatingIfNeeded: amount) &* 1000 }
    }
}
