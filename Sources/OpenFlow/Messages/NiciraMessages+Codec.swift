// Wire forms of Nicira's extension messages and of the messages about queues and flow monitors that
// are not multipart.

extension OpenFlowCodec {
    static func decodeExtension(
        _ format: WireFormat, _ reader: inout ByteReader, _ header: MessageHeader,
        _ context: CodecContext
    ) throws(OpenFlowError) -> Message? {
        switch format {
        case .queueGetConfigRequest:
            return .queueGetConfigRequest(try decodeQueueGetConfig(&reader, context))
        case .flowMonitorCancel: return .flowMonitorCancel(try reader.u32())
        case .setFlowFormat:
            guard let format = FlowFormat(rawValue: try reader.u32()) else {
                throw OpenFlowError(.ofpbrcEperm)
            }
            return .setFlowFormat(format)
        case .flowModTableID: return .flowModTableID(try reader.u8() != 0)
        case .setPacketInFormat:
            guard let format = PacketInFormat(rawValue: try reader.u32()) else {
                throw OpenFlowError(.ofpbrcEperm)
            }
            return .setPacketInFormat(format)
        case .flowAge: return .flowAge
        case .setControllerID:
            try reader.zeros(6, else: .nxbrcMustBeZero)
            return .setControllerID(try reader.u16())
        case .tunnelOptionTableMod: return .tunnelOptionTableMod(try decodeOptionMod(&reader))
        case .tunnelOptionTableRequest: return .tunnelOptionTableRequest
        case .ctFlushZone:
            try reader.zeros(6, else: .nxbrcMustBeZero)
            return .ctFlushZone(try reader.u16())
        case .ctFlush: return .ctFlush(try decodeFlush(&reader))
        default: return nil
        }
    }

    static func encodeExtension(_ message: Message, _ builder: FrameBuilder) -> [[UInt8]]? {
        switch message {
        case .queueGetConfigRequest(let request): return encode(request, builder)
        case .queueGetConfigReply(let reply): return encode(reply, builder)
        case .flowMonitorCancel(let id): return builder.single(.flowMonitorCancel) { $0.u32(id) }
        case .flowMonitorPaused: return builder.single(.flowMonitorPaused)
        case .flowMonitorResumed: return builder.single(.flowMonitorResumed)
        case .setFlowFormat(let format):
            return builder.single(.setFlowFormat) { $0.u32(format.rawValue) }
        case .flowModTableID(let isOn):
            return builder.single(.flowModTableID) { writer in
                writer.u8(isOn ? 1 : 0)
                writer.zeros(7)
            }
        case .setPacketInFormat(let format):
            return builder.single(.setPacketInFormat) { $0.u32(format.rawValue) }
        case .flowAge: return builder.single(.flowAge)
        case .setControllerID(let id): return single(.setControllerID, last: id, builder)
        case .tunnelOptionTableMod(let change):
            return builder.single(.tunnelOptionTableMod) { writer in
                writer.u16(change.command.rawValue)
                writer.zeros(6)
                write(change.mappings, &writer)
            }
        case .tunnelOptionTableRequest: return builder.single(.tunnelOptionTableRequest)
        case .tunnelOptionTableReply(let reply):
            return builder.single(.tunnelOptionTableReply) { writer in
                writer.u32(reply.maxOptionSpace)
                writer.u16(reply.maxFields)
                writer.zeros(10)
                write(reply.mappings, &writer)
            }
        case .ctFlushZone(let zone): return single(.ctFlushZone, last: zone, builder)
        case .ctFlush(let flush): return encode(flush, builder)
        default: return nil
        }
    }

    /// Six zeros and a number.
    private static func single(
        _ format: WireFormat, last: UInt16, _ builder: FrameBuilder
    ) -> [[UInt8]] {
        builder.single(format) { writer in
            writer.zeros(6)
            writer.u16(last)
        }
    }

    private static func encode(_ request: QueueRequest, _ builder: FrameBuilder) -> [[UInt8]] {
        guard builder.version < .v1_4 else {
            return builder.single(.queueDescriptionRequest) { writer in
                writer.u32(request.port)
                writer.u32(request.queue)
            }
        }
        return builder.single(.queueGetConfigRequest) { writer in
            if builder.version == .v1_0 {
                writer.port16(request.port)
                writer.zeros(2)
            } else {
                writer.u32(request.port)
                writer.zeros(4)
            }
        }
    }

    // MARK: Tunnel options

    private static func decodeOptionMod(
        _ reader: inout ByteReader
    ) throws(OpenFlowError) -> TunnelOptionTableMod {
        guard let command = TunnelOptionTableMod.Command(rawValue: try reader.u16()) else {
            throw OpenFlowError(.nxttmfcBadCommand)
        }
        try reader.skip(6)
        var change = TunnelOptionTableMod(command)
        while !reader.isAtEnd {
            let optionClass = try reader.u16()
            let type = try reader.u8()
            let length = try reader.u8()
            let index = try reader.u16()
            try reader.skip(2)
            guard length % 4 == 0, length <= 124 else { throw OpenFlowError(.nxttmfcBadOptLen) }
            guard index < 64 else { throw OpenFlowError(.nxttmfcBadFieldIdx) }
            change.mappings.append(
                TunnelOptionMapping(
                    optionClass: optionClass, optionType: type, length: length, index: index))
        }
        return change
    }

    private static func write(_ mappings: [TunnelOptionMapping], _ writer: inout ByteWriter) {
        for mapping in mappings {
            writer.u16(mapping.optionClass)
            writer.u8(mapping.optionType)
            writer.u8(mapping.length)
            writer.u16(mapping.index)
            writer.zeros(2)
        }
    }

    // MARK: Connection tracking

    private static func decodeFlush(
        _ reader: inout ByteReader
    ) throws(OpenFlowError) -> ConntrackFlush {
        var flush = ConntrackFlush()
        flush.ipProtocol = try reader.u8()
        try reader.zeros(7, else: .nxbrcMustBeZero)
        var family = AddressFamily.any
        while let property = try reader.property() {
            guard property.experimenter == 0 else { continue }
            switch property.type {
            case 0: try decode(property, &flush.original, &family)
            case 1: try decode(property, &flush.reply, &family)
            case 2: flush.zone = try property.u16()
            default: break
            }
        }
        return flush
    }

    private enum AddressFamily { case any, ipv4, ipv6 }

    private static func decode(
        _ property: Property, _ tuple: inout ConntrackTuple, _ family: inout AddressFamily
    ) throws(OpenFlowError) {
        var nested = try property.nested()
        while let inner = try nested.property() {
            guard inner.experimenter == 0 else { continue }
            switch inner.type {
            case 0: tuple.source = try address(inner, &family)
            case 1: tuple.destination = try address(inner, &family)
            case 2: tuple.sourcePort = try inner.u16()
            case 3: tuple.destinationPort = try inner.u16()
            case 4: tuple.icmpID = try inner.u16()
            case 5: tuple.icmpType = try inner.u8()
            case 6: tuple.icmpCode = try inner.u8()
            default: break
            }
        }
    }

    /// An address of a family that agrees with those before it; nil if it is all zeros.
    private static func address(
        _ property: Property, _ family: inout AddressFamily
    ) throws(OpenFlowError) -> [UInt8]? {
        var body = property.body
        let bytes = try body.take(16)
        guard bytes.contains(where: { $0 != 0 }) else { return nil }
        let isMapped = bytes.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff])
        let own: AddressFamily = isMapped ? .ipv4 : .ipv6
        guard family == .any || family == own else { throw OpenFlowError(.ofpbpcBadValue) }
        family = own
        return bytes
    }

    private static func encode(_ flush: ConntrackFlush, _ builder: FrameBuilder) -> [[UInt8]] {
        builder.single(.ctFlush) { writer in
            writer.u8(flush.ipProtocol)
            writer.zeros(7)
            write(flush.original, type: 0, &writer)
            write(flush.reply, type: 1, &writer)
            if let zone = flush.zone { writer.property(2, u16: zone) }
        }
    }

    private static func write(
        _ tuple: ConntrackTuple, type: UInt16, _ writer: inout ByteWriter
    ) {
        guard !tuple.isEmpty else { return }
        writer.property(type, isNested: true) { writer in
            if let bytes = tuple.source { writer.property(0) { $0.put(bytes) } }
            if let bytes = tuple.destination { writer.property(1) { $0.put(bytes) } }
            if let port = tuple.sourcePort { writer.property(2, u16: port) }
            if let port = tuple.destinationPort { writer.property(3, u16: port) }
            if let id = tuple.icmpID { writer.property(4, u16: id) }
            if let type = tuple.icmpType { writer.property(5, u8: type) }
            if let code = tuple.icmpCode { writer.property(6, u8: code) }
        }
    }
}
