// What a packet and its metadata look like in memory, and that no verb leaves the buffer.

import PacketBuffer
import Testing

@Suite struct PacketBufferTests {
    @Test("Metadata fills its 64 bytes, with the capacity first, where the C side expects it")
    func metadataLayout() {
        #expect(MemoryLayout<PacketMetadata>.size == PacketLayout.metadataBytes)
        #expect(MemoryLayout<PacketMetadata>.offset(of: \.capacity) == 0)
        #expect(MemoryLayout<PacketMetadata>.offset(of: \.flags) == 8)
        #expect(MemoryLayout<PacketMetadata>.offset(of: \.scratch0) == 32)
        #expect(MemoryLayout<PacketBuffer>.size == 8)
    }

    @Test("A fresh packet is empty, with 128 bytes of headroom and its class's room")
    func freshPacket() throws {
        try withPool { pool in
            let standard = try #require(pool.allocate(.standard))
            #expect(standard.length == 0)
            #expect(standard.headroom == 128)
            #expect(standard.tailroom == 2048)
            let jumbo = try #require(pool.allocate(length: 65_536 + 256))
            #expect(jumbo.capacity == PacketLayout.jumboRoomBytes)
            #expect(jumbo.tailroom >= 65_536 + 256)
            #expect(pool.allocate(length: 1 << 20) == nil)
            pool.free(standard)
            pool.free(jumbo)
        }
    }

    @Test("Growing and shrinking stops at the ends of the buffer and leaves the packet as it was")
    func room() throws {
        try withPool { pool in
            let packet = try #require(pool.allocate(.standard))
            defer { pool.free(packet) }
            #expect(packet.append(2048) == packet.data)
            #expect(packet.append(1) == nil)
            #expect(!packet.prepend(129))
            #expect(!packet.prepend(-1))
            #expect(packet.prepend(128))
            #expect(packet.headroom == 0 && packet.length == 2176)
            #expect(!packet.adjust(front: 2177))
            #expect(!packet.adjust(front: -1))
            #expect(packet.adjust(front: 2176))
            #expect(packet.length == 0)
            #expect(!packet.trim(to: 1))
        }
    }

    @Test("Inserting and removing bytes inside moves what lies before and keeps positions true")
    func insertRemove() throws {
        try withPool { pool in
            let packet = try #require(pool.allocate(.standard))
            defer { pool.free(packet) }
            let bytes: [UInt8] = Array(0..<20)
            #expect(
                bytes.withUnsafeBytes { packet.assign($0.baseAddress.unsafelyUnwrapped, count: 20) }
            )
            packet.l3Offset = 14
            #expect(packet.insert(4, at: 12))
            #expect(packet.l3Offset == 18)
            #expect(content(packet)[..<12].elementsEqual(0..<12))
            #expect(content(packet)[16...].elementsEqual(12..<20))
            #expect(packet.remove(4, at: 12))
            #expect(content(packet) == bytes)
            #expect(packet.l3Offset == 14)
            #expect(!packet.remove(9, at: 12))
            #expect(!packet.insert(4, at: 21))
            #expect(packet.length == 20)
        }
    }

    @Test("A batch takes 32 packets and no more")
    func batch() throws {
        try withPool(standard: 40) { pool in
            let batch = PacketBatch.allocate()
            defer { batch.deallocate() }
            for _ in 0..<32 { #expect(batch.append(try #require(pool.allocate(.standard)))) }
            let extra = try #require(pool.allocate(.standard))
            #expect(!batch.append(extra))
            #expect(batch.count == 32 && batch.isFull)
            pool.free(extra)
            pool.free(batch)
            #expect(batch.isEmpty)
            #expect(pool.available(.standard) == 40)
        }
    }
}

/// The bytes of a packet.
func content(_ packet: PacketBuffer) -> [UInt8] {
    Array(UnsafeRawBufferPointer(start: packet.data, count: packet.length))
}

/// Runs `body` with a small pool and checks that every packet came back.
func withPool(
    standard: Int = 8, jumbo: Int = 2, _ body: (PacketPool) throws -> Void
) throws {
    let pool = try #require(PacketPool(standardCapacity: standard, jumboCapacity: jumbo))
    defer { pool.destroy() }
    try body(pool)
    #expect(pool.available(.standard) == standard)
    #expect(pool.available(.jumbo) == jumbo)
}
