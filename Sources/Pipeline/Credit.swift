// Who is credited with a packet: rules, groups and their buckets, mirrors, tables that found no
// rule. A judgement gathers credits; a path keeps them and pays its counts in later, so that
// whatever OpenFlow and the database read counts the packets that records served, too.

import CIntrinsics
import Flow

/// One counter that a packet's judgement passed.
///
/// **Shape**: a pointer whose low three bits say what it points to; the high 16 bits, by how many
/// bytes the packet is longer there than as it arrived.
/// **Owner**: as what it points to; all pay in with relaxed atomics.
@frozen public struct Credit: Equatable, Sendable {
    @frozen public enum Kind: UInt64, Sendable {
        case rule = 0
        /// A group; its buckets follow as credits of their own and live as long as it.
        case group
        case bucket
        /// Packets and bytes of a mirror.
        case mirror
        /// A table that had no rule for the packet.
        case miss
    }

    public var word: UInt64

    @inlinable @inline(always)
    init(_ pointer: UnsafeMutableRawPointer, _ kind: Kind) {
        word = UInt64(UInt(bitPattern: pointer)) | kind.rawValue
    }

    @inlinable @inline(always)
    public static func rule(_ rule: UnsafeMutablePointer<Rule>) -> Credit { Credit(rule, .rule) }
    @inlinable @inline(always)
    static func group(_ group: UnsafeMutablePointer<Group>) -> Credit { Credit(group, .group) }
    @inlinable @inline(always)
    static func bucket(_ bucket: UnsafeMutablePointer<GroupBucket>) -> Credit {
        Credit(bucket, .bucket)
    }
    @inlinable @inline(always)
    static func mirror(_ counters: UnsafeMutablePointer<UInt64>) -> Credit {
        Credit(counters, .mirror)
    }
    @inlinable @inline(always)
    static func miss(_ table: UnsafeMutablePointer<RuleTable>) -> Credit { Credit(table, .miss) }

    @inlinable @inline(always)
    var pointer: UnsafeMutableRawPointer {
        UnsafeMutableRawPointer(bitPattern: UInt(word & 0xffff_ffff_fff8)).unsafelyUnwrapped
    }

    /// The rule that is credited, if it is one.
    @inlinable
    var rule: UnsafeMutablePointer<Rule>? {
        word & 7 == Kind.rule.rawValue ? pointer.assumingMemoryBound(to: Rule.self) : nil
    }

    /// The same for packets that are `bytes` longer there than as they arrived.
    @inlinable @inline(always)
    func longer(by bytes: Int16) -> Credit {
        var credit = self
        credit.word |= UInt64(UInt16(bitPattern: bytes)) &<< 48
        return credit
    }

    /// Counts packets, of `bytes` bytes in all as they arrived, where this credit points to.
    ///
    /// - Parameter isShared: another thread may count there meanwhile.
    public func pay(
        packets: UInt64, bytes arrived: UInt64, now: UInt64, isShared: Bool = true
    ) {
        let pointer = pointer
        let longer = Int64(bitPattern: word) &>> 48
        let bytes = arrived &+ packets &* UInt64(bitPattern: longer)
        switch Kind(rawValue: word & 7) {
        case .rule:
            let rule = pointer.assumingMemoryBound(to: Rule.self)
            rule.credit(packets: packets, bytes: bytes, now: now, isShared: isShared)
            let table = UnsafeMutableRawPointer(rule.pointee.home)
            Self.add(packets, at: table + Self.matchedOffset, isShared: isShared)
        case .group:
            Self.add(packets, bytes, at: pointer + Self.groupOffset, isShared: isShared)
        case .bucket:
            Self.add(packets, bytes, at: pointer + Self.bucketOffset, isShared: isShared)
        case .mirror:
            Self.add(packets, bytes, at: pointer, isShared: isShared)
        case .miss:
            Self.add(packets, at: pointer + Self.missedOffset, isShared: isShared)
        case nil: break
        }
    }

    /// Says that one more path, or one less (`UInt32.max`), may pay in here.
    public func reference(by amount: UInt32) {
        switch Kind(rawValue: word & 7) {
        case .rule: _ = vd_fetch_add32(pointer + Self.ruleReferencesOffset, amount)
        case .group: _ = vd_fetch_add32(pointer + Self.groupReferencesOffset, amount)
        case .bucket, .mirror, .miss, nil: break
        }
    }

    private static func add(
        _ packets: UInt64, _ bytes: UInt64, at place: UnsafeMutableRawPointer, isShared: Bool
    ) {
        add(packets, at: place, isShared: isShared)
        add(bytes, at: place + 8, isShared: isShared)
    }

    /// Adds to a counter; a locked addition costs as much as a whole lookup does.
    @inlinable @inline(always)
    static func add(_ amount: UInt64, at place: UnsafeMutableRawPointer, isShared: Bool) {
        if isShared {
            _ = vd_fetch_add64(place, amount)
        } else {
            vd_store_relaxed64(place, vd_load_relaxed64(place) &+ amount)
        }
    }

    @inline(__always)
    private static var missedOffset: Int {
        MemoryLayout<RuleTable>.offset(of: \.missedCount).unsafelyUnwrapped
    }
    @inline(__always)
    private static var matchedOffset: Int {
        MemoryLayout<RuleTable>.offset(of: \.matchedCount).unsafelyUnwrapped
    }
    @inline(__always)
    private static var groupOffset: Int {
        MemoryLayout<Group>.offset(of: \.packetCount).unsafelyUnwrapped
    }
    @inline(__always)
    private static var bucketOffset: Int {
        MemoryLayout<GroupBucket>.offset(of: \.packetCount).unsafelyUnwrapped
    }
    @inline(__always)
    private static var ruleReferencesOffset: Int {
        MemoryLayout<Rule>.offset(of: \.pathReferences).unsafelyUnwrapped
    }
    @inline(__always)
    private static var groupReferencesOffset: Int {
        MemoryLayout<Group>.offset(of: \.pathReferences).unsafelyUnwrapped
    }
}

extension Interpreter {
    /// From here on the packet counts with the length that it has now: a recirculated packet is
    /// seen anew.
    @inline(__always)
    func countAnew() {
        state.pointee.lengthChange = Int16(
            truncatingIfNeeded: state.pointee.frameLength &- state.pointee.arrivalLength)
    }

    /// Notes who is to be credited with the packet.
    @inline(__always)
    func credit(_ credit: Credit) {
        if state.pointee.isUncredited { return }
        if state.pointee.creditCount < InterpreterLimit.credits {
            state.pointee.credits[state.pointee.creditCount] = credit.longer(
                by: state.pointee.lengthChange)
            state.pointee.creditCount &+= 1
        } else {
            state.pointee.isCacheable = false
        }
    }
}

extension UnsafeMutablePointer where Pointee == InterpreterState {
    /// Counts one packet of `bytes` bytes for everything that the judgement passed.
    public func payCredits(bytes: UInt64) {
        for index in 0..<pointee.creditCount {
            pointee.credits[index].pay(
                packets: 1, bytes: bytes, now: pointee.now,
                isShared: pointee.pipeline.pointee.isShared)
        }
    }
}
