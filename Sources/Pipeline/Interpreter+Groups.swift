// Groups and their buckets.

import Flow

extension Interpreter {
    func group(_ id: UInt32, isLast: Bool) {
        let s = state
        guard let list = s.pointee.bridge.pointee.groups, let group = list.pointee.find(id) else {
            remark(.nonexistentGroup)
            return drop(.groupNoBucket)
        }
        guard s.pointee.depth < InterpreterLimit.depth else { return drop(.recursionTooDeep) }
        s.pointee.depth &+= 1
        defer { s.pointee.depth &-= 1 }
        credit(.group(group))
        switch group.pointee.kind {
        case .all:
            for index in 0..<group.pointee.bucketCount {
                let isEnd = isLast && index == group.pointee.bucketCount &- 1
                run(bucket: group.pointee.buckets + index, index: index, isLast: isEnd)
            }
        case .indirect:
            guard group.pointee.bucketCount > 0 else { return drop(.groupNoBucket) }
            run(bucket: group.pointee.buckets, index: 0, isLast: isLast)
        case .fastFailover:
            for index in 0..<group.pointee.bucketCount
            where isLive(bucket: group.pointee.buckets[index], depth: 0) {
                return run(bucket: group.pointee.buckets + index, index: index, isLast: isLast)
            }
            remark(.noLiveBucket)
            drop(.groupNoBucket)
        case .select:
            guard let index = selectBucket(group) else {
                remark(.noLiveBucket)
                return drop(.groupNoBucket)
            }
            run(bucket: group.pointee.buckets + index, index: index, isLast: isLast)
        }
    }

    private func selectBucket(_ group: UnsafeMutablePointer<Group>) -> Int? {
        var hashed: UInt32
        if group.pointee.method == 1, let words = group.pointee.hashWords {
            var h = group.pointee.methodParameter &+ 0x9e37_79b9_7f4a_7c15
            for index in 0..<group.pointee.hashWordCount {
                let word = words[index]
                h = (h ^ (state.pointee.key.word(Int(word.index)) & word.mask))
                    &* 0xff51_afd7_ed55_8ccd
                h ^= h &>> 33
            }
            hashed = UInt32(truncatingIfNeeded: h &>> 32)
        } else {
            hashed = hash(
                fields: 3, basis: UInt32(truncatingIfNeeded: group.pointee.methodParameter))
        }
        // Highest random weight: a bucket that goes moves only its own flows.
        var best: Int?
        var bestScore: UInt64 = 0
        for index in 0..<group.pointee.bucketCount {
            let bucket = group.pointee.buckets[index]
            guard bucket.weight > 0, isLive(bucket: bucket, depth: 0) else { continue }
            let score =
                UInt64(weigh(hashed, bucket.bucketID &+ 1) & 0xffff) &* UInt64(bucket.weight)
            if best == nil || score > bestScore {
                best = index
                bestScore = score
            }
        }
        hashed = 0
        return best
    }

    private func isLive(bucket: GroupBucket, depth: Int) -> Bool {
        if bucket.watchPort == ReservedOpenFlowPort.any && bucket.watchGroup == 0xffff_ffff {
            return true
        }
        if bucket.watchPort != ReservedOpenFlowPort.any && isLive(port: bucket.watchPort) {
            return true
        }
        guard bucket.watchGroup != 0xffff_ffff, depth < 16,
            let group = state.pointee.bridge.pointee.groups?.pointee.find(bucket.watchGroup)
        else { return false }
        for index in 0..<group.pointee.bucketCount
        where isLive(bucket: group.pointee.buckets[index], depth: depth &+ 1) {
            return true
        }
        return false
    }

    private func run(bucket: UnsafeMutablePointer<GroupBucket>, index: Int, isLast: Bool) {
        let s = state
        credit(.bucket(bucket))
        trace(.bucket, table: s.pointee.table, rule: s.pointee.rule, value: UInt64(index))
        let reason = s.pointee.controllerReason
        if reason != 5 { s.pointee.controllerReason = 4 }
        onCopy(isLast: isLast) { interpreter, bodyIsLast in
            // A bucket is an action set: it runs in the set's order.
            let start = interpreter.state.pointee.actionSetCount
            interpreter.writeActions(
                bucket.pointee.instructions, count: bucket.pointee.instructionCount)
            interpreter.runActionSet(from: start, isLast: bodyIsLast && isLast)
        }
        s.pointee.controllerReason = reason
        if s.pointee.isPausing { finishPause() }
        s.pointee.exits = false
    }
}
