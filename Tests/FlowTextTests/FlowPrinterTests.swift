// The forms that depend on names, statistics and options, on literal texts.

import Flow
import OpenFlow
import Testing

@testable import FlowText

@Suite struct FlowPrinterTests {
    static let context = FlowTextContext(
        ports: NameMap([(1, "eth0"), (2, "veth-a"), (3, "tap\"x")]), tables: NameMap([(5, "web")]))

    /// Ports and tables are read and printed by name; odd names are quoted.
    @Test func names() throws {
        let context = FlowPrinterTests.context
        let text =
            "in_port=eth0 actions=output:\"veth-a\",resubmit(,web),\"tap\\\"x\",goto_table:web"
        let flow = try FlowParser.flow(text, context: context)
        #expect(flow.match.exact(.inPort) == 1)
        #expect(MatchPrinter.text(flow.match, context: context) == "in_port=eth0")
        #expect(
            ActionPrinter.text(flow.actions, context: context)
                == "output:\"veth-a\",resubmit(,web),output:\"tap\\\"x\",goto_table:web")
        #expect(
            ActionPrinter.text(flow.actions) == "output:2,resubmit(,5),output:3,goto_table:5")
    }

    /// What sets nothing is printed in a form that is read again.
    @Test func emptyMask() throws {
        let printed = ActionPrinter.text(
            try FlowParser.flow("ip actions=set_field:*->ip_dscp").actions)
        #expect(printed == "set_field:ANY->ip_dscp")
        let again = try FlowParser.flow("ip actions=" + printed).actions
        #expect(ActionPrinter.text(again) == printed)
    }

    /// A name of two numbers names neither.
    @Test func ambiguousNames() {
        let map = NameMap([(1, "a"), (2, "a"), (3, "b"), (3, "c")])
        #expect(map.number(of: "a") == nil)
        #expect(map.name(of: 3) == nil)
        #expect(map.number(of: "c") == 3)
    }

    /// A dump line has statistics in the tool's order.
    @Test func dumpLine() throws {
        let parsed = try FlowParser.flow("priority=7,tcp,tp_dst=80 actions=2")
        var flow = FlowDescription()
        flow.match = parsed.match
        flow.actions = parsed.actions
        flow.priority = parsed.priority
        flow.cookie = 0x1f
        flow.durationNanoseconds = 12_345_000_000
        flow.table = 3
        flow.packetCount = 5
        flow.byteCount = 490
        flow.idleTimeoutSeconds = 10
        flow.hardTimeoutSeconds = 20
        flow.flags = [.sendFlowRemoved, .noByteCounts]
        flow.importance = 9
        flow.idleAgeSeconds = 4
        flow.hardAgeSeconds = 12
        #expect(
            FlowPrinter.line(flow)
                == "cookie=0x1f, duration=12.345s, table=3, n_packets=5, n_bytes=490, "
                + "idle_timeout=10, hard_timeout=20, send_flow_rem no_byte_counts importance=9, "
                + "idle_age=4, priority=7,tcp,tp_dst=80 actions=output:2")
        #expect(
            FlowPrinter.bridgeLine(flow)
                == "table_id=3, duration=12s, n_packets=5, n_bytes=490, "
                + "priority=7,tcp,tp_dst=80,actions=output:2")
        #expect(
            FlowPrinter.line(FlowDescription(), statistics: false) == "actions=drop")
    }

    /// Durations have the decimals they need.
    @Test(arguments: [
        (0, "0s"), (5_000_000_000, "5s"), (1_250_000_000, "1.250s"), (1_000_000, "0.001s"),
        (1_000_000_100, "1.0000001s"),
    ] as [(UInt64, String)])
    func durations(nanoseconds: UInt64, text: String) {
        #expect(FlowPrinter.duration(nanoseconds) == text)
    }

    /// Requests take what additions do not, and the other way round.
    @Test func commands() throws {
        let request = try FlowParser.flow(
            "table=2,cookie=5/-1,out_port=LOCAL,out_group=7", command: .request)
        #expect(request.table == 2)
        #expect(request.cookie == 5)
        #expect(request.cookieMask == .max)
        #expect(request.outPort == ReservedPort.local)
        #expect(request.outGroup == 7)
        let removal = try FlowParser.flow("delete_strict priority=5,ip", command: nil)
        #expect(removal.command == .deleteStrict)
        #expect(removal.priority == 5)
        let change = try FlowParser.flow("modify cookie=9,ip actions=1", command: nil)
        #expect(change.command == .modify)
        #expect(change.newCookie == 9)
        #expect(throws: FlowTextError("unknown keyword priority")) {
            try FlowParser.flow("priority=5", command: .delete)
        }
    }

    /// Tunnel options lie where the bridge's table has them.
    @Test func tunnelOptions() throws {
        var table = TunnelOptionTable()
        try table.add(optionClass: 0x102, type: 0x80, byteCount: 4, index: 1)
        try table.add(optionClass: 0x102, type: 0x81, byteCount: 8, index: 0)
        let context = FlowTextContext(tunnelOptions: TunnelOptionLayout(table))
        let match = try FlowParser.match("tun_metadata0=0x1234,tun_metadata1", context: context)
        #expect(
            MatchPrinter.text(match, context: context) == "tun_metadata0=0x1234,tun_metadata1")
        #expect(match.tunnelOptionsUsed == 3)
        let key = FlowKey.allocate()
        defer { key.deallocate() }
        let text = "tunnel(tun_id=0x5,src=1.1.1.1,dst=2.2.2.2,ttl=64,"
            + "geneve({class=0x102,type=0x81,len=8,0x1234}),flags(df|csum|key)),recirc_id(0x7),"
            + "in_port(3),packet_type(ns=0,id=0),eth(src=00:00:00:00:00:01,"
            + "dst=00:00:00:00:00:02),eth_type(0x1234)"
        let extras = try DatapathFlowText.parse(text, into: key, options: table)
        #expect(extras.recirculationID == 7)
        #expect(
            DatapathFlowText.text(key, inPort: 3, recirculationID: 7, options: table) == text)
    }

    /// The numbers behind a datapath flow.
    @Test func datapathStatistics() {
        #expect(
            DatapathFlowText.statistics(
                packets: 5, bytes: 490, usedMilliseconds: 400, tcpFlags: 0x1a)
                == "packets:5, bytes:490, used:0.400s, flags:SP.")
        #expect(
            DatapathFlowText.statistics(packets: 0, bytes: 0, usedMilliseconds: nil)
                == "packets:0, bytes:0, used:never")
    }

    /// A packet filled up to a length has the right lengths inside.
    @Test func paddedPacket() throws {
        let key = FlowKey.allocate()
        defer { key.deallocate() }
        try FlowKeyParser.parse("udp,nw_src=1.1.1.1,nw_dst=2.2.2.2,udp_dst=9", into: key)
        let packet = try #require(PacketComposer.packet(key, byteCount: 100))
        #expect(packet.count == 100)
        #expect(Array(packet[16..<18]) == [0, 86])
        #expect(Array(packet[38..<40]) == [0, 66])
        #expect(InternetChecksum.of(Array(packet[14..<34])) == 0)
        #expect(PacketComposer.packet(key, byteCount: 20) == nil)
    }
}
