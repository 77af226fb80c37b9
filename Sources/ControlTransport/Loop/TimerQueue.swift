// A binary heap of timers by deadline. Pure: time is an argument. Owned by the control loop.

/// A timer made by `ControlLoop.schedule` or `ControlLoop.repeating`; keep it to cancel it.
///
/// **Owner** the control loop.
public final class ControlTimer {
    fileprivate(set) var deadlineMilliseconds: Int64
    fileprivate var sequence: UInt64 = 0
    let periodMilliseconds: Int64?
    fileprivate var body: (() -> Void)?

    init(
        deadlineMilliseconds: Int64, periodMilliseconds: Int64?, body: @escaping () -> Void
    ) {
        self.deadlineMilliseconds = deadlineMilliseconds
        self.periodMilliseconds = periodMilliseconds
        self.body = body
    }

    /// Whether the timer will still fire.
    public var isPending: Bool { body != nil }

    /// Makes sure that the timer never fires (again), and lets go of its closure.
    public func cancel() { body = nil }
}

/// The pending timers, earliest first; those of one deadline in the order they were added.
///
/// **Cost** O(log n) to add and to take; a cancelled timer stays until its deadline or until
/// cancelled ones are the majority.
struct TimerQueue {
    private var heap: [ControlTimer] = []
    private var nextSequence: UInt64 = 0
    private var additionsUntilSweep = 64

    /// The earliest deadline, where any timer is pending.
    mutating func nextDeadlineMilliseconds() -> Int64? {
        while let first = heap.first {
            if first.isPending { return first.deadlineMilliseconds }
            removeFirst()
        }
        return nil
    }

    mutating func add(_ timer: ControlTimer) {
        timer.sequence = nextSequence
        nextSequence += 1
        additionsUntilSweep -= 1
        if additionsUntilSweep <= 0 { sweep() }
        heap.append(timer)
        siftUp(heap.count - 1)
    }

    /// Takes the closure of the earliest timer that is due, and puts a repeating one back.
    mutating func takeDue(nowMilliseconds now: Int64) -> (() -> Void)? {
        while let first = heap.first, !first.isPending || first.deadlineMilliseconds <= now {
            removeFirst()
            guard let body = first.body else { continue }
            if let period = first.periodMilliseconds {
                // A late repeating timer skips the turns it missed.
                first.deadlineMilliseconds = max(first.deadlineMilliseconds + period, now + 1)
                add(first)
            } else {
                first.body = nil
            }
            return body
        }
        return nil
    }

    /// Drops cancelled timers and rebuilds the heap.
    private mutating func sweep() {
        let pending = heap.filter(\.isPending)
        heap.removeAll(keepingCapacity: true)
        for timer in pending {
            heap.append(timer)
            siftUp(heap.count - 1)
        }
        additionsUntilSweep = max(64, heap.count)
    }

    private mutating func removeFirst() {
        let last = heap.removeLast()
        guard !heap.isEmpty else { return }
        heap[0] = last
        siftDown(0)
    }

    private func isBefore(_ a: ControlTimer, _ b: ControlTimer) -> Bool {
        (a.deadlineMilliseconds, a.sequence) < (b.deadlineMilliseconds, b.sequence)
    }

    private mutating func siftUp(_ start: Int) {
        var index = start
        while index > 0, isBefore(heap[index], heap[(index - 1) / 2]) {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private mutating func siftDown(_ start: Int) {
        var index = start
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < heap.count && isBefore(heap[child], heap[least]) {
                least = child
            }
            if least == index { return }
            heap.swapAt(index, least)
            index = least
        }
    }
}
