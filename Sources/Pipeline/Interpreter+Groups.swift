// Groups and the action set.

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
        group.pointee.packetCount &+= 1
        group.pointee.byteCount &+= UInt64(max(s.pointee.frameLength, 0))
        // Buckets count packets, so their outcomes are judged each time they must be counted.
        switch group.pointee.kind {
        case .all:
            for index in 0..<group.pointee.bucketCount {
                let isEnd = isLast && index == group.pointee.bucketCount &- 1
                run(bucket: group.pointee.buckets + index, index: index, isLast: isEnd)
                if s.pointee.isConsumed { return }
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
        bucket.pointee.packetCount &+= 1
        bucket.pointee.byteCount &+= UInt64(max(s.pointee.frameLength, 0))
        trace(.bucket, table: s.pointee.table, rule: s.pointee.rule, value: UInt64(index))
        let savedSet = s.pointee.actionSetCount
        let reason = s.pointee.controllerReason
        if reason != 5 { s.pointee.controllerReason = 4 }
        onCopy(isLast: isLast) { interpreter, bodyIsLast in
            let start = interpreter.state.pointee.actionSetCount
            // A bucket is an action set: it runs in the set's order.
            interpreter.writeActions(
                bucket.pointee.instructions, count: bucket.pointee.instructionCount)
            interpreter.runActionSet(from: start, isLast: bodyIsLast && isLast)
            interpreter.state.pointee.actionSetCount = start
        }
        s.pointee.actionSetCount = savedSet
        s.pointee.controllerReason = reason
        if s.pointee.isPausing { finishPause() }
        s.pointee.exits = false
    }

    // MARK: Action set

    /// Adds instructions to the action set.
    func writeActions(_ list: UnsafeMutablePointer<Instruction>, count: Int) {
        for index in 0..<count {
            guard state.pointee.actionSetCount < InterpreterLimit.actionSet else {
                state.pointee.isCacheable = false
                return drop(.pathTooLong)
            }
            state.pointee.actionSet[state.pointee.actionSetCount] = list[index]
            state.pointee.actionSetCount &+= 1
            if list[index].code == .output {
                state.pointee.key.store32(list[index].c, at: FlowLayout.actsetOutput)
                markDirty(FlowLayout.actsetOutput / 8)
            } else if list[index].code == .group {
                state.pointee.key.store32(
                    ReservedOpenFlowPort.unset, at: FlowLayout.actsetOutput)
                markDirty(FlowLayout.actsetOutput / 8)
            }
        }
    }

    /// Runs the action set at the end of the pipeline.
    public func finishActionSet(isLast: Bool) {
        guard state.pointee.actionSetCount > 0, !state.pointee.isPausing,
            !state.pointee.isConsumed
        else { return }
        state.pointee.exits = false
        let reason = state.pointee.controllerReason
        if reason == 1 { state.pointee.controllerReason = 3 }
        runActionSet(from: 0, isLast: isLast)
        state.pointee.controllerReason = reason
        state.pointee.actionSetCount = 0
    }

    /// Runs the entries from `start` in OpenFlow's order of an action set: of each kind that may
    /// appear once the last one counts; field writes keep their order; output only without group.
    func runActionSet(from start: Int, isLast: Bool) {
        let s = state
        let end = s.pointee.actionSetCount
        guard end > start else { return }
        let set = s.pointee.actionSet
        func last(_ code: Opcode, or other: Opcode? = nil) -> Int? {
            var position = end &- 1
            while position >= start {
                if set[position].code == code || set[position].code == other { return position }
                position &-= 1
            }
            return nil
        }
        // Hide the set so that what runs below sees nothing pending but itself.
        func run(_ position: Int, isLast: Bool) {
            var one = set[position]
            withUnsafeMutablePointer(to: &one) {
                runInstructions($0, count: 1, isLast: isLast)
            }
        }
        for code in [Opcode.stripVLAN, .popMPLS, .pushMPLS, .pushVLAN, .decrementTTL, .decrementMPLSTTL] {
            if let position = last(code) { run(position, isLast: false) }
            if s.pointee.exits { return }
        }
        for position in start..<end {
            switch set[position].code {
            case .setWord, .move, .setVLANVID, .setVLANPCP, .setMPLS, .checkPacketLarger,
                .deleteField, .multipath:
                run(position, isLast: false)
            default: break
            }
        }
        if let position = last(.setQueue) { run(position, isLast: false) }
        let conntrack = last(.ct)
        s.pointee.actionSetCount = start
        if let position = last(.group) {
            run(position, isLast: isLast)
        } else if let position = last(.output, or: .controller) {
            run(position, isLast: isLast && conntrack == nil)
        } else if let position = last(.resubmit) {
            run(position, isLast: isLast && conntrack == nil)
        }
        if let conntrack { run(conntrack, isLast: isLast) }
    }
}
