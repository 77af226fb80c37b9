// The MAC learning table of a bridge (`fdb`). Poll threads read it without a lock and learn under a
// spin lock. Every bucket has a generation that a record can depend on: what was decided from a
// bucket is judged again when that bucket changes, and no other bucket's change touches it.

import Bounded
import CIntrinsics

/// One learned address.
@frozen public struct FDBEntry {
    /// VLAN in bits 48–59, address in 0–47, bit 63 set; 0 is a free entry.
    public var key: UInt64
    public var port: UInt32
    /// Seconds on the engine's clock; bit 31 marks a static entry.
    public var lastUsed: UInt32

    /// Where `port` lies, for what reads it without the lock.
    @inlinable static var portOffset: Int { 8 }
}

/// The table by reference.
///
/// **Shape**: buckets of 8 entries; the bucket is chosen by a keyed hash of VLAN and address.
/// **Owner**: poll threads and the control room; changes under `lock`.
@frozen public struct ForwardingDatabase {
    @inlinable public static var ways: Int { 8 }
    public var lock: UInt32
    public var bucketMask: UInt32
    public var entries: UnsafeMutablePointer<FDBEntry>
    public var generations: UnsafeMutablePointer<UInt32>
    public var secret: UInt64
    public var count: UInt32
    /// `other_config:mac-table-size`.
    public var limit: UInt32
    /// `other_config:mac-aging-time`, seconds.
    public var agingSeconds: UInt32
    // For fdb/stats-show.
    public var learned: UInt64
    public var expired: UInt64
    public var evicted: UInt64
    public var moved: UInt64

    public init(limit: UInt32, agingSeconds: UInt32, secret: UInt64) {
        var buckets: UInt32 = 64
        while buckets &* 4 < limit && buckets < 1 << 20 { buckets &*= 2 }
        lock = 0
        bucketMask = buckets &- 1
        let total = Int(buckets) * ForwardingDatabase.ways
        entries = .allocate(capacity: total)
        entries.initialize(repeating: FDBEntry(key: 0, port: 0, lastUsed: 0), count: total)
        generations = .allocate(capacity: Int(buckets))
        generations.initialize(repeating: 1, count: Int(buckets))
        self.secret = secret
        count = 0
        self.limit = limit
        self.agingSeconds = agingSeconds
        learned = 0
        expired = 0
        evicted = 0
        moved = 0
    }

    public func deallocate() {
        entries.deallocate()
        generations.deallocate()
    }
}

extension UnsafeMutablePointer where Pointee == ForwardingDatabase {
    @inline(__always)
    static func key(_ address: UInt64, _ vlan: UInt16) -> UInt64 {
        1 &<< 63 | UInt64(vlan & 0xfff) &<< 48 | address
    }

    /// The bucket of an address.
    @inline(__always)
    public func bucket(_ address: UInt64, vlan: UInt16) -> UInt32 {
        var words = (Self.key(address, vlan), pointee.secret)
        let hash = withUnsafeBytes(of: &words) { bytes in
            var secret = (pointee.secret, ~pointee.secret, pointee.secret &* 3, pointee.secret &* 7)
            return withUnsafeBytes(of: &secret) {
                vd_hash_words(bytes.baseAddress, 2, $0.baseAddress)
            }
        }
        return UInt32(truncatingIfNeeded: hash) & pointee.bucketMask
    }

    /// The OpenFlow port where `address` was learned.
    public func lookup(_ address: UInt64, vlan: UInt16, bucket: UInt32) -> UInt32? {
        let key = Self.key(address, vlan)
        let entries = pointee.entries + Int(bucket) &* ForwardingDatabase.ways
        for way in 0..<ForwardingDatabase.ways
        where vd_load_acquire64(UnsafeRawPointer(entries + way)) == key {
            let port = vd_load_relaxed32(UnsafeRawPointer(entries + way) + FDBEntry.portOffset)
            // The entry may have gone to another address meanwhile: its port is nobody else's.
            vd_load_fence()
            if vd_load_relaxed64(UnsafeRawPointer(entries + way)) == key { return port }
        }
        return nil
    }

    /// Learns or refreshes `address` on `port`; true if something that lookups see has changed.
    @discardableResult
    public func learn(
        _ address: UInt64, vlan: UInt16, bucket: UInt32, port: UInt32, nowSeconds: UInt32,
        isStatic: Bool = false
    ) -> Bool {
        let key = Self.key(address, vlan)
        let base = pointee.entries + Int(bucket) &* ForwardingDatabase.ways
        for way in 0..<ForwardingDatabase.ways
        where base[way].key == key && base[way].port == port {
            if base[way].lastUsed & 0x8000_0000 == 0 && !isStatic {
                base[way].lastUsed = nowSeconds
                return false
            }
            if !isStatic { return false }
        }
        acquire()
        defer { release() }
        var free = -1
        var oldest = -1
        for way in 0..<ForwardingDatabase.ways {
            let entry = base + way
            if entry.pointee.key == key {
                if entry.pointee.lastUsed & 0x8000_0000 != 0 && !isStatic { return false }
                let isMove = entry.pointee.port != port
                entry.pointee.port = port
                entry.pointee.lastUsed = nowSeconds | (isStatic ? 0x8000_0000 : 0)
                if isMove {
                    pointee.moved &+= 1
                    bump(bucket)
                }
                return isMove
            }
            if entry.pointee.key == 0 {
                if free < 0 { free = way }
            } else if entry.pointee.lastUsed & 0x8000_0000 == 0,
                oldest < 0 || entry.pointee.lastUsed < base[oldest].lastUsed
            {
                oldest = way
            }
        }
        if free < 0 || pointee.count >= pointee.limit {
            guard oldest >= 0 else { return false }
            free = oldest
            pointee.evicted &+= 1
            pointee.count &-= 1
        }
        let entry = base + free
        vd_store_release64(UnsafeMutableRawPointer(entry), 0)
        // In this order for readers: the old key goes, then the port, then the new key comes.
        vd_store_release32(UnsafeMutableRawPointer(entry) + FDBEntry.portOffset, port)
        entry.pointee.lastUsed = nowSeconds | (isStatic ? 0x8000_0000 : 0)
        vd_store_release64(UnsafeMutableRawPointer(entry), key)
        pointee.count &+= 1
        pointee.learned &+= 1
        bump(bucket)
        return true
    }

    /// Removes entries that `isDoomed` picks; returns how many.
    public func remove(where isDoomed: (FDBEntry) -> Bool) -> Int {
        acquire()
        defer { release() }
        var removed = 0
        for bucket in 0...Int(pointee.bucketMask) {
            let base = pointee.entries + bucket * ForwardingDatabase.ways
            var changed = false
            for way in 0..<ForwardingDatabase.ways where base[way].key != 0 {
                if isDoomed(base[way]) {
                    vd_store_release64(UnsafeMutableRawPointer(base + way), 0)
                    pointee.count &-= 1
                    removed += 1
                    changed = true
                }
            }
            if changed { bump(UInt32(bucket)) }
        }
        return removed
    }

    /// Every entry: port, VLAN, address, last use in seconds, whether static.
    public func dump()
        -> [(port: UInt32, vlan: UInt16, address: UInt64, used: UInt32, fixed: Bool)]
    {
        acquire()
        defer { release() }
        var list: [(port: UInt32, vlan: UInt16, address: UInt64, used: UInt32, fixed: Bool)] = []
        for index in 0..<(Int(pointee.bucketMask) + 1) * ForwardingDatabase.ways {
            let entry = pointee.entries[index]
            guard entry.key != 0 else { continue }
            list.append(
                (
                    entry.port, UInt16(entry.key >> 48 & 0xfff), entry.key & 0xffff_ffff_ffff,
                    entry.lastUsed & 0x7fff_ffff, entry.lastUsed & 0x8000_0000 != 0
                ))
        }
        return list
    }

    @inline(__always)
    private func bump(_ bucket: UInt32) {
        let place = UnsafeMutableRawPointer(pointee.generations + Int(bucket))
        vd_store_release32(place, pointee.generations[Int(bucket)] &+ 1)
    }

    private func acquire() {
        vd_spin_lock(UnsafeMutableRawPointer(self))
    }
    private func release() { vd_spin_unlock(UnsafeMutableRawPointer(self)) }
}
