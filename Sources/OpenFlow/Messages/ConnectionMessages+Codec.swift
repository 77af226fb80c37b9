// Wire forms of hello, error, echo, features, configuration, barriers, roles, the choice of
// asynchronous messages, and bundles.



extension OpenFlowCodec {
    static func decodeConnection(
        _ format: WireFormat, _ reader: inout ByteReader, _ header: MessageHeader,
        _ context: CodecContext
    ) throws(OpenFlowError) -> Message? {
        switch format {
        case .hello: return .hello(decodeHello(&reader, version: header.version))
        case .error:
            let version = OpenFlowVersion(rawValue: header.version) ?? context.version
            let code = try OpenFlowErrorCode.decodeBody(version: version, from: &reader)
            return .error(ErrorMessage(code: code, data: Array(reader.rest)))
        case .echoRequest: return .echoRequest(Array(reader.rest))
        case .echoReply: return .echoReply(Array(reader.rest))
        case .featuresRequest: return .featuresRequest
        case .getConfigRequest: return .getConfigRequest
        case .setConfig: return .setConfig(try decodeConfig(&reader, context))
        case .getConfigReply: return .getConfigReply(try decodeConfig(&reader, context))
        case .barrierRequest: return .barrierRequest
        case .barrierReply: return .barrierReply
        case .roleRequest: return .roleRequest(try decodeRole(&reader, isReply: false))
        case .roleReply: return .roleReply(try decodeRole(&reader, isReply: true))
        case .roleRequestNicira: return .roleRequest(try decodeNiciraRole(&reader))
        case .roleReplyNicira: return .roleReply(try decodeNiciraRole(&reader))
        case .getAsyncRequest: return .getAsyncRequest
        case .setAsync13: return .setAsync(try decodeAsyncMasks(&reader, context))
        case .setAsync14: return .setAsync(try decodeAsyncProperties(&reader, context))
        case .bundleControl: return .bundleControl(try decodeBundleControl(&reader))
        case .bundleAdd: return .bundleAdd(try decodeBundleAdd(&reader, header))
        default: return nil
        }
    }

    static func encodeConnection(_ message: Message, _ builder: FrameBuilder) -> [[UInt8]]? {
        switch message {
        case .hello(let hello): return encode(hello, builder)
        case .error(let error):
            return builder.single(.error) { writer in
                (error.code ?? .nxbrcUnencodableError).encodeBody(
                    version: builder.version, into: &writer)
                writer.put(error.data.prefix(ErrorMessage.dataBytesMax))
            }
        case .echoRequest(let data): return builder.single(.echoRequest) { $0.put(data) }
        case .echoReply(let data): return builder.single(.echoReply) { $0.put(data) }
        case .featuresRequest: return builder.single(.featuresRequest)
        case .featuresReply(let features): return encode(features, builder)
        case .getConfigRequest: return builder.single(.getConfigRequest)
        case .getConfigReply(let config): return encode(config, .getConfigReply, builder)
        case .setConfig(let config): return encode(config, .setConfig, builder)
        case .barrierRequest: return builder.single(.barrierRequest)
        case .barrierReply: return builder.single(.barrierReply)
        case .roleRequest(let role): return encode(role, isReply: false, builder)
        case .roleReply(let role): return encode(role, isReply: true, builder)
        case .getAsyncRequest: return builder.single(.getAsyncRequest)
        case .getAsyncReply(let config): return encodeReply(config, builder)
        case .setAsync(let config): return encodeRequest(config, builder)
        case .bundleControl(let control):
            return builder.single(.bundleControl) { writer in
                writer.u32(control.bundleID)
                writer.u16(control.kind.rawValue)
                writer.u16(control.flags.rawValue)
            }
        case .bundleAdd(let add):
            return builder.single(.bundleAdd) { writer in
                writer.u32(add.bundleID)
                writer.u16(0)
                writer.u16(add.flags.rawValue)
                writer.put(add.frame)
            }
        default: return nil
        }
    }

    // MARK: Hello

    /// Elements that are unknown or malformed are passed over: the header's version then counts.
    private static func decodeHello(_ reader: inout ByteReader, version: UInt8) -> HelloMessage {
        let upTo = (version < 32 ? UInt32(1) << UInt32(version) : 0) &- 1
        var hello = HelloMessage(versions: upTo << 1)
        while let element = try? reader.property(experimenterMin: nil) {
            var body = element.body
            guard element.type == 1, body.remaining % 4 == 0, let bits = try? body.u32(),
                bits & ~1 != 0
            else { continue }
            hello.versions = bits & ~1
        }
        return hello
    }

    private static func encode(_ hello: HelloMessage, _ builder: FrameBuilder) -> [[UInt8]] {
        let versions = hello.versions & ~1
        guard versions != 0 else { return [] }
        let highest = UInt8(31 - versions.leadingZeroBitCount)
        var writer = ByteWriter()
        MessageKey(version: highest, type: 0).write(xid: builder.xid, into: &writer)
        let below = (versions >> 1) + 1
        if below & (below - 1) != 0 { writer.property(1, u32: versions) }
        writer.patchLength(at: 2, from: 0)
        return [writer.bytes]
    }

    // MARK: Configuration

    private static func decodeConfig(
        _ reader: inout ByteReader, _ context: CodecContext
    ) throws(OpenFlowError) -> SwitchConfig {
        let flags = try reader.u16()
        var config = SwitchConfig()
        config.missSendLength = try reader.u16()
        config.fragments = SwitchConfig.Fragments(rawValue: flags & 3) ?? .normal
        let hasTTLBit = context.version < .v1_3
        if hasTTLBit { config.invalidTTLToController = flags & 4 != 0 }
        guard flags & ~(hasTTLBit ? 7 : 3) == 0 else { throw OpenFlowError(.ofpscfcBadFlags) }
        return config
    }

    private static func encode(
        _ config: SwitchConfig, _ format: WireFormat, _ builder: FrameBuilder
    ) -> [[UInt8]] {
        builder.single(format) { writer in
            let toController = config.invalidTTLToController == true && builder.version < .v1_3
            writer.u16(config.fragments.rawValue | (toController ? 4 : 0))
            writer.u16(config.missSendLength)
        }
    }

    // MARK: Features

    private static func encode(_ features: SwitchFeatures, _ builder: FrameBuilder) -> [[UInt8]] {
        let version = builder.version
        return builder.single(.featuresReply) { writer in
            writer.u64(features.datapathID)
            writer.u32(features.bufferCount)
            writer.u8(features.tableCount)
            writer.u8(version >= .v1_3 ? features.auxiliaryID : 0)
            writer.zeros(2)
            writer.u32(wireCapabilities(features.capabilities, version: version))
            writer.u32(version == .v1_0 ? features.actions : 0)
            guard version < .v1_3 else { return }
            for port in features.ports {
                let start = writer.count
                write(port, version: version, into: &writer)
                if writer.count > FrameBuilder.frameBytesMax { writer.truncate(to: start) }
            }
        }
    }

    private static func wireCapabilities(
        _ capabilities: SwitchCapabilities, version: OpenFlowVersion
    ) -> UInt32 {
        var known: SwitchCapabilities = [
            .flowStats, .tableStats, .portStats, .ipReassembly, .queueStats,
        ]
        known.insert(version <= .v1_1 ? .arpMatchIP : .portBlocked)
        if version > .v1_0 { known.insert(.groupStats) }
        if version >= .v1_4 { known.formUnion([.bundles, .flowMonitoring]) }
        var bits = capabilities.intersection(known).rawValue
        if version == .v1_0 && capabilities.contains(.spanningTree) { bits |= 1 << 3 }
        return bits
    }

    // MARK: Bundles

    private static func decodeBundleControl(
        _ reader: inout ByteReader
    ) throws(OpenFlowError) -> BundleControl {
        let id = try reader.u32()
        guard let kind = BundleControl.Kind(rawValue: try reader.u16()) else {
            throw OpenFlowError(.ofpbfcBadType)
        }
        return BundleControl(
            bundleID: id, kind: kind, flags: BundleFlags(rawValue: try reader.u16()))
    }

    private static func decodeBundleAdd(
        _ reader: inout ByteReader, _ outer: MessageHeader
    ) throws(OpenFlowError) -> BundleAdd {
        let id = try reader.u32()
        try reader.skip(2)
        let flags = BundleFlags(rawValue: try reader.u16())
        let rest = Array(reader.rest)
        guard let inner = MessageHeader(rest) else { throw OpenFlowError(.ofpbfcMsgBadLen) }
        guard inner.version == outer.version else { throw OpenFlowError(.ofpbfcBadVersion) }
        let length = Int(inner.length)
        guard length >= MessageHeader.byteCount, length <= rest.count else {
            throw OpenFlowError(.ofpbfcMsgBadLen)
        }
        guard inner.xid == outer.xid else { throw OpenFlowError(.ofpbfcMsgBadXid) }
        let frame = Array(rest[..<length])
        guard isBundlable(frame) else { throw OpenFlowError(.ofpbfcMsgUnsup) }
        return BundleAdd(bundleID: id, flags: flags, frame: frame)
    }

    /// Whether a bundle may hold the message: flow, group and port changes and packet-outs.
    private static func isBundlable(_ frame: [UInt8]) -> Bool {
        guard let key = try? MessageKey(reading: frame), let row = try? WireFormat.row(of: key),
            (try? row.check(bodyByteCount: frame.count - key.headerByteCount)) != nil
        else { return false }
        switch row.format {
        case .flowMod10, .flowMod11, .flowModNicira, .groupMod11, .groupMod15, .portMod10,
            .portMod11, .portMod14, .packetOut10, .packetOut11, .packetOut15:
            return true
        default: return false
        }
    }
}
