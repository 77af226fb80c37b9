// What each port has taken of one engine, and what it may take: records, judgements and packet-ins.
// Connections are shared by all engines and counted by the connection tracker.

/// Tokens of a rate a second, in thousandths, so that a rate a second is also one a millisecond.
///
/// **Owner**: one poll thread.
public struct RateAccount {
    /// A second's; zero is no limit.
    public var rate: UInt32 = 0
    private var tokens: Int64 = 0
    private var filledAt: UInt64 = 0
    /// How often there was none left.
    public var refused: UInt64 = 0

    init() {}

    /// Sets the rate, with a full second in hand.
    mutating func set(rate: UInt32) {
        self.rate = rate
        tokens = Int64(rate) * 1000
    }

    /// Takes one token; false when none is left.
    @inline(__always)
    mutating func take(now: UInt64) -> Bool {
        if rate == 0 { return true }
        if now > filledAt {
            let passed = Int64(truncatingIfNeeded: min(now &- filledAt, 1000))
            tokens = min(tokens &+ passed &* Int64(rate), Int64(rate) &* 1000)
            filledAt = now
        }
        guard tokens >= 1000 else {
            refused &+= 1
            return false
        }
        tokens &-= 1000
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
        account.pointee.judgements.set(rate: judgementsPerSecond)
        account.pointee.packetIns.set(rate: packetInsPerSecond)
    }

    /// Packets judged, and how often a port asked for more than its budget, since the start.
    @inlinable @inline(always)
    public var effort: (judged: UInt64, refused: UInt64) {
        (state.pointee.counters.judged, state.pointee.counters.overBudget)
    }
}
