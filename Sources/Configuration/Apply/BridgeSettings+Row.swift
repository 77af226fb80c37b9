// Bridge rows as the settings of a bridge's OpenFlow side.

import Ofproto
import OpenFlow
import OVSDB

extension BridgeSettings {
    /// Reads a bridge's rows.
    init(
        _ desired: DesiredBridge, address: UInt64, datapathID: UInt64, _ globals: DesiredGlobals
    ) {
        let row = desired.row
        self.init(name: row.name)
        self.datapathID = datapathID
        failMode = row.failMode == .secure ? .secure : .standalone
        let primaries = desired.controllers.filter { ControllerKind($0) == .primary }
        hasControllers = !primaries.isEmpty
        probeSecondsMax = primaries.map { Int(ControllerPolicy.probeSeconds($0)) }.max() ?? 5
        protocols = OpenFlowVersion.allCases.filter { row.protocols.contains($0.name) }
        datapathDescription = row.otherConfig["dp-desc"]
        serialNumber = row.otherConfig["dp-sn"]
        let size = row.otherConfig.integer("mac-table-size", 0)
        addressTableSize = UInt32((size == 0 ? 8192 : size).clamped(to: 10...1_000_000))
        let age = row.otherConfig.integer("mac-aging-time", 0)
        addressAgingSeconds = UInt32((age == 0 ? 300 : age).clamped(to: 15...3600))
        floodVLANs = row.floodVLANs
        forwardsBPDU = row.otherConfig.boolean("forward-bpdu", false)
        localAddress = address
        bundleIdleMilliseconds = globals.bundleIdleMilliseconds
        for (table, row) in desired.flowTables where table < 255 {
            tables[table] = FlowTableSettings(row)
        }
    }
}

extension DesiredBridge {
    /// `other_config:datapath-id`: 16 hexadecimal digits, or fewer behind 0x; nil where it is none.
    var datapathID: UInt64? {
        let text = row.otherConfig["datapath-id"] ?? ""
        let isPrefixed = text.hasPrefix("0x")
        let digits = isPrefixed ? text.dropFirst(2) : text[...]
        guard isPrefixed ? (1...16).contains(digits.count) : digits.count == 16,
            digits.allSatisfy(\.isHexDigit), let id = UInt64(digits, radix: 16), id != 0
        else { return nil }
        return id
    }
}
