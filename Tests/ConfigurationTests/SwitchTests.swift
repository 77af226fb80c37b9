// The whole control room against a real ovsdb-server, driven by the real ovs-vsctl, ovs-ofctl:
// numbers, errors and status come back as the tools expect them.

import Dpif
import Foundation
import OVSDB
import Testing

@testable import Configuration

@Suite(.serialized) struct SwitchTests {
    @Test("ovs-vsctl returns when bridge and ports are in force, with their numbers")
    func addBridge() throws {
        let world = try SwitchWorld()
        defer { world.close() }
        world.datapath.systemDevices = ["eth1", "eth2"]
        #expect(
            world.vsctl("add-br", "br0", "--", "add-port", "br0", "eth1", "--", "add-port", "br0",
                "eth2", "--", "set", "Interface", "eth2", "ofport_request=9") == "")
        #expect(world.vsctl("get", "Interface", "eth1", "ofport") == "1")
        #expect(world.vsctl("get", "Interface", "eth2", "ofport") == "9")
        #expect(world.vsctl("get", "Interface", "br0", "ofport") == "65534")
        #expect(world.vsctl("get", "Bridge", "br0", "datapath_version") == "\"<built-in>\"")
        #expect(world.vsctl("get", "Interface", "eth1", "link_state") == "up")
        let ports = world.ofctl("dump-ports-desc", "br0")
        #expect(ports.contains("1(eth1)") && ports.contains("9(eth2)"))
        #expect(ports.contains("LOCAL(br0)"))
    }

    @Test("A missing device is an error in its row, and is opened when it appears")
    func missingDevice() throws {
        let world = try SwitchWorld()
        defer { world.close() }
        _ = world.vsctl("--no-wait", "add-br", "br0", "--", "add-port", "br0", "late")
        #expect(
            world.wait {
                world.vsctl("get", "Interface", "late", "ofport") == "-1"
            })
        #expect(
            world.vsctl("get", "Interface", "late", "error")
                == "\"could not open network device late (No such device)\"")
        world.datapath.systemDevices = ["late"]
        world.vswitch.linksChanged()
        #expect(world.wait { world.vsctl("get", "Interface", "late", "ofport") == "1" })
        #expect(world.vsctl("get", "Interface", "late", "error") == "[]")
    }

    @Test("Flows go in and are dumped; fail mode decides about the first")
    func flows() throws {
        let world = try SwitchWorld()
        defer { world.close() }
        #expect(world.vsctl("add-br", "br0") == "")
        #expect(world.ofctl("dump-flows", "br0").contains("actions=NORMAL"))
        #expect(world.vsctl("set-fail-mode", "br0", "secure") == "")
        #expect(!world.ofctl("dump-flows", "br0").contains("NORMAL"))
        #expect(world.ofctl("add-flow", "br0", "priority=5,tcp,actions=drop") == "")
        #expect(world.command("bridge/dump-flows", "br0").contains("priority=5,tcp,actions=drop"))
    }

    @Test("Link changes are written back")
    func linkState() throws {
        let world = try SwitchWorld()
        defer { world.close() }
        world.datapath.systemDevices = ["eth1"]
        #expect(world.vsctl("add-br", "br0", "--", "add-port", "br0", "eth1") == "")
        world.datapath.change("eth1") { $0.hasLink = false }
        world.vswitch.linksChanged()
        #expect(world.wait { world.vsctl("get", "Interface", "eth1", "link_state") == "down" })
        #expect(world.ofctl("dump-ports-desc", "br0").contains("LINK_DOWN"))
    }

    @Test("The switch forwards on while the database is away, and catches up when it is back")
    func databaseRestart() throws {
        let world = try SwitchWorld()
        defer { world.close() }
        #expect(world.vsctl("add-br", "br0") == "")
        world.stopDatabase()
        #expect(world.wait { !world.isSynchronised })
        #expect(world.vswitch.bridges["br0"] != nil)
        try world.startDatabase()
        #expect(world.vsctl("add-br", "br1") == "")
        #expect(world.command("ofproto/list") == "br0\nbr1\n")
    }

    @Test("A second daemon waits for the lock and does nothing")
    func lock() throws {
        let world = try SwitchWorld()
        defer { world.close() }
        #expect(world.vsctl("add-br", "br0") == "")
        let other = world.makeSwitch(NullDatapath())
        other.start()
        #expect(
            world.wait {
                world.host.messages.contains { $0.contains("another ovs-vswitchd process") }
            })
        #expect(other.bridges.isEmpty)
        #expect(world.vswitch.bridges["br0"] != nil)
        other.shutdown()
    }

    @Test("Bridges and ports that leave the database leave the switch")
    func removal() throws {
        let world = try SwitchWorld()
        defer { world.close() }
        world.datapath.systemDevices = ["eth1"]
        #expect(world.vsctl("add-br", "br0", "--", "add-port", "br0", "eth1") == "")
        #expect(world.datapath.ports.count == 2)
        #expect(world.vsctl("del-port", "eth1") == "")
        #expect(world.datapath.ports.count == 1)
        #expect(world.vsctl("del-br", "br0") == "")
        #expect(world.datapath.ports.isEmpty)
        #expect(!FileManager.default.fileExists(atPath: world.directory + "/br0.mgmt"))
    }

    @Test("Timeout policies of zones reach the tracker, capabilities come back")
    func zones() throws {
        let world = try SwitchWorld()
        defer { world.close() }
        #expect(world.vsctl("add-br", "br0") == "")
        #expect(
            world.vsctl(
                "--", "--id=@d", "create", "Datapath", "datapath_version=0", "--", "set",
                "Open_vSwitch", ".", "datapaths:system=@d", "--", "add-zone-tp", "system",
                "zone=4", "udp_first=7") != "")
        _ = world.vsctl("add-zone-tp", "system", "zone=4", "udp_first=7")
        #expect(world.wait { world.datapath.timeouts[4] == ["udp_first": 7] })
        #expect(world.vsctl("list", "Datapath").contains("ct_zero_snat=\"true\""))
    }

    @Test("A trace says which rules were found and what would be done")
    func trace() throws {
        let world = try SwitchWorld()
        defer { world.close() }
        world.datapath.systemDevices = ["eth1", "eth2"]
        _ = world.vsctl("add-br", "br0", "--", "set-fail-mode", "br0", "secure")
        _ = world.vsctl("add-port", "br0", "eth1", "--", "add-port", "br0", "eth2")
        _ = world.ofctl("add-flow", "br0", "priority=9,in_port=1,ip,actions=resubmit(,3)")
        _ = world.ofctl("add-flow", "br0", "table=3,priority=2,actions=output:2")
        let text = world.command(
            "ofproto/trace", "br0", "in_port=1,tcp,nw_src=1.2.3.4,nw_ttl=64")
        #expect(
            text.contains(
                """
                bridge("br0")
                -------------
                 0. ip,in_port=1, priority 9
                    resubmit(,3)
                 3. priority 2
                    output:2

                Final flow: unchanged
                """), "\(text)")
        #expect(text.contains("Datapath actions: "))
    }
}
