// Exhaustion, return and copying of packets, also from several threads at once.

import Glibc
import PacketBuffer
import Testing

@Suite struct PacketPoolTests {
    @Test("An exhausted pool says so, counts it, and serves again after a free")
    func exhaustion() throws {
        try withPool(standard: 4, jumbo: 1) { pool in
            let batch = PacketBatch.allocate()
            defer { batch.deallocate() }
            batch.count = pool.allocate(.standard, count: 32, into: batch.packets)
            #expect(batch.count == 4)
            #expect(pool.exhausted(.standard) == 28)
            #expect(pool.allocate(.standard) == nil)
            pool.free(batch)
            let again = try #require(pool.allocate(.standard))
            pool.free(again)
        }
    }

    @Test("A mixed batch goes back to the pools its packets came from, even other pools' packets")
    func mixedFree() throws {
        try withPool { first in
            try withPool { second in
                let batch = PacketBatch.allocate()
                defer { batch.deallocate() }
                for pool in [first, second, second, first] {
                    batch.append(try #require(pool.allocate(.standard)))
                    batch.append(try #require(pool.allocate(.jumbo)))
                    if batch.count == 4 { first.free(batch) }
                }
                first.free(batch)
            }
        }
    }

    @Test("A copy has the bytes, the metadata and the positions, and its own capacity")
    func copy() throws {
        try withPool { pool in
            let jumbo = try #require(pool.allocate(.jumbo))
            _ = jumbo.append(60_000)
            jumbo.data.storeBytes(of: 0xfeed, toByteOffset: 59_000, as: UInt16.self)
            jumbo.adjust(front: 59_000)
            jumbo.l4Offset = 20
            jumbo.inPort = 7
            jumbo.metadata.pointee.gsoSize = 99
            let small = try #require(pool.copy(jumbo))
            #expect(small.capacity == PacketLayout.standardRoomBytes)
            #expect(content(small) == content(jumbo))
            #expect(small.l4Offset == 20 && small.inPort == 7)
            #expect(small.metadata.pointee.gsoSize == 99)
            jumbo.prepend(59_000)
            let large = try #require(pool.copy(jumbo))
            #expect(content(large) == content(jumbo))
            #expect(pool.copy(jumbo) == nil)
            for packet in [jumbo, small, large] { pool.free(packet) }
        }
    }

    @Test("Threads that take and give at random never share a packet")
    func threads() throws {
        try withPool(standard: 64) { pool in
            let body: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = {
                raw in
                let pool = PacketPool(
                    at: raw.unsafelyUnwrapped.assumingMemoryBound(to: PacketPoolState.self))
                let batch = PacketBatch.allocate()
                var clashes = 0
                for round in 0..<20_000 {
                    batch.count = pool.allocate(
                        .standard, count: 1 + round % 32, into: batch.packets)
                    for index in 0..<batch.count {
                        batch[index].metadata.pointee.scratch0 = UInt64(round)
                    }
                    for index in 0..<batch.count
                    where batch[index].metadata.pointee.scratch0 != UInt64(round) { clashes += 1 }
                    pool.free(batch)
                }
                batch.deallocate()
                return UnsafeMutableRawPointer(bitPattern: clashes)
            }
            var threads = [pthread_t](repeating: 0, count: 4)
            for index in threads.indices {
                #expect(pthread_create(&threads[index], nil, body, pool.state) == 0)
            }
            for thread in threads {
                var clashes: UnsafeMutableRawPointer?
                pthread_join(thread, &clashes)
                #expect(clashes == nil)
            }
        }
    }
}
