// Wire forms of flow monitors: Nicira's up to OpenFlow 1.2, the ONF's for 1.3, and OpenFlow's own.

import Flow

extension OpenFlowCodec {
    // MARK: Requests

    static func decodeMonitors(
        _ format: WireFormat, _ reader: inout ByteReader, _ context: CodecContext
    ) throws(OpenFlowError) -> [FlowMonitorRequest] {
        var monitors: [FlowMonitorRequest] = []
        while !reader.isAtEnd {
            switch format {
            case .flowMonitorRequest14: monitors.append(try decodeMonitor14(&reader, context))
            case .flowMonitorRequest13: monitors.append(try decodeMonitor13(&reader, context))
            default: monitors.append(try decodeMonitorNicira(&reader, context))
            }
        }
        return monitors
    }

    private static func decodeMonitorNicira(
        _ reader: inout ByteReader, _ context: CodecContext
    ) throws(OpenFlowError) -> FlowMonitorRequest {
        var monitor = FlowMonitorRequest(id: try reader.u32())
        monitor.flags = try niciraFlags(reader.u16())
        monitor.outPort = ReservedPort.widen(try reader.u16())
        let matchBytes = Int(try reader.u16())
        monitor.tableID = try reader.u8()
        try reader.zeros(5, else: .nxbrcMustBeZero)
        monitor.match = try reader.matchNicira(byteCount: matchBytes, context).match
        return monitor
    }

    private static func decodeMonitor13(
        _ reader: inout ByteReader, _ context: CodecContext
    ) throws(OpenFlowError) -> FlowMonitorRequest {
        var monitor = FlowMonitorRequest(id: try reader.u32())
        monitor.flags = try niciraFlags(reader.u16())
        try reader.skip(2)
        monitor.outPort = try reader.port32()
        monitor.tableID = try reader.u8()
        try reader.zeros(3, else: .nxbrcMustBeZero)
        monitor.match = try reader.matchStandard(context)
        return monitor
    }

    private static func decodeMonitor14(
        _ reader: inout ByteReader, _ context: CodecContext
    ) throws(OpenFlowError) -> FlowMonitorRequest {
        var monitor = FlowMonitorRequest(id: try reader.u32())
        let outPort = try reader.u32()
        monitor.outGroup = try reader.u32()
        monitor.flags = FlowMonitorFlags(rawValue: try reader.u16())
        monitor.tableID = try reader.u8()
        guard let command = FlowMonitorRequest.Command(rawValue: try reader.u8()) else {
            throw OpenFlowError(.ofpmofcBadCommand)
        }
        monitor.command = command
        if command != .delete {
            let flags = monitor.flags
            guard !flags.isDisjoint(with: [.add, .removed, .modify]), flags.rawValue <= 0x7f else {
                throw OpenFlowError(.ofpmofcBadFlags)
            }
            guard ReservedPort.narrow(outPort) != nil else {
                throw OpenFlowError(.ofpbacBadOutPort)
            }
        }
        monitor.outPort = outPort
        monitor.match = try reader.matchStandard(context)
        return monitor
    }

    /// Nicira's and the ONF's flags: bit 5 is "own".
    private static func niciraFlags(_ raw: UInt16) throws(OpenFlowError) -> FlowMonitorFlags {
        guard raw & 0xe != 0, raw <= 0x3f else { throw OpenFlowError(.ofpmofcBadFlags) }
        var flags = FlowMonitorFlags(rawValue: raw & 0x1f)
        if raw & 0x20 != 0 { flags.insert(.own) }
        return flags
    }

    // MARK: Updates

    /// Nicira's event for abbreviated updates; OpenFlow's is one higher.
    private static let abbreviatedNicira: UInt16 = 3
    private static let abbreviated: UInt16 = 4
    private static let paused: UInt16 = 5
    private static let resumed: UInt16 = 6

    static func encode(_ updates: [FlowUpdate], _ builder: FrameBuilder) -> [[UInt8]] {
        let version = builder.version
        if version >= .v1_4 {
            return builder.multipart(.flowMonitorReply14, updates) { update, writer in
                write14(update, &writer, builder.context)
            }
        }
        let format: WireFormat = version == .v1_3 ? .flowMonitorReply13 : .flowMonitorReplyNicira
        return builder.multipart(format, updates) { update, writer in
            writeNicira(update, &writer, builder.context)
        }
    }

    private static func write14(
        _ update: FlowUpdate, _ writer: inout ByteWriter, _ context: CodecContext
    ) {
        let start = writer.count
        writer.u16(8)
        switch update {
        case .abbreviated(let xid):
            writer.u16(abbreviated)
            writer.u32(xid)
        case .paused:
            writer.u16(paused)
            writer.zeros(4)
        case .resumed:
            writer.u16(resumed)
            writer.zeros(4)
        case .full(let full):
            writer.u16(full.event.rawValue)
            writer.u8(full.tableID)
            writer.u8(full.event == .removed ? full.reason.rawValue : 0)
            writer.u16(full.idleTimeout)
            writer.u16(full.hardTimeout)
            writer.u16(full.priority)
            writer.zeros(4)
            writer.u64(full.cookie)
            writer.matchOXM(full.match, context)
            writer.instructions(full.actions, match: full.match, context)
            writer.patchLength(at: start, from: start)
        }
    }

    private static func writeNicira(
        _ update: FlowUpdate, _ writer: inout ByteWriter, _ context: CodecContext
    ) {
        let start = writer.count
        switch update {
        case .abbreviated(let xid):
            writer.u16(8)
            writer.u16(abbreviatedNicira)
            writer.u32(xid)
        case .paused, .resumed: break
        case .full(let full):
            writer.u16(0)
            writer.u16(full.event == .initial ? 0 : full.event.rawValue - 1)
            writer.u16(full.event == .removed ? UInt16(full.reason.rawValue) : 0)
            writer.u16(full.priority)
            writer.u16(full.idleTimeout)
            writer.u16(full.hardTimeout)
            let lengthOffset = writer.count
            writer.u16(0)
            writer.u8(full.tableID)
            writer.u8(0)
            writer.u64(full.cookie)
            let matchBytes: Int
            if context.version == .v1_3 {
                matchBytes = writer.matchOXM(full.match, context)
                writer.instructions(full.actions, match: full.match, context)
            } else {
                matchBytes = writer.matchNicira(full.match, context)
                writer.actions(full.actions, match: full.match, context)
            }
            writer.patch16(UInt16(truncatingIfNeeded: matchBytes), at: lengthOffset)
            writer.patchLength(at: start, from: start)
        }
    }
}
