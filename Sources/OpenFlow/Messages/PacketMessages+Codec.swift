// Wire forms of packet-in, resume and packet-out.

import Flow

extension OpenFlowCodec {
    // MARK: Packet out

    static func decodePacketOut(
        _ format: WireFormat, _ reader: inout ByteReader, _ context: CodecContext
    ) throws(OpenFlowError) -> PacketOut {
        var packet = PacketOut()
        packet.bufferID = try reader.u32()
        let actionBytes: Int
        if format == .packetOut15 {
            actionBytes = Int(try reader.u16())
            try reader.skip(2)
            packet.metadata = try reader.matchStandard(context, isLoose: true)
            guard packet.metadata.constrains(.inPort) else {
                throw OpenFlowError(.ofpbrcBadPort)
            }
        } else {
            let isFirst = format == .packetOut10
            let port = try isFirst ? ReservedPort.widen(reader.u16()) : reader.port32()
            actionBytes = Int(try reader.u16())
            if !isFirst { try reader.skip(6) }
            packet.metadata.set(.inPort, to: UInt64(port))
        }
        packet.actions = try reader.actions(byteCount: actionBytes, context)
        switch packet.inPort {
        case ReservedPort.local, ReservedPort.any, ReservedPort.controller: break
        case UInt32(ReservedPort.max16)...: throw OpenFlowError(.ofpbrcBadPort)
        default: break
        }
        if packet.bufferID == noBuffer { packet.packet = Array(reader.rest) }
        return packet
    }

    static func encode(_ packet: PacketOut, _ builder: FrameBuilder) -> [[UInt8]] {
        let context = builder.context
        var actions = ByteWriter()
        actions.actions(packet.actions, context)
        let count = UInt16(truncatingIfNeeded: actions.count)
        switch context.version {
        case .v1_0:
            return builder.single(.packetOut10) { writer in
                writer.u32(packet.bufferID)
                writer.port16(packet.inPort)
                writer.u16(count)
                writer.put(actions.bytes)
                writer.put(packet.packet)
            }
        case .v1_5:
            return builder.single(.packetOut15) { writer in
                writer.u32(packet.bufferID)
                writer.u16(count)
                writer.zeros(2)
                writer.matchOXM(packet.metadata, context)
                writer.put(actions.bytes)
                writer.put(packet.packet)
            }
        default:
            return builder.single(.packetOut11) { writer in
                writer.u32(packet.bufferID)
                writer.u32(packet.inPort)
                writer.u16(count)
                writer.zeros(6)
                writer.put(actions.bytes)
                writer.put(packet.packet)
            }
        }
    }

    // MARK: Packet in

    /// A packet too long for a message is cut.
    static func encode(_ packet: PacketIn, _ builder: FrameBuilder) -> [[UInt8]] {
        let frames = encodeWhole(packet, builder)
        guard frames.isEmpty, packet.packet.count > 0 else { return frames }
        var empty = packet
        empty.packet = []
        guard let overhead = encodeWhole(empty, builder).first?.count else { return [] }
        var cut = packet
        // Sixteen bytes for padding and the length property that cutting adds.
        let room = max(FrameBuilder.frameBytesMax - overhead - 16, 0)
        cut.packet = Array(packet.packet.prefix(room))
        return encodeWhole(cut, builder)
    }

    private static func encodeWhole(_ packet: PacketIn, _ builder: FrameBuilder) -> [[UInt8]] {
        switch builder.context.packetInFormat {
        case .standard: encodeStandard(packet, builder)
        case .nicira: encodeNicira(packet, builder)
        case .nicira2:
            builder.single(.packetInNicira2) { writer in
                write(packet, properties: &writer, builder.context)
                if !packet.userdata.isEmpty {
                    writer.property(PacketInProperty.userdata) { $0.put(packet.userdata) }
                }
            }
        }
    }

    private static func encodeStandard(_ packet: PacketIn, _ builder: FrameBuilder) -> [[UInt8]] {
        let version = builder.version
        let totalLength = UInt16(clamping: packet.totalLength)
        let reason = wireReason(packet.reason, version)
        let inPort = UInt32(truncatingIfNeeded: packet.metadata.get(.inPort).value.low64)
        switch version {
        case .v1_0:
            return builder.single(.packetIn10) { writer in
                writer.u32(packet.bufferID)
                writer.u16(totalLength)
                writer.port16(inPort)
                writer.u8(reason)
                writer.u8(0)
                writer.put(packet.packet)
            }
        case .v1_1:
            return builder.single(.packetIn11) { writer in
                writer.u32(packet.bufferID)
                writer.u32(inPort)
                writer.u32(inPort)
                writer.u16(totalLength)
                writer.u8(reason)
                writer.u8(packet.tableID)
                writer.put(packet.packet)
            }
        default:
            return builder.single(version == .v1_2 ? .packetIn12 : .packetIn13) { writer in
                writer.u32(packet.bufferID)
                writer.u16(totalLength)
                writer.u8(reason)
                writer.u8(packet.tableID)
                if version >= .v1_3 { writer.u64(packet.cookie) }
                writer.matchOXM(packet.metadata, builder.context)
                writer.zeros(2)
                writer.put(packet.packet)
            }
        }
    }

    private static func encodeNicira(_ packet: PacketIn, _ builder: FrameBuilder) -> [[UInt8]] {
        builder.single(.packetInNicira) { writer in
            var match = ByteWriter()
            let matchBytes = match.matchNicira(packet.metadata, builder.context)
            writer.u32(packet.bufferID)
            writer.u16(UInt16(clamping: packet.totalLength))
            writer.u8(wireReason(packet.reason, builder.version))
            writer.u8(packet.tableID)
            writer.u64(packet.cookie)
            writer.u16(UInt16(truncatingIfNeeded: matchBytes))
            writer.zeros(6)
            writer.put(match.bytes)
            writer.zeros(2)
            writer.put(packet.packet)
        }
    }

    // MARK: Properties of NXT_PACKET_IN2 and NXT_RESUME

    private enum PacketInProperty {
        static let packet: UInt16 = 0
        static let fullLength: UInt16 = 1
        static let bufferID: UInt16 = 2
        static let tableID: UInt16 = 3
        static let cookie: UInt16 = 4
        static let reason: UInt16 = 5
        static let metadata: UInt16 = 6
        static let userdata: UInt16 = 7
        static let continuation: UInt16 = 8
    }

    static func encodeResume(_ packet: PacketIn, _ builder: FrameBuilder) -> [[UInt8]] {
        builder.single(.resume) { write(packet, properties: &$0, builder.context) }
    }

    private static func write(
        _ packet: PacketIn, properties writer: inout ByteWriter, _ context: CodecContext
    ) {
        writer.property(PacketInProperty.packet) { $0.put(packet.packet) }
        if Int(packet.totalLength) != packet.packet.count {
            writer.property(PacketInProperty.fullLength, u32: packet.totalLength)
        }
        writer.property(PacketInProperty.tableID, u8: packet.tableID)
        if packet.cookie != .max {
            writer.property(PacketInProperty.cookie, u64: packet.cookie)
        }
        writer.property(PacketInProperty.reason, u8: wireReason(packet.reason, context.version))
        writer.property(PacketInProperty.metadata) { $0.matchFields(packet.metadata, context) }
        if let paused = packet.paused {
            writer.property(PacketInProperty.continuation, isNested: true) {
                paused.write(to: &$0, context)
            }
        } else if let continuation = packet.continuation {
            writer.property(PacketInProperty.continuation, isNested: true) {
                $0.put(continuation)
            }
        }
    }

    static func decodeResume(
        _ reader: inout ByteReader, _ context: CodecContext
    ) throws(OpenFlowError) -> PacketIn {
        var packet = PacketIn(packet: [])
        var totalLength: UInt32 = 0
        while let property = try reader.property() {
            guard property.experimenter == 0 else { throw property.unknown }
            switch property.type {
            case PacketInProperty.packet: packet.packet = Array(property.body.rest)
            case PacketInProperty.fullLength: totalLength = try property.u32()
            case PacketInProperty.bufferID: packet.bufferID = try property.u32()
            case PacketInProperty.tableID: packet.tableID = try property.u8()
            case PacketInProperty.cookie: packet.cookie = try property.u64()
            case PacketInProperty.reason:
                packet.reason = PacketInReason(rawValue: try property.u8()) ?? .action
            case PacketInProperty.metadata:
                var body = property.body
                packet.metadata = try body.matchFields(context)
            case PacketInProperty.userdata: packet.userdata = Array(property.body.rest)
            case PacketInProperty.continuation:
                packet.continuation = Array(try property.nested().rest)
            default: throw property.unknown
            }
        }
        let count = UInt32(truncatingIfNeeded: packet.packet.count)
        guard count > 0, totalLength == 0 || totalLength >= count else {
            throw OpenFlowError(.ofpbrcBadLen, "packet length")
        }
        packet.totalLength = max(totalLength, count)
        return packet
    }

    private static func wireReason(_ reason: PacketInReason, _ version: OpenFlowVersion) -> UInt8 {
        switch reason {
        case .noMatch, .action, .invalidTTL: reason.rawValue
        case .actionSet, .group, .packetOut:
            version < .v1_4 ? PacketInReason.action.rawValue : reason.rawValue
        case .explicitMiss:
            version < .v1_3 ? PacketInReason.action.rawValue : PacketInReason.noMatch.rawValue
        case .implicitMiss: PacketInReason.noMatch.rawValue
        }
    }
}
