// Wire forms of multipart (statistics) requests and replies that are not with their family: the
// description, flows, aggregates, IPFIX, and which format each request and reply takes.

import Flow

extension OpenFlowCodec {
    // MARK: Requests

    static func decodeMultipart(
        _ format: WireFormat, _ reader: inout ByteReader, _ context: CodecContext
    ) throws(OpenFlowError) -> Message? {
        if let request = try decodeRequest(format, &reader, context) {
            return .multipartRequest(request)
        }
        guard format == .queueDescriptionRequest else { return nil }
        let port = try reader.port32()
        return .queueGetConfigRequest(QueueRequest(port: port, queue: try reader.u32()))
    }

    private static func decodeRequest(
        _ format: WireFormat, _ reader: inout ByteReader, _ context: CodecContext
    ) throws(OpenFlowError) -> MultipartRequest? {
        switch format {
        case .descriptionRequest: return .description
        case .flowRequest10, .flowRequest11, .flowRequestNicira:
            return .flow(try decodeFlowRequest(format, &reader, context))
        case .aggregateRequest10, .aggregateRequest11, .aggregateRequestNicira:
            return .aggregate(try decodeFlowRequest(format, &reader, context))
        case .tableRequest: return .table
        case .tableFeaturesRequest:
            return .tableFeatures(try decodeTableFeatures(&reader, context))
        case .tableDescriptionRequest: return .tableDescription
        case .portRequest:
            let isFirst = context.version == .v1_0
            return .port(try isFirst ? ReservedPort.widen(reader.u16()) : reader.port32())
        case .portDescriptionRequest10: return .portDescription(ReservedPort.any)
        case .portDescriptionRequest15: return .portDescription(try reader.port32())
        case .queueRequest: return .queue(try decodeQueueStatsRequest(&reader, context))
        case .groupRequest: return .group(try reader.u32())
        case .groupDescriptionRequest11: return .groupDescription(GroupID.all)
        case .groupDescriptionRequest15: return .groupDescription(try reader.u32())
        case .groupFeaturesRequest: return .groupFeatures
        case .meterRequest: return .meter(try reader.u32())
        case .meterConfigRequest: return .meterConfig(try reader.u32())
        case .meterFeaturesRequest: return .meterFeatures
        case .flowMonitorRequest14, .flowMonitorRequest13, .flowMonitorRequestNicira:
            return .flowMonitor(try decodeMonitors(format, &reader, context))
        case .ipfixBridgeRequest: return .ipfixBridge
        case .ipfixFlowRequest: return .ipfixFlow
        default: return nil
        }
    }

    private static func decodeFlowRequest(
        _ format: WireFormat, _ reader: inout ByteReader, _ context: CodecContext
    ) throws(OpenFlowError) -> FlowStatsRequest {
        var request = FlowStatsRequest()
        switch format {
        case .flowRequest10, .aggregateRequest10:
            request.match = try reader.match10()
            request.tableID = try reader.u8()
            try reader.skip(1)
            request.outPort = ReservedPort.widen(try reader.u16())
        case .flowRequestNicira, .aggregateRequestNicira:
            request.isNicira = true
            request.outPort = ReservedPort.widen(try reader.u16())
            let matchBytes = Int(try reader.u16())
            request.tableID = try reader.u8()
            try reader.skip(3)
            let match = try reader.matchNicira(byteCount: matchBytes, context)
            request.match = match.match
            request.cookie = match.cookie
            request.cookieMask = match.cookieMask
            guard reader.isAtEnd else { throw OpenFlowError(.ofpbrcBadLen) }
        default:
            request.tableID = try reader.u8()
            try reader.skip(3)
            request.outPort = try reader.port32()
            request.outGroup = try reader.u32()
            try reader.skip(4)
            request.cookie = try reader.u64()
            request.cookieMask = try reader.u64()
            request.match = try reader.matchStandard(context)
        }
        return request
    }

    static func encodeMultipart(_ message: Message, _ builder: FrameBuilder) -> [[UInt8]]? {
        switch message {
        case .multipartRequest(let request): encode(request, builder)
        case .multipartReply(let reply): encode(reply, builder)
        default: nil
        }
    }

    private static func encode(_ request: MultipartRequest, _ builder: FrameBuilder) -> [[UInt8]] {
        func number(_ format: WireFormat, _ number: UInt32) -> [[UInt8]] {
            builder.single(format) { writer in
                writer.u32(number)
                writer.zeros(4)
            }
        }
        let version = builder.version
        switch request {
        case .description: return builder.single(.descriptionRequest)
        case .flow(let request):
            return encode(
                request, .flowRequest10, .flowRequest11, .flowRequestNicira, builder)
        case .aggregate(let request):
            return encode(
                request, .aggregateRequest10, .aggregateRequest11, .aggregateRequestNicira,
                builder)
        case .table: return builder.single(.tableRequest)
        case .tableFeatures(let tables):
            return builder.multipart(.tableFeaturesRequest, tables) { table, writer in
                write(table, &writer, builder.context)
            }
        case .tableDescription: return builder.single(.tableDescriptionRequest)
        case .port(let port):
            guard version == .v1_0 else { return number(.portRequest, port) }
            return builder.single(.portRequest) { writer in
                writer.port16(port)
                writer.zeros(6)
            }
        case .portDescription(let port):
            return version == .v1_5
                ? number(.portDescriptionRequest15, port)
                : builder.single(.portDescriptionRequest10)
        case .queue(let request):
            return builder.single(.queueRequest) { writer in
                if version == .v1_0 {
                    let isAny = request.port == ReservedPort.any
                    writer.port16(isAny ? ReservedPort.all : request.port)
                    writer.zeros(2)
                } else {
                    writer.u32(request.port)
                }
                writer.u32(request.queue)
            }
        case .group(let id): return number(.groupRequest, id)
        case .groupDescription(let id):
            return version == .v1_0 || version == .v1_5
                ? number(.groupDescriptionRequest15, id)
                : builder.single(.groupDescriptionRequest11)
        case .groupFeatures: return builder.single(.groupFeaturesRequest)
        case .meter(let id): return number(.meterRequest, id)
        case .meterConfig(let id): return number(.meterConfigRequest, id)
        case .meterFeatures: return builder.single(.meterFeaturesRequest)
        case .flowMonitor: return []
        case .ipfixBridge: return builder.single(.ipfixBridgeRequest)
        case .ipfixFlow: return builder.single(.ipfixFlowRequest)
        }
    }

    private static func encode(
        _ request: FlowStatsRequest, _ first: WireFormat, _ standard: WireFormat,
        _ nicira: WireFormat, _ builder: FrameBuilder
    ) -> [[UInt8]] {
        if builder.version > .v1_0 {
            return builder.single(standard) { writer in
                writer.u8(request.tableID)
                writer.zeros(3)
                writer.u32(request.outPort)
                writer.u32(request.outGroup)
                writer.zeros(4)
                writer.u64(request.cookie)
                writer.u64(request.cookieMask)
                writer.matchStandard(request.match, builder.context)
            }
        }
        guard request.isNicira else {
            return builder.single(first) { writer in
                writer.match10(request.match)
                writer.u8(request.tableID)
                writer.u8(0)
                writer.port16(request.outPort)
            }
        }
        return builder.single(nicira) { writer in
            var match = ByteWriter()
            let matchBytes = match.matchNicira(
                request.match, cookie: request.cookie, cookieMask: request.cookieMask,
                builder.context)
            writer.port16(request.outPort)
            writer.u16(UInt16(truncatingIfNeeded: matchBytes))
            writer.u8(request.tableID)
            writer.zeros(3)
            writer.put(match.bytes)
        }
    }

    // MARK: Replies

    private static func encode(_ reply: MultipartReply, _ builder: FrameBuilder) -> [[UInt8]] {
        switch reply {
        case .description(let description): encode(description, builder)
        case .flow(let flows, let nicira): encode(flows, nicira: nicira, builder)
        case .aggregate(let stats, let nicira): encode(stats, nicira: nicira, builder)
        case .table(let tables): encode(tables, builder)
        case .tableFeatures(let tables):
            builder.multipart(.tableFeaturesReply, tables) { table, writer in
                write(table, &writer, builder.context)
            }
        case .tableDescription(let tables): encode(tables, builder)
        case .port(let ports): encode(ports, builder)
        case .portDescription(let ports): encode(ports, builder)
        case .queue(let queues): encode(queues, builder)
        case .group(let groups): encode(groups, builder)
        case .groupDescription(let groups): encode(groups, builder)
        case .groupFeatures(let features): encode(features, builder)
        case .meter(let meters): encode(meters, builder)
        case .meterConfig(let meters): encode(meters, builder)
        case .meterFeatures(let features): encode(features, builder)
        case .flowMonitor(let updates): encode(updates, builder)
        case .ipfixBridge(let stats): builder.single(.ipfixBridgeReply) { write(stats, &$0) }
        case .ipfixFlow(let stats):
            builder.multipart(.ipfixFlowReply, stats) { write($0, &$1) }
        }
    }

    private static func encode(
        _ description: SwitchDescription, _ builder: FrameBuilder
    ) -> [[UInt8]] {
        builder.single(.descriptionReply) { writer in
            writer.text(description.manufacturer, byteCount: 256)
            writer.text(description.hardware, byteCount: 256)
            writer.text(description.software, byteCount: 256)
            writer.text(description.serialNumber, byteCount: 32)
            writer.text(description.datapath, byteCount: 256)
        }
    }

    private static func encode(
        _ stats: AggregateStats, nicira: Bool, _ builder: FrameBuilder
    ) -> [[UInt8]] {
        if builder.version == .v1_5 {
            return builder.single(.aggregateReply15) { writer in
                var counters = FlowCounters()
                counters.packetCount = stats.packetCount
                counters.byteCount = stats.byteCount
                counters.flowCount = stats.flowCount
                counters.write(into: &writer)
            }
        }
        let isFirst = builder.version == .v1_0 && !nicira
        return builder.single(nicira ? .aggregateReplyNicira : .aggregateReply) { writer in
            writer.u64(isFirst ? stats.packetCount.zeroIfUnknown : stats.packetCount)
            writer.u64(isFirst ? stats.byteCount.zeroIfUnknown : stats.byteCount)
            writer.u32(stats.flowCount)
            writer.zeros(4)
        }
    }

    private static func write(_ stats: IPFIXStats, _ writer: inout ByteWriter) {
        for counter in [
            stats.totalFlows, stats.currentFlows, stats.packets, stats.ipv4Packets,
            stats.ipv6Packets, stats.errorPackets, stats.ipv4ErrorPackets, stats.ipv6ErrorPackets,
            stats.sentPackets, stats.sendErrors,
        ] {
            writer.u64(counter)
        }
        writer.u32(stats.collectorSetID)
        writer.zeros(4)
    }
}
