// Real traffic of the kernels' own stacks through our ports, between network namespaces.

import Foundation
import KernelPorts
import PacketBuffer
import Testing

@Suite(.serialized) struct KernelTrafficTests {
    /// Two hosts with a veth each into a namespace where the ports are.
    private final class Bench {
        let hosts: [TestNamespace]
        let hub: TestNamespace
        let pool: PacketPool

        init() throws {
            hosts = [try TestNamespace("a"), try TestNamespace("b")]
            hub = try TestNamespace("hub")
            pool = try #require(PacketPool(standardCapacity: 4096, jumboCapacity: 512))
            for (index, host) in hosts.enumerated() {
                try TestNamespace.run(
                    "ip", "-n", hub.name, "link", "add", "p\(index)", "type", "veth", "peer",
                    "name",
                    "eth0", "netns", host.name)
                try TestNamespace.run(
                    "ip", "-n", host.name, "addr", "add", "10.9.0.\(index + 1)/24", "dev", "eth0")
                try TestNamespace.run(
                    "ip", "-n", host.name, "addr", "add", "fd09::\(index + 1)/64", "dev", "eth0",
                    "nodad")
                try TestNamespace.run("ip", "-n", host.name, "link", "set", "eth0", "up")
            }
        }

        deinit { pool.destroy() }

        func packetPorts() throws -> [KernelPort] {
            try hub.inside {
                try (0..<2).map {
                    try AFPacketPort.open(device: "p\($0)", pool: pool, datapathPort: UInt32($0))
                }
            }
        }

        /// Moves 64 MB by TCP from the first host to the second, whose address is given.
        func transfer(to address: String) throws {
            let script = """
                import socket, sys
                family = socket.AF_INET6 if ':' in sys.argv[2] else socket.AF_INET
                s = socket.socket(family, socket.SOCK_STREAM)
                s.settimeout(20)
                data = bytes(range(256)) * 4096
                if sys.argv[1] == 'serve':
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    s.bind((sys.argv[2], 5001)); s.listen(1)
                    c, _ = s.accept(); c.settimeout(20)
                    got = bytearray()
                    while len(got) < 64 * len(data):
                        piece = c.recv(1 << 20)
                        if not piece: break
                        got += piece
                    c.sendall(b'ok' if bytes(got) == data * 64 else b'no')
                else:
                    import time
                    for attempt in range(50):
                        try: s.connect((sys.argv[2], 5001)); break
                        except OSError:
                            s.close(); time.sleep(0.1)
                            s = socket.socket(family, socket.SOCK_STREAM); s.settimeout(20)
                    for _ in range(64): s.sendall(data)
                    sys.exit(0 if s.recv(2) == b'ok' else 1)
                """
            let server = try hosts[1].start("python3", "-c", script, "serve", address)
            defer {
                server.terminate()
                server.waitUntilExit()
            }
            try hosts[0].run("python3", "-c", script, "send", address)
        }
    }

    @Test("TCP passes between packet sockets as super-packets with partial checksums, v4 and v6")
    func superPackets() throws {
        let bench = try Bench()
        let forwarder = TestForwarder(pool: bench.pool, ports: try bench.packetPorts())
        defer { forwarder.stop() }
        try bench.hosts[0].run("ping", "-c", "2", "-i", "0.2", "-W", "2", "10.9.0.2")
        try bench.transfer(to: "10.9.0.2")
        let seen = forwarder.superPackets.load(ordering: .relaxed)
        #expect(seen > 100)
        #expect(forwarder.partialChecksums.load(ordering: .relaxed) > 0)
        try bench.transfer(to: "fd09::2")
        #expect(forwarder.superPackets.load(ordering: .relaxed) > seen + 100)
        #expect(forwarder.ports[0].counters.rxErrors == 0)
        #expect(forwarder.ports[0].counters.txErrors == 0)
        #expect(forwarder.ports[1].counters.txErrors == 0)
    }

    @Test("The same traffic segmented in software is what the receiver's stack accepts")
    func softwareSegments() throws {
        let bench = try Bench()
        let forwarder = TestForwarder(
            pool: bench.pool, ports: try bench.packetPorts(), inSoftware: true)
        defer { forwarder.stop() }
        // The receiver verifies every checksum in software.
        try bench.hosts[1].run("ethtool", "-K", "eth0", "gro", "off", "rx", "off")
        try bench.transfer(to: "10.9.0.2")
        try bench.transfer(to: "fd09::2")
        #expect(forwarder.superPackets.load(ordering: .relaxed) > 100)
        let statistics = try bench.hosts[1].run("cat", "/proc/net/snmp")
        #expect(!statistics.isEmpty)
        #expect(forwarder.ports[1].counters.txErrors == 0)
    }

    @Test("VLAN tags that the kernel takes out are put back, also before super-packets")
    func vlan() throws {
        let bench = try Bench()
        let sender = try bench.hosts[0].inside {
            try AFPacketPort.open(device: "eth0", pool: bench.pool, datapathPort: 1)
        }
        let receivers = try bench.packetPorts()
        let receiver = receivers[0]
        defer {
            sender.close()
            for port in receivers { port.close() }
        }
        try awaitLink(from: sender, to: receiver, pool: bench.pool)
        let tags: [[UInt8]] = [[0x81, 0, 0x60, 7], [0x88, 0xa8, 0, 9, 0x81, 0, 0x20, 5]]
        for (isSuper, tag) in [
            (false, tags[0]), (false, tags[1]), (true, tags[0]), (true, tags[1]),
        ] {
            let frame = tcpFrame(tag: tag, payloadBytes: isSuper ? 30_000 : 100)
            var packet = try #require(bench.pool.allocate(length: frame.count))
            frame.withUnsafeBytes {
                _ = packet.assign($0.baseAddress.unsafelyUnwrapped, count: frame.count)
            }
            #expect(
                packet.accept(
                    OffloadClaim(
                        needsChecksum: true, gsoType: isSuper ? GSOType.tcp4 : GSOType.none,
                        gsoSize: isSuper ? 1000 : 0, checksumStart: UInt16(34 + tag.count),
                        checksumOffset: 16)))
            #expect(sender.transmit(&packet, count: 1) == 1)
            let got = try #require(receiveTagged(receiver, pool: bench.pool, tag: tag))
            #expect(got.length == frame.count && got.isSuperPacket == isSuper)
            #expect(got.needsChecksum && got.checksumStart == 34 + tag.count)
            #expect(got.metadata.pointee.gsoSize == (isSuper ? 1000 : 0))
            let bytes = Array(UnsafeRawBufferPointer(start: got.data, count: got.length))
            // All but the L4 checksum, which holds the pseudo-header's sum by now.
            let field = 34 + tag.count + 16
            #expect(bytes[..<field] == frame[..<field])
            #expect(bytes[(field + 2)...] == frame[(field + 2)...])
            bench.pool.free(got)
        }
        #expect(sender.counters.txErrors == 0 && receiver.counters.rxErrors == 0)
    }

    /// Sends untagged frames until one arrives: the kernel starts a device's queue some time after
    /// its carrier is there, and loses without a word what is sent before.
    private func awaitLink(from sender: KernelPort, to receiver: KernelPort, pool: PacketPool)
        throws
    {
        for _ in 0..<500 {
            var packet = try #require(pool.allocate(.standard))
            packet.setLength(60)
            packet.data.initializeMemory(as: UInt8.self, repeating: 0x88, count: 60)
            _ = sender.transmit(&packet, count: 1)
            if let got = receiveTagged(receiver, pool: pool, tag: [0x88, 0x88], attempts: 1) {
                return pool.free(got)
            }
            Thread.sleep(forTimeInterval: 0.01)
        }
        Issue.record("no frame passed in five seconds")
    }

    /// The first packet received with this tag, among whatever the hosts' stacks say by themselves.
    private func receiveTagged(
        _ port: KernelPort, pool: PacketPool, tag: [UInt8], attempts: Int = 200
    ) -> PacketBuffer? {
        let batch = PacketBatch.allocate()
        defer { batch.deallocate() }
        for _ in 0..<attempts {
            _ = port.receive(into: batch)
            var found: PacketBuffer?
            for index in 0..<batch.count {
                let packet = batch[index]
                let bytes = UnsafeRawBufferPointer(start: packet.data + 12, count: 2)
                if found == nil, bytes.elementsEqual(tag[..<2]) {
                    found = packet
                } else {
                    pool.free(packet)
                }
            }
            batch.removeAll()
            if let found { return found }
            Thread.sleep(forTimeInterval: 0.01)
        }
        return nil
    }

    private func tcpFrame(tag: [UInt8], payloadBytes: Int) -> [UInt8] {
        let ip = 40 + payloadBytes
        return [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1] + tag + [8, 0]
            + [0x45, 0, UInt8(ip >> 8), UInt8(ip & 255), 0, 1, 0x40, 0, 64, 6, 0, 0]
            + [10, 8, 0, 1, 10, 8, 0, 2]
            + [0, 80, 1, 187, 0, 0, 0, 1, 0, 0, 0, 9, 0x50, 0x18, 4, 0, 0, 0, 0, 0]
            + (0..<payloadBytes).map { UInt8(truncatingIfNeeded: $0) }
    }

    @Test(
        "A TAP device carries super-packets to and from a packet socket, and vanishes with its port"
    )
    func tap() throws {
        let bench = try Bench()
        let ports = try bench.hub.inside {
            [
                try AFPacketPort.open(device: "p0", pool: bench.pool, datapathPort: 1),
                try TapPort.make(
                    name: "int0", mac: [2, 0, 0, 0, 0, 0x77], mtu: 1400, pool: bench.pool,
                    datapathPort: 2),
            ]
        }
        try bench.hub.run("ip", "addr", "add", "10.9.0.9/24", "dev", "int0")
        let link = try bench.hub.inside { try LinkInfo.of("int0") }
        #expect(link.kind == "tun" && link.isUp && link.mtu == 1400)
        #expect(link.hardwareAddress == [2, 0, 0, 0, 0, 0x77])
        let forwarder = TestForwarder(pool: bench.pool, ports: ports)
        try bench.hosts[0].run("ping", "-c", "2", "-i", "0.2", "-W", "2", "10.9.0.9")
        try bench.hub.run("ping", "-c", "2", "-i", "0.2", "-W", "2", "10.9.0.1")
        let server = try bench.hub.start("iperf3", "-s", "-1", "-B", "10.9.0.9")
        Thread.sleep(forTimeInterval: 0.5)
        try bench.hosts[0].run("iperf3", "-c", "10.9.0.9", "-t", "1", "-R")
        server.waitUntilExit()
        #expect(forwarder.superPackets.load(ordering: .relaxed) > 100)
        #expect(forwarder.ports[1].counters.txErrors == 0)
        forwarder.stop()
        #expect(throws: KernelPortError.noDevice) {
            try bench.hub.inside { try LinkInfo.of("int0") }
        }
    }

    @Test("Packets of headers that lie, from inside a namespace, never stop the port")
    func malformed() throws {
        let bench = try Bench()
        let ports = try bench.packetPorts()
        let forwarder = TestForwarder(pool: bench.pool, ports: ports)
        defer { forwarder.stop() }
        // A tenant's own packet socket hands the kernel whatever virtio-net header it likes.
        try bench.hosts[0].run(
            "python3", "-c",
            """
            import socket, struct, random
            random.seed(7)
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            s.setsockopt(263, 15, 1)
            s.bind(('eth0', 0))
            refused = 0
            for i in range(20000):
                size = random.choice([14, 40, 60, 200, 3000, 9000])
                ip = bytes([0x45, 0]) + struct.pack('>H', size) + bytes([0, 1, 0x40, 0, 64,
                    random.choice([6, 17, 1]), 0, 0, 10, 9, 0, 1, 10, 9, 0, 2])
                frame = bytes([255] * 6 + [2, 0, 0, 0, 0, 9, 8, 0]) + ip + bytes(
                    random.getrandbits(8) for _ in range(40))
                frame = frame[:size] + bytes(max(0, size - len(frame)))
                header = struct.pack('<BBHHHH', random.choice([0, 1, 1, 1, 2]),
                    random.choice([0, 1, 3, 4, 5, 0x81]), random.choice([0, 54, 66, 200]),
                    random.choice([0, 1, 100, 1448, 65535]), random.choice([0, 14, 34, 54, 60000]),
                    random.choice([0, 6, 16, 60000]))
                try: s.send(header + frame)
                except OSError: refused += 1
            """)
        // Some got past the kernel and were refused here.
        #expect(ports[0].counters.rxPackets > 1000)
        #expect(ports[0].counters.rxErrors > 0)
        try bench.hosts[0].run("ping", "-c", "2", "-i", "0.2", "-W", "2", "10.9.0.2")
        try bench.transfer(to: "10.9.0.2")
    }

    @Test("UDP super-packets arrive as the datagrams that were sent")
    func udpSegments() throws {
        let bench = try Bench()
        let forwarder = TestForwarder(pool: bench.pool, ports: try bench.packetPorts())
        defer { forwarder.stop() }
        let receiver = try bench.hosts[1].start(
            "python3", "-c",
            """
            import socket
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(10)
            s.bind(('10.9.0.2', 5002))
            got = []
            while len(got) < 21:
                data, peer = s.recvfrom(65536); got.append(len(data))
            s.sendto(b'ok' if got == [1000] * 20 + [500] else b'no', peer)
            """)
        defer {
            receiver.terminate()
            receiver.waitUntilExit()
        }
        Thread.sleep(forTimeInterval: 1)
        try bench.hosts[0].run(
            "python3", "-c",
            """
            import socket, sys
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(10)
            s.connect(('10.9.0.2', 5002))
            s.setsockopt(socket.SOL_UDP, 103, 1000)
            s.send(bytes(20500))
            sys.exit(0 if s.recv(2) == b'ok' else 1)
            """)
        #expect(forwarder.superPackets.load(ordering: .relaxed) > 0)
    }

    @Test(
        "A device that goes down or away is an error of its port, told by the monitor, and no crash"
    )
    func deviceGone() throws {
        let bench = try Bench()
        let (port, monitor, control) = try bench.hub.inside {
            (
                try AFPacketPort.open(device: "p0", pool: bench.pool, datapathPort: 1),
                try LinkMonitor(includesRoutes: true), try NetdevControl()
            )
        }
        defer {
            port.close()
            monitor.close()
            control.close()
        }
        let batch = PacketBatch.allocate()
        defer { batch.deallocate() }
        _ = monitor.drain()
        try bench.hub.run("ip", "link", "set", "p0", "down")
        #expect(
            monitor.drain().contains {
                if case .changed(let link) = $0 { return link.name == "p0" && !link.isUp }
                return false
            })
        _ = port.receive(into: batch)
        #expect(port.deviceError != 0)
        try bench.hub.run("ip", "link", "set", "p0", "up")
        try bench.hub.run("ip", "link", "del", "p0")
        let events = monitor.drain()
        #expect(
            events.contains {
                if case .removed(let index, let name) = $0 {
                    return name == "p0" && index == port.state.pointee.interfaceIndex
                }
                return false
            })
        bench.pool.free(batch)
        _ = port.receive(into: batch)
        var packet = try #require(bench.pool.allocate(.standard))
        packet.setLength(60)
        #expect(port.transmit(&packet, count: 1) == 0)
        #expect(port.deviceError != 0)
        #expect(port.counters.txDropped == 1)
        #expect(!control.exists("p0"))
        bench.pool.free(batch)
    }
}
