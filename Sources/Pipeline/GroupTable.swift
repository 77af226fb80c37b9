// Groups and meters as poll threads see them: sorted immutable lists replaced as a whole, and token
// buckets that live as long as their meter.

import CIntrinsics
import Flow

/// OpenFlow group types.
@frozen public enum GroupKind: UInt8, Sendable { case all = 0, select, indirect, fastFailover }

/// One bucket.
@frozen public struct GroupBucket {
    public var weight: UInt16 = 0
    public var bucketID: UInt32 = 0
    /// OFPP_ANY for none.
    public var watchPort: UInt32 = 0xffff_ffff
    public var watchGroup: UInt32 = 0xffff_ffff
    public var instructions: UnsafeMutablePointer<Instruction>
    public var instructionCount: Int
    public var packetCount: UInt64 = 0
    public var byteCount: UInt64 = 0
    public init(instructions: UnsafeMutablePointer<Instruction>, instructionCount: Int) {
        self.instructions = instructions
        self.instructionCount = instructionCount
    }
}

/// One group.
@frozen public struct Group {
    public var id: UInt32
    public var kind: GroupKind
    /// Select method: 0 the default hash over addresses and ports, 1 `hash` with `fields`, 2
    /// `dp_hash`.
    public var method: UInt8 = 0
    public var methodParameter: UInt64 = 0
    /// Key words and masks hashed by method 1.
    public var hashWords: UnsafeMutablePointer<MatchWord>?
    public var hashWordCount: Int = 0
    public var buckets: UnsafeMutablePointer<GroupBucket>
    public var bucketCount: Int
    public var packetCount: UInt64 = 0
    public var byteCount: UInt64 = 0
    /// Paths that credit the group or its buckets; it may be freed only at 0.
    public var pathReferences: UInt32 = 0
    public init(
        id: UInt32, kind: GroupKind, buckets: UnsafeMutablePointer<GroupBucket>, bucketCount: Int
    ) {
        self.id = id
        self.kind = kind
        self.buckets = buckets
        self.bucketCount = bucketCount
    }
}

/// All groups of a bridge, sorted by id.
@frozen public struct GroupList {
    public var count: Int
    public var groups: UnsafeMutablePointer<UnsafeMutablePointer<Group>>
    public init(count: Int, groups: UnsafeMutablePointer<UnsafeMutablePointer<Group>>) {
        self.count = count
        self.groups = groups
    }

    /// The group with `id`, by binary search.
    public func find(_ id: UInt32) -> UnsafeMutablePointer<Group>? {
        var low = 0
        var high = count
        while low < high {
            let middle = (low &+ high) / 2
            let candidate = groups[middle]
            if candidate.pointee.id == id { return candidate }
            if candidate.pointee.id < id { low = middle &+ 1 } else { high = middle }
        }
        return nil
    }
}

/// One band of a meter as a token bucket.
@frozen public struct MeterBand: Sendable {
    /// Tokens a second: bits (kbps) or packets.
    public var rate: UInt64 = 0
    /// Bucket size in tokens.
    public var burst: UInt64 = 0
    /// Tokens now, scaled by 1,000.
    public var tokens: UInt64 = 0
    /// 1 drop, 2 DSCP remark.
    public var kind: UInt16 = 1
    public var precedenceLevel: UInt8 = 0
    public var packetCount: UInt64 = 0
    public var byteCount: UInt64 = 0
    public init() {}
}

/// One meter of the datapath.
@frozen public struct Meter {
    public var lock: UInt32 = 0
    public var id: UInt32
    public var countsPackets: Bool
    public var lastMilliseconds: UInt64 = 0
    public var packetCount: UInt64 = 0
    public var byteCount: UInt64 = 0
    public var bands: UnsafeMutablePointer<MeterBand>
    public var bandCount: Int
    public init(
        id: UInt32, countsPackets: Bool, bands: UnsafeMutablePointer<MeterBand>, bandCount: Int
    ) {
        self.id = id
        self.countsPackets = countsPackets
        self.bands = bands
        self.bandCount = bandCount
    }
}

extension UnsafeMutablePointer where Pointee == Meter {
    /// Polices one packet of `length` bytes at `now` milliseconds.
    ///
    /// - Returns: 0 to pass, 1 to drop, 2 to remark with the band's precedence level in `level`.
    public func police(length: Int, now: UInt64, level: inout UInt8) -> UInt16 {
        vd_spin_lock(UnsafeMutableRawPointer(self))
        defer { vd_spin_unlock(UnsafeMutableRawPointer(self)) }
        pointee.packetCount &+= 1
        pointee.byteCount &+= UInt64(length)
        let elapsed = min(now &- min(pointee.lastMilliseconds, now), 60_000)
        pointee.lastMilliseconds = now
        let cost = pointee.countsPackets ? 1_000 : UInt64(length) &* 8_000
        var exceeded = -1
        var exceededRate: UInt64 = 0
        for index in 0..<pointee.bandCount {
            let band = pointee.bands + index
            let full = band.pointee.burst &* 1_000
            band.pointee.tokens = min(
                band.pointee.tokens &+ band.pointee.rate &* elapsed, full)
            if band.pointee.tokens >= cost {
                band.pointee.tokens &-= cost
            } else if band.pointee.rate >= exceededRate {
                exceeded = index
                exceededRate = band.pointee.rate
            }
        }
        guard exceeded >= 0 else { return 0 }
        let band = pointee.bands + exceeded
        band.pointee.packetCount &+= 1
        band.pointee.byteCount &+= UInt64(length)
        level = band.pointee.precedenceLevel
        return band.pointee.kind
    }
}
