// The short log of rule changes by which a record from an older version finds out whether any of
// them could have touched it. Written by the control room before a version is published.

import CIntrinsics
import Flow

/// One changed rule: where it is and what it matches.
@frozen public struct RuleChange {
    @inlinable public static var wordsMax: Int { 12 }
    public var version: UInt64
    public var bridge: UInt16
    public var table: UInt8
    /// Words of the match kept below; matches with more are cut, which only makes them wider.
    public var wordCount: UInt8
    public var words: UnsafeMutablePointer<MatchWord>
}

/// A ring of the latest changes.
///
/// **Shape**: entry of change number n at n mod capacity. A reader that has fallen behind by more
/// than the capacity judges again.
@frozen public struct ChangeLog {
    @inlinable public static var capacity: Int { 4096 }
    /// Number of changes in force: stored after the version that shows them, so that a reader who
    /// takes the count first and the version then never knows of a change that it does not see.
    public var count: UInt64
    public var entries: UnsafeMutablePointer<RuleChange>
    /// Number of changes ever written or begun.
    public var written: UInt64

    static func allocate() -> UnsafeMutablePointer<ChangeLog> {
        let entries = UnsafeMutablePointer<RuleChange>.allocate(capacity: capacity)
        for index in 0..<capacity {
            let words = UnsafeMutablePointer<MatchWord>.allocate(capacity: RuleChange.wordsMax)
            words.initialize(
                repeating: MatchWord(index: 0, value: 0, mask: 0), count: RuleChange.wordsMax)
            (entries + index).initialize(
                to: RuleChange(version: 0, bridge: 0, table: 0, wordCount: 0, words: words))
        }
        let log = UnsafeMutablePointer<ChangeLog>.allocate(capacity: 1)
        log.initialize(to: ChangeLog(count: 0, entries: entries, written: 0))
        return log
    }
}

extension UnsafeMutablePointer where Pointee == ChangeLog {
    /// Notes that a rule of `bridge` and `table` with `match` comes or goes with `version`. It
    /// counts from `publish` on.
    public func append(version: UInt64, bridge: UInt16, table: UInt8, match: FlowMatch) {
        let number = pointee.written
        vd_store_release64(writtenPlace, number + 1)
        // The number is seen before any word of the entry is overwritten.
        vd_fence()
        let entry = pointee.entries + Int(number % UInt64(ChangeLog.capacity))
        entry.pointee.version = version
        entry.pointee.bridge = bridge
        entry.pointee.table = table
        let kept = match.words.prefix(RuleChange.wordsMax)
        for (index, word) in kept.enumerated() { entry.pointee.words[index] = word }
        entry.pointee.wordCount = UInt8(kept.count)
    }

    /// Makes every change written so far count. The version that shows them is in force already.
    func publish() { vd_store_release64(UnsafeMutableRawPointer(self), pointee.written) }

    /// Whether the changes from `number` (its low 32 bits) on are all still in the ring. Asked
    /// after they were read; an answer of false means that some were overwritten meanwhile.
    @inlinable @inline(always)
    public func keeps(from number: UInt32) -> Bool {
        vd_load_fence()
        let written = UInt32(truncatingIfNeeded: vd_load_acquire64(writtenPlace))
        return written &- number <= UInt32(ChangeLog.capacity)
    }

    @inlinable @inline(always)
    var writtenPlace: UnsafeMutableRawPointer { UnsafeMutableRawPointer(self) + 16 }
}
