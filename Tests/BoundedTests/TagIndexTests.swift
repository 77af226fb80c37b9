// The hash index against a dictionary, and how full it gets.

import TestSupport
import Testing

@testable import Bounded

@Suite struct TagIndexTests {
    /// Random inserts, finds and removals answer as a dictionary would, also while it doubles.
    @Test(arguments: [1, 2, 3] as [UInt64], [2, 1 << 14])
    func behavesAsDictionary(seed: UInt64, firstBucketCount: Int) throws {
        var random = SeededRandom(seed)
        let index = try #require(TagIndex(capacity: 2000, firstBucketCount: firstBucketCount))
        defer { index.deallocate() }
        var model: [UInt64: UInt32] = [:]
        var keys: [UInt64] = []
        for _ in 0..<20_000 {
            let choice = Int.random(in: 0..<10, using: &random)
            if choice < 5, model.count < 2000 {
                let hash = random.next()
                let value = UInt32(truncatingIfNeeded: random.next())
                #expect(index.insert(hash, value: value))
                model[hash] = value
                keys.append(hash)
            } else if choice < 8, !keys.isEmpty {
                let hash = keys[Int.random(in: 0..<keys.count, using: &random)]
                let wanted = model[hash]
                let found = wanted.flatMap { value in index.find(hash) { $0 == value } }
                #expect(found == wanted)
            } else if !keys.isEmpty {
                let place = Int.random(in: 0..<keys.count, using: &random)
                let hash = keys.remove(at: place)
                let removed = model.removeValue(forKey: hash)
                let value = try #require(removed)
                #expect(index.remove(hash, value: value))
                #expect(index.find(hash) { $0 == value } == nil)
            }
            #expect(index.count == model.count)
        }
        for (hash, value) in model { #expect(index.find(hash) { $0 == value } == value) }
    }

    /// Moves let the index fill to over 95 % before it refuses, and a refusal loses nothing.
    @Test(arguments: [4, 1 << 14])
    func fillsUp(firstBucketCount: Int) throws {
        var random = SeededRandom(7)
        let index = try #require(TagIndex(capacity: 7000, firstBucketCount: firstBucketCount))
        defer { index.deallocate() }
        var kept: [(UInt64, UInt32)] = []
        while true {
            let hash = random.next()
            let value = UInt32(kept.count)
            guard index.insert(hash, value: value) else { break }
            kept.append((hash, value))
        }
        #expect(kept.count * 100 > index.slotCount * 95)
        for (hash, value) in kept { #expect(index.find(hash) { $0 == value } == value) }
        // Entries were moved to and fro; with the last of them nothing is believed to be elsewhere.
        #expect((0...index.mask).contains { index.overflows($0) })
        for (hash, value) in kept.shuffled(using: &random) {
            #expect(index.remove(hash, value: value))
        }
        #expect(index.count == 0)
        #expect((0...index.mask).allSatisfy { !index.overflows($0) })
    }

    /// Many entries of one hash fill two buckets and then are refused, without harm to others.
    @Test func equalHashesAreBounded() throws {
        let index = try #require(TagIndex(capacity: 1000))
        defer { index.deallocate() }
        #expect(index.insert(99, value: 4))
        var count = 0
        while index.insert(0x1234_5678_9abc_def0, value: UInt32(count)) { count += 1 }
        #expect(count == 16)
        #expect(index.find(99) { $0 == 4 } == 4)
        #expect(index.replace(99, old: 4, new: 5))
        #expect(index.find(99) { $0 == 5 } == 5)
    }

    /// The second bucket's second bucket is the first.
    @Test func otherBucketIsInvolution() throws {
        let index = try #require(TagIndex(capacity: 1000))
        defer { index.deallocate() }
        for tag in UInt16(1)...500 {
            for bucket in [0, 1, 17, index.mask] as [UInt32] {
                let other = index.otherBucket(of: bucket, tag: tag)
                #expect(other != bucket)
                #expect(index.otherBucket(of: other, tag: tag) == bucket)
            }
        }
    }
}
