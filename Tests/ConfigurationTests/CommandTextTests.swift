// The text of commands, against what OVS prints.

import Dpif
import Flow
import Testing

@testable import Configuration

@Suite struct CommandTextTests {
    private var connection: ConnectionInfo {
        var connection = ConnectionInfo()
        connection.proto = 6
        connection.zone = 5
        connection.original.source = [10, 0, 0, 1]
        connection.original.destination = [10, 0, 0, 2]
        connection.original.sourcePort = 8
        connection.original.destinationPort = 9
        connection.reply.source = [10, 0, 0, 2]
        connection.reply.destination = [10, 0, 0, 1]
        connection.reply.sourcePort = 9
        connection.reply.destinationPort = 8
        connection.mark = 7
        connection.timeoutSeconds = 29
        connection.protocolState = "SYN_SENT"
        return connection
    }

    @Test("A TCP connection reads as OVS's")
    func tcp() {
        #expect(
            ConntrackText.line(connection, isVerbose: false, showsStatistics: false)
                == "tcp,orig=(src=10.0.0.1,dst=10.0.0.2,sport=8,dport=9),"
                + "reply=(src=10.0.0.2,dst=10.0.0.1,sport=9,dport=8),zone=5,mark=7,"
                + "protoinfo=(state=SYN_SENT)")
    }

    @Test("Statistics and details are added on request")
    func verbose() {
        var connection = connection
        var end = ConnectionInfo.TCPEnd(state: "SYN_SENT")
        end.windowShift = 7
        end.hasWindowScale = true
        connection.originalEnd = end
        connection.replyEnd = ConnectionInfo.TCPEnd(state: "CLOSED")
        let text = ConntrackText.line(connection, isVerbose: true, showsStatistics: true)
        #expect(text.contains(",id=0,zone=5,status=0,timeout=29,mark=7,"))
        #expect(
            text.contains(
                "protoinfo=(state_orig=SYN_SENT,state_reply=CLOSED,wscale_orig=7,wscale_reply=0,"
                    + "flags_orig=WINDOW_SCALE,flags_reply=0)"))
    }

    @Test("An ICMP connection shows id, type and code; labels are hexadecimal")
    func icmp() {
        var ping = connection
        ping.proto = 1
        ping.protocolState = nil
        ping.original.icmpType = 8
        ping.labelLow = 0x1f
        ping.labelHigh = 1
        let text = ConntrackText.line(ping, isVerbose: false, showsStatistics: false)
        #expect(text.contains("id=8,type=8,code=0"))
        #expect(text.contains(",labels=0x1000000000000001f"))
    }

    @Test("Flush patterns match what they name and nothing else")
    func patterns() throws {
        var pattern = ConntrackPattern()
        try pattern.read("ct_nw_src=10.0.0.1,ct_nw_proto=6,ct_tp_dst=9", into: \.original)
        #expect(pattern.matches(connection))
        var other = ConntrackPattern()
        try other.read("ct_nw_src=10.0.0.3", into: \.original)
        #expect(!other.matches(connection))
        for bad in ["ct_nw_src", "foo=1", "ct_tp_src=5", "ct_nw_src=x", "icmp_id=3"] {
            var pattern = ConntrackPattern()
            #expect(throws: CommandFailure.self) { try pattern.read(bad, into: \.original) }
        }
    }

    @Test("Operations read as datapath actions")
    func operations() {
        let operations = [
            DatapathOperation(.conntrack, flags: 1, a: 5),
            DatapathOperation(.setEthernet, flags: 2, d: 0x0011_2233_4455),
            DatapathOperation(.pushVLAN, a: 0x8100, b: 0x1064),
            DatapathOperation(.clone), DatapathOperation(.output, b: 3),
            DatapathOperation(.cloneEnd), DatapathOperation(.output, b: 2),
        ]
        #expect(
            OperationText().text(operations)
                == "ct(commit,zone=5),set(eth(src=00:11:22:33:44:55)),push_vlan(vid=100,pcp=0),"
                + "clone(3),2")
        #expect(OperationText().text([]) == "drop")
    }

    @Test("What is last in a trace is not set further in")
    func traceTree() {
        let root = TraceNode(.bridge, "bridge(\"br0\")")
        let table = root.add(.table, " 0. ipv6, priority 5")
        table.add(.action, "resubmit(,7)")
        table.add(.table, " 7. No match.").add(.action, "drop")
        table.add(.action, "group:1")
        #expect(
            TraceNode.text([root]) == """

                bridge("br0")
                -------------
                 0. ipv6, priority 5
                    resubmit(,7)
                     7. No match.
                            drop
                    group:1

                """)
    }

    @Test("Presumed states of connections are checked")
    func states() throws {
        #expect(try ConntrackStateText.parse("trk,est") == 0x22)
        #expect(ConntrackStateText.text(0x21) == "new|trk")
        for bad in ["foo", "est", "trk,new,est", "trk,inv,new"] {
            #expect(throws: CommandFailure.self) { try ConntrackStateText.parse(bad) }
        }
    }

    @Test("Fractions are rounded and padded")
    func decimals() {
        #expect(Decimal.text(0.4, 1) == "0.4")
        #expect(Decimal.text(0.0333, 3) == "0.033")
        #expect(Decimal.text(134.2665, 3) == "134.266" || Decimal.text(134.2665, 3) == "134.267")
        #expect(Decimal.text(2, 2) == "2.00")
    }
}
