// Wire forms of flow-mod and flow-removed.

import Flow

extension OpenFlowCodec {
    // MARK: Flow mod

    static func decodeFlowMod(
        _ format: WireFormat, _ reader: inout ByteReader, _ context: CodecContext
    ) throws(OpenFlowError) -> FlowMod {
        var change = FlowMod(.add)
        let flags: UInt16
        switch format {
        case .flowMod10: flags = try decode10(&change, &reader, context)
        case .flowModNicira: flags = try decodeNicira(&change, &reader, context)
        default: flags = try decode11(&change, &reader, context)
        }
        try checkConntrackPrerequisites(change.match)
        let count = reader.remaining
        change.actions = try reader.instructions(byteCount: count, context)
        try decodeFlags(flags, &change, context.version)
        var check = ActionCheck(
            version: context.version, match: change.match, tunnelOptions: context.tunnelOptions)
        check.portLimit = context.portLimit
        check.table = change.tableID
        check.tableCount = context.tableCount
        try check.check(change.actions)
        return change
    }

    /// OpenFlow 1.1 and later. Returns the raw flags.
    private static func decode11(
        _ change: inout FlowMod, _ reader: inout ByteReader, _ context: CodecContext
    ) throws(OpenFlowError) -> UInt16 {
        let cookie = try reader.u64()
        let cookieMask = try reader.u64()
        change.tableID = try reader.u8()
        let command = FlowModCommand(rawValue: try reader.u8())
        let isModify = command == .modify || command == .modifyStrict
        let isDelete = command == .delete || command == .deleteStrict
        let isFirst = context.version == .v1_1
        if command == .add || isFirst && isModify && cookieMask == 0 {
            change.newCookie = cookie
        } else {
            change.cookie = cookie
            change.cookieMask = cookieMask
        }
        guard change.tableID != 255 || !isFirst && isDelete else {
            throw OpenFlowError(.ofpfmfcBadTableId)
        }
        change.idleTimeout = try reader.u16()
        change.hardTimeout = try reader.u16()
        change.priority = try reader.u16()
        change.bufferID = try reader.u32()
        let outPort = try reader.u32()
        let outGroup = try reader.u32()
        change.outGroup = isDelete ? outGroup : GroupID.any
        let flags = try reader.u16()
        let importance = try reader.u16()
        change.importance = context.version >= .v1_4 && command == .add ? importance : 0
        change.match = try reader.matchStandard(context)
        guard ReservedPort.narrow(outPort) != nil else { throw OpenFlowError(.ofpbacBadOutPort) }
        change.outPort = outPort
        guard let command else { throw OpenFlowError(.ofpfmfcBadCommand) }
        change.command = command
        return flags
    }

    private static func decode10(
        _ change: inout FlowMod, _ reader: inout ByteReader, _ context: CodecContext
    ) throws(OpenFlowError) -> UInt16 {
        let wildcards = try reader.peek32()
        change.match = try reader.match10()
        change.newCookie = try reader.u64()
        let command = try reader.u16()
        let flags = try decodeCommon10(&change, &reader)
        if wildcards & 0x3f_ffff == 0 { change.priority = .max }
        try setCommand(command, of: &change, context)
        return flags
    }

    private static func decodeNicira(
        _ change: inout FlowMod, _ reader: inout ByteReader, _ context: CodecContext
    ) throws(OpenFlowError) -> UInt16 {
        change.newCookie = try reader.u64()
        let command = try reader.u16()
        let flags = try decodeCommon10(&change, &reader)
        let matchBytes = Int(try reader.u16())
        try reader.skip(6)
        let match = try reader.matchNicira(byteCount: matchBytes, context)
        change.match = match.match
        change.cookie = match.cookie
        change.cookieMask = match.cookieMask
        if command & 0xff == 0 && change.cookieMask != 0 {
            throw OpenFlowError(.nxbrcNxmInvalid)
        }
        try setCommand(command, of: &change, context)
        return flags
    }

    private static func decodeCommon10(
        _ change: inout FlowMod, _ reader: inout ByteReader
    ) throws(OpenFlowError) -> UInt16 {
        change.idleTimeout = try reader.u16()
        change.hardTimeout = try reader.u16()
        change.priority = try reader.u16()
        change.bufferID = try reader.u32()
        change.outPort = ReservedPort.widen(try reader.u16())
        change.modifyCookie = change.newCookie != .max
        return try reader.u16()
    }

    private static func setCommand(
        _ raw: UInt16, of change: inout FlowMod, _ context: CodecContext
    ) throws(OpenFlowError) {
        let low = context.flowModTableID ? raw & 0xff : raw
        change.tableID = context.flowModTableID ? UInt8(raw >> 8) : 255
        guard low <= 0xff, let command = FlowModCommand(rawValue: UInt8(low)) else {
            throw OpenFlowError(.ofpfmfcBadCommand)
        }
        change.command = command
    }

    /// A match on a connection's original addresses needs the matching Ethernet type.
    private static func checkConntrackPrerequisites(
        _ match: FlowMatch
    ) throws(OpenFlowError) {
        let ethType = match.exact(.ethType)
        let wants4 =
            match.constrains(.ctIPv4Source) || match.constrains(.ctIPv4Destination)
        let wants6 =
            match.constrains(.ctIPv6Source) || match.constrains(.ctIPv6Destination)
        guard !wants4 || ethType == 0x0800, !wants6 || ethType == 0x86dd else {
            throw OpenFlowError(.ofpbacMatchInconsistent)
        }
    }

    private static func decodeFlags(
        _ raw: UInt16, _ change: inout FlowMod, _ version: OpenFlowVersion
    ) throws(OpenFlowError) {
        let isEmergency = version == .v1_0 && raw & 4 != 0
        let known = knownFlags(version)
        change.flags = FlowModFlags(rawValue: raw & known)
        if version <= .v1_1 && change.command == .add { change.flags.insert(.resetCounts) }
        guard raw & ~(known | (version == .v1_0 ? 4 : 0)) == 0 else {
            throw OpenFlowError(.ofpfmfcBadFlags)
        }
        if isEmergency {
            let hasTimeout = change.idleTimeout != 0 || change.hardTimeout != 0
            throw OpenFlowError(hasTimeout ? .ofpfmfcBadEmergTimeout : .ofpfmfcTableFull)
        }
    }

    static func knownFlags(_ version: OpenFlowVersion) -> UInt16 {
        version <= .v1_1 ? 0x3 : version == .v1_2 ? 0x7 : 0x1f
    }

    static func encode(_ change: FlowMod, _ builder: FrameBuilder) -> [[UInt8]] {
        let context = builder.context
        guard context.version == .v1_0 else { return encode11(change, builder) }
        let high = context.flowModTableID ? UInt16(change.tableID) << 8 : 0
        let command = UInt16(change.command.rawValue) | high
        let flags = change.flags.rawValue & knownFlags(.v1_0)
        func common(_ writer: inout ByteWriter) {
            writer.u16(change.idleTimeout)
            writer.u16(change.hardTimeout)
            writer.u16(change.priority)
            writer.u32(change.bufferID)
            writer.port16(change.outPort)
            writer.u16(flags)
        }
        if context.flowFormat == .openFlow10 {
            return builder.single(.flowMod10) { writer in
                writer.match10(change.match)
                writer.u64(change.newCookie)
                writer.u16(command)
                common(&writer)
                writer.actions(change.actions, match: change.match, context)
            }
        }
        return builder.single(.flowModNicira) { writer in
            var match = ByteWriter()
            let matchBytes = match.matchNicira(
                change.match, cookie: change.cookie, cookieMask: change.cookieMask, context)
            writer.u64(change.newCookie)
            writer.u16(command)
            common(&writer)
            writer.u16(UInt16(truncatingIfNeeded: matchBytes))
            writer.zeros(6)
            writer.put(match.bytes)
            writer.actions(change.actions, match: change.match, context)
        }
    }

    private static func encode11(_ change: FlowMod, _ builder: FrameBuilder) -> [[UInt8]] {
        let version = builder.version
        let isFirst = version == .v1_1
        let isModify = change.command == .modify || change.command == .modifyStrict
        let isDelete = change.command == .delete || change.command == .deleteStrict
        let isNew = change.command == .add || isFirst && isModify && change.cookieMask == 0
        return builder.single(.flowMod11) { writer in
            writer.u64(isNew ? change.newCookie : change.cookie & change.cookieMask)
            writer.u64(change.cookieMask)
            writer.u8(change.tableID != 255 || !isFirst && isDelete ? change.tableID : 0)
            writer.u8(change.command.rawValue)
            writer.u16(change.idleTimeout)
            writer.u16(change.hardTimeout)
            writer.u16(change.priority)
            writer.u32(change.bufferID)
            writer.u32(change.outPort)
            writer.u32(change.outGroup)
            writer.u16(change.flags.rawValue & knownFlags(version))
            let tellsImportance = version >= .v1_4 && change.command == .add
            writer.u16(tellsImportance ? change.importance : 0)
            writer.matchStandard(change.match, builder.context)
            writer.instructions(change.actions, match: change.match, builder.context)
        }
    }

    // MARK: Flow removed

    static func encode(_ removed: FlowRemoved, _ builder: FrameBuilder) -> [[UInt8]] {
        let version = builder.version
        let lacksReason = removed.reason == .meterDelete && version < .v1_4
        let reason = lacksReason ? FlowRemovedReason.delete.rawValue : removed.reason.rawValue
        switch version {
        case .v1_0:
            return builder.context.flowFormat == .openFlow10
                ? encode10(removed, reason, builder) : encodeNicira(removed, reason, builder)
        case .v1_5:
            return builder.single(.flowRemoved15) { writer in
                writer.u8(removed.tableID)
                writer.u8(reason)
                writer.u16(removed.priority)
                writer.u16(removed.idleTimeout)
                writer.u16(removed.hardTimeout)
                writer.u64(removed.cookie)
                writer.matchStandard(removed.match, builder.context)
                var stats = FlowCounters()
                stats.duration = (removed.durationSeconds, removed.durationNanoseconds)
                stats.packetCount = removed.packetCount
                stats.byteCount = removed.byteCount
                stats.write(into: &writer)
            }
        default:
            return builder.single(.flowRemoved11) { writer in
                writer.u64(removed.cookie)
                writer.u16(removed.priority)
                writer.u8(reason)
                writer.u8(removed.tableID)
                writer.u32(removed.durationSeconds)
                writer.u32(removed.durationNanoseconds)
                writer.u16(removed.idleTimeout)
                writer.u16(removed.hardTimeout)
                writer.u64(removed.packetCount)
                writer.u64(removed.byteCount)
                writer.matchStandard(removed.match, builder.context)
            }
        }
    }

    private static func encode10(
        _ removed: FlowRemoved, _ reason: UInt8, _ builder: FrameBuilder
    ) -> [[UInt8]] {
        builder.single(.flowRemoved10) { writer in
            writer.match10(removed.match)
            writer.u64(removed.cookie)
            writer.u16(removed.priority)
            writer.u8(reason)
            writer.u8(0)
            writer.u32(removed.durationSeconds)
            writer.u32(removed.durationNanoseconds)
            writer.u16(removed.idleTimeout)
            writer.zeros(2)
            writer.u64(removed.packetCount.zeroIfUnknown)
            writer.u64(removed.byteCount.zeroIfUnknown)
        }
    }

    private static func encodeNicira(
        _ removed: FlowRemoved, _ reason: UInt8, _ builder: FrameBuilder
    ) -> [[UInt8]] {
        builder.single(.flowRemovedNicira) { writer in
            var match = ByteWriter()
            let matchBytes = match.matchNicira(removed.match, builder.context)
            writer.u64(removed.cookie)
            writer.u16(removed.priority)
            writer.u8(reason)
            writer.u8(removed.tableID &+ 1)
            writer.u32(removed.durationSeconds)
            writer.u32(removed.durationNanoseconds)
            writer.u16(removed.idleTimeout)
            writer.u16(UInt16(truncatingIfNeeded: matchBytes))
            writer.u64(removed.packetCount)
            writer.u64(removed.byteCount)
            writer.put(match.bytes)
        }
    }
}

extension UInt64 {
    /// Zero for all ones: older formats cannot say "unknown".
    var zeroIfUnknown: UInt64 { self == .max ? 0 : self }
}
