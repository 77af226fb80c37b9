// What the control room has taken out of poll threads' reach and will free: in order, each after
// the epoch in which it was last seen, and not before its time.

/// A queue of things to free.
///
/// **Owner**: the control loop.
struct RetiredQueue {
    private var entries: [(epoch: UInt64, due: UInt64, free: () -> Void)] = []
    private var head = 0

    var count: Int { entries.count - head }

    /// - Parameter due: milliseconds on the datapath's clock.
    mutating func append(epoch: UInt64, due: UInt64, _ free: @escaping () -> Void) {
        entries.append((epoch, due, free))
    }

    /// The oldest entry if it is due and its epoch has passed.
    mutating func take(now: UInt64, where hasPassed: (UInt64) -> Bool) -> (() -> Void)? {
        guard head < entries.count, entries[head].due <= now, hasPassed(entries[head].epoch)
        else { return nil }
        let free = entries[head].free
        entries[head].free = {}
        head += 1
        if head > 1024 && head * 2 > entries.count {
            entries.removeFirst(head)
            head = 0
        }
        return free
    }
}
