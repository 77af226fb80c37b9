// The real ovs-ofctl against a bridge, and the same commands against the installed Open vSwitch:
// what the tool prints must be the same but for times.

import Dpif
import Flow
import Foundation
import Glibc
import OpenFlow
import Testing

@testable import Ofproto

@Suite(.serialized) struct OfctlTests {
    private func withServer<T>(_ body: (OpenFlowServer) throws -> T) throws -> T {
        let path = "/tmp/vd-of-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
        let server = try #require(OpenFlowServer(path: path))
        server.start { parts in
            for number in 1...3 as ClosedRange<UInt32> {
                parts.bridge.addPort(
                    OfprotoPort(
                        name: "p\(number)", number: number, kind: .device, datapathPort: number,
                        address: MACAddressValue(0xaa55_aa55_0000 + UInt64(number))))
            }
            parts.bridge.addPort(
                OfprotoPort(
                    name: "br0", number: ReservedPort.local, kind: .device, datapathPort: 100,
                    address: MACAddressValue(0xaa55_aa55_0000)))
            parts.bridge.publishConfiguration()
        }
        defer { server.stop() }
        return try body(server)
    }

    /// The lines of an output with everything taken out that differs between any two runs.
    private func normalized(_ output: ToolOutput) -> [String] {
        var text = output.text
        for (pattern, replacement) in [
            ("duration[=:][0-9.]+s", "duration=X"), ("idle_age=[0-9]+", "idle_age=X"),
            ("hard_age=[0-9]+, ?", ""), ("[0-9a-f]{2}(:[0-9a-f]{2}){5}", "MAC"),
            ("unix:[^ ]+(mgmt|sock)", "SOCKET"), ("xid=0x[0-9a-f]+", "xid=X"),
            ("[0-9-]+T[0-9:]+Z\\|[0-9]+\\|", ""), ("time=[0-9.]+ ms", "time=X"),
        ] {
            text = text.replacingOccurrences(
                of: pattern, with: replacement, options: .regularExpression)
        }
        return text.split(separator: "\n").map(String.init).sorted() + ["status \(output.status)"]
    }

    @Test(
        "ovs-ofctl prints the same for this bridge as for Open vSwitch",
        .enabled(if: ToolRunner.isInstalled, "needs the openvswitch-switch package"))
    func sameAsPeer() throws {
        let peer = try #require(PeerSwitch())
        defer { peer.stop() }
        try withServer { server in
            let commands = OfctlCommands.text.split(separator: "\n").map(String.init)
            for command in commands where !command.hasPrefix("#") {
                let theirs = ToolRunner.run(
                    command.replacingOccurrences(of: "BR", with: peer.target))
                let ours = ToolRunner.run(
                    command.replacingOccurrences(of: "BR", with: "unix:\(server.path)"))
                let difference = normalized(ours).difference(from: normalized(theirs))
                let shown = difference.map { "\($0)" }.joined(separator: "\n")
                #expect(shown.isEmpty, "\(command)")
            }
        }
    }

    @Test(
        "ovs-ofctl monitor shows packets, and lets a paused one go on",
        .enabled(if: ToolRunner.isInstalled, "needs the openvswitch-switch package"))
    func monitor() throws {
        try withServer { server in
            let process = try #require(
                ChildProcess(
                    "exec ovs-ofctl monitor unix:\(server.path) resume 65534 -P nxt_packet_in2",
                    environment: ["OVS_RUNDIR": "/tmp"]))
            try waitUntil { server.run { $0.bridge.sessions.first?.missSendLength == 65534 } }
            server.run { parts in
                parts.datapath.resumable = [5]
                var event = PacketInEvent()
                event.isPaused = true
                event.continuation = 5
                event.frame = [UInt8](repeating: 0, count: 60)
                event.userdata = [1, 2, 3]
                event.key = [UInt8](repeating: 0, count: FlowLayout.byteCount)
                event.key[FlowLayout.inPort + 3] = 2
                event.key[FlowLayout.reg + 3] = 9
                parts.bridges.handle(.packetIn(event))
            }
            try waitUntil { server.run { !$0.datapath.resumed.isEmpty } }
            process.stop()
            let text = process.readOutput()
            _ = process.wait()
            #expect(text.contains("NXT_PACKET_IN2"), "\(text)")
            #expect(text.contains("userdata=01.02.03"), "\(text)")
            #expect(text.contains("reg0=0x9,in_port=2 (via action)"), "\(text)")
            #expect(text.contains("continuation.bridge="), "\(text)")
            let resumed = server.run { $0.datapath.resumed.map(\.handle) }
            #expect(resumed == [5])
        }
    }

    @Test(
        "ovs-ofctl monitor watch: follows the changes of flows",
        .enabled(if: ToolRunner.isInstalled, "needs the openvswitch-switch package"))
    func watch() throws {
        try withServer { server in
            let process = try #require(
                ChildProcess(
                    "exec ovs-ofctl monitor unix:\(server.path) watch:",
                    environment: ["OVS_RUNDIR": "/tmp"]))
            try waitUntil { server.run { $0.bridge.sessions.first?.monitors.isEmpty == false } }
            for command in ["add-flow BR ip,actions=1", "mod-flows BR ip,actions=2", "del-flows BR"]
            {
                let line = command.replacingOccurrences(of: "BR", with: "unix:\(server.path)")
                #expect(ToolRunner.run("ovs-ofctl \(line)").status == 0)
            }
            usleep(300_000)
            process.stop()
            let text = process.readOutput()
            _ = process.wait()
            #expect(text.contains("event=ADDED table=0 cookie=0 ip actions=output:1"), "\(text)")
            #expect(text.contains("event=MODIFIED table=0 cookie=0 ip actions=output:2"), "\(text)")
            #expect(text.contains("event=DELETED reason=delete table=0 cookie=0 ip"), "\(text)")
        }
    }

    private func waitUntil(_ condition: () -> Bool) throws {
        for _ in 0..<200 {
            if condition() { return }
            usleep(50_000)
        }
        Issue.record("it did not happen in ten seconds")
    }
}
