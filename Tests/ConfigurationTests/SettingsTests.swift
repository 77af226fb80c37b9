// What rows mean: defaults, addresses, controllers' sockets, bundles.

import OVSDB
import Ofproto
import Testing

@testable import Configuration

@Suite struct SettingsTests {
    @Test("Ethernet addresses are read and written")
    func ethernet() {
        #expect(EthernetText.address("00:11:22:aa:BB:cc") == 0x0011_22aa_bbcc)
        #expect(EthernetText.text(0x0011_22aa_bbcc) == "00:11:22:aa:bb:cc")
        for bad in ["", "00:11:22:33:44", "00:11:22:33:44:5g", "0:1:2:3:4:555", "+0:1:2:3:4:5"] {
            #expect(EthernetText.address(bad) == nil)
        }
    }

    @Test("A bridge's own address comes from its row, as in Open vSwitch")
    func bridgeAddress() throws {
        let uuid = try #require(RowUUID("ee47bacb-0a64-420a-a61b-bac2be740dde"))
        #expect(EthernetText.address(ofBridge: uuid) == 0xcaba_47ee_0a42)
    }

    @Test("Numbers and flags in maps are read as OVS reads them")
    func maps() {
        let map = ["a": "12", "b": "0x10", "c": "x", "d": "TRUE", "e": "-3", "f": "yes"]
        #expect(map.integer("a", 0) == 12)
        #expect(map.integer("b", 0) == 16)
        #expect(map.integer("c", 5) == 5)
        #expect(map.integer("e", 5) == -3)
        #expect(map.boolean("d", false))
        #expect(!map.boolean("f", false))
        #expect(map.boolean("f", true))
    }

    @Test("Controllers are primary or service by type, else by whether they listen")
    func controllerKind() {
        func kind(_ target: String, _ type: String? = nil) -> ControllerKind {
            ControllerKind(
                TestRows.controller(["target": .string(target), "type": .optional(type)]))
        }
        #expect(kind("tcp:1.2.3.4") == .primary)
        #expect(kind("ptcp:6653") == .service)
        #expect(kind("ptcp:6653", "primary") == .primary)
        #expect(kind("tcp:1.2.3.4", "service") == .service)
    }

    @Test("Inactivity probes are whole seconds; 0 is never")
    func probes() {
        func seconds(_ milliseconds: Int64?) -> Int64 {
            ControllerPolicy.probeSeconds(
                TestRows.controller(["inactivity_probe": .optional(milliseconds)]))
        }
        #expect(seconds(nil) == 5)
        #expect(seconds(0) == 0)
        #expect(seconds(500) == 1)
        #expect(seconds(7999) == 7)
    }

    @Test("Sockets of controllers stay within the run directory")
    func confinement() {
        func refused(_ target: String) -> Bool {
            ControllerPolicy.refusal(ofTarget: target, bridge: "br0", runDirectory: "/run/ovs")
                != nil
        }
        #expect(!refused("unix:/run/ovs/ctl"))
        #expect(!refused("unix:/run//ovs/ctl"))
        #expect(!refused("unix:ctl"))
        #expect(refused("unix:/etc/ctl"))
        #expect(refused("unix:/run/ovs/../../etc/ctl"))
        #expect(refused("unix:/run/ovsx/ctl"))
        #expect(!refused("punix:/run/ovs/br0.foo"))
        #expect(refused("punix:/run/ovs/br1.foo"))
        #expect(refused("punix:/run/ovs/br0.foo/bar"))
        #expect(!refused("tcp:1.2.3.4"))
    }

    @Test("A tag makes an access port, trunks with a native VLAN include it")
    func bundles() {
        let access = BundleSettings(
            PortSettings(row: TestRows.portRow("p", ["tag": .integer(5)]), interfaces: []),
            members: [1], activeMember: nil)
        #expect(access.mode == .access && access.tag == 5 && access.trunks == nil)
        let native = BundleSettings(
            PortSettings(
                row: TestRows.portRow(
                    "p",
                    [
                        "tag": .integer(5), "trunks": .integers([7, 9]),
                        "vlan_mode": .string("native-untagged"),
                    ]), interfaces: []), members: [1], activeMember: nil)
        #expect(native.mode == .nativeUntagged && native.trunks == [7, 9, 5])
        let plain = BundleSettings(
            PortSettings(row: TestRows.portRow("p"), interfaces: []), members: [1],
            activeMember: nil)
        #expect(plain.mode == .trunk && plain.trunks == nil && plain.bondMode == 0)
    }
}
