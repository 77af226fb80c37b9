// Wire forms of the flows in a flow statistics reply.

import Flow

extension OpenFlowCodec {
    static func encode(
        _ flows: [FlowStats], nicira: Bool, _ builder: FrameBuilder
    ) -> [[UInt8]] {
        let context = builder.context
        switch context.version {
        case .v1_0:
            if nicira {
                return builder.multipart(.flowReplyNicira, flows) { flow, writer in
                    writeNicira(flow, &writer, context)
                }
            }
            return builder.multipart(.flowReply10, flows) { flow, writer in
                write10(flow, &writer, context)
            }
        case .v1_5:
            return builder.multipart(.flowReply15, flows) { flow, writer in
                write15(flow, &writer, context)
            }
        default:
            return builder.multipart(.flowReply11, flows) { flow, writer in
                write11(flow, &writer, context)
            }
        }
    }

    private static func write10(
        _ flow: FlowStats, _ writer: inout ByteWriter, _ context: CodecContext
    ) {
        let start = writer.count
        writer.u16(0)
        writer.u8(flow.tableID)
        writer.u8(0)
        writer.match10(flow.match)
        writer.u32(flow.durationSeconds)
        writer.u32(flow.durationNanoseconds)
        writer.u16(flow.priority)
        writer.u16(flow.idleTimeout)
        writer.u16(flow.hardTimeout)
        writer.zeros(6)
        writer.u64(flow.cookie)
        writer.u64(flow.packetCount.zeroIfUnknown)
        writer.u64(flow.byteCount.zeroIfUnknown)
        writer.actions(flow.actions, match: flow.match, context)
        writer.patchLength(at: start, from: start)
    }

    private static func writeNicira(
        _ flow: FlowStats, _ writer: inout ByteWriter, _ context: CodecContext
    ) {
        let start = writer.count
        var match = ByteWriter()
        let matchBytes = match.matchNicira(flow.match, context)
        writer.u16(0)
        writer.u8(flow.tableID)
        writer.u8(0)
        writer.u32(flow.durationSeconds)
        writer.u32(flow.durationNanoseconds)
        writer.u16(flow.priority)
        writer.u16(flow.idleTimeout)
        writer.u16(flow.hardTimeout)
        writer.u16(UInt16(truncatingIfNeeded: matchBytes))
        writer.u16(age(flow.idleAge))
        writer.u16(age(flow.hardAge))
        writer.u64(flow.cookie)
        writer.u64(flow.packetCount)
        writer.u64(flow.byteCount)
        writer.put(match.bytes)
        writer.actions(flow.actions, match: flow.match, context)
        writer.patchLength(at: start, from: start)
    }

    /// Seconds plus one, so that zero can say "unknown".
    private static func age(_ seconds: UInt32?) -> UInt16 {
        guard let seconds else { return 0 }
        return seconds < UInt32(UInt16.max) ? UInt16(seconds) + 1 : .max
    }

    private static func write11(
        _ flow: FlowStats, _ writer: inout ByteWriter, _ context: CodecContext
    ) {
        let start = writer.count
        let version = context.version
        writer.u16(0)
        writer.u8(flow.tableID)
        writer.u8(0)
        writer.u32(flow.durationSeconds)
        writer.u32(flow.durationNanoseconds)
        writer.u16(flow.priority)
        writer.u16(flow.idleTimeout)
        writer.u16(flow.hardTimeout)
        writer.u16(version >= .v1_3 ? flow.flags.rawValue & knownFlags(version) : 0)
        writer.u16(version >= .v1_4 ? flow.importance : 0)
        writer.zeros(2)
        writer.u64(flow.cookie)
        writer.u64(flow.packetCount.zeroIfUnknown)
        writer.u64(flow.byteCount.zeroIfUnknown)
        writer.matchOXM(flow.match, context)
        writer.instructions(flow.actions, match: flow.match, context)
        writer.patchLength(at: start, from: start)
    }

    private static func write15(
        _ flow: FlowStats, _ writer: inout ByteWriter, _ context: CodecContext
    ) {
        let start = writer.count
        writer.u16(0)
        writer.zeros(2)
        writer.u8(flow.tableID)
        writer.u8(0)
        writer.u16(flow.priority)
        writer.u16(flow.idleTimeout)
        writer.u16(flow.hardTimeout)
        writer.u16(flow.flags.rawValue & knownFlags(.v1_5))
        writer.u16(flow.importance)
        writer.u64(flow.cookie)
        writer.matchOXM(flow.match, context)
        var counters = FlowCounters()
        counters.duration = (flow.durationSeconds, flow.durationNanoseconds)
        counters.idleSeconds = flow.idleAge
        counters.packetCount = flow.packetCount
        counters.byteCount = flow.byteCount
        counters.write(into: &writer)
        writer.instructions(flow.actions, match: flow.match, context)
        writer.patchLength(at: start, from: start)
    }
}
