// DPDK ports on virtual devices, without hugepages. The EAL can be started once a process, so every
// test here shares one environment and one pool.

import DPDK
import Foundation
import PacketBuffer
import Testing

@Suite(.serialized) struct DPDKPortTests {
    /// The pool that DPDK serves, or why it could not be started.
    private static let shared: Result<PacketPool, any Error> = Result {
        let pool = try #require(PacketPool(standardCapacity: 1024, jumboCapacity: 64))
        try DPDKRuntime.initialise(DPDKArguments(), packets: 16_383, pool: pool)
        return pool
    }

    private func pool() throws -> PacketPool { try Self.shared.get() }

    private func receiveAll(_ port: DPDKPort, into batch: PacketBatch) -> Int {
        var total = 0
        for _ in 0..<50 {
            total += port.receive(into: batch)
            if batch.isFull { break }
            usleep(1000)
            if total > 0 && port.receive(into: batch) == 0 { break }
        }
        return batch.count
    }

    @Test("The environment starts once, and serves the pool's standard class from a mempool")
    func environment() throws {
        let pool = try pool()
        #expect(DPDKRuntime.isInitialised && DPDKRuntime.version.hasPrefix("DPDK"))
        try DPDKRuntime.initialise(DPDKArguments(), pool: pool)
        let packet = try #require(pool.allocate(.standard))
        #expect(!packet.isFromSlab)
        #expect(packet.headroom == 128 && packet.tailroom == 2048 && packet.length == 0)
        packet.metadata.pointee.scratch3 = .max
        #expect(packet.append(2048) != nil)
        let twin = try #require(pool.copy(packet))
        #expect(!twin.isFromSlab && twin.metadata.pointee.scratch3 == .max)
        pool.free(packet)
        pool.free(twin)
        let jumbo = try #require(pool.allocate(.jumbo))
        #expect(jumbo.isFromSlab)
        pool.free(jumbo)
    }

    @Test("An exhausted mempool gives nothing, whole or part, and serves again after a free")
    func exhaustion() throws {
        let pool = try pool()
        var held: [PacketBuffer] = []
        while let packet = pool.allocate(.standard) { held.append(packet) }
        #expect(held.count > 10_000)
        for packet in held { pool.free(packet) }
        let again = try #require(pool.allocate(.standard))
        pool.free(again)
    }

    @Test("A null device gives full batches and takes all that it is sent")
    func null() throws {
        let pool = try pool()
        let port = try DPDKPort.open(
            devargs: "net_null7,size=100", pool: pool, datapathPort: 4)
        defer { port.close() }
        let batch = PacketBatch.allocate()
        defer { batch.deallocate() }
        #expect(port.receive(into: batch) == 32)
        #expect(port.receive(into: batch) == 0)
        for index in 0..<32 {
            #expect(batch[index].length == 100 && batch[index].inPort == 4)
            #expect(batch[index].capacity == PacketLayout.standardRoomBytes)
        }
        #expect(port.transmit(batch.packets, count: 32) == 32)
        batch.removeAll()
        #expect(port.counters.rxPackets == 32 && port.counters.txPackets == 32)
        #expect(port.counters.txBytes == 3200)
        #expect(port.link?.isUp == true)
        #expect(port.hardwareAddress?.count == 6)
        #expect(port.description["driver_name"] == "net_null")
        #expect(!port.extendedStatistics.isEmpty)
    }

    @Test("What a ring is sent comes back: plain, from our slabs, segmented, with whole checksums")
    func ring() throws {
        let pool = try pool()
        let port = try DPDKPort.open(devargs: "net_ring7", pool: pool, datapathPort: 5)
        defer { port.close() }
        let batch = PacketBatch.allocate()
        defer { batch.deallocate() }
        for sizeClass in [PacketSizeClass.standard, .jumbo] {
            var packet = try #require(pool.allocate(sizeClass))
            packet.setLength(200)
            packet.data.initializeMemory(as: UInt8.self, repeating: 0x5a, count: 200)
            #expect(port.transmit(&packet, count: 1) == 1)
            #expect(receiveAll(port, into: batch) == 1)
            #expect(batch[0].length == 200 && !batch[0].isFromSlab)
            #expect(batch[0].data.load(fromByteOffset: 199, as: UInt8.self) == 0x5a)
            pool.free(batch)
        }
        var large = try #require(pool.allocate(.jumbo))
        large.setLength(1600)
        #expect(port.transmit(&large, count: 1) == 0)
        #expect(port.counters.txDropped == 1)

        let frame = udpFrame(payloadBytes: 9 * 1000 + 7)
        var packet = try #require(pool.allocate(.jumbo))
        frame.withUnsafeBytes {
            _ = packet.assign($0.baseAddress.unsafelyUnwrapped, count: frame.count)
        }
        #expect(
            packet.accept(
                OffloadClaim(
                    needsChecksum: true, gsoType: GSOType.udpL4, gsoSize: 1000, checksumStart: 34,
                    checksumOffset: 6)))
        #expect(port.transmit(&packet, count: 1) == 10)
        #expect(receiveAll(port, into: batch) == 10)
        for index in 0..<10 {
            #expect(batch[index].length == 42 + (index < 9 ? 1000 : 7))
            let scan = try #require(HeaderScan(batch[index]))
            let sum = InternetSum.add(
                batch[index].data + scan.l4, count: scan.l4Bytes,
                to: scan.pseudoSum(batch[index].data, l4Bytes: scan.l4Bytes))
            #expect(InternetSum.fold(sum) == 0xffff)
        }
        pool.free(batch)
    }

    @Test("A frame that a device hands over in pieces becomes one segment")
    func pcap() throws {
        let pool = try pool()
        let path = NSTemporaryDirectory() + "vedette-\(getpid())-in.pcap"
        let frame = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        func le32(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(value >> (8 * $0) & 255) } }
        var file = Data(
            le32(0xa1b2_c3d4) + [2, 0, 4, 0] + le32(0) + le32(0) + le32(65_535) + le32(1))
        file.append(contentsOf: le32(0) + le32(0) + le32(frame.count) + le32(frame.count) + frame)
        try file.write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let port = try DPDKPort.open(
            devargs: "net_pcap7,rx_pcap=\(path)", pool: pool, datapathPort: 6)
        defer { port.close() }
        let batch = PacketBatch.allocate()
        defer { batch.deallocate() }
        #expect(receiveAll(port, into: batch) == 1)
        #expect(
            Array(UnsafeRawBufferPointer(start: batch[0].data, count: batch[0].length)) == frame)
        #expect(batch[0].inPort == 6)
        pool.free(batch)
    }

    @Test(
        "A virtio guest and the switch exchange packets by vhost-user, either end as server"
    )
    func vhost() throws {
        let pool = try pool()
        for isClient in [false, true] {
            let path = NSTemporaryDirectory() + "vedette-\(getpid())-\(isClient ? "c" : "s").sock"
            defer { unlink(path) }
            // A left-over socket must not be in the way.
            if !isClient { _ = try? Data("".utf8).write(to: URL(fileURLWithPath: path + ".x")) }
            defer { unlink(path + ".x") }
            let name = isClient ? "vhc" : "vhs"
            let guestArguments =
                "net_virtio_user_\(name),path=\(path),queues=1,server=\(isClient ? 1 : 0)"
            let open = {
                try DPDKPort.openVhost(
                    name: name, path: path, isClient: isClient, pool: pool, datapathPort: 8)
            }
            let (port, guest): (DPDKPort, DPDKPort)
            if isClient {
                // The guest serves: it waits for its peer while it opens, so the switch goes first.
                port = try open()
                guest = try DPDKPort.open(devargs: guestArguments, pool: pool, datapathPort: 9)
            } else {
                port = try open()
                guest = try DPDKPort.open(devargs: guestArguments, pool: pool, datapathPort: 9)
            }
            defer {
                guest.close()
                port.close()
            }
            for _ in 0..<100 where port.link?.isUp != true { usleep(20_000) }
            #expect(port.link?.isUp == true)
            try exchange(from: guest, to: port, pool: pool)
            try exchange(from: port, to: guest, pool: pool)
        }
    }

    private func exchange(from sender: DPDKPort, to receiver: DPDKPort, pool: PacketPool) throws {
        let batch = PacketBatch.allocate()
        defer { batch.deallocate() }
        let frame = udpFrame(payloadBytes: 700)
        var packet = try #require(pool.allocate(.standard))
        frame.withUnsafeBytes {
            _ = packet.assign($0.baseAddress.unsafelyUnwrapped, count: frame.count)
        }
        let partial = OffloadClaim(
            needsChecksum: true, gsoType: GSOType.none, gsoSize: 0, checksumStart: 34,
            checksumOffset: 6)
        #expect(packet.accept(partial))
        #expect(sender.transmit(&packet, count: 1) == 1)
        for _ in 0..<100 where receiver.receive(into: batch) == 0 { usleep(5000) }
        #expect(batch.count == 1)
        guard batch.count == 1 else { return }
        #expect(batch[0].length == frame.count)
        _ = batch[0].finishChecksum()
        let bytes = Array(UnsafeRawBufferPointer(start: batch[0].data, count: batch[0].length))
        #expect(bytes[..<40] == frame[..<40] && bytes[42...] == frame[42...])
        let scan = try #require(HeaderScan(batch[0]))
        let sum = InternetSum.add(
            batch[0].data + scan.l4, count: scan.l4Bytes,
            to: scan.pseudoSum(batch[0].data, l4Bytes: scan.l4Bytes))
        #expect(InternetSum.fold(sum) == 0xffff)
        pool.free(batch)
    }

    @Test("What cannot be opened says why")
    func refused() throws {
        let pool = try pool()
        for devargs in ["", "no_such_driver9", "net_null8,size=x,bad=1"] {
            #expect(throws: DPDKError.self) {
                try DPDKPort.open(devargs: devargs, pool: pool, datapathPort: 1)
            }
        }
        #expect(throws: DPDKError.self) {
            try DPDKPort.openVhost(
                name: "v", path: "/tmp/a,client=1", isClient: false, pool: pool, datapathPort: 1)
        }
        let port = try DPDKPort.open(devargs: "net_null8", pool: pool, datapathPort: 1)
        port.close()
        let again = try DPDKPort.open(devargs: "net_null8", pool: pool, datapathPort: 1)
        again.close()
    }

    private func udpFrame(payloadBytes: Int) -> [UInt8] {
        let ip = 28 + payloadBytes
        let udp = 8 + payloadBytes
        return [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0]
            + [0x45, 0, UInt8(ip >> 8), UInt8(ip & 255), 0, 1, 0x40, 0, 64, 17, 0, 0]
            + [10, 8, 0, 1, 10, 8, 0, 2, 0, 80, 1, 187, UInt8(udp >> 8), UInt8(udp & 255), 0, 0]
            + (0..<payloadBytes).map { UInt8(truncatingIfNeeded: $0) }
    }
}
