// What a port may take of what all share, as `other_config` of its Interface row says. Pure.

import Dpif
import OVSDB

extension PortBudget {
    /// A key that is missing, or is no number, leaves the choice to the datapath.
    init(_ row: InterfaceRow) {
        self.init()
        func limit(_ key: String) -> UInt32? {
            row.otherConfig[key].flatMap { Int64($0) }.map { UInt32(clamping: $0) }
        }
        connections = limit("max-connections")
        halfOpenConnections = limit("max-half-open-connections")
        records = limit("max-flow-records")
        newFlowsPerSecond = limit("new-flows-per-second")
        packetInsPerSecond = limit("packet-ins-per-second")
    }
}

extension PortUsage {
    /// The shares by the keys that limit them.
    var shares: [(key: String, share: Share)] {
        [
            ("max-connections", connections), ("max-half-open-connections", halfOpenConnections),
            ("max-flow-records", records), ("new-flows-per-second", newFlows),
            ("packet-ins-per-second", packetIns),
        ]
    }

    /// What the column `status` tells of a port that asked for more than it may have; empty where
    /// none did.
    var status: [String: String] {
        let refused = shares.filter { $0.share.refused > 0 }
        return Dictionary(
            uniqueKeysWithValues: refused.map { ("\($0.key)-refused", String($0.share.refused)) })
    }
}
