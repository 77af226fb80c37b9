// Which wire form each change takes: flow, group, meter, port and table changes, and packets to
// send. The bodies are in the files of the families.

extension OpenFlowCodec {
    static func decodeChange(
        _ format: WireFormat, _ reader: inout ByteReader, _ header: MessageHeader,
        _ context: CodecContext
    ) throws(OpenFlowError) -> Message? {
        switch format {
        case .packetOut10, .packetOut11, .packetOut15:
            return .packetOut(try decodePacketOut(format, &reader, context))
        case .resume: return .resume(try decodeResume(&reader, context))
        case .flowMod10, .flowMod11, .flowModNicira:
            return .flowMod(try decodeFlowMod(format, &reader, context))
        case .groupMod11: return .groupMod(try decodeGroupMod11(&reader, context))
        case .groupMod15: return .groupMod(try decodeGroupMod15(&reader, context))
        case .meterMod: return .meterMod(try decodeMeterMod(&reader))
        case .portMod10, .portMod11, .portMod14:
            return .portMod(try decodePortMod(format, &reader))
        case .tableMod11, .tableMod14:
            return .tableMod(try decodeTableMod(format, &reader, context))
        default: return nil
        }
    }

    static func encodeChange(_ message: Message, _ builder: FrameBuilder) -> [[UInt8]]? {
        switch message {
        case .packetIn(let packet): encode(packet, builder)
        case .resume(let packet): encodeResume(packet, builder)
        case .packetOut(let packet): encode(packet, builder)
        case .flowMod(let change): encode(change, builder)
        case .groupMod(let change): encode(change, builder)
        case .meterMod(let change): encode(change, builder)
        case .portMod(let change): encode(change, builder)
        case .tableMod(let change): encode(change, builder)
        default: nil
        }
    }

    static func encodeEvent(_ message: Message, _ builder: FrameBuilder) -> [[UInt8]]? {
        switch message {
        case .flowRemoved(let removed): return encode(removed, builder)
        case .portStatus(let status):
            return builder.single(.portStatus) { writer in
                writer.u8(status.reason.rawValue)
                writer.zeros(7)
                write(status.port, version: builder.version, into: &writer)
            }
        case .tableStatus(let status):
            return builder.single(.tableStatus) { writer in
                writer.u8(status.reason.rawValue)
                writer.zeros(7)
                write(status.description, into: &writer)
            }
        case .roleStatus(let status):
            return builder.single(.roleStatus) { writer in
                writer.u32(status.role.rawValue)
                writer.u8(status.reason.rawValue)
                writer.zeros(3)
                writer.u64(status.generationID)
            }
        case .requestForward(let forward): return encode(forward, builder)
        default: return nil
        }
    }

    private static func encode(_ forward: RequestForward, _ builder: FrameBuilder) -> [[UInt8]] {
        let inner: [[UInt8]] =
            switch forward {
            case .group(let change, let xid):
                frames(of: .groupMod(change), xid: xid, context: builder.context)
            case .meter(let change, let xid):
                frames(of: .meterMod(change), xid: xid, context: builder.context)
            }
        guard let frame = inner.first else { return [] }
        return builder.single(.requestForward) { $0.put(frame) }
    }
}
