// The status columns of an Interface row, from what is known of its device. Pure but for reading
// the counters.

import Dpif
import OpenFlow
import OVSDB

enum InterfaceStatus {
    /// The columns of an open interface.
    static func open(_ interface: OpenInterface) -> [String: Datum] {
        let info = interface.info
        let speed = UInt64(info.speedMbps) * 1_000_000
        return [
            "ofport": .integer(interface.number & 0xffff),
            "error": .emptySet,
            "admin_state": .string(info.isUp ? "up" : "down"),
            "link_state": .string(info.hasLink ? "up" : "down"),
            "link_speed": .optional(speed > 0 ? speed : nil),
            "duplex": .optional(speed > 0 ? (info.isFullDuplex ? "full" : "half") : nil),
            "link_resets": .integer(info.linkResets),
            "mtu": .optional(info.mtu > 0 ? info.mtu : nil),
            "mac_in_use": .optional(info.address == 0 ? nil : EthernetText.text(info.address)),
            "ifindex": .integer(info.ifindex),
            "status": status(interface),
            "lacp_current": .emptySet,
        ]
    }

    /// What its device says of itself, and what it asked for beyond its budget.
    static func status(_ interface: OpenInterface) -> Datum {
        .map(interface.info.status.merging(interface.refusals) { $1 })
    }

    /// The columns of an interface that is not open.
    static func failed(_ reason: String?) -> [String: Datum] {
        let empty: [String] = [
            "admin_state", "link_state", "link_speed", "duplex", "mtu", "mac_in_use", "ifindex",
            "status", "lacp_current", "cfm_fault", "cfm_fault_status", "cfm_remote_mpids",
        ]
        var row = Dictionary(uniqueKeysWithValues: empty.map { ($0, Datum.emptySet) })
        row["status"] = .map([String: String]())
        row["ofport"] = .integer(-1)
        row["error"] = .optional(reason)
        return row
    }

    /// The counters of an interface by OVS's names; those of a patch come from nowhere and are 0,
    /// those of a device that has gone are not told.
    static func statistics(
        _ interface: OpenInterface, _ datapath: any DatapathControl
    ) -> [String: UInt64] {
        guard let port = interface.datapathPort else {
            return ["rx_packets": 0, "tx_packets": 0, "rx_bytes": 0, "tx_bytes": 0]
        }
        if interface.info.type == .system && interface.info.ifindex == 0 { return [:] }
        let counters = datapath.portStatistics(port)
        var values = [
            "rx_packets": counters.rxPackets, "tx_packets": counters.txPackets,
            "rx_bytes": counters.rxBytes, "tx_bytes": counters.txBytes,
        ]
        if interface.info.type == .dummy { return values }
        values["rx_dropped"] = counters.rxDropped
        values["tx_dropped"] = counters.txDropped
        values["rx_errors"] = counters.rxErrors
        values["tx_errors"] = counters.txErrors
        return values.merging(counters.extra) { own, _ in own }
    }
}
