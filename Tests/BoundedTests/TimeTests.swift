// The timer wheel against a naive model, and epoch reclamation.

import TestSupport
import Testing

@testable import Bounded

@Suite struct TimeTests {
    /// Every record comes up once, not before its deadline nor more than two ticks after it, over
    /// long times and with deadlines beyond the horizon.
    @Test(arguments: [1, 2] as [UInt64])
    func wheelKeepsDeadlines(seed: UInt64) {
        var random = SeededRandom(seed)
        let links = UnsafeMutableRawPointer.allocate(byteCount: 8 * 500, alignment: 8)
        defer { links.deallocate() }
        var now: UInt64 = 1_000_000
        let wheel = TimerWheel(
            slotCount: 64, tickMilliseconds: 100, links: links, strideBytes: 8, now: now)
        defer { wheel.deallocate() }
        var deadlines: [UInt32: UInt64] = [:]
        for _ in 0..<5000 {
            let record = UInt32.random(in: 0..<500, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0, 1:
                if deadlines[record] == nil {
                    let deadline = now + UInt64.random(in: 0..<20_000, using: &random)
                    deadlines[record] = deadline
                    wheel.schedule(record, at: deadline)
                }
            case 2:
                if deadlines.removeValue(forKey: record) != nil { wheel.cancel(record) }
            default:
                now += UInt64.random(in: 0..<300, using: &random)
                drain(wheel, now: now, &deadlines)
            }
        }
        now += 40_000
        drain(wheel, now: now, &deadlines)
        now += 40_000
        drain(wheel, now: now, &deadlines)
        #expect(deadlines.isEmpty)
    }

    private func drain(_ wheel: TimerWheel, now: UInt64, _ deadlines: inout [UInt32: UInt64]) {
        while true {
            let record = wheel.next(now: now)
            if record == TimerWheel.none { break }
            guard let deadline = deadlines[record] else {
                Issue.record("record \(record) was not scheduled")
                return
            }
            if deadline > now {
                wheel.schedule(record, at: deadline)
            } else {
                deadlines.removeValue(forKey: record)
            }
        }
        for (record, deadline) in deadlines where deadline + 200 < now {
            Issue.record("record \(record) is late: \(deadline) at \(now)")
        }
    }

    /// Nothing is freed while a thread on line has not been quiescent since.
    @Test func epochsWaitForThreads() {
        let domain = EpochDomain(threadCapacity: 3)
        defer { domain.deallocate() }
        domain.goOnline(0)
        domain.goOnline(2)
        let first = domain.advance()
        #expect(!domain.hasPassed(first))
        domain.quiesce(0)
        #expect(!domain.hasPassed(first))
        domain.quiesce(2)
        #expect(domain.hasPassed(first))
        let second = domain.advance()
        #expect(!domain.hasPassed(second))
        domain.goOffline(0)
        #expect(!domain.hasPassed(second))
        domain.goOffline(2)
        #expect(domain.hasPassed(second))
    }
}
