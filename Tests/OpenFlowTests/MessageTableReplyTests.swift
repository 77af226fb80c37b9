// Tables, monitors, roles and Nicira's replies print with ovs-ofctl as they were meant.

import Flow
import Testing

@testable import OpenFlow

@Suite(.enabled(if: MessagePrinter.isInstalled, "ovs-ofctl is not installed"))
struct MessageTableReplyTests {
    private func expect(
        _ message: Message, _ versions: ClosedRange<UInt8>, prints texts: String...,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for version in OpenFlowVersion.allCases where versions.contains(version.rawValue - 1) {
            let context = CodecContext(version: version)
            let frame = OpenFlowCodec.encode(message, xid: 7, context: context)
            let printed = try MessagePrinter.print(frame)
            for text in texts {
                #expect(
                    printed.contains(text), "\(version): \(printed)",
                    sourceLocation: sourceLocation)
            }
            #expect(!printed.contains("***"), "\(version): \(printed)")
        }
    }

    private static var features: TableFeatures {
        var table = TableFeatures(tableID: 3)
        table.name = "ingress"
        table.metadataMatch = .max
        table.metadataWrite = .max
        table.maxEntries = 1_000_000
        table.rules.instructions = .all
        table.rules.nextTables = Array(4...253)
        table.rules.write.setFields = [.metadata, .reg0, .ethSource]
        table.rules.apply.setFields = [.metadata, .reg0, .ethSource]
        table.missRule = table.rules
        table.match = [.metadata, .inPort, .reg0, .ethSource, .ipv4Source]
        table.maskable = [.metadata, .reg0, .ethSource, .ipv4Source]
        table.wildcards = table.match
        return table
    }

    @Test func tables() throws {
        var stats = TableStats(tableID: 3)
        stats.activeCount = 5
        stats.lookupCount = 60
        stats.matchedCount = 40
        stats.features = Self.features
        try expect(
            .multipartReply(.table([stats])), 0...5, prints: "table 3",
            "active=5, lookup=60, matched=40")
        try expect(
            .multipartReply(.table([stats])), 0...2, prints: "(\"ingress\")",
            "max_entries=1000000")
        try expect(
            .multipartReply(.tableFeatures([Self.features])), 3...5,
            prints: "table 3 (\"ingress\")", "metadata: match=0xffffffffffffffff",
            "max_entries=1000000", "next tables: 4-253", "goto_table",
            "supported on Set-Field: metadata reg0 eth_src",
            "arbitrary mask: metadata reg0 eth_src ip_src", "exact match or wildcard: in_port_oxm")
        var description = TableDescription(tableID: 3)
        description.eviction = true
        description.evictionFlags = 2
        description.vacancyEvents = true
        description.vacancy = TableVacancy(down: 10, up: 20, current: 30)
        try expect(
            .multipartReply(.tableDescription([description])), 4...5, prints: "table 3:",
            "eviction=on eviction_flags=IMPORTANCE",
            "vacancy=on vacancy_down=10% vacancy_up=20% vacancy=30%")
        try expect(
            .tableStatus(TableStatus(reason: .vacancyDown, description: description)), 4...5,
            prints: "reason=VACANCY_DOWN", "table 3:", "vacancy_down=10%")
    }

    @Test func monitors() throws {
        var full = FlowUpdate.Full(.added)
        full.tableID = 1
        full.cookie = 0x55
        full.match.set(.inPort, to: 4)
        full.actions = [.output(port: 2, maxLength: 0)]
        var gone = full
        gone.event = .removed
        gone.reason = .hardTimeout
        gone.actions = []
        let updates = [FlowUpdate.full(full), .full(gone), .abbreviated(xid: 0x1234)]
        try expect(
            .multipartReply(.flowMonitor(updates)), 0...5,
            prints: "event=ADDED table=1 cookie=0x55 in_port=4 actions=output:2",
            "event=DELETED reason=hard table=1", "event=ABBREV xid=0x1234")
        try expect(.flowMonitorPaused, 0...2, prints: "FLOW_MONITOR_PAUSED")
        try expect(
            .multipartReply(.flowMonitor([.paused, .resumed])), 4...5, prints: "event=PAUSED",
            "event=RESUMED")
    }

    @Test func roles() throws {
        try expect(
            .roleReply(RoleRequest(role: .primary, generationID: 3)), 2...5,
            prints: "role=primary generation_id=3")
        try expect(
            .roleReply(RoleRequest(role: .secondary, isNicira: true)), 0...5,
            prints: "NXT_ROLE_REPLY", "role=secondary")
        try expect(
            .roleStatus(RoleStatus(role: .secondary, reason: .config, generationID: .max)), 3...5,
            prints: "role=secondary", "reason=configuration_changed")
        try expect(
            .getAsyncReply(.initial(.v1_5)), 5...5, prints: "PACKET_IN: no_match action",
            "PORT_STATUS: add delete modify")
        try expect(.getAsyncReply(.initial(.v1_3)), 3...3, prints: "FLOW_REMOVED: idle hard")
        let meter = MeterMod(.add, meter: MeterConfig(meterID: 9, flags: .packetsPerSecond))
        try expect(
            .requestForward(.meter(meter, xid: 5)), 3...5, prints: "reason=meter_mod",
            "ADD meter=9 pktps")
    }

    @Test func bundles() throws {
        let control = BundleControl(bundleID: 2, kind: .commitReply, flags: [.atomic, .ordered])
        try expect(
            .bundleControl(control), 3...5, prints: "bundle_id=0x2 type=COMMIT_REPLY",
            "flags=atomic ordered")
    }

    @Test func niciraReplies() throws {
        var reply = TunnelOptionTableReply()
        reply.mappings = [
            TunnelOptionMapping(optionClass: 0x102, optionType: 0x80, length: 4, index: 0)
        ]
        try expect(
            .tunnelOptionTableReply(reply), 0...5, prints: "max option space=256 max fields=64",
            "0x102  0x80       4  tun_metadata0")
        var stats = IPFIXStats()
        stats.totalFlows = 5
        stats.collectorSetID = 9
        try expect(.multipartReply(.ipfixBridge(stats)), 0...5, prints: "flows=5")
        try expect(.multipartReply(.ipfixFlow([stats])), 0...5, prints: "id   9: flows=5")
        let description = SwitchDescription(
            manufacturer: "maker", hardware: "machine", software: "1.2.3", serialNumber: "None",
            datapath: "br0")
        try expect(
            .multipartReply(.description(description)), 0...5, prints: "Manufacturer: maker",
            "Hardware: machine", "Software: 1.2.3", "Serial Num: None", "DP Description: br0")
    }

    @Test func longRepliesAreSplit() throws {
        for version in OpenFlowVersion.allCases {
            let flows = (0..<2000).map { number in
                var flow = FlowStats()
                flow.match.set(.inPort, to: UInt64(number + 1))
                flow.actions = [.output(port: 2, maxLength: 0)]
                return flow
            }
            let context = CodecContext(version: version)
            let frames = OpenFlowCodec.frames(
                of: .multipartReply(.flow(flows, nicira: false)), xid: 3, context: context)
            #expect(frames.count > 1)
            for (index, frame) in frames.enumerated() {
                #expect(frame.count <= 65535)
                #expect(MessageHeader(frame).map { Int($0.length) } == frame.count)
                let hasMore = frame[MessageKey.statFlagsOffset + 1] == 1
                #expect(hasMore == (index + 1 < frames.count))
            }
            let total = frames.reduce(0) { $0 + $1.count }
            let one = OpenFlowCodec.frames(
                of: .multipartReply(.flow([flows[0]], nicira: false)), xid: 3, context: context)
            let headerBytes = version == .v1_0 ? 12 : 16
            let entryBytes = one[0].count - headerBytes
            #expect(total == frames.count * headerBytes + 2000 * entryBytes)
        }
    }

    @Test func versionsWithoutAMessageSendNothing() {
        let context = CodecContext(version: .v1_0)
        let status = RoleStatus(role: .secondary, reason: .config, generationID: 0)
        #expect(OpenFlowCodec.frames(of: .roleStatus(status), xid: 0, context: context).isEmpty)
    }
}
