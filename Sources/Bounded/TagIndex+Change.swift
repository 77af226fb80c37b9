// Adding and removing entries of a `TagIndex`. When both buckets of a new entry are full, a
// breadth-first search over at most `searchLimit` buckets finds the shortest chain of moves that
// makes room.

import CIntrinsics

extension TagIndex {
    /// Adds `value` under `hash`. Equal hashes may be added more than once.
    ///
    /// **Errors**: false when no room was found within the bounded search.
    @inlinable
    public func insert(_ hash: UInt64, value: UInt32) -> Bool {
        // At more, many entries would live in their second buckets.
        if count >= slotCount / 8 &* 5 { grow() }
        if insertNow(hash, value) { return true }
        // Few entries without room are of one hash: more buckets would not help.
        if count >= slotCount / 2 && grow() && insertNow(hash, value) { return true }
        state.pointee.refusals &+= 1
        return false
    }

    /// As `insert`, with the buckets that there are.
    @inlinable @inline(always)
    func insertNow(_ hash: UInt64, _ value: UInt32) -> Bool {
        let tag = TagIndex.tag(of: hash)
        let rest = restOfHash(hash)
        let first = bucket(of: hash)
        let second = otherBucket(of: first, tag: tag)
        var attempts = 0
        repeat {
            if place(tag, value, rest, in: first)
                || placeSecond(tag, value, rest, in: second, first)
            {
                state.pointee.count &+= 1
                return true
            }
            attempts &+= 1
        } while attempts <= 3 && makeRoom(first, second)
        return false
    }

    /// Removes the entry `value` under `hash`; false when there is none.
    @inlinable @discardableResult
    public func remove(_ hash: UInt64, value: UInt32) -> Bool {
        let tag = TagIndex.tag(of: hash)
        let first = bucket(of: hash)
        if clear(tag, value, in: first) { return true }
        return overflows(first) && clear(tag, value, in: otherBucket(of: first, tag: tag))
    }

    /// Replaces the record number of the entry `old` under `hash` by `new`; false when there is
    /// none.
    @inlinable @discardableResult
    public func replace(_ hash: UInt64, old: UInt32, new: UInt32) -> Bool {
        let tag = TagIndex.tag(of: hash)
        let first = bucket(of: hash)
        let second = otherBucket(of: first, tag: tag)
        var bucket = first
        while true {
            let line = address(of: bucket)
            var candidates = vd_match_tags8(line, tag)
            while candidates != 0 {
                let offset = 16 &+ candidates.trailingZeroBitCount &* 4
                if line.load(fromByteOffset: offset, as: UInt32.self) == old {
                    line.storeBytes(of: new, toByteOffset: offset, as: UInt32.self)
                    return true
                }
                candidates &= candidates &- 1
            }
            guard bucket == first, overflows(first) else { return false }
            bucket = second
        }
    }

    /// Empties the index.
    public func removeAll() {
        vd_zero(buckets, UInt64(Int(mask) + 1) * 64)
        state.pointee.count = 0
    }

    @inlinable @inline(always)
    func place(_ tag: UInt16, _ value: UInt32, _ rest: UInt8, in bucket: UInt32) -> Bool {
        let line = address(of: bucket)
        let empty = vd_match_tags8(line, 0)
        guard empty != 0 else { return false }
        let slot = empty.trailingZeroBitCount
        line.storeBytes(of: value, toByteOffset: 16 &+ slot &* 4, as: UInt32.self)
        line.storeBytes(of: rest, toByteOffset: 53 &+ slot, as: UInt8.self)
        line.storeBytes(of: tag, toByteOffset: slot &* 2, as: UInt16.self)
        return true
    }

    /// As `place`, for an entry whose first bucket is `first`.
    @inlinable @inline(always)
    func placeSecond(
        _ tag: UInt16, _ value: UInt32, _ rest: UInt8, in bucket: UInt32, _ first: UInt32
    ) -> Bool {
        let line = address(of: bucket)
        let slot = vd_match_tags8(line, 0).trailingZeroBitCount
        guard place(tag, value, rest, in: bucket) else { return false }
        setDisplaced(line, slot, true)
        count(overflow: 1, of: first)
        return true
    }

    @inlinable @inline(always)
    func isDisplaced(_ line: UnsafeMutableRawPointer, _ slot: Int) -> Bool {
        line.load(fromByteOffset: 52, as: UInt8.self) &>> UInt8(slot) & 1 != 0
    }

    @inlinable @inline(always)
    func setDisplaced(_ line: UnsafeMutableRawPointer, _ slot: Int, _ isDisplaced: Bool) {
        let bits = line.load(fromByteOffset: 52, as: UInt8.self)
        let bit = UInt8(1) &<< UInt8(slot)
        line.storeBytes(
            of: isDisplaced ? bits | bit : bits & ~bit, toByteOffset: 52, as: UInt8.self)
    }

    /// Adds to how many entries of `bucket` live elsewhere.
    @inlinable @inline(always)
    func count(overflow change: Int32, of bucket: UInt32) {
        let line = address(of: bucket)
        let old = line.load(fromByteOffset: 48, as: UInt32.self)
        line.storeBytes(
            of: old &+ UInt32(bitPattern: change), toByteOffset: 48, as: UInt32.self)
    }

    @inlinable @inline(always)
    func clear(_ tag: UInt16, _ value: UInt32, in bucket: UInt32) -> Bool {
        let line = address(of: bucket)
        var candidates = vd_match_tags8(line, tag)
        while candidates != 0 {
            let slot = candidates.trailingZeroBitCount
            if line.load(fromByteOffset: 16 &+ slot &* 4, as: UInt32.self) == value {
                line.storeBytes(of: 0, toByteOffset: slot &* 2, as: UInt16.self)
                if isDisplaced(line, slot) {
                    setDisplaced(line, slot, false)
                    count(overflow: -1, of: otherBucket(of: bucket, tag: tag))
                }
                state.pointee.count &-= 1
                return true
            }
            candidates &= candidates &- 1
        }
        return false
    }

    /// Frees a slot in `first` or `second` by moving entries along a chain; false when none was
    /// found.
    ///
    /// A search node is packed as bucket (32 bits), number of its parent node (16), slot in the
    /// parent (8).
    @usableFromInline
    func makeRoom(_ first: UInt32, _ second: UInt32) -> Bool {
        let nodes = state.pointee.scratch
        nodes[0] = UInt64(first) << 32 | 0xffff << 8
        nodes[1] = UInt64(second) << 32 | 0xffff << 8
        var count = 2
        var next = 0
        while next < count {
            let bucket = UInt32(truncatingIfNeeded: nodes[next] &>> 32)
            let line = address(of: bucket)
            for slot in 0..<8 {
                let tag = line.load(fromByteOffset: slot &* 2, as: UInt16.self)
                let other = otherBucket(of: bucket, tag: tag)
                if other == bucket { continue }
                if count < TagIndex.searchLimit {
                    nodes[count] =
                        UInt64(other) << 32 | UInt64(next) << 8 | UInt64(slot)
                    count &+= 1
                }
                if vd_match_tags8(address(of: other), 0) != 0 {
                    return move(from: next, slot: slot, to: other)
                }
            }
            next &+= 1
        }
        return false
    }

    /// Moves the entry of node `from` at `slot` to `bucket`, then its parents' entries after it.
    @usableFromInline
    func move(from node: Int, slot: Int, to bucket: UInt32) -> Bool {
        let nodes = state.pointee.scratch
        var node = node
        var slot = slot
        var target = bucket
        while true {
            let source = UInt32(truncatingIfNeeded: nodes[node] &>> 32)
            let line = address(of: source)
            let tag = line.load(fromByteOffset: slot &* 2, as: UInt16.self)
            let value = line.load(fromByteOffset: 16 &+ slot &* 4, as: UInt32.self)
            let rest = line.load(fromByteOffset: 53 &+ slot, as: UInt8.self)
            // A chain may cross itself; then the entry is no longer the one that was planned.
            // Every move is to the entry's own other bucket, so stopping midway loses nothing.
            guard tag != 0, otherBucket(of: source, tag: tag) == target else { return true }
            let goesHome = isDisplaced(line, slot)
            guard
                goesHome
                    ? place(tag, value, rest, in: target)
                    : placeSecond(tag, value, rest, in: target, source)
            else { return true }
            line.storeBytes(of: 0, toByteOffset: slot &* 2, as: UInt16.self)
            if goesHome {
                setDisplaced(line, slot, false)
                count(overflow: -1, of: target)
            }
            state.pointee.kicks &+= 1
            let parent = Int(truncatingIfNeeded: (nodes[node] &>> 8) & 0xffff)
            if parent == 0xffff { return true }
            target = source
            slot = Int(truncatingIfNeeded: nodes[node] & 0xff)
            node = parent
        }
    }
}
