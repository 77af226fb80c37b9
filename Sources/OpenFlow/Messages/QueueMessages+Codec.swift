// Wire forms of queue configuration and statistics.

extension OpenFlowCodec {
    // MARK: Configuration

    static func decodeQueueGetConfig(
        _ reader: inout ByteReader, _ context: CodecContext
    ) throws(OpenFlowError) -> QueueRequest {
        let isFirst = context.version == .v1_0
        let port = try isFirst ? ReservedPort.widen(reader.u16()) : reader.port32()
        let isAll = !isFirst && port == ReservedPort.any
        guard isAll || port < UInt32(ReservedPort.max16) else {
            throw OpenFlowError(.ofpqofcBadPort)
        }
        return QueueRequest(port: port)
    }

    static func encode(_ reply: QueueGetConfigReply, _ builder: FrameBuilder) -> [[UInt8]] {
        let version = builder.version
        if version >= .v1_4 {
            return builder.multipart(.queueDescriptionReply, reply.queues) { queue, writer in
                let start = writer.count
                writer.u32(queue.port)
                writer.u32(queue.queue)
                writer.u16(0)
                writer.zeros(6)
                if let rate = queue.minRate { writer.property(1, u16: rate) }
                if let rate = queue.maxRate { writer.property(2, u16: rate) }
                writer.patchLength(at: start + 8, from: start)
            }
        }
        return builder.single(.queueGetConfigReply) { writer in
            if version == .v1_0 {
                writer.port16(reply.port)
                writer.zeros(6)
            } else {
                writer.u32(reply.port)
                writer.zeros(4)
            }
            for queue in reply.queues {
                let start = writer.count
                write(queue, version, &writer)
                if writer.count > FrameBuilder.frameBytesMax { writer.truncate(to: start) }
            }
        }
    }

    private static func write(
        _ queue: QueueConfig, _ version: OpenFlowVersion, _ writer: inout ByteWriter
    ) {
        let start = writer.count
        writer.u32(queue.queue)
        if version >= .v1_2 { writer.u32(queue.port) }
        let lengthOffset = writer.count
        writer.u16(0)
        writer.zeros(version >= .v1_2 ? 6 : 2)
        for (type, rate) in [(UInt16(1), queue.minRate), (2, queue.maxRate)] {
            guard let rate else { continue }
            writer.u16(type)
            writer.u16(16)
            writer.zeros(4)
            writer.u16(rate)
            writer.zeros(6)
        }
        writer.patchLength(at: lengthOffset, from: start)
    }

    // MARK: Statistics

    static func decodeQueueStatsRequest(
        _ reader: inout ByteReader, _ context: CodecContext
    ) throws(OpenFlowError) -> QueueRequest {
        if context.version == .v1_0 {
            let port = ReservedPort.widen(try reader.u16())
            try reader.skip(2)
            return QueueRequest(
                port: port == ReservedPort.all ? ReservedPort.any : port,
                queue: try reader.u32())
        }
        return QueueRequest(port: try reader.port32(), queue: try reader.u32())
    }

    static func encode(_ queues: [QueueStats], _ builder: FrameBuilder) -> [[UInt8]] {
        let version = builder.version
        return builder.multipart(.queueReply, queues) { queue, writer in
            if version >= .v1_4 {
                writer.u16(48)
                writer.zeros(6)
            }
            if version == .v1_0 {
                writer.port16(queue.port)
                writer.zeros(2)
            } else {
                writer.u32(queue.port)
            }
            writer.u32(queue.queue)
            writer.u64(queue.sentBytes)
            writer.u64(queue.sentPackets)
            writer.u64(queue.sendErrors)
            guard version >= .v1_3 else { return }
            writer.u32(queue.durationSeconds ?? .max)
            writer.u32(queue.durationSeconds == nil ? .max : queue.durationNanoseconds)
        }
    }
}
