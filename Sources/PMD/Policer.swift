// Token buckets of a port: poll threads ask them for each packet of a port that has some, and only
// of such a port. The control room makes and frees them while all threads are held.

import Bounded
import Datapath
import Dpif
import PacketBuffer

/// A bucket that fills with time and pays for packets.
///
/// **Units**: thousandths of a byte, or of a packet, so that a rate a second is also a rate a
/// millisecond.
struct TokenBucket {
    /// Thousandths a millisecond; 0 is no limit.
    let rate: Int64
    let capacity: Int64
    var tokens: Int64
    var filledAt: UInt64

    /// A full bucket.
    init(perSecond rate: UInt64, burst: UInt64, now: UInt64) {
        self.rate = Int64(min(rate, TokenBucket.rateMax))
        capacity = Int64(min(max(burst, 1), TokenBucket.burstMax)) * 1000
        tokens = capacity
        filledAt = now
    }

    /// A terabyte a second; with it an hour's tokens fit.
    static let rateMax: UInt64 = 1_000_000_000_000
    static let burstMax: UInt64 = 1_000_000_000_000
    private static let millisecondsMax: UInt64 = 3_600_000

    /// Adds what has come in since the last time.
    @inline(__always)
    mutating func fill(now: UInt64) {
        guard now > filledAt else { return }
        let passed = Int64(truncatingIfNeeded: min(now &- filledAt, TokenBucket.millisecondsMax))
        tokens = min(tokens &+ passed &* rate, capacity)
        filledAt = now
    }

    /// Whether the next packet may pass. A bucket that holds anything pays for a whole packet and
    /// may owe the rest: else a packet longer than the burst, such as a super-packet, never could.
    @inline(__always)
    var isOpen: Bool { rate == 0 || tokens > 0 }

    @inline(__always)
    mutating func pay(_ amount: Int) {
        if rate != 0 { tokens &-= Int64(truncatingIfNeeded: amount) &* 1000 }
    }
}

/// The buckets of one direction of a port.
///
/// **Owner**: whoever holds its lock; queues of one port may be on several threads.
struct PolicerState {
    var lockWord: UInt32 = 0
    var bytes: TokenBucket
    var packets: TokenBucket
}

/// A handle on buckets in memory of their own.
struct Policer: @unchecked Sendable {
    let state: UnsafeMutablePointer<PolicerState>

    /// Full buckets for `limit`.
    init(_ limit: RateLimit, now: UInt64) {
        state = .allocate(capacity: 1)
        state.initialize(
            to: PolicerState(
                bytes: TokenBucket(
                    perSecond: limit.bytesPerSecond, burst: limit.burstBytes, now: now),
                packets: TokenBucket(
                    perSecond: limit.packetsPerSecond, burst: limit.burstPackets, now: now)))
    }

    func deallocate() { state.deallocate() }

    /// Sorts out what may pass, in order: it stays at the front of `packets`; what may not comes
    /// after it. Returns how many may pass.
    ///
    /// **Cost**: one lock, and two steps a packet.
    @inline(__always)
    func sift(_ packets: UnsafeMutablePointer<PacketBuffer>, count: Int, now: UInt64) -> Int {
        // SAFETY: the word is the first of the state, aligned and zero when free.
        let lock = SpinLock(UnsafeMutableRawPointer(state))
        lock.lock()
        state.pointee.bytes.fill(now: now)
        state.pointee.packets.fill(now: now)
        var passed = 0
        for index in 0..<count {
            guard state.pointee.bytes.isOpen, state.pointee.packets.isOpen else { continue }
            let packet = packets[index]
            state.pointee.bytes.pay(packet.length)
            state.pointee.packets.pay(1)
            packets[index] = packets[passed]
            packets[passed] = packet
            passed &+= 1
        }
        lock.unlock()
        return passed
    }
}
