// Doubling a `TagIndex` in place, without a look at keys or records.

extension TagIndex {
    /// The bits of a hash above the smallest mask.
    @inlinable @inline(always)
    func restOfHash(_ hash: UInt64) -> UInt8 {
        UInt8(
            truncatingIfNeeded: UInt32(truncatingIfNeeded: hash)
                &>> UInt32(truncatingIfNeeded: state.pointee.firstMask.nonzeroBitCount))
    }

    /// Doubles the number of buckets; false when it is at its last.
    ///
    /// **Cost**: some ten nanoseconds a bucket, at most ten times in the life of a table.
    @discardableResult @inline(never)
    @usableFromInline
    func grow() -> Bool {
        let old = state.pointee.mask &+ 1
        guard state.pointee.mask < state.pointee.lastMask else { return false }
        for bucket in 0..<old { split(bucket, old) }
        state.pointee.mask = old &* 2 &- 1
        for bucket in 0..<old &* 2 { countDisplaced(in: bucket) }
        return true
    }

    /// Moves the entries of `bucket` that belong there to the bucket `old` above.
    private func split(_ bucket: UInt32, _ old: UInt32) {
        let low = address(of: bucket)
        let high = address(of: bucket | old)
        let shift = old.trailingZeroBitCount &- state.pointee.firstMask.nonzeroBitCount
        low.storeBytes(of: 0, toByteOffset: 48, as: UInt32.self)
        for slot in 0..<8 {
            let tag = low.load(fromByteOffset: slot &* 2, as: UInt16.self)
            if tag == 0 { continue }
            let isAway = isDisplaced(low, slot)
            let rest = low.load(fromByteOffset: 53 &+ slot, as: UInt8.self)
            var isHigh = rest &>> UInt8(truncatingIfNeeded: shift) & 1 != 0
            if isAway && TagIndex.spread(tag) & old != 0 { isHigh.toggle() }
            guard isHigh else { continue }
            let value = low.load(fromByteOffset: 16 &+ slot &* 4, as: UInt32.self)
            high.storeBytes(of: value, toByteOffset: 16 &+ slot &* 4, as: UInt32.self)
            high.storeBytes(of: rest, toByteOffset: 53 &+ slot, as: UInt8.self)
            high.storeBytes(of: tag, toByteOffset: slot &* 2, as: UInt16.self)
            setDisplaced(high, slot, isAway)
            setDisplaced(low, slot, false)
            low.storeBytes(of: 0, toByteOffset: slot &* 2, as: UInt16.self)
        }
    }

    /// Counts the entries of `bucket` that live in their second bucket where they belong.
    private func countDisplaced(in bucket: UInt32) {
        let line = address(of: bucket)
        var bits = line.load(fromByteOffset: 52, as: UInt8.self)
        while bits != 0 {
            let slot = bits.trailingZeroBitCount
            bits &= bits &- 1
            let tag = line.load(fromByteOffset: slot &* 2, as: UInt16.self)
            count(overflow: 1, of: otherBucket(of: bucket, tag: tag))
        }
    }
}
