// A flow record: what one exact flow came to. Two cache lines: the key, then what it depends on,
// its path and its counts.

import Bounded
import CIntrinsics
import Pipeline

/// What a record remembers of one dependency; its kind is in the path.
@frozen public struct RecordDependency {
    public var index: UInt32
    public var generation: UInt32
    @inlinable public init(index: UInt32, generation: UInt32) {
        self.index = index
        self.generation = generation
    }
}

/// A flow record.
///
/// **Shape**: 128 bytes, position independent: indices, not pointers.
/// **Owner**: one poll thread.
@frozen public struct FlowRecord {
    public var key0: UInt64 = 0
    public var key1: UInt64 = 0
    public var key2: UInt64 = 0
    public var key3: UInt64 = 0
    public var key4: UInt64 = 0
    public var key5: UInt64 = 0
    public var key6: UInt64 = 0
    public var key7: UInt64 = 0
    public var dependency0 = RecordDependency(index: 0, generation: 0)
    public var dependency1 = RecordDependency(index: 0, generation: 0)
    public var dependency2 = RecordDependency(index: 0, generation: 0)
    public var dependency3 = RecordDependency(index: 0, generation: 0)
    /// Index of its path; `UInt32.max` while the slot is free.
    public var path: UInt32 = .max
    /// Number of rule changes known when it was judged (low 32 bits).
    public var changeCount: UInt32 = 0
    public var epoch: UInt16 = 0
    /// When it was judged, in seconds (low 16 bits).
    public var judgedSeconds: UInt16 = 0
    /// Milliseconds (low 32 bits) of the last use.
    public var lastUsed: UInt32 = 0
    public var packets: UInt64 = 0
    public var bytes: UInt64 = 0

    @inlinable public init() {}

    /// Whether its key says nothing of what is behind the Ethertype.
    @inlinable var isNarrow: Bool {
        @inline(always) get { key0 & RecordKey.narrowBit != 0 }
    }

    /// The datapath port in the first word of a key.
    @inlinable @inline(always)
    static func port(_ word: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: word & 0xfff) }
}

/// All records of one poll thread.
@frozen public struct RecordTable {
    public let records: UnsafeMutablePointer<FlowRecord>
    public let index: TagIndex
    public let slots: SlotPool
    public let hash: KeyedHash
    public let capacity: Int

    /// Reserves room for `capacity` records; memory is touched as they come.
    public init?(capacity: Int, secret: HashSecret) {
        guard let index = TagIndex(capacity: capacity + capacity / 4),
            let slots = SlotPool(capacity: capacity),
            let memory = MappedMemory.reserve(
                byteCount: capacity * MemoryLayout<FlowRecord>.stride)
        else { return nil }
        precondition(MemoryLayout<FlowRecord>.stride == 128)
        self.index = index
        self.slots = slots
        self.capacity = capacity
        hash = KeyedHash(secret)
        records = memory.base.bindMemory(to: FlowRecord.self, capacity: capacity)
    }

    @inlinable @inline(always)
    public func hash(of words: UnsafeMutablePointer<UInt64>) -> UInt64 {
        let isNarrow = words[0] & RecordKey.narrowBit != 0
        return isNarrow ? hash(ofNarrow: words) : hash(ofWide: words)
    }

    @inlinable @inline(always)
    func hash(ofWide words: UnsafeMutablePointer<UInt64>) -> UInt64 {
        hash.hash(words, words: RecordKey.wordCount)
    }

    @inlinable @inline(always)
    func hash(ofNarrow words: UnsafeMutablePointer<UInt64>) -> UInt64 {
        hash.hash(words, words: RecordKey.narrowWordCount)
    }

    /// Whether record `slot` has the key at `words`.
    @inlinable @inline(always)
    public func isEqual(_ slot: UInt32, _ words: UnsafeMutablePointer<UInt64>) -> Bool {
        let record = UnsafeMutableRawPointer(records + Int(slot)).assumingMemoryBound(
            to: UInt64.self)
        let low =
            (record[0] ^ words[0]) | (record[1] ^ words[1]) | (record[2] ^ words[2])
            | (record[3] ^ words[3])
        let high =
            (record[4] ^ words[4]) | (record[5] ^ words[5]) | (record[6] ^ words[6])
            | (record[7] ^ words[7])
        return low | high == 0
    }

    /// The record with the key at `words`.
    @inlinable @inline(always)
    public func find(_ hash: UInt64, _ words: UnsafeMutablePointer<UInt64>) -> UInt32? {
        index.find(hash) { isEqual($0, words) }
    }
}
