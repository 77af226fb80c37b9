// Limits of ports as the tables Interface, QoS and Queue give them, in the datapath's units. Pure.

import Dpif
import OVSDB

extension RateLimit {
    /// The policing of an interface. A rate without a burst has the default one.
    ///
    /// **Source**: ovs-vswitchd.conf.db(5), Interface, "Ingress Policing".
    init(_ row: InterfaceRow) {
        self.init()
        func value(_ number: Int64) -> UInt64 { UInt64(number.clamped(to: 0...Int64(UInt32.max))) }
        let kilobits = value(row.ingressPolicingRateKbps)
        if kilobits > 0 {
            let burst = value(row.ingressPolicingBurstKb)
            bytesPerSecond = kilobits * 125
            burstBytes = (burst > 0 ? burst : 8000) * 125
        }
        let kilopackets = value(row.ingressPolicingRateKpps)
        if kilopackets > 0 {
            let burst = value(row.ingressPolicingBurstKpkts)
            packetsPerSecond = kilopackets * 1000
            burstPackets = (burst > 0 ? burst : 16) * 1000
        }
    }
}

extension EgressShaping {
    /// The shaping of a QoS row with its queues; nil for types that the datapath does not have.
    ///
    /// **Source**: ovs-vswitchd.conf.db(5), QoS and Queue.
    init?(_ qos: QoSRow, _ queues: [UInt32: QueueRow]) {
        switch qos.type {
        case "linux-htb":
            var classes: [UInt16: Class] = [:]
            // Class 0xfffd would collide with the one of the device.
            for (number, queue) in queues where number < 0xfffd {
                var part = Class()
                part.bytesPerSecondMin = Self.value("min-rate", queue.otherConfig) / 8
                let most = Self.value("max-rate", queue.otherConfig) / 8
                part.bytesPerSecondMax = most > 0 ? most : nil
                part.burstBytes = Self.value("burst", queue.otherConfig) / 8
                part.priority = UInt32(clamping: Self.value("priority", queue.otherConfig))
                classes[UInt16(number)] = part
            }
            let whole = Self.value("max-rate", qos.otherConfig) / 8
            self = .hierarchy(Hierarchy(bytesPerSecond: whole > 0 ? whole : nil, classes: classes))
        case "egress-policer":
            var limit = RateLimit()
            limit.bytesPerSecond = Self.value("cir", qos.otherConfig)
            limit.burstBytes = Self.value("cbs", qos.otherConfig)
            self = .policer(limit)
        default: return nil
        }
    }

    private static func value(_ key: String, _ config: [String: String]) -> UInt64 {
        UInt64(max(config.integer(key, 0), 0))
    }
}
