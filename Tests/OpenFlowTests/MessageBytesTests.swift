// Replies are, byte for byte, what Open vSwitch 3.1 sent for the same state of a switch.

import Flow
import Testing

@testable import OpenFlow

@Suite struct MessageBytesTests {
    private func expect(
        _ message: Message, _ version: OpenFlowVersion, xid: UInt32, is hex: String...,
        change: (inout CodecContext) -> Void = { _ in },
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var context = CodecContext(version: version)
        change(&context)
        let frame = OpenFlowCodec.encode(message, xid: xid, context: context)
        #expect(
            MessageCaptures.text(frame) == hex.joined(), "\(version)",
            sourceLocation: sourceLocation)
    }

    private func port(_ number: UInt32, _ name: String, _ address: UInt64) -> PortDescription {
        var port = PortDescription(number: number, name: name)
        port.hardwareAddress = MACAddressValue(address)
        port.state = [.live]
        return port
    }

    @Test func features() {
        var features = SwitchFeatures(datapathID: 0x1a80_397b_f845)
        features.capabilities = [
            .flowStats, .tableStats, .portStats, .queueStats, .arpMatchIP, .groupStats,
        ]
        features.ports = [
            port(1, "p1", 0xaa55_aa55_0003),
            port(ReservedPort.local, "br0", 0x1a80_397b_f845),
            port(2, "p2", 0xaa55_aa55_0002),
        ]
        let zeros = String(repeating: "0", count: 76)
        expect(
            .featuresReply(features), .v1_0, xid: 4,
            is: "010600b00000000400001a80397bf84500000000fe000000000000c700000fff",
            "0001aa55aa5500037031", zeros, "fffe1a80397bf845627230", String(zeros.dropLast(2)),
            "0002aa55aa5500027032", zeros)
    }

    @Test func portDescriptions() {
        var first = port(1, "p1", 0xaa55_aa55_0003)
        first.config = [.noForward]
        let zeros = String(repeating: "0", count: 48)
        expect(
            .multipartReply(.portDescription([first])), .v1_4, xid: 4,
            is: "0513005800000004000d000000000000", "0000000100480000aa55aa5500030000",
            "70310000000000000000000000000000", "0000002000000004", "0000002000000000", zeros)
        expect(
            .multipartReply(.portDescription([first])), .v1_1, xid: 2,
            is: "0213005000000002000d000000000000", "0000000100000000aa55aa5500030000",
            "70310000000000000000000000000000", "0000002000000004", zeros)
    }

    @Test func queues() {
        let queue = QueueStats(port: 1, queue: 0)
        let ones = String(repeating: "f", count: 48)
        let message = Message.multipartReply(.queue([queue]))
        expect(
            message, .v1_0, xid: 2,
            is: "0111002c0000000200050000", "0001000000000000", ones)
        expect(
            message, .v1_3, xid: 2,
            is: "04130038000000020005000000000000", "0000000100000000", ones, "ffffffffffffffff")
        expect(
            message, .v1_4, xid: 2,
            is: "05130040000000020005000000000000", "0030000000000000", "0000000100000000", ones,
            "ffffffffffffffff")
        let config = QueueGetConfigReply(port: 1, queues: [QueueConfig(port: 1, queue: 0)])
        expect(
            .queueGetConfigReply(config), .v1_0, xid: 2,
            is: "0115001800000002", "0001000000000000", "0000000000080000")
        expect(
            .queueGetConfigReply(config), .v1_1, xid: 2,
            is: "0217001800000002", "0000000100000000", "0000000000080000")
    }

    @Test func tables() {
        var stats = TableStats(tableID: 0)
        var features = TableFeatures(tableID: 0)
        features.maxEntries = 1_000_000
        features.match = Field.allCases
        features.wildcards = Field.allCases
        features.metadataMatch = .max
        features.metadataWrite = .max
        features.rules.instructions = .all
        features.rules.write.setFields = Field.allCases.filter { $0.info.writable }
        features.rules.apply = features.rules.write
        features.miss = .drop
        stats.features = features
        let message = Message.multipartReply(.table([stats]))
        let name = String(repeating: "0", count: 64)
        let counters = "00000000" + String(repeating: "0", count: 32)
        expect(
            message, .v1_0, xid: 2,
            is: "0111004c0000000200030000", "00000000", name, "003fffff000f4240", counters)
        expect(
            message, .v1_2, xid: 2,
            is: "03130090000000020003000000000000", "0000000000000000", name,
            "0000101ffffffffd0000101ffffffffd", "03ff800103ff8001",
            "0000000ffffffbdd0000000ffffffbdd", "ffffffffffffffffffffffffffffffff",
            "0000003e00000002000f4240", counters)
        stats.features?.miss = .controller
        expect(
            .multipartReply(.table([stats])), .v1_1, xid: 2,
            is: "02130068000000020003000000000000", "0000000000000000", name,
            "0000fbff0000fbff0000003e01ffe7ff01ffe7ff00000000000f4240", counters)
        var description = TableDescription(tableID: 2)
        description.evictionFlags = 7
        expect(
            .multipartReply(.tableDescription([description])), .v1_4, xid: 2,
            is: "0513002000000002000e000000000000",
            "00100200000000000002000800000007")
    }

    @Test func meters() {
        let meter = MeterConfig(
            meterID: 1, flags: [.kilobitsPerSecond],
            bands: [MeterBand(.drop, rate: 2000, burstSize: 2000)])
        expect(
            .multipartReply(.meterConfig([meter])), .v1_5, xid: 2,
            is: "0613002800000002000a000000000000",
            "001800010000000100010010000007d0000007d000000000")
        var features = MeterFeatures()
        features.maxMeters = 0x40000
        features.bandTypes = 2
        features.capabilities = [.kilobitsPerSecond, .packetsPerSecond, .burst, .stats]
        features.maxBands = 8
        expect(
            .multipartReply(.meterFeatures(features)), .v1_5, xid: 2,
            is: "0613002000000002000b000000000000", "00040000000000020000000f08000000")
        var stats = MeterStats(meterID: 1)
        stats.durationNanoseconds = 0x0337_f980
        stats.bands = [MeterStats.BandCounter(packetCount: 0, byteCount: 0)]
        expect(
            .multipartReply(.meter([stats])), .v1_5, xid: 2,
            is: "061300480000000200090000000000000000000100380000",
            String(repeating: "0", count: 56), "0337f980", String(repeating: "0", count: 32))
    }

    @Test func groups() {
        var group = GroupDescription(type: .select, groupID: 2)
        group.buckets = [
            Bucket(id: 0, actions: [.output(port: 1, maxLength: 0)]),
            Bucket(id: 1, actions: [.output(port: 2, maxLength: 0)]),
        ]
        group.buckets[0].weight = 5
        group.buckets[1].weight = 3
        var method = SelectionMethod(.hash)
        method.fields = [
            .init(field: .tcpDestination, mask: FieldValue(0xffff, byteCount: 2)),
            .init(field: .ipv4Source, mask: FieldValue(0xffff_0000, byteCount: 4)),
        ]
        group.selectionMethod = method
        expect(
            .multipartReply(.groupDescription([group])), .v1_0, xid: 2,
            is: "0111009000000002ffff000000002320000000080000000000780100000000020030000000000000",
            "00180008000000000000000800010000000000080005000000180008000000010000000800020000",
            "0000000800030000ffff00360000154d000000010000000068617368000000000000000000000000",
            "000000000000000000000e04ffff000000001402ffff0000")
        expect(
            .multipartReply(.groupFeatures(GroupFeatures())), .v1_5, xid: 2,
            is: "061300380000000200080000000000000000000f00000007",
            "ffffff00ffffff00ffffff00ffffff00", "03ff800103ff800103ff800103ff8001")
    }

    private static let packet = MessageCaptures.bytes(
        "505400000007505400000005080045000068000000004006f93cc0a80001c0a800020008005000000000000000"
            + "005000000049f50000000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
            + "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f")

    @Test func packetIns() {
        let data = MessageCaptures.text(Self.packet)
        var packet = PacketIn(packet: Self.packet)
        packet.cookie = 0
        packet.metadata.set(.inPort, to: 1)
        expect(
            .packetIn(packet), .v1_0, xid: 0,
            is: "010400a8000000000000232000000011ffffffff00760100000000000000000000060000000000",
            "0000000002000100000000", data
        ) { $0.packetInFormat = .nicira }
        packet.metadata = FlowMatch()
        packet.metadata.set(.inPort, to: 2)
        packet.metadata.set(.reg3, to: 7)
        let start = "040400c800000000000023200000001e" + "0000007a" + data + "000000000000"
        let middle = "0003000500000000" + "00040010000000000000000000000000" + "0005000501000000"
        expect(
            .packetIn(packet), .v1_3, xid: 0,
            is: start, middle, "00060014800000040000000200010604", "0000000700000000"
        ) { $0.packetInFormat = .nicira2 }
        expect(
            .packetIn(packet), .v1_2, xid: 0,
            is: "030a00a000000000ffffffff007601000001001480000004000000020001060400000007",
            "000000000000", data)
    }

    @Test func flowRemoved() {
        var removed = FlowRemoved()
        removed.match.set(.inPort, to: 2)
        removed.priority = 0x8000
        removed.idleTimeout = 1
        removed.packetCount = 1
        removed.byteCount = 0x76
        removed.durationNanoseconds = 0x2793_d600
        expect(
            .flowRemoved(removed), .v1_2, xid: 0,
            is: "030b004000000000000000000000000080000200000000002793d600",
            "000100000000000000000001000000000000007600", "01000c800000040000000200000000")
        removed.durationNanoseconds = 0x3066_2300
        expect(
            .flowRemoved(removed), .v1_5, xid: 0,
            is: "060b005000000000000280000001000000000000000000000001000c8000000400000002",
            "00000000000000288002000800000000306623008002080800000000000000018002",
            "0a080000000000000076")
    }

    @Test func tunnelOptions() {
        var reply = TunnelOptionTableReply()
        reply.mappings = [
            TunnelOptionMapping(optionClass: 0xffff, optionType: 0, length: 4, index: 0),
            TunnelOptionMapping(optionClass: 0xffff, optionType: 1, length: 16, index: 1),
        ]
        expect(
            .tunnelOptionTableReply(reply), .v1_0, xid: 2,
            is: "0104003000000002000023200000001a00000100004000000000000000000000",
            "ffff000400000000ffff011000010000")
    }
}
