// Compares how packet headers are read, composed and printed with the installed Open vSwitch:
// `ovs-ofctl compose-packet` for the bytes, `ofproto/trace` for the text.

import Flow
import Testing

@testable import FlowText

@Suite(.serialized) struct OracleKeyTests {
    static func withKey<T>(_ body: (FlowKey) throws -> T) rethrows -> T {
        let key = FlowKey.allocate()
        defer { key.deallocate() }
        return try body(key)
    }

    /// The bytes of a hexadecimal dump with an offset before each line.
    static func bytes(ofDump dump: String) -> [UInt8] {
        dump.split(separator: "\n").flatMap { line in
            line.split(whereSeparator: { $0 == " " || $0 == "-" }).dropFirst()
                .compactMap { UInt8($0, radix: 16) }
        }
    }

    /// A composed packet is the tool's, byte by byte.
    @Test(.enabled(if: Oracle.isInstalled, "needs ovs-ofctl"))
    func composesTheSamePacket() throws {
        var generator = FlowKeyGenerator(seed: 77)
        for _ in 0..<120 {
            let text = generator.flow(metadata: false)
            let (output, errors, _) = try Oracle.run(Oracle.tool, ["compose-packet", text])
            let theirs = OracleKeyTests.bytes(ofDump: output)
            try #require(!theirs.isEmpty, "\(text): \(errors)")
            let ours = try OracleKeyTests.withKey { key in
                try FlowKeyParser.parse(text, into: key)
                return PacketComposer.packet(key)
            }
            #expect(ours == theirs, "from \(text)")
        }
    }

    /// A key given in match syntax, or in datapath syntax as we print it, is shown as the switch
    /// shows it.
    @Test(.enabled(if: SwitchOracle.isInstalled, "needs ovs-vswitchd"))
    func printsTheSameHeaders() throws {
        let oracle = try SwitchOracle()
        defer { oracle.stop() }
        var generator = FlowKeyGenerator(seed: 99)
        for _ in 0..<120 {
            let text = generator.flow(metadata: true)
            let theirs = try oracle.trace(["br0", text])
            let (ours, datapath, again) = try OracleKeyTests.withKey { key in
                try FlowKeyParser.parse(text, into: key)
                let ours = FlowKeyPrinter.text(key)
                key.store64(0, at: FlowLayout.metadata)
                for index in 0..<8 { key.store64(0, at: FlowLayout.reg + index * 8) }
                let datapath = DatapathFlowText.text(key, inPort: 1)
                return try OracleKeyTests.withKey { other in
                    try DatapathFlowText.parse(datapath, into: other)
                    return (ours, datapath, FlowKeyPrinter.text(other))
                }
            }
            #expect(ours == theirs, "from \(text)")
            let traced = try oracle.trace([datapath])
            // The switch has no tunnel port, so it takes no tunneled packet from a datapath.
            if traced.contains("no OpenFlow tunnel port") { continue }
            #expect(again == traced, "from \(datapath)")
        }
    }

    /// What is wrong with a key is told in the tool's words.
    @Test(
        .enabled(if: Oracle.isInstalled, "needs ovs-ofctl"),
        arguments: [
            "foo=1", "tcp,ip", "tcp,nw_proto=6,udp_src=1", "tp_dst=80", "tcp,tp_dst=80/0xff",
            "tcp,tp_dst=80,tp_dst=81", "in_port=nonsense", "ip,nw_src=10.0.0.0/8", "nw_ttl=4",
            "tcp,tp_dst=65536", "dl_src=aa:bb", "ip,tcp", "arp,nw_src=1.2.3.4", "icmp_type=1",
            "tcp,tcp_flags=foo", "ip,nw_frag=maybe", "tcp6,ipv6_src=fe80::1/64",
        ])
    func refusesLikeTheTool(text: String) throws {
        let (_, errors, status) = try Oracle.run(Oracle.tool, ["-vANY:OFF", "compose-packet", text])
        try #require(status != 0)
        let ours = OracleKeyTests.withKey { key in
            do throws(FlowTextError) {
                try FlowKeyParser.parse(text, into: key)
                return "accepted"
            } catch { return error.message }
        }
        #expect(ours == Oracle.strip(errors))
    }
}
