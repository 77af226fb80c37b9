// Wire forms of role requests and of the choice of asynchronous messages.

extension OpenFlowCodec {
    // MARK: Roles

    static func decodeRole(
        _ reader: inout ByteReader, isReply: Bool
    ) throws(OpenFlowError) -> RoleRequest {
        guard let role = ControllerRole(rawValue: try reader.u32()) else {
            throw OpenFlowError(.ofprrfcBadRole)
        }
        try reader.skip(4)
        let generation = try reader.u64()
        let isGiven = isReply ? generation != .max : role != .noChange
        return RoleRequest(role: role, generationID: isGiven ? generation : nil)
    }

    /// Nicira numbers the roles from "other", which is OpenFlow's "equal".
    static func decodeNiciraRole(_ reader: inout ByteReader) throws(OpenFlowError) -> RoleRequest {
        let number = try reader.u32()
        guard number <= 2, let role = ControllerRole(rawValue: number + 1) else {
            throw OpenFlowError(.ofprrfcBadRole)
        }
        return RoleRequest(role: role, isNicira: true)
    }

    static func encode(
        _ request: RoleRequest, isReply: Bool, _ builder: FrameBuilder
    ) -> [[UInt8]] {
        if request.isNicira {
            return builder.single(isReply ? .roleReplyNicira : .roleRequestNicira) { writer in
                writer.u32(request.role.rawValue &- 1)
            }
        }
        return builder.single(isReply ? .roleReply : .roleRequest) { writer in
            writer.u32(request.role.rawValue)
            writer.zeros(4)
            writer.u64(request.generationID ?? (isReply ? .max : 0))
        }
    }

    // MARK: Asynchronous messages

    /// Primary and secondary masks of packet-in, port-status and flow-removed, in this order.
    /// Bits without a meaning are dropped.
    static func decodeAsyncMasks(
        _ reader: inout ByteReader, _ context: CodecContext
    ) throws(OpenFlowError) -> AsyncConfig {
        var config = AsyncConfig()
        for kind in AsyncMessageKind.allCases {
            config.setPrimary(kind, 0)
            config.setSecondary(kind, 0)
        }
        for kind in [AsyncMessageKind.packetIn, .portStatus, .flowRemoved] {
            let allowed = kind.allowedReasons(context.version)
            let primary = try reader.u32() & allowed
            let secondary = try reader.u32() & allowed
            config.setPrimary(kind, kind.widened(primary, context.version))
            config.setSecondary(kind, kind.widened(secondary, context.version))
        }
        return config
    }

    /// One property a mask: type 2n for secondary, 2n + 1 for primary.
    static func decodeAsyncProperties(
        _ reader: inout ByteReader, _ context: CodecContext
    ) throws(OpenFlowError) -> AsyncConfig {
        var config = AsyncConfig()
        while let property = try reader.property(experimenterMin: 0xfffe) {
            let number = UInt8(truncatingIfNeeded: property.type / 2)
            guard property.experimenter == 0, property.type < 12,
                let kind = AsyncMessageKind(rawValue: number)
            else {
                throw property.experimenter == 0
                    ? OpenFlowError(.ofpacfcUnsupported) : property.unknown
            }
            let mask = try property.u32()
            guard mask & ~kind.allowedReasons(context.version) == 0 else {
                throw OpenFlowError(.ofpacfcInvalid)
            }
            let wide = kind.widened(mask, context.version)
            if property.type % 2 == 1 {
                config.setPrimary(kind, wide)
            } else {
                config.setSecondary(kind, wide)
            }
        }
        return config
    }

    static func encodeReply(_ config: AsyncConfig, _ builder: FrameBuilder) -> [[UInt8]] {
        if builder.version < .v1_4 {
            return builder.single(.getAsyncReply13) { write(config, builder.version, masks: &$0) }
        }
        return builder.single(.getAsyncReply14) { writer in
            write(config, builder.version, properties: &writer)
        }
    }

    static func encodeRequest(_ config: AsyncConfig, _ builder: FrameBuilder) -> [[UInt8]] {
        if builder.version < .v1_4 {
            return builder.single(.setAsync13) { write(config, builder.version, masks: &$0) }
        }
        return builder.single(.setAsync14) { write(config, builder.version, properties: &$0) }
    }

    private static func write(
        _ config: AsyncConfig, _ version: OpenFlowVersion, masks writer: inout ByteWriter
    ) {
        for kind in [AsyncMessageKind.packetIn, .portStatus, .flowRemoved] {
            let allowed = kind.allowedReasons(version)
            writer.u32((config.primary(kind) ?? 0) & allowed)
            writer.u32((config.secondary(kind) ?? 0) & allowed)
        }
    }

    private static func write(
        _ config: AsyncConfig, _ version: OpenFlowVersion, properties writer: inout ByteWriter
    ) {
        for kind in AsyncMessageKind.allCases {
            let allowed = kind.allowedReasons(version)
            let type = UInt16(kind.rawValue) * 2
            if let mask = config.secondary(kind) { writer.property(type, u32: mask & allowed) }
            if let mask = config.primary(kind) { writer.property(type + 1, u32: mask & allowed) }
        }
    }
}

extension AsyncMessageKind {
    /// The reasons that `version` knows.
    func allowedReasons(_ version: OpenFlowVersion) -> UInt32 {
        switch self {
        case .packetIn: version >= .v1_4 ? 0x3f : 0x7
        case .portStatus, .roleStatus: 0x7
        case .flowRemoved: 0x3f
        case .tableStatus: 0x18
        case .requestForward: 0x3
        }
    }

    /// Adds this switch's own reasons: "no match" stands for misses that a rule reports, and up to
    /// OpenFlow 1.2 for those that none does.
    func widened(_ mask: UInt32, _ version: OpenFlowVersion) -> UInt32 {
        guard self == .packetIn, mask & 1 != 0 else { return mask }
        let explicit = UInt32(1) << UInt32(PacketInReason.explicitMiss.rawValue)
        let implicit = UInt32(1) << UInt32(PacketInReason.implicitMiss.rawValue)
        return mask | explicit | (version < .v1_3 ? implicit : 0)
    }
}

extension AsyncConfig {
    /// What a controller hears before it chooses.
    public static func initial(_ version: OpenFlowVersion) -> AsyncConfig {
        var config = AsyncConfig()
        for kind in AsyncMessageKind.allCases {
            config.setPrimary(kind, 0)
            config.setSecondary(kind, 0)
        }
        let packetIn: UInt32 = 0x3f & ~(1 << UInt32(PacketInReason.invalidTTL.rawValue))
        config.setPrimary(.packetIn, AsyncMessageKind.packetIn.widened(packetIn, version))
        config.setPrimary(.portStatus, 0x7)
        config.setSecondary(.portStatus, 0x7)
        let removed: UInt32 = version >= .v1_4 ? 0x3f : version == .v1_3 ? 0xf : 0x7
        config.setPrimary(.flowRemoved, removed)
        return config
    }
}
