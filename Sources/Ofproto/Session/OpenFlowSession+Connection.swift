// Messages about the connection itself: echo, features, configuration, role, formats and which
// asynchronous messages the controller wants.

import Flow
import OpenFlow

extension OpenFlowSession {
    /// Handles messages about the connection; false for others.
    func handleConnection(_ message: Message, xid: UInt32) throws(OpenFlowError) -> Bool {
        switch message {
        case .echoRequest(let data): write(.echoReply(data), xid: xid)
        case .barrierRequest: write(.barrierReply, xid: xid)
        case .featuresRequest: write(.featuresReply(bridge.features()), xid: xid)
        case .getConfigRequest: write(.getConfigReply(currentConfig), xid: xid)
        case .setConfig(let config): set(config)
        case .roleRequest(let request):
            try take(request)
            write(
                .roleReply(
                    RoleRequest(
                        role: role, generationID: bridge.electionID,
                        isNicira: request.isNicira)),
                xid: xid)
        case .getAsyncRequest: write(.getAsyncReply(currentAsyncConfig), xid: xid)
        case .setAsync(let config): set(config)
        case .setFlowFormat(let format): context.flowFormat = format
        case .flowModTableID(let isEnabled): context.flowModTableID = isEnabled
        case .setPacketInFormat(let format): context.packetInFormat = format
        case .setControllerID(let id):
            controllerID = id
            bridge.missesMayChange()
        default: return false
        }
        return true
    }

    private static let invalidTTLBit: UInt32 = 1 << UInt32(PacketInReason.invalidTTL.rawValue)

    private var currentConfig: SwitchConfig {
        var config = SwitchConfig()
        config.fragments = bridge.fragments
        config.missSendLength = missSendLength
        let mask = currentAsyncConfig.primary(.packetIn) ?? 0
        config.invalidTTLToController = mask & OpenFlowSession.invalidTTLBit != 0
        return config
    }

    private func set(_ config: SwitchConfig) {
        if !isPrimary || role != .secondary, config.fragments != bridge.fragments,
            config.fragments != .reassemble
        {
            bridge.fragments = config.fragments
            bridge.publishConfiguration()
        }
        if let wanted = config.invalidTTLToController {
            var async = currentAsyncConfig
            let bit = OpenFlowSession.invalidTTLBit
            let mask = async.primary(.packetIn) ?? 0
            async.setPrimary(.packetIn, wanted ? mask | bit : mask & ~bit)
            setAsync(async)
        }
        missSendLength = config.missSendLength
        bridge.missesMayChange()
    }

    /// - Throws: OFPRRFC_STALE.
    private func take(_ request: RoleRequest) throws(OpenFlowError) {
        guard request.role != .noChange else { return }
        if request.role != .equal, let generation = request.generationID {
            if let current = bridge.electionID,
                Int64(bitPattern: generation &- current) < 0
            {
                throw OpenFlowError(.ofprrfcStale)
            }
            bridge.electionID = generation
        }
        if request.role == .primary && role != .primary {
            for other in bridge.sessions where other.role == .primary {
                other.role = .secondary
                other.tellRole()
            }
        }
        role = request.role
    }

    private func tellRole() {
        tell(
            .roleStatus(
                RoleStatus(
                    role: role, reason: .primaryRequest,
                    generationID: bridge.electionID ?? .max)))
    }

    // MARK: Asynchronous messages

    /// What the controller has chosen, or what its version has by default.
    var currentAsyncConfig: AsyncConfig {
        if let asyncConfig { return asyncConfig }
        return settings.allowsAsync
            ? OpenFlowSession.defaultAsyncConfig(context.version)
            : OpenFlowSession.noAsyncMessages
    }

    private static let noAsyncMessages: AsyncConfig = {
        var config = AsyncConfig()
        for kind in AsyncMessageKind.allCases {
            config.setPrimary(kind, 0)
            config.setSecondary(kind, 0)
        }
        return config
    }()

    /// Reasons that OpenFlow 1.4 split off "action".
    private static let finerActionBits: UInt32 = 1 << 3 | 1 << 4 | 1 << 5

    static func defaultAsyncConfig(_ version: OpenFlowVersion) -> AsyncConfig {
        var config = noAsyncMessages
        var packetIn: UInt32 = 1 << 0 | 1 << 1 | finerActionBits
        packetIn |= 1 << UInt32(PacketInReason.explicitMiss.rawValue)
        if version <= .v1_2 { packetIn |= 1 << UInt32(PacketInReason.implicitMiss.rawValue) }
        config.setPrimary(.packetIn, packetIn)
        config.setPrimary(.portStatus, 7)
        config.setSecondary(.portStatus, 7)
        config.setPrimary(
            .flowRemoved, version >= .v1_4 ? 0x3f : version == .v1_3 ? 0xf : 0x7)
        return config
    }

    private func set(_ config: AsyncConfig) {
        setAsync(config.applied(to: currentAsyncConfig))
        if !isPrimary && missSendLength == 0 { missSendLength = 128 }
        bridge.missesMayChange()
    }

    private func setAsync(_ config: AsyncConfig) {
        var config = config
        if context.version < .v1_4 {
            let action: UInt32 = 1 << UInt32(PacketInReason.action.rawValue)
            if let mask = config.primary(.packetIn), mask & action != 0 {
                config.setPrimary(.packetIn, mask | OpenFlowSession.finerActionBits)
            }
            if let mask = config.secondary(.packetIn), mask & action != 0 {
                config.setSecondary(.packetIn, mask | OpenFlowSession.finerActionBits)
            }
        }
        asyncConfig = config
    }

    /// Whether the controller is to be told something of `kind` for `reason`. Service connections
    /// are told nothing until they have asked for it.
    func receives(_ kind: AsyncMessageKind, reason: UInt8) -> Bool {
        guard isNegotiated, !isClosed, isPrimary || missSendLength != 0 else { return false }
        return currentAsyncConfig.admits(kind, reason: reason, role: role)
    }

    /// Whether packets that no rule matches are for it.
    var wantsMisses: Bool {
        guard controllerID == 0, !isClosed, isPrimary || missSendLength != 0 else { return false }
        return !isNegotiated || context.version < .v1_3
    }
}

extension OfprotoBridge {
    /// What the switch can do.
    func features() -> SwitchFeatures {
        var features = SwitchFeatures(datapathID: settings.datapathID)
        features.tableCount = UInt8(FlowTable.count - 1)
        features.capabilities = [
            .flowStats, .tableStats, .portStats, .queueStats, .groupStats, .bundles,
            .arpMatchIP,
        ]
        features.ports = ports.values.map(\.description).sorted { $0.number < $1.number }
        return features
    }

    /// Tells other controllers that want to know of a group or meter change.
    func forward(_ request: RequestForward, reason: UInt8, from source: OpenFlowSession) {
        for session in sessions where session !== source {
            if session.receives(.requestForward, reason: reason) {
                session.tell(.requestForward(request))
            }
        }
    }
}
