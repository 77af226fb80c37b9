// The formats a message can have on the wire, one case for each body that is read or written in
// its own way. `WireFormat+Table.swift` says in which versions and by which numbers.

/// The format of a message's body.
enum WireFormat: UInt8, CaseIterable, Hashable, Sendable {
    case hello
    case error
    case echoRequest
    case echoReply
    case featuresRequest
    case featuresReply
    case getConfigRequest
    case getConfigReply
    case setConfig
    case packetIn10
    case packetIn11
    case packetIn12
    case packetIn13
    case packetInNicira
    case packetInNicira2
    case flowRemoved10
    case flowRemoved11
    case flowRemoved15
    case flowRemovedNicira
    case portStatus
    case packetOut10
    case packetOut11
    case packetOut15
    case flowMod10
    case flowMod11
    case flowModNicira
    case groupMod15
    case groupMod11
    case portMod10
    case portMod11
    case portMod14
    case tableMod11
    case tableMod14
    case barrierRequest
    case barrierReply
    case queueGetConfigRequest
    case queueGetConfigReply
    case roleRequest
    case roleRequestNicira
    case roleReply
    case roleReplyNicira
    case getAsyncRequest
    case getAsyncReply13
    case getAsyncReply14
    case setAsync13
    case setAsync14
    case meterMod
    case roleStatus
    case tableStatus
    case requestForward
    case bundleControl
    case bundleAdd
    case flowMonitorCancel
    case flowMonitorPaused
    case flowMonitorResumed
    case setFlowFormat
    case flowModTableID
    case setPacketInFormat
    case flowAge
    case setControllerID
    case tunnelOptionTableMod
    case tunnelOptionTableRequest
    case tunnelOptionTableReply
    case resume
    case ctFlushZone
    case ctFlush
    case descriptionRequest
    case descriptionReply
    case flowRequest10
    case flowRequest11
    case flowRequestNicira
    case flowReply10
    case flowReply11
    case flowReply15
    case flowReplyNicira
    case aggregateRequest10
    case aggregateRequest11
    case aggregateRequestNicira
    case aggregateReply
    case aggregateReply15
    case aggregateReplyNicira
    case tableRequest
    case tableReply
    case portRequest
    case portReply
    case queueRequest
    case queueReply
    case groupRequest
    case groupReply
    case groupDescriptionRequest15
    case groupDescriptionRequest11
    case groupDescriptionReply
    case groupFeaturesRequest
    case groupFeaturesReply
    case meterRequest
    case meterReply
    case meterConfigRequest
    case meterConfigReply
    case meterFeaturesRequest
    case meterFeaturesReply
    case tableFeaturesRequest
    case tableFeaturesReply
    case tableDescriptionRequest
    case tableDescriptionReply
    case portDescriptionRequest10
    case portDescriptionRequest15
    case portDescriptionReply
    case queueDescriptionRequest
    case queueDescriptionReply
    case flowMonitorRequest14
    case flowMonitorRequest13
    case flowMonitorRequestNicira
    case flowMonitorReply14
    case flowMonitorReply13
    case flowMonitorReplyNicira
    case ipfixBridgeRequest
    case ipfixBridgeReply
    case ipfixFlowRequest
    case ipfixFlowReply

    /// The format that a message's headers name, and the length its body must have.
    ///
    /// **Errors**: OFPBRC_BAD_SUBTYPE, _BAD_STAT or _BAD_TYPE where there is none.
    static func row(of key: MessageKey) throws(OpenFlowError) -> WireFormatRow {
        if key.type < 4, let row = immutable[Int(key.type)] { return row }
        guard let row = rows[key] else {
            throw OpenFlowError(
                key.vendor != 0 ? .ofpbrcBadSubtype : key.isStat ? .ofpbrcBadStat : .ofpbrcBadType)
        }
        return row
    }

    /// The headers of this format in `version`; nil where it has none.
    func key(version: OpenFlowVersion) -> MessageKey? {
        if rawValue < 4 { return MessageKey(version: version.rawValue, type: rawValue) }
        return WireFormat.keys[Int(version.rawValue - 1)][self]
    }
}

/// What the body of a format must measure.
struct WireFormatRow: Sendable {
    let format: WireFormat
    let bodyBytesMin: Int
    /// What may follow comes in multiples of this; 0 for nothing.
    let multiple: Int

    /// Throws OFPBRC_BAD_LEN unless a body of `count` bytes is possible.
    func check(bodyByteCount count: Int) throws(OpenFlowError) {
        let extra = count - bodyBytesMin
        let isGood = extra == 0 || extra > 0 && multiple > 0 && extra % multiple == 0
        guard isGood else { throw OpenFlowError(.ofpbrcBadLen) }
    }
}
