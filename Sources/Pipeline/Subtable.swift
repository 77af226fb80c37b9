// One mask of a table and the rules that have it: a hash table of rules keyed by the masked words.
// One writer (the control room), any number of readers (poll threads) at the same time: slots are
// published with release stores, a full table is replaced, never moved under a reader.

import CIntrinsics
import Flow

/// A subtable by reference.
///
/// **Shape**: `wordCount` masks over key words; an open-addressed slot array of a power of two.
@frozen public struct Subtable {
    /// Key words that the mask touches.
    public var wordCount: Int
    public var wordIndex: UnsafeMutablePointer<UInt8>
    public var wordMask: UnsafeMutablePointer<UInt64>
    /// The highest priority of a rule within, for the writer; readers go by the published list.
    public var maxPriority: Int32
    public var slots: UnsafeMutablePointer<SubtableSlots>
    public var ruleCount: Int
}

/// The slot array of a subtable. Replaced as a whole when it grows.
@frozen public struct SubtableSlots {
    /// Number of slots minus one.
    public var mask: Int
    /// Slots in use, tombstones included.
    public var used: Int
    public var entries: UnsafeMutablePointer<SubtableEntry>
}

/// One slot: a chain of rules with one masked value.
@frozen public struct SubtableEntry {
    public var hash: UInt64
    /// The chain; nil means never used. A tombstone keeps its hash and points to nothing (state 2).
    public var rule: UnsafeMutablePointer<Rule>?
    /// The masked words.
    public var words: UnsafeMutablePointer<UInt64>?
    /// 0 free, 1 in use, 2 tombstone.
    public var state: UInt64
}

extension UnsafeMutablePointer where Pointee == Subtable {
    /// The hash of `key` under this subtable's mask.
    @inlinable @inline(always)
    public func hash(_ key: FlowKey) -> UInt64 {
        let count = pointee.wordCount
        let index = pointee.wordIndex
        let mask = pointee.wordMask
        var hash: UInt64 = 0x9e37_79b9_7f4a_7c15
        for position in 0..<count {
            let word = key.word(Int(index[position])) & mask[position]
            hash = (hash ^ word) &* 0xff51_afd7_ed55_8ccd
            hash ^= hash &>> 32
        }
        return hash &* 0xc4ce_b9fe_1a85_ec53 | 1
    }

    /// The chain of rules whose match `key` satisfies.
    @inlinable @inline(always)
    public func find(_ key: FlowKey) -> UnsafeMutablePointer<Rule>? {
        let hash = hash(key)
        let slots = pointee.slots
        let mask = slots.pointee.mask
        let entries = slots.pointee.entries
        var position = Int(truncatingIfNeeded: hash &>> 20) & mask
        while true {
            let entry = entries + position
            let state = vd_load_acquire64(
                UnsafeRawPointer(entry) + 24)
            if state == 0 { return nil }
            if state == 1 && entry.pointee.hash == hash, let words = entry.pointee.words {
                var isEqual = true
                for step in 0..<pointee.wordCount {
                    let word =
                        key.word(Int(pointee.wordIndex[step])) & pointee.wordMask[step]
                    if word != words[step] {
                        isEqual = false
                        break
                    }
                }
                if isEqual { return entry.pointee.rule }
            }
            position = (position &+ 1) & mask
        }
    }
}
