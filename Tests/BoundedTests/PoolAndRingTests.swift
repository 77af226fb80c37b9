// Slot pools, rings, locks and the keyed hash.

import Glibc
import Testing

@testable import Bounded

@Suite struct PoolAndRingTests {
    @Test func poolHandsOutEachSlotOnce() throws {
        let pool = try #require(SlotPool(capacity: 5))
        defer { pool.deallocate() }
        var slots: Set<UInt32> = []
        while let slot = pool.take() { slots.insert(slot) }
        #expect(slots == [0, 1, 2, 3, 4])
        #expect(pool.usedCount == 5)
        pool.give(3)
        #expect(pool.usedCount == 4)
        #expect(pool.take() == 3)
        #expect(pool.take() == nil)
        #expect(pool.highWater == 5)
    }

    /// A full ring refuses and counts; order is kept across the wrap.
    @Test func singleProducerRing() throws {
        let ring = try #require(SPSCRing(capacity: 4, elementBytes: 8))
        defer { ring.deallocate() }
        var value: UInt64 = 0
        var expected: UInt64 = 0
        for _ in 0..<10 {
            while withUnsafeBytes(
                of: value, { ring.push($0.baseAddress.unsafelyUnwrapped, byteCount: 8) })
            {
                value += 1
            }
            #expect(ring.count == 4)
            var got: UInt64 = 0
            while withUnsafeMutableBytes(
                of: &got, { ring.pop(into: $0.baseAddress.unsafelyUnwrapped, byteCount: 8) })
            {
                #expect(got == expected)
                expected += 1
            }
        }
        #expect(ring.refusedCount == 10)
        #expect(expected == value)
    }

    /// Two producers and one consumer: nothing is lost, doubled or reordered within a producer.
    @Test func multiProducerRing() throws {
        let ring = try #require(MPSCRing(capacity: 64, elementBytes: 16))
        defer { ring.deallocate() }
        struct Work {
            var ring: MPSCRing
            var producer: UInt64
        }
        let body: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { raw in
            let work = raw.unsafelyUnwrapped.assumingMemoryBound(to: Work.self).pointee
            for number in 0..<UInt64(20_000) {
                let element = (work.producer, number)
                while !withUnsafeBytes(
                    of: element,
                    { work.ring.push($0.baseAddress.unsafelyUnwrapped, byteCount: 16) })
                {
                    sched_yield()
                }
            }
            return nil
        }
        let works = UnsafeMutablePointer<Work>.allocate(capacity: 2)
        works[0] = Work(ring: ring, producer: 0)
        works[1] = Work(ring: ring, producer: 1)
        var threads = [pthread_t(), pthread_t()]
        pthread_create(&threads[0], nil, body, works)
        pthread_create(&threads[1], nil, body, works + 1)
        var next: [UInt64] = [0, 0]
        var got: (UInt64, UInt64) = (0, 0)
        while next[0] + next[1] < 40_000 {
            let didPop = withUnsafeMutableBytes(of: &got) {
                ring.pop(into: $0.baseAddress.unsafelyUnwrapped, byteCount: 16)
            }
            guard didPop else {
                sched_yield()
                continue
            }
            #expect(next[Int(got.0)] == got.1)
            next[Int(got.0)] += 1
        }
        pthread_join(threads[0], nil)
        pthread_join(threads[1], nil)
        works.deallocate()
        #expect(next == [20_000, 20_000])
    }

    /// Hashes depend on the secret and on every bit of the words.
    @Test func hashIsKeyedAndSpreads() {
        let one = KeyedHash(
            HashSecret(
                0x9e37_79b9_7f4a_7c15, 0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb,
                0xd6e8_feb8_6659_fd93))
        let other = KeyedHash(.random())
        defer {
            one.deallocate()
            other.deallocate()
        }
        var words: [UInt64] = [0, 0, 0, 0, 0]
        let base = words.withUnsafeBytes { one.hash($0.baseAddress.unsafelyUnwrapped, words: 5) }
        #expect(
            words.withUnsafeBytes { other.hash($0.baseAddress.unsafelyUnwrapped, words: 5) } != base
        )
        var changed = 0
        for bit in 0..<320 {
            words[bit / 64] ^= 1 << UInt64(bit % 64)
            let hash = words.withUnsafeBytes {
                one.hash($0.baseAddress.unsafelyUnwrapped, words: 5)
            }
            changed += (hash ^ base).nonzeroBitCount
            words[bit / 64] ^= 1 << UInt64(bit % 64)
        }
        // On average half of the 64 bits change.
        #expect(changed > 320 * 28 && changed < 320 * 36)
    }

    /// A lock is held by one at a time.
    @Test func spinLock() {
        let word = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)
        word.initializeMemory(as: UInt8.self, repeating: 0, count: 64)
        let lock = SpinLock(word)
        #expect(lock.tryLock())
        #expect(!lock.tryLock())
        lock.unlock()
        lock.lock()
        lock.unlock()
        word.deallocate()
    }
}
