// Reading and changing devices, and what the kernel knows of addresses, routes and neighbours.

import KernelPorts
import PacketBuffer
import Testing

@Suite(.serialized) struct NetdevTests {
    @Test(
        "A device's index, MTU, MAC address and flags are read and set; a missing one is told apart"
    )
    func control() throws {
        let space = try TestNamespace("net")
        try space.run("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1")
        try space.inside {
            let control = try NetdevControl()
            defer { control.close() }
            #expect(try control.mtu(of: "v0") == 1500)
            try control.setMTU(9000, of: "v0")
            try control.setHardwareAddress([2, 1, 2, 3, 4, 5], of: "v0")
            #expect(try !control.isUp("v0"))
            try control.setUp(true, of: "v0")
            try control.setUp(true, of: "v1")
            let link = try LinkInfo.of("v0")
            #expect(link.isUp && link.mtu == 9000 && link.kind == "veth" && link.hasCarrier)
            #expect(link.hardwareAddress == [2, 1, 2, 3, 4, 5])
            #expect(try link.index == control.index(of: "v0"))
            #expect(try LinkInfo.of(index: link.index).name == "v0")
            #expect(try LinkInfo.all().map(\.name).sorted() == ["lo", "v0", "v1"])
            #expect(control.linkMode(of: "v0")?.megabitsPerSecond == 10_000)
            #expect(control.driver(of: "v0")?.name == "veth")
            #expect(!control.exists("v2"))
            #expect(throws: KernelPortError.noDevice) { try LinkInfo.of("v2") }
            #expect(throws: KernelPortError.noDevice) { try LinkInfo.of(index: 4000) }
            #expect(throws: KernelPortError.self) { try control.setMTU(1, of: "v0") }
        }
    }

    @Test("Addresses, routes and neighbours are read as `ip` set them, and their changes are told")
    func routes() throws {
        let space = try TestNamespace("rt")
        try space.run("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1")
        try space.run("ip", "link", "set", "v0", "up")
        try space.run("ip", "link", "set", "v1", "up")
        try space.inside {
            let monitor = try LinkMonitor(includesRoutes: true)
            defer { monitor.close() }
            let index = try LinkInfo.of("v0").index
            #expect(monitor.drain() == [])
            try space.run("ip", "addr", "add", "10.1.0.1/24", "dev", "v0")
            try space.run("ip", "addr", "add", "fd01::1/64", "dev", "v0", "nodad")
            try space.run("ip", "route", "add", "10.2.0.0/16", "via", "10.1.0.9", "metric", "7")
            try space.run("ip", "route", "add", "default", "via", "10.1.0.8")
            try space.run(
                "ip", "neigh", "add", "10.1.0.9", "lladdr", "02:00:00:00:00:09", "dev", "v0")
            let events = monitor.drain()
            #expect(events.contains(.addressesChanged) && events.contains(.routesChanged))
            #expect(events.contains(.neighboursChanged))
            let addresses = try KernelAddress.all()
            #expect(
                addresses.contains(
                    KernelAddress(interfaceIndex: index, address: [10, 1, 0, 1], prefixLength: 24)))
            #expect(
                addresses.contains { $0.address.prefix(2) == [0xfd, 1] && $0.prefixLength == 64 })
            let routes = try KernelRoute.all()
            let far = try #require(routes.first { $0.destination == [10, 2, 0, 0] })
            #expect(far.prefixLength == 16 && far.gateway == [10, 1, 0, 9] && far.metric == 7)
            #expect(far.interfaceIndex == index && far.table == 254 && !far.isLocal)
            let fallback = try #require(routes.first { $0.prefixLength == 0 && !$0.isIPv6 })
            #expect(fallback.gateway == [10, 1, 0, 8])
            #expect(routes.contains { $0.isLocal && $0.destination == [10, 1, 0, 1] })
            #expect(routes.contains { $0.isIPv6 && $0.destination.prefix(2) == [0xfd, 1] })
            #expect(
                try KernelNeighbour.all().contains(
                    KernelNeighbour(
                        interfaceIndex: index, address: [10, 1, 0, 9],
                        hardwareAddress: [2, 0, 0, 0, 0, 9], isPermanent: true)))
        }
    }
}
