// Dummy ports: bounded queues, whole checksums, captures; and what needs no device.

import Foundation
import KernelPorts
import PacketBuffer
import Testing

@Suite struct DummyPortTests {
    @Test("Injected packets are received in order, marked with the port, and the queue is bounded")
    func inject() throws {
        let pool = try #require(PacketPool(standardCapacity: 64, jumboCapacity: 2))
        defer { pool.destroy() }
        let port = try DummyPort.make(pool: pool, datapathPort: 9, capacity: 16)
        var frame = [UInt8](repeating: 0, count: 60)
        for index in 0..<16 {
            frame[0] = UInt8(index)
            #expect(frame.withUnsafeBytes { port.inject($0) })
        }
        #expect(!frame.withUnsafeBytes { port.inject($0) })
        #expect(![UInt8](repeating: 0, count: 13).withUnsafeBytes { port.inject($0) })
        let batch = PacketBatch.allocate()
        #expect(port.receive(into: batch) == 16)
        for index in 0..<16 {
            #expect(batch[index].data.load(as: UInt8.self) == UInt8(index))
            #expect(batch[index].inPort == 9)
        }
        #expect(port.receive(into: batch) == 0)
        #expect(port.counters.rxPackets == 16 && port.counters.rxBytes == 16 * 60)
        pool.free(batch)
        batch.deallocate()
        port.close()
        #expect(pool.available(.standard) == 64)
    }

    @Test("What is sent can be taken and is written to the capture file")
    func transmit() throws {
        let pool = try #require(PacketPool(standardCapacity: 8, jumboCapacity: 2))
        defer { pool.destroy() }
        let path = NSTemporaryDirectory() + "vedette-\(getpid())-sent.pcap"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let port = try DummyPort.make(
            pool: pool, datapathPort: 1, capacity: 4, keepsSent: true, sentCapture: path)
        for index in 0..<6 {
            var packet = try #require(pool.allocate(.standard))
            packet.setLength(60)
            packet.data.initializeMemory(as: UInt8.self, repeating: UInt8(index), count: 60)
            #expect(port.transmit(&packet, count: 1) == 1)
        }
        let first = try #require(port.takeSent())
        #expect(first.data.load(as: UInt8.self) == 0)
        pool.free(first)
        port.close()
        #expect(pool.available(.standard) == 8)
        let capture = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(capture.count == 24 + 6 * (16 + 60))
    }

    @Test("Device names that the kernel would not take are refused before it is asked")
    func badNames() throws {
        let pool = try #require(PacketPool(standardCapacity: 64, jumboCapacity: 64))
        defer { pool.destroy() }
        for name in ["", ".", "..", "a/b", "a b", "sixteen-letters!", "a:b", "tap%d"] {
            #expect(throws: KernelPortError.badName) {
                try AFPacketPort.open(device: name, pool: pool, datapathPort: 1)
            }
            #expect(throws: KernelPortError.badName) {
                try TapPort.make(name: name, pool: pool, datapathPort: 1)
            }
        }
        #expect(throws: KernelPortError.noDevice) {
            try AFPacketPort.open(device: "no-such-device", pool: pool, datapathPort: 1)
        }
    }
}
