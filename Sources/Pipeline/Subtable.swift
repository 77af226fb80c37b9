// One mask of a table and the rules that have it: a hash table of rules keyed by the masked words.
// One writer (the control room), any number of readers (poll threads) at the same time: a rule is
// published by the store of its tag, a full table is replaced, never moved under a reader.

import CIntrinsics
import Flow

/// A subtable by reference.
///
/// **Shape**: `wordCount` masks over key words; buckets of a power of two.
@frozen public struct Subtable {
    /// Key words that the mask touches.
    public var wordCount: Int
    public var wordIndex: UnsafeMutablePointer<UInt8>
    public var wordMask: UnsafeMutablePointer<UInt64>
    /// Replaced as a whole when it grows.
    public var buckets: UnsafeMutablePointer<RuleBuckets>
    /// The highest priority of a rule within, for the writer; readers go by the published list.
    public var maxPriority: Int32
    public var ruleCount: Int
}

/// The hash table of a subtable.
///
/// **Shape**: 64-byte buckets: six tags (UInt16, zero is free), two bytes unused, whether the
/// search goes on in the next bucket (UInt16), six chains of rules with one masked value. A tag is
/// stored after its chain; a chain whose tag has gone may be read for a while yet.
@frozen public struct RuleBuckets {
    /// Number of buckets minus one.
    public let mask: Int
    public let base: UnsafeMutableRawPointer
    /// Chains, and buckets where a search goes on; for the writer.
    public var used = 0
    public var overflowing = 0

    @inlinable public static var slots: Int { 6 }
    static let overflowOffset = 14
    static let chainsOffset = 16

    static func make(count: Int) -> UnsafeMutablePointer<RuleBuckets> {
        let base = RuleMemory.allocate(byteCount: count * 64)
        base.initializeMemory(as: UInt8.self, repeating: 0, count: count * 64)
        let buckets = UnsafeMutablePointer<RuleBuckets>.allocate(capacity: 1)
        buckets.initialize(to: RuleBuckets(mask: count - 1, base: base))
        return buckets
    }

    init(mask: Int, base: UnsafeMutableRawPointer) {
        self.mask = mask
        self.base = base
    }

    @inline(__always)
    static func tag(_ hash: UInt64) -> UInt16 {
        let tag = UInt16(truncatingIfNeeded: hash &>> 48)
        return tag == 0 ? 1 : tag
    }
    @inline(__always)
    func position(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash &>> 16) & mask }
    @inline(__always)
    func bucket(_ position: Int) -> UnsafeMutableRawPointer { base + position &* 64 }

    /// Bit i is set where slot i of `bucket` bears `tag`.
    @inline(__always)
    static func matches(_ bucket: UnsafeMutableRawPointer, _ tag: UInt16) -> UInt32 {
        vd_match_tags8(bucket, tag) & 0x3f
    }
    @inline(__always)
    static func overflows(_ bucket: UnsafeMutableRawPointer) -> Bool {
        bucket.load(fromByteOffset: overflowOffset, as: UInt16.self) != 0
    }
    @inline(__always)
    static func chain(
        _ bucket: UnsafeMutableRawPointer, _ slot: Int
    ) -> UnsafeMutablePointer<Rule>? {
        UnsafeMutablePointer(
            bitPattern: UInt(vd_load_acquire64(bucket + (chainsOffset &+ 8 &* slot))))
    }
}

extension UnsafeMutablePointer where Pointee == RuleBuckets {
    func free() {
        RuleMemory.free(pointee.base, byteCount: (pointee.mask + 1) * 64)
        deallocate()
    }
}

extension UnsafeMutablePointer where Pointee == Subtable {
    /// The hash of `key` under this subtable's mask.
    @inline(__always)
    func hash(_ key: FlowKey) -> UInt64 {
        let count = pointee.wordCount
        let index = pointee.wordIndex
        let mask = pointee.wordMask
        var hash = RuleHash()
        for position in 0..<count {
            hash.add(key.word(Int(index[position])) & mask[position])
        }
        return hash.value
    }

    /// The chain of rules whose match `key` satisfies.
    @inline(__always)
    func find(_ key: FlowKey) -> UnsafeMutablePointer<Rule>? {
        let hash = hash(key)
        let tag = RuleBuckets.tag(hash)
        let buckets = pointee.buckets
        var position = buckets.pointee.position(hash)
        while true {
            let bucket = buckets.pointee.bucket(position)
            var matches = RuleBuckets.matches(bucket, tag)
            while matches != 0 {
                let slot = matches.trailingZeroBitCount
                if let rule = RuleBuckets.chain(bucket, slot) {
                    rule.prefetch()
                    if isMatch(rule, key) { return rule }
                }
                matches &= matches &- 1
            }
            if !RuleBuckets.overflows(bucket) { return nil }
            position = (position &+ 1) & buckets.pointee.mask
        }
    }

    @inline(__always)
    private func isMatch(_ rule: UnsafeMutablePointer<Rule>, _ key: FlowKey) -> Bool {
        let words = rule.words
        let index = pointee.wordIndex
        let mask = pointee.wordMask
        for step in 0..<pointee.wordCount
        where key.word(Int(index[step])) & mask[step] != words[step] {
            return false
        }
        return true
    }
}

/// The hash of masked words.
struct RuleHash {
    private var state: UInt64 = 0x9e37_79b9_7f4a_7c15

    @inline(__always)
    mutating func add(_ word: UInt64) {
        state = (state ^ word) &* 0xff51_afd7_ed55_8ccd
        state ^= state &>> 32
    }

    @inline(__always)
    var value: UInt64 { state &* 0xc4ce_b9fe_1a85_ec53 }
}
