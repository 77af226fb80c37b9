// What a Controller row asks for, with OVS's defaults: kinds, intervals and which sockets may be
// used. Pure.

import Ofproto
import OVSDB

/// Whether a controller is in charge of the bridge or only served.
enum ControllerKind: Hashable, Sendable {
    case primary, service

    init(_ row: ControllerRow) {
        switch row.type {
        case .primary: self = .primary
        case .service: self = .service
        case nil: self = ControllerPolicy.isPassive(row.target) ? .service : .primary
        }
    }
}

/// A controller's settings as one value, so that a change can be told.
struct ControllerPolicy: Hashable {
    let target: String
    let kind: ControllerKind
    let backoffMillisecondsMax: Int64
    /// 0 for never.
    let probeSeconds: Int64
    let dscp: UInt8
    let session: Ofproto.SessionSettings

    init(_ row: ControllerRow, bridge: BridgeRow) {
        target = row.target
        kind = ControllerKind(row)
        backoffMillisecondsMax = max(1000, row.maxBackoffMilliseconds ?? 8000)
        probeSeconds = Self.probeSeconds(row)
        let dscp = row.otherConfig.integer("dscp", 48)
        self.dscp = UInt8((0...63).contains(dscp) ? dscp : 48)
        var session = Ofproto.SessionSettings()
        session.allowsAsync = row.enableAsyncMessages ?? true
        session.rateLimit = Int(clamping: max(row.rateLimitPacketsPerSecond ?? 0, 0))
        session.burstLimit = Int(clamping: max(row.burstLimitPackets ?? 0, 0))
        session.queueLimit = Self.queueLimit(row.queueSize, bridge)
        self.session = session
    }

    /// The settings of management connections.
    static func managementSession(_ bridge: BridgeRow) -> Ofproto.SessionSettings {
        var session = Ofproto.SessionSettings()
        session.queueLimit = queueLimit(nil, bridge)
        return session
    }

    static func probeSeconds(_ row: ControllerRow) -> Int64 {
        switch row.inactivityProbeMilliseconds {
        case nil: 5
        case 0: 0
        case let probe?: probe < 1000 ? 1 : probe / 1000
        }
    }

    private static func queueLimit(_ own: Int64?, _ bridge: BridgeRow) -> Int {
        if let own { return Int(clamping: own) }
        let size = bridge.otherConfig.integer("controller-queue-size", 100)
        return (1...512).contains(size) ? Int(size) : 100
    }

    static func isPassive(_ target: String) -> Bool {
        ["ptcp:", "punix:", "pssl:"].contains { target.hasPrefix($0) }
    }

    /// Why a UNIX socket may not be used: a client of the database must not reach other files of
    /// the machine through it. Nil if it may.
    static func refusal(
        ofTarget target: String, bridge: String, runDirectory: String
    ) -> String? {
        let advice =
            "\"unix:\(runDirectory)/\(bridge).mgmt\" (which is always available without special "
            + "configuration)."
        if target.hasPrefix("unix:") {
            let path = squeezed(target.dropFirst(5))
            let allowed = squeezed("\(runDirectory)/")
            let isInside = path.hasPrefix(allowed) && !path.split(separator: "/").contains("..")
            guard path.contains("/"), !isInside else { return nil }
            return "bridge \(bridge): Not connecting to socket controller \"\(target)\" due to "
                + "possibility for remote exploit.  Instead, specify socket in permitted "
                + "directory \"unix:\(runDirectory)/\" or connect to \(advice)"
        }
        guard target.hasPrefix("punix:") else { return nil }
        let path = squeezed(target.dropFirst(6))
        let allowed = squeezed("\(runDirectory)/\(bridge).")
        if path.hasPrefix(allowed), !path.dropFirst(allowed.count).contains("/") { return nil }
        return "bridge \(bridge): Not adding Unix domain socket controller \"\(target)\" due to "
            + "possibility of overwriting local files. Instead, specify path in permitted "
            + "format \"punix:\(runDirectory)/\(bridge).*\" or connect to \(advice)"
    }

    /// A path whose runs of slashes are single ones.
    private static func squeezed(_ path: some StringProtocol) -> String {
        var result = ""
        for character in path where character != "/" || result.last != "/" {
            result.append(character)
        }
        return result
    }
}
