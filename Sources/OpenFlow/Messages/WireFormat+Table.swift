// In which OpenFlow versions each format occurs, and by which type, statistic or vendor subtype.
// Versions are counted from 0 (OpenFlow 1.0) to 5 (OpenFlow 1.5).

extension WireFormat {
    /// Where a number is from: OpenFlow's messages or statistics, or a vendor's.
    enum Space: Sendable {
        case message, nicira, onf
        case request, niciraRequest, onfRequest
        case reply, niciraReply, onfReply
    }

    /// One line of the table.
    struct Line: Sendable {
        let format: WireFormat
        let space: Space
        let versions: ClosedRange<UInt8>
        let number: UInt16
        let row: WireFormatRow

        init(
            _ format: WireFormat, _ space: Space, _ versions: ClosedRange<UInt8>,
            _ number: UInt16, _ bodyBytesMin: Int, _ multiple: Int
        ) {
            self.format = format
            self.space = space
            self.versions = versions
            self.number = number
            row = WireFormatRow(format: format, bodyBytesMin: bodyBytesMin, multiple: multiple)
        }

        /// The headers in the version counted `version`.
        func key(_ version: UInt8) -> MessageKey {
            let types = MessageKey.statTypes(version: version + 1)
            let type =
                switch space {
                case .message: UInt8(truncatingIfNeeded: number)
                case .nicira, .onf: MessageKey.vendorType
                case .request, .niciraRequest, .onfRequest: types.request
                case .reply, .niciraReply, .onfReply: types.reply
                }
            var key = MessageKey(version: version + 1, type: type)
            switch space {
            case .message: break
            case .request, .reply: key.stat = number
            case .nicira, .onf: key.subtype = UInt32(number)
            case .niciraRequest, .onfRequest, .niciraReply, .onfReply:
                key.stat = MessageKey.vendorStat
                key.subtype = UInt32(number)
            }
            switch space {
            case .nicira, .niciraRequest, .niciraReply: key.vendor = VendorID.nicira
            case .onf, .onfRequest, .onfReply: key.vendor = VendorID.onf
            case .message, .request, .reply: break
            }
            return key
        }
    }

    /// Types 0 to 3, the same in every version, even unknown ones.
    static let immutable: [WireFormatRow?] = [
        WireFormatRow(format: .hello, bodyBytesMin: 0, multiple: 1),
        WireFormatRow(format: .error, bodyBytesMin: 4, multiple: 1),
        WireFormatRow(format: .echoRequest, bodyBytesMin: 0, multiple: 1),
        WireFormatRow(format: .echoReply, bodyBytesMin: 0, multiple: 1),
    ]

    /// Formats by headers.
    static let rows: [MessageKey: WireFormatRow] = {
        var rows: [MessageKey: WireFormatRow] = [:]
        for line in lines {
            for version in line.versions { rows[line.key(version)] = line.row }
        }
        return rows
    }()

    /// Headers by format, for each version; where there are several, the first line's.
    static let keys: [[WireFormat: MessageKey]] = {
        var keys = [[WireFormat: MessageKey]](repeating: [:], count: 6)
        for line in lines {
            for version in line.versions where keys[Int(version)][line.format] == nil {
                keys[Int(version)][line.format] = line.key(version)
            }
        }
        return keys
    }()

    /// Format, number space, versions, number, least body bytes, multiple of what may follow.
    private static let lines: [Line] = messageLines + statLines

    private static let messageLines: [Line] = [
        Line(.featuresRequest, .message, 0...5, 5, 0, 0),
        Line(.featuresReply, .message, 0...0, 6, 24, 48),
        Line(.featuresReply, .message, 1...2, 6, 24, 64),
        Line(.featuresReply, .message, 3...5, 6, 24, 0),
        Line(.getConfigRequest, .message, 0...5, 7, 0, 0),
        Line(.getConfigReply, .message, 0...5, 8, 4, 0),
        Line(.setConfig, .message, 0...5, 9, 4, 0),
        Line(.packetIn10, .message, 0...0, 10, 10, 1),
        Line(.packetIn11, .message, 1...1, 10, 16, 1),
        Line(.packetIn12, .message, 2...2, 10, 8, 1),
        Line(.packetIn13, .message, 3...5, 10, 16, 1),
        Line(.packetInNicira, .nicira, 0...5, 17, 24, 1),
        Line(.packetInNicira2, .nicira, 0...5, 30, 0, 8),
        Line(.flowRemoved10, .message, 0...0, 11, 80, 0),
        Line(.flowRemoved11, .message, 1...4, 11, 40, 8),
        Line(.flowRemoved15, .message, 5...5, 11, 16, 8),
        Line(.flowRemovedNicira, .nicira, 0...5, 14, 40, 8),
        Line(.portStatus, .message, 0...0, 12, 56, 0),
        Line(.portStatus, .message, 1...3, 12, 72, 0),
        Line(.portStatus, .message, 4...5, 12, 48, 8),
        Line(.packetOut10, .message, 0...0, 13, 8, 1),
        Line(.packetOut11, .message, 1...4, 13, 16, 1),
        Line(.packetOut15, .message, 5...5, 13, 8, 1),
        Line(.flowMod10, .message, 0...0, 14, 64, 8),
        Line(.flowMod11, .message, 1...5, 14, 40, 8),
        Line(.flowModNicira, .nicira, 0...5, 13, 32, 8),
        Line(.groupMod15, .nicira, 0...0, 31, 16, 8),
        Line(.groupMod11, .message, 1...4, 15, 8, 8),
        Line(.groupMod15, .message, 5...5, 15, 16, 8),
        Line(.portMod10, .message, 0...0, 15, 24, 0),
        Line(.portMod11, .message, 1...3, 16, 32, 0),
        Line(.portMod14, .message, 4...5, 16, 24, 8),
        Line(.tableMod11, .message, 1...3, 17, 8, 0),
        Line(.tableMod14, .message, 4...5, 17, 8, 8),
        Line(.barrierRequest, .message, 0...0, 18, 0, 0),
        Line(.barrierRequest, .message, 1...5, 20, 0, 0),
        Line(.barrierReply, .message, 0...0, 19, 0, 0),
        Line(.barrierReply, .message, 1...5, 21, 0, 0),
        Line(.queueGetConfigRequest, .message, 0...0, 20, 4, 0),
        Line(.queueGetConfigRequest, .message, 1...3, 22, 8, 0),
        Line(.queueGetConfigReply, .message, 0...0, 21, 8, 8),
        Line(.queueGetConfigReply, .message, 1...3, 23, 8, 8),
        Line(.roleRequest, .message, 2...5, 24, 16, 0),
        Line(.roleRequestNicira, .nicira, 0...5, 10, 4, 0),
        Line(.roleReply, .message, 2...5, 25, 16, 0),
        Line(.roleReplyNicira, .nicira, 0...5, 11, 4, 0),
        Line(.getAsyncRequest, .message, 3...5, 26, 0, 0),
        Line(.getAsyncReply13, .message, 3...3, 27, 24, 0),
        Line(.getAsyncReply14, .message, 4...5, 27, 0, 8),
        Line(.setAsync13, .message, 3...3, 28, 24, 0),
        Line(.setAsync13, .nicira, 0...5, 19, 24, 0),
        Line(.setAsync14, .nicira, 0...3, 27, 0, 8),
        Line(.setAsync14, .message, 4...5, 28, 0, 8),
        Line(.meterMod, .message, 3...5, 29, 8, 8),
        Line(.roleStatus, .onf, 3...3, 1911, 16, 8),
        Line(.roleStatus, .message, 4...5, 30, 16, 8),
        Line(.tableStatus, .message, 4...5, 31, 8, 8),
        Line(.requestForward, .nicira, 0...2, 132, 8, 8),
        Line(.requestForward, .onf, 3...3, 2350, 8, 8),
        Line(.requestForward, .message, 4...5, 32, 8, 8),
        Line(.bundleControl, .onf, 3...3, 2300, 8, 8),
        Line(.bundleControl, .message, 4...5, 33, 8, 8),
        Line(.bundleAdd, .onf, 3...3, 2301, 8, 1),
        Line(.bundleAdd, .message, 4...5, 34, 8, 1),
        Line(.flowMonitorCancel, .nicira, 0...2, 21, 4, 0),
        Line(.flowMonitorCancel, .onf, 3...3, 1870, 4, 0),
        Line(.flowMonitorPaused, .nicira, 0...2, 22, 0, 0),
        Line(.flowMonitorPaused, .onf, 3...3, 1871, 0, 0),
        Line(.flowMonitorResumed, .nicira, 0...2, 23, 0, 0),
        Line(.flowMonitorResumed, .onf, 3...3, 1872, 0, 0),
        Line(.setFlowFormat, .nicira, 0...0, 12, 4, 0),
        Line(.flowModTableID, .nicira, 0...5, 15, 8, 0),
        Line(.setPacketInFormat, .nicira, 0...5, 16, 4, 0),
        Line(.flowAge, .nicira, 0...5, 18, 0, 0),
        Line(.setControllerID, .nicira, 0...5, 20, 8, 0),
        Line(.tunnelOptionTableMod, .nicira, 0...5, 24, 8, 8),
        Line(.tunnelOptionTableRequest, .nicira, 0...5, 25, 0, 0),
        Line(.tunnelOptionTableReply, .nicira, 0...5, 26, 16, 8),
        Line(.resume, .nicira, 0...5, 28, 0, 8),
        Line(.ctFlushZone, .nicira, 0...5, 29, 8, 0),
        Line(.ctFlush, .nicira, 0...5, 32, 8, 8),
    ]

    private static let statLines: [Line] = [
        Line(.descriptionRequest, .request, 0...5, 0, 0, 0),
        Line(.descriptionReply, .reply, 0...5, 0, 1056, 0),
        Line(.flowRequest10, .request, 0...0, 1, 44, 0),
        Line(.flowRequest11, .request, 1...5, 1, 32, 8),
        Line(.flowRequestNicira, .niciraRequest, 0...0, 0, 8, 8),
        Line(.flowReply10, .reply, 0...0, 1, 0, 1),
        Line(.flowReply11, .reply, 1...4, 1, 0, 1),
        Line(.flowReply15, .reply, 5...5, 1, 0, 1),
        Line(.flowReplyNicira, .niciraReply, 0...0, 0, 0, 1),
        Line(.aggregateRequest10, .request, 0...0, 2, 44, 0),
        Line(.aggregateRequest11, .request, 1...5, 2, 32, 8),
        Line(.aggregateRequestNicira, .niciraRequest, 0...0, 1, 8, 8),
        Line(.aggregateReply, .reply, 0...4, 2, 24, 0),
        Line(.aggregateReply15, .reply, 5...5, 2, 0, 1),
        Line(.aggregateReplyNicira, .niciraReply, 0...0, 1, 24, 0),
        Line(.tableRequest, .request, 0...5, 3, 0, 0),
        Line(.tableReply, .reply, 0...0, 3, 0, 64),
        Line(.tableReply, .reply, 1...1, 3, 0, 88),
        Line(.tableReply, .reply, 2...2, 3, 0, 128),
        Line(.tableReply, .reply, 3...5, 3, 0, 24),
        Line(.portRequest, .request, 0...5, 4, 8, 0),
        Line(.portReply, .reply, 0...2, 4, 0, 104),
        Line(.portReply, .reply, 3...3, 4, 0, 112),
        Line(.portReply, .reply, 4...5, 4, 0, 8),
        Line(.queueRequest, .request, 0...5, 5, 8, 0),
        Line(.queueReply, .reply, 0...2, 5, 0, 32),
        Line(.queueReply, .reply, 3...3, 5, 0, 40),
        Line(.queueReply, .reply, 4...5, 5, 0, 8),
        Line(.groupRequest, .niciraRequest, 0...0, 7, 8, 0),
        Line(.groupRequest, .request, 1...5, 6, 8, 0),
        Line(.groupReply, .niciraReply, 0...0, 7, 0, 8),
        Line(.groupReply, .reply, 1...5, 6, 0, 8),
        Line(.groupDescriptionRequest15, .niciraRequest, 0...0, 8, 8, 0),
        Line(.groupDescriptionRequest11, .request, 1...4, 7, 0, 0),
        Line(.groupDescriptionRequest15, .request, 5...5, 7, 8, 0),
        Line(.groupDescriptionReply, .niciraReply, 0...0, 8, 0, 8),
        Line(.groupDescriptionReply, .reply, 1...5, 7, 0, 8),
        Line(.groupFeaturesRequest, .niciraRequest, 0...1, 9, 0, 0),
        Line(.groupFeaturesRequest, .request, 2...5, 8, 0, 0),
        Line(.groupFeaturesReply, .niciraReply, 0...1, 9, 40, 0),
        Line(.groupFeaturesReply, .reply, 2...5, 8, 40, 0),
        Line(.meterRequest, .request, 3...5, 9, 8, 0),
        Line(.meterReply, .reply, 3...5, 9, 0, 8),
        Line(.meterConfigRequest, .request, 3...5, 10, 8, 0),
        Line(.meterConfigReply, .reply, 3...5, 10, 0, 8),
        Line(.meterFeaturesRequest, .request, 3...5, 11, 0, 0),
        Line(.meterFeaturesReply, .reply, 3...5, 11, 16, 0),
        Line(.tableFeaturesRequest, .request, 3...5, 12, 0, 8),
        Line(.tableFeaturesReply, .reply, 3...5, 12, 64, 8),
        Line(.tableDescriptionRequest, .request, 4...5, 14, 0, 0),
        Line(.tableDescriptionReply, .reply, 4...5, 14, 8, 8),
        Line(.portDescriptionRequest10, .request, 0...4, 13, 0, 0),
        Line(.portDescriptionRequest15, .request, 5...5, 13, 8, 0),
        Line(.portDescriptionReply, .reply, 0...0, 13, 0, 48),
        Line(.portDescriptionReply, .reply, 1...3, 13, 0, 64),
        Line(.portDescriptionReply, .reply, 4...5, 13, 0, 8),
        Line(.queueDescriptionRequest, .request, 4...5, 15, 8, 0),
        Line(.queueDescriptionReply, .reply, 4...5, 15, 0, 8),
        Line(.flowMonitorRequest14, .request, 4...5, 16, 0, 8),
        Line(.flowMonitorRequest13, .onfRequest, 3...3, 1870, 0, 8),
        Line(.flowMonitorRequestNicira, .niciraRequest, 0...2, 2, 0, 8),
        Line(.flowMonitorReply14, .reply, 4...5, 16, 0, 8),
        Line(.flowMonitorReply13, .onfReply, 3...3, 1870, 0, 8),
        Line(.flowMonitorReplyNicira, .niciraReply, 0...2, 2, 0, 8),
        Line(.ipfixBridgeRequest, .niciraRequest, 0...5, 3, 0, 0),
        Line(.ipfixBridgeReply, .niciraReply, 0...5, 3, 88, 0),
        Line(.ipfixFlowRequest, .niciraRequest, 0...5, 4, 0, 0),
        Line(.ipfixFlowReply, .niciraReply, 0...5, 4, 0, 88),
    ]
}
