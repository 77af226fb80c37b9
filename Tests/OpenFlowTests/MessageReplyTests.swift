// What the switch sends prints with ovs-ofctl as it was meant, in every version.

import Flow
import Testing

@testable import OpenFlow

@Suite(.enabled(if: MessagePrinter.isInstalled, "ovs-ofctl is not installed"))
struct MessageReplyTests {
    /// Encodes in each of `versions`, and expects each of `texts` in what prints.
    private func expect(
        _ message: Message, _ versions: ClosedRange<UInt8> = 0...5, prints texts: String...,
        mayWarn: Bool = false, change: (inout CodecContext) -> Void = { _ in },
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for version in OpenFlowVersion.allCases where versions.contains(version.rawValue - 1) {
            var context = CodecContext(version: version)
            change(&context)
            let frames = OpenFlowCodec.frames(of: message, xid: 7, context: context)
            #expect(frames.count == 1, "\(version)", sourceLocation: sourceLocation)
            guard let frame = frames.first else { continue }
            let printed = try MessagePrinter.print(frame)
            for text in texts + ["(xid=0x7)"] {
                #expect(
                    printed.contains(text), "\(version): \(printed)",
                    sourceLocation: sourceLocation)
            }
            #expect(
                mayWarn || !printed.contains("***"), "\(version): \(printed)",
                sourceLocation: sourceLocation)
        }
    }

    private static var port: PortDescription {
        var port = PortDescription(number: 3, name: "eth3")
        port.hardwareAddress = MACAddressValue(0x0a00_0000_0003)
        port.config = [.portDown, .noPacketIn]
        port.state = [.linkDown]
        port.current = [.speed10GFull, .copper, .autonegotiation]
        port.currentSpeedKilobits = 10_000_000
        port.maxSpeedKilobits = 40_000_000
        return port
    }

    private static var match: FlowMatch {
        var match = FlowMatch()
        match.set(.inPort, to: 5)
        match.set(.ethType, to: 0x0800)
        match.set(.ipProtocol, to: 6)
        match.set(.tcpDestination, to: 443)
        return match
    }

    @Test func connection() throws {
        try expect(.echoReply([1, 2, 3]), prints: "OFPT_ECHO_REPLY", "3 bytes of payload")
        try expect(.barrierReply, prints: "OFPT_BARRIER_REPLY")
        var config = SwitchConfig()
        config.fragments = .drop
        config.missSendLength = 99
        try expect(.getConfigReply(config), prints: "frags=drop", "miss_send_len=99")
        let error = ErrorMessage(code: .ofpbrcEperm, data: [4, 5, 0, 8, 0, 0, 0, 1])
        try expect(.error(error), prints: "OFPBRC_EPERM", "OFPT_FEATURES_REQUEST (OF1.3)")
        let own = ErrorMessage(code: .nxbrcNxmInvalid, data: [4, 5, 0, 8, 0, 0, 0, 1])
        try expect(.error(own), prints: "NXBRC_NXM_INVALID")
    }

    @Test func features() throws {
        var features = SwitchFeatures(datapathID: 0x1234)
        features.tableCount = 254
        features.capabilities = [.flowStats, .tableStats, .portStats, .queueStats]
        features.ports = [Self.port]
        try expect(
            .featuresReply(features), prints: "dpid:0000000000001234", "n_tables:254",
            "FLOW_STATS TABLE_STATS PORT_STATS")
        try expect(
            .featuresReply(features), 0...2, prints: " 3(eth3): addr:0a:00:00:00:00:03",
            "PORT_DOWN NO_PACKET_IN", "LINK_DOWN")
    }

    @Test func ports() throws {
        let texts = (" 3(eth3): addr:0a:00:00:00:00:03", "10GB-FD COPPER AUTO_NEG")
        try expect(.multipartReply(.portDescription([Self.port])), prints: texts.0, texts.1)
        try expect(
            .portStatus(PortStatus(reason: .modify, port: Self.port)), prints: "MOD: 3(eth3)",
            texts.1)
        try expect(
            .multipartReply(.portDescription([Self.port])), 1...5,
            prints: "speed: 10000 Mbps now, 40000 Mbps max")
        var stats = PortStats(port: 3)
        stats.receivedPackets = 11
        stats.sentBytes = 22
        stats.collisions = 33
        stats.durationSeconds = 44
        try expect(
            .multipartReply(.port([stats])), prints: "rx pkts=11, bytes=?", "bytes=22", "coll=33")
        try expect(.multipartReply(.port([stats])), 3...5, prints: "duration=44s")
        stats.rfc2819 = (0..<21).map { 1000 + UInt64($0) }
        stats.custom = [PortStats.CustomCounter(name: "ovs_tx_retries", value: 77)]
        try expect(
            .multipartReply(.port([stats])), 4...5, prints: "1_to_64_packets=1000",
            "rx_jabber_errors=1020", "ovs_tx_retries=77")
    }

    @Test func queues() throws {
        var queue = QueueConfig(port: 3, queue: 1)
        queue.minRate = 100
        queue.maxRate = 500
        try expect(
            .queueGetConfigReply(QueueGetConfigReply(port: 3, queues: [queue])),
            prints: "port=3", "queue 1:", "min_rate:10.0%", "max_rate:50.0%")
        var stats = QueueStats(port: 3, queue: 1)
        stats.sentPackets = 55
        try expect(
            .multipartReply(.queue([stats])), prints: "port 3 queue 1: bytes=?, pkts=55")
    }

    @Test func flows() throws {
        var flow = FlowStats()
        flow.match = Self.match
        flow.cookie = 0xabc
        flow.tableID = 2
        flow.priority = 100
        flow.durationSeconds = 9
        flow.idleTimeout = 30
        flow.packetCount = 8
        flow.byteCount = 888
        flow.flags = [.sendFlowRemoved]
        flow.actions = [.output(port: 6, maxLength: 0)]
        let reply = Message.multipartReply(.flow([flow], nicira: false))
        try expect(
            reply, prints: "cookie=0xabc", "duration=9s", "table=2", "n_packets=8, n_bytes=888",
            "idle_timeout=30", "priority=100", "tcp,in_port=5,tp_dst=443 actions=output:6")
        try expect(reply, 3...5, prints: "send_flow_rem")
        flow.idleAge = 4
        let nicira = Message.multipartReply(.flow([flow], nicira: true))
        try expect(nicira, 0...0, prints: "NXST_FLOW", "idle_age=4", "tp_dst=443 actions=output:6")
        let stats = AggregateStats(packetCount: 1, byteCount: 2, flowCount: 3)
        try expect(
            .multipartReply(.aggregate(stats, nicira: false)),
            prints: "packet_count=1 byte_count=2 flow_count=3")
        try expect(
            .multipartReply(.aggregate(stats, nicira: true)), 0...0, prints: "NXST_AGGREGATE")
    }

    @Test func flowRemoved() throws {
        var removed = FlowRemoved()
        removed.match = Self.match
        removed.cookie = 0xabc
        removed.priority = 100
        removed.reason = .idleTimeout
        removed.tableID = 2
        removed.durationSeconds = 9
        removed.idleTimeout = 30
        removed.packetCount = 8
        removed.byteCount = 888
        let texts = ("reason=idle", "duration9s idle30", "pkts8 bytes888")
        try expect(
            .flowRemoved(removed), prints: "tcp,in_port=5,tp_dst=443 ", texts.0, "cookie:0xabc",
            texts.1, texts.2)
        try expect(.flowRemoved(removed), 1...5, prints: "table_id=2")
        try expect(
            .flowRemoved(removed), 0...0, prints: "NXT_FLOW_REMOVED", "table_id=2", texts.0
        ) { $0.flowFormat = .nxm }
    }

    @Test func packetIns() throws {
        var packet = PacketIn(packet: [UInt8](repeating: 0x11, count: 64))
        packet.tableID = 4
        packet.reason = .action
        packet.cookie = 0xfeed
        packet.metadata.set(.inPort, to: 5)
        packet.metadata.set(.reg0, to: 7)
        packet.userdata = [1, 2, 3]
        try expect(
            .packetIn(packet), prints: "total_len=64", "in_port=5 (via action) data_len=64")
        try expect(.packetIn(packet), 3...5, prints: "cookie=0xfeed", "reg0=0x7", "table_id=4")
        try expect(
            .packetIn(packet), prints: "NXT_PACKET_IN ", "cookie=0xfeed", "reg0=0x7",
            "table_id=4", "total_len=64"
        ) { $0.packetInFormat = .nicira }
        packet.totalLength = 100
        try expect(
            .packetIn(packet), prints: "NXT_PACKET_IN2 ", "cookie=0xfeed", "reg0=0x7",
            "table_id=4", "total_len=100", "userdata=01.02.03", mayWarn: true
        ) { $0.packetInFormat = .nicira2 }
    }

    @Test func aPausedPacketComesBack() throws {
        for version in OpenFlowVersion.allCases {
            var packet = PacketIn(packet: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14])
            packet.metadata.set(.inPort, to: 5)
            packet.continuation = [9, 8, 7]
            let context = CodecContext(version: version, packetInFormat: .nicira2)
            let frame = OpenFlowCodec.encode(.resume(packet), xid: 1, context: context)
            let decoded = try OpenFlowCodec.decode(frame: frame, context: context)
            #expect(decoded.message == .resume(packet))
        }
    }

    @Test func groups() throws {
        var group = GroupDescription(type: .select, groupID: 8)
        group.buckets = [
            Bucket(id: 0, actions: [.output(port: 1, maxLength: 0)]),
            Bucket(id: 1, actions: [.output(port: 2, maxLength: 0)]),
        ]
        group.buckets[0].weight = 5
        group.buckets[1].weight = 3
        try expect(
            .multipartReply(.groupDescription([group])), prints: "group_id=8,type=select",
            "weight:5", "actions=output:1", "weight:3", "actions=output:2")
        var method = SelectionMethod(.hash)
        method.parameter = 6
        method.fields = [
            SelectionMethod.HashedField(
                field: .ipv4Source, mask: FieldValue(0xffff_0000, byteCount: 4))
        ]
        group.selectionMethod = method
        for versions in [UInt8(0)...0, 5...5] {
            try expect(
                .multipartReply(.groupDescription([group])), versions,
                prints: "selection_method=hash,selection_method_param=6,fields=ip_src=255.255.0.0",
                "bucket=bucket_id:1,weight:3")
        }
        var stats = GroupStats(groupID: 8)
        stats.referenceCount = 2
        stats.packetCount = 30
        stats.durationSeconds = 4
        stats.buckets = [GroupStats.BucketCounter(packetCount: 9, byteCount: 90)]
        try expect(
            .multipartReply(.group([stats])), prints: "group_id=8", "ref_count=2",
            "packet_count=30", "bucket0:packet_count=9,byte_count=90")
        try expect(
            .multipartReply(.groupFeatures(GroupFeatures())), prints: "Types:  0xf",
            "max_groups=0xffffff00", "fast failover group")
    }

    @Test func meters() throws {
        let meter = MeterConfig(
            meterID: 3, flags: [.kilobitsPerSecond, .burst, .stats],
            bands: [
                MeterBand(.drop, rate: 1000, burstSize: 50),
                MeterBand(.dscpRemark, rate: 500, burstSize: 20, precedenceLevel: 2),
            ])
        try expect(
            .multipartReply(.meterConfig([meter])), 3...5, prints: "meter=3 kbps burst stats",
            "type=drop rate=1000 burst_size=50",
            "type=dscp_remark rate=500 burst_size=20 prec_level=2")
        var stats = MeterStats(meterID: 3)
        stats.flowCount = 6
        stats.packetInCount = 70
        stats.durationSeconds = 5
        stats.bands = [MeterStats.BandCounter(packetCount: 8, byteCount: 80)]
        try expect(
            .multipartReply(.meter([stats])), 3...5, prints: "meter:3 flow_count:6",
            "packet_in_count:70", "duration:5s", "0: packet_count:8 byte_count:80")
        var features = MeterFeatures()
        features.maxMeters = 1000
        features.bandTypes = 2
        features.capabilities = [.kilobitsPerSecond, .packetsPerSecond, .burst, .stats]
        features.maxBands = 8
        try expect(
            .multipartReply(.meterFeatures(features)), 3...5, prints: "max_meter:1000",
            "max_bands:8", "band_types: drop", "kbps pktps burst stats")
    }
}
