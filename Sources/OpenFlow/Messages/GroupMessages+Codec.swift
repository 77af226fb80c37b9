// Wire forms of group changes and group multipart messages.

import Flow

extension OpenFlowCodec {
    // MARK: Group mod

    static func decodeGroupMod11(
        _ reader: inout ByteReader, _ context: CodecContext
    ) throws(OpenFlowError) -> GroupMod {
        let command = try reader.u16()
        let type = try reader.u8()
        try reader.skip(1)
        let id = try reader.u32()
        let buckets = try decodeBuckets11(&reader, context)
        if context.version >= .v1_3, command == GroupModCommand.delete.rawValue, !buckets.isEmpty {
            throw OpenFlowError(.ofpgmfcInvalidGroup)
        }
        var change = try groupMod(command, type, id)
        guard change.command != .insertBucket, change.command != .removeBucket else {
            throw OpenFlowError(.ofpgmfcBadCommand)
        }
        change.buckets = buckets
        try check(change)
        return change
    }

    static func decodeGroupMod15(
        _ reader: inout ByteReader, _ context: CodecContext
    ) throws(OpenFlowError) -> GroupMod {
        let command = try reader.u16()
        let type = try reader.u8()
        try reader.skip(1)
        let id = try reader.u32()
        let bucketBytes = Int(try reader.u16())
        try reader.skip(2)
        let commandBucket = try reader.u32()
        try check(commandBucket: commandBucket, command: command)
        guard bucketBytes <= reader.remaining else { throw OpenFlowError(.ofpbrcBadLen) }
        var buckets = try reader.sub(bucketBytes, lengthError: .ofpgmfcBadBucket)
        let decoded = try decodeBuckets15(&buckets, type: type, context)
        let method = try decodeGroupProperties(&reader, type: type, command: command)
        var change = try groupMod(command, type, id)
        change.commandBucketID = commandBucket
        change.buckets = decoded
        change.selectionMethod = method
        try check(change)
        return change
    }

    private static func groupMod(
        _ command: UInt16, _ type: UInt8, _ id: UInt32
    ) throws(OpenFlowError) -> GroupMod {
        guard let type = GroupType(rawValue: type) else { throw OpenFlowError(.ofpgmfcBadType) }
        guard let command = GroupModCommand(rawValue: command) else {
            throw OpenFlowError(.ofpgmfcBadCommand)
        }
        return GroupMod(command, type: type, groupID: id)
    }

    private static func check(
        commandBucket id: UInt32, command: UInt16
    ) throws(OpenFlowError) {
        let isPlace = id <= BucketID.max || id == BucketID.first || id == BucketID.last
        let isGood =
            switch GroupModCommand(rawValue: command) {
            case .removeBucket: isPlace || id == BucketID.all
            case .insertBucket: isPlace
            default: id == BucketID.all
            }
        guard isGood else { throw OpenFlowError(.ofpgmfcBadBucket) }
    }

    private static func check(_ change: GroupMod) throws(OpenFlowError) {
        if change.type == .indirect, change.command != .delete, change.buckets.count != 1 {
            throw OpenFlowError(.ofpgmfcInvalidGroup)
        }
        if change.command == .removeBucket, !change.buckets.isEmpty {
            throw OpenFlowError(.ofpgmfcBadBucket)
        }
        for bucket in change.buckets {
            if bucket.weight != 0, change.type != .select, change.command != .insertBucket {
                throw OpenFlowError(.ofpgmfcInvalidGroup)
            }
            switch change.type {
            case .all, .indirect:
                if bucket.watches { throw OpenFlowError(.ofpgmfcWatchUnsupported) }
            case .fastFailover:
                if !bucket.watches { throw OpenFlowError(.ofpgmfcInvalidGroup) }
            case .select: break
            }
        }
    }

    static func encode(_ change: GroupMod, _ builder: FrameBuilder) -> [[UInt8]] {
        let context = builder.context
        if context.version > .v1_0 && context.version < .v1_5 {
            guard change.command != .insertBucket, change.command != .removeBucket else {
                return []
            }
            return builder.single(.groupMod11) { writer in
                writer.u16(change.command.rawValue)
                writer.u8(change.type.rawValue)
                writer.u8(0)
                writer.u32(change.groupID)
                for bucket in change.buckets { write11(bucket, &writer, context) }
            }
        }
        return builder.single(.groupMod15) { writer in
            writer.u16(change.command.rawValue)
            writer.u8(change.type.rawValue)
            writer.u8(0)
            writer.u32(change.groupID)
            let lengthOffset = writer.count
            writer.u16(0)
            writer.zeros(2)
            writer.u32(change.commandBucketID)
            let start = writer.count
            for bucket in change.buckets { write15(bucket, change.type, &writer, context) }
            writer.patchLength(at: lengthOffset, from: start)
            if let method = change.selectionMethod { write(method, &writer, context) }
        }
    }

    // MARK: Buckets

    private static func decodeBuckets11(
        _ reader: inout ByteReader, _ context: CodecContext
    ) throws(OpenFlowError) -> [Bucket] {
        var buckets: [Bucket] = []
        while !reader.isAtEnd {
            guard reader.remaining >= 16 else { throw OpenFlowError(.ofpgmfcBadBucket) }
            let length = Int(try reader.peek16())
            guard length >= 16, length <= reader.remaining else {
                throw OpenFlowError(.ofpgmfcBadBucket)
            }
            var body = try reader.sub(length, lengthError: .ofpgmfcBadBucket)
            try body.skip(2)
            var bucket = Bucket(id: UInt32(truncatingIfNeeded: buckets.count))
            bucket.weight = try body.u16()
            bucket.watchPort = try body.u32()
            guard ReservedPort.narrow(bucket.watchPort) != nil else {
                throw OpenFlowError(.ofpgmfcBadWatch)
            }
            bucket.watchGroup = try body.u32()
            try body.skip(4)
            let count = body.remaining
            bucket.actions = try body.actions(byteCount: count, context)
            buckets.append(bucket)
        }
        return buckets
    }

    private static func decodeBuckets15(
        _ reader: inout ByteReader, type: UInt8, _ context: CodecContext
    ) throws(OpenFlowError) -> [Bucket] {
        var buckets: [Bucket] = []
        var ids: Set<UInt32> = []
        while !reader.isAtEnd {
            guard reader.remaining >= 8 else { throw OpenFlowError(.ofpgmfcBadBucket) }
            let length = Int(try reader.peek16())
            guard length >= 8, length <= reader.remaining else {
                throw OpenFlowError(.ofpgmfcBadBucket)
            }
            var body = try reader.sub(length)
            try body.skip(2)
            let actionBytes = Int(try body.u16())
            guard actionBytes <= length - 8 else { throw OpenFlowError(.ofpgmfcBadBucket) }
            var bucket = Bucket(id: try body.u32())
            bucket.weight = type == GroupType.select.rawValue ? 1 : 0
            bucket.actions = try body.actions(byteCount: actionBytes, context)
            while let property = try body.property() {
                guard property.experimenter == 0 else { throw property.unknown }
                switch property.type {
                case 0: bucket.weight = try property.u16()
                case 1: bucket.watchPort = try property.u32()
                case 2: bucket.watchGroup = try property.u32()
                default: throw property.unknown
                }
            }
            guard ReservedPort.narrow(bucket.watchPort) != nil else {
                throw OpenFlowError(.ofpgmfcBadWatch)
            }
            guard bucket.id <= BucketID.max, ids.insert(bucket.id).inserted else {
                throw OpenFlowError(.ofpgmfcBadBucket)
            }
            buckets.append(bucket)
        }
        return buckets
    }

    private static func write11(
        _ bucket: Bucket, _ writer: inout ByteWriter, _ context: CodecContext
    ) {
        let start = writer.count
        writer.u16(0)
        writer.u16(bucket.weight)
        writer.u32(bucket.watchPort)
        writer.u32(bucket.watchGroup)
        writer.zeros(4)
        writer.actions(bucket.actions, context)
        writer.patchLength(at: start, from: start)
    }

    private static func write15(
        _ bucket: Bucket, _ type: GroupType, _ writer: inout ByteWriter, _ context: CodecContext
    ) {
        let start = writer.count
        writer.u16(0)
        writer.u16(0)
        writer.u32(bucket.id)
        writer.actions(bucket.actions, context)
        writer.patchLength(at: start + 2, from: start + 8)
        if type == .select || bucket.weight != 0 { writer.property(0, u16: bucket.weight) }
        if bucket.watchPort != ReservedPort.any { writer.property(1, u32: bucket.watchPort) }
        if bucket.watchGroup != GroupID.any { writer.property(2, u32: bucket.watchGroup) }
        writer.patchLength(at: start, from: start)
    }

    // MARK: Multipart

    static func encode(_ groups: [GroupDescription], _ builder: FrameBuilder) -> [[UInt8]] {
        let context = builder.context
        let isNew = context.version == .v1_0 || context.version == .v1_5
        return builder.multipart(.groupDescriptionReply, groups) { group, writer in
            let start = writer.count
            writer.u16(0)
            writer.u8(group.type.rawValue)
            writer.u8(0)
            writer.u32(group.groupID)
            if isNew {
                writer.zeros(8)
                for bucket in group.buckets { write15(bucket, group.type, &writer, context) }
                writer.patchLength(at: start + 8, from: start + 16)
                if let method = group.selectionMethod { write(method, &writer, context) }
            } else {
                for bucket in group.buckets { write11(bucket, &writer, context) }
            }
            writer.patchLength(at: start, from: start)
        }
    }

    static func encode(_ groups: [GroupStats], _ builder: FrameBuilder) -> [[UInt8]] {
        let hasDuration = builder.version == .v1_0 || builder.version >= .v1_3
        return builder.multipart(.groupReply, groups) { group, writer in
            let start = writer.count
            writer.u16(0)
            writer.zeros(2)
            writer.u32(group.groupID)
            writer.u32(group.referenceCount)
            writer.zeros(4)
            writer.u64(group.packetCount)
            writer.u64(group.byteCount)
            if hasDuration {
                writer.u32(group.durationSeconds)
                writer.u32(group.durationNanoseconds)
            }
            for bucket in group.buckets {
                writer.u64(bucket.packetCount)
                writer.u64(bucket.byteCount)
            }
            writer.patchLength(at: start, from: start)
        }
    }

    static func encode(_ features: GroupFeatures, _ builder: FrameBuilder) -> [[UInt8]] {
        builder.single(.groupFeaturesReply) { writer in
            writer.u32(features.types)
            writer.u32(features.capabilities)
            for index in 0..<4 {
                writer.u32(
                    index < features.maxGroups.count ? features.maxGroups[index] : 0)
            }
            let all = standardActions(builder.version)
            for index in 0..<4 {
                let actions = features.actions ?? [all, all, all, all]
                writer.u32(index < actions.count ? actions[index] : 0)
            }
        }
    }

    /// Every action that `version` has a number of its own for: bit n for action type n.
    static func standardActions(_ version: OpenFlowVersion) -> UInt32 {
        switch version {
        case .v1_0: 0xfff
        case .v1_1: 0x01ff_e7ff
        case .v1_2, .v1_3, .v1_4, .v1_5: 0x03ff_8001
        }
    }
}
