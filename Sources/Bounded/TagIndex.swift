// The hash index of every large table: buckets of eight 16-bit tags beside eight 32-bit record
// numbers, one 64-byte line each. A key may live in one of two buckets, and the second is computed
// from the first and the tag, so that entries can be moved (cuckoo kicks) without looking at their
// keys. Memory and the length of a search for room are bounded; the hash must be keyed. Used for
// flow records, connections, expectations and fragments.
//
// It begins small and doubles in place when it is full: an entry of bucket b goes to b or to b plus
// the old number of buckets, by one more bit of its hash, of which the bucket keeps eight. So a
// table sized for millions costs no memory, and no reach of caches, before there are millions.
//
// A lookup asks `bucket(of:)`, then `matches(in:tag:)` for a mask of candidates, then
// `value(at:slot:)` for each, and compares keys itself; if none fits it goes on with
// `otherBucket(of:tag:)`. `find` does all that with an inlined closure.

import CIntrinsics

/// An index from 64-bit keyed hashes to 32-bit record numbers.
///
/// **Shape**: 64-byte buckets: 8 tags (UInt16, zero is empty), 8 values (UInt32), how many entries
/// that belong here live in their second bucket (UInt32), which of the entries here do so (a bit
/// each), the bits of their hashes above the smallest mask (a byte each), 3 bytes unused.
/// **Owner**: one thread, or the table's lock; there are no concurrent readers, but who reads
/// without the lock stays within the memory.
/// **Cost**: one cache line for most lookups, found or not; two where the first bucket has been
/// full. Doubles at 5/8 of `slotCount`, reading and writing every bucket; full at about 95 % when
/// it has doubled for the last time.
@frozen public struct TagIndex: @unchecked Sendable {
    @frozen public struct State {
        public var memory: MappedMemory
        public var scratch: UnsafeMutablePointer<UInt64>
        /// One less than the number of buckets now, at the start and at last.
        public var mask: UInt32
        public var firstMask: UInt32
        public var lastMask: UInt32
        public var count: UInt32
        public var kicks: UInt64
        public var refusals: UInt64
    }
    public let buckets: UnsafeMutableRawPointer
    public let state: UnsafeMutablePointer<State>

    /// Bytes of one bucket.
    @inlinable public static var bucketBytes: Int { 64 }
    @inlinable public static var searchLimit: Int { 256 }
    /// Buckets to begin with.
    public static var firstBucketCount: Int { 1 << 14 }

    /// An empty index that grows to room for at least `capacity` entries at a load of 7/8; nil when
    /// memory is short. `firstBucketCount` is a power of two.
    public init?(capacity: Int, firstBucketCount: Int = TagIndex.firstBucketCount) {
        guard capacity > 0, capacity <= 1 << 30 else { return nil }
        let wanted = capacity + capacity / 7
        let bucketCount = Swift.max(2, Int.powerOfTwo(atLeast: (wanted + 7) / 8))
        // Eight bits of a hash are kept to double by.
        let first = Swift.min(bucketCount, Swift.max(firstBucketCount, bucketCount >> 8))
        guard let memory = MappedMemory.reserve(byteCount: bucketCount * TagIndex.bucketBytes)
        else { return nil }
        buckets = memory.base
        state = .allocate(capacity: 1)
        state.initialize(
            to: State(
                memory: memory, scratch: .allocate(capacity: TagIndex.searchLimit),
                mask: UInt32(first - 1), firstMask: UInt32(first - 1),
                lastMask: UInt32(bucketCount - 1), count: 0, kicks: 0, refusals: 0))
    }

    public func deallocate() {
        state.pointee.scratch.deallocate()
        state.pointee.memory.release()
        state.deallocate()
    }

    @inlinable public var mask: UInt32 {
        @inline(always) get { state.pointee.mask }
    }
    @inlinable public var count: Int { Int(state.pointee.count) }
    @inlinable public var slotCount: Int { (Int(mask) &+ 1) &* 8 }

    /// The tag of a hash; never zero.
    @inlinable @inline(always)
    public static func tag(of hash: UInt64) -> UInt16 {
        let tag = UInt16(truncatingIfNeeded: hash &>> 48)
        return tag == 0 ? 1 : tag
    }

    /// The first bucket of a hash.
    @inlinable @inline(always)
    public func bucket(of hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash) & mask }

    /// The other bucket of an entry with `tag` in `bucket`; an involution.
    @inlinable @inline(always)
    public func otherBucket(of bucket: UInt32, tag: UInt16) -> UInt32 {
        (bucket ^ TagIndex.spread(tag)) & mask
    }

    /// By which the two buckets of entries with `tag` differ.
    @inlinable @inline(always)
    static func spread(_ tag: UInt16) -> UInt32 { (UInt32(tag) &* 0x9e37_79b1) &>> 7 | 1 }

    @inlinable @inline(always)
    public func address(of bucket: UInt32) -> UnsafeMutableRawPointer {
        buckets + Int(truncatingIfNeeded: bucket) &* 64
    }

    /// Asks for the first bucket of `hash`.
    @inlinable @inline(always)
    public func prefetch(_ hash: UInt64) { vd_prefetch(address(of: bucket(of: hash))) }

    /// Bit i is set where slot i of `bucket` bears `tag`.
    @inlinable @inline(always)
    public func matches(in bucket: UInt32, tag: UInt16) -> UInt32 {
        vd_match_tags8(address(of: bucket), tag)
    }

    /// The record number in `slot` of `bucket`.
    @inlinable @inline(always)
    public func value(at bucket: UInt32, slot: Int) -> UInt32 {
        address(of: bucket).load(fromByteOffset: 16 &+ slot &* 4, as: UInt32.self)
    }

    /// Whether entries whose first bucket is `bucket` live in their second one.
    @inlinable @inline(always)
    public func overflows(_ bucket: UInt32) -> Bool {
        address(of: bucket).load(fromByteOffset: 48, as: UInt32.self) != 0
    }

    /// The first record number under `hash` for which `isMatch` answers true, or nil.
    @inlinable @inline(always)
    public func find(_ hash: UInt64, where isMatch: (UInt32) -> Bool) -> UInt32? {
        let tag = TagIndex.tag(of: hash)
        let first = bucket(of: hash)
        var bucket = first
        while true {
            var candidates = matches(in: bucket, tag: tag)
            while candidates != 0 {
                let value = value(at: bucket, slot: candidates.trailingZeroBitCount)
                if isMatch(value) { return value }
                candidates &= candidates &- 1
            }
            guard bucket == first, overflows(first) else { return nil }
            bucket = otherBucket(of: first, tag: tag)
        }
    }
}
