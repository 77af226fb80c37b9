// Slot pools, locks and the keyed hash.

import Testing

@testable import Bounded

@Suite struct PoolAndHashTests {
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
