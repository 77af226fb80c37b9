// What each port has taken of one engine, and what it may take: records, judgements and packet-ins.
// Connections are shared by all engines and counted by the connection tracker.

import Bounded

/// A second's worth of something, and how often there was none left.
///
/// **Owner**: one poll thread; the control room while it holds that thread.
public struct RateAccount {
    private var bucket = TokenBucket(perSecond: 0, burst: 0, now: 0)
    public var refused: UInt64 = 0

    init() {}

    /// A second's; zero is no limit.
    public var rate: UInt64 { UInt64(bucket.rate) }

    /// Sets the rate, with a full second in hand.
    mutating func set(rate: UInt32, now: UInt64) {
        bucket = TokenBucket(perSecond: UInt64(rate), burst: UInt64(rate), now: now)
    }

    /// Takes one; false when none is left.
    @inline(__always)
    mutating func take(now: UInt64) -> Bool {
        if bucket.rate == 0 { return true }
        bucket.fill(now: now)
        guard bucket.holdsOne else {
            refused &+= 1
            return false
        }
        bucket.pay(1)
        return true
    }
}

/// One port's account with an engine.
///
/// **Owner**: the engine's poll thread; the control room while it holds that thread.
public struct PortAccount {
    public var records: UInt32 = 0
    /// Zero is no limit.
    public var recordLimit: UInt32 = 0
    public var recordsRefused: UInt64 = 0
    public var judgements = RateAccount()
    public var packetIns = RateAccount()

    init() {}
}

extension Engine {
    /// The account of a datapath port.
    public func account(ofPort port: UInt32) -> UnsafeMutablePointer<PortAccount> {
        state.pointee.accounts + Int(port & 0xfff)
    }

    /// Sets what a port may take; zero is no limit.
    ///
    /// **Owner**: the control room, while the poll thread is held.
    public func setBudget(
        ofPort port: UInt32, records: UInt32, judgementsPerSecond: UInt32,
        packetInsPerSecond: UInt32
    ) {
        let account = account(ofPort: port)
        account.pointee.recordLimit = records
        account.pointee.judgements.set(rate: judgementsPerSecond, now: state.pointee.now)
        account.pointee.packetIns.set(rate: packetInsPerSecond, now: state.pointee.now)
    }

    /// Packets judged, and how often a port asked for more than its budget, since the start.
    @inlinable @inline(always)
    public var effort: (judged: UInt64, refused: UInt64) {
        (state.pointee.counters.judged, state.pointee.counters.overBudget)
    }
}
