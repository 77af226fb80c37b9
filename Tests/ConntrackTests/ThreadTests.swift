// Two threads on one table: level 2, the hit path, the sweep and flushes at once.

import CIntrinsics
import Flow
import Glibc
import PacketBuffer
import Testing
import Wire

@testable import Conntrack

/// What one thread works on.
private struct ThreadWork {
    var table: ConntrackTable
    var pool: PacketPool
    var seed: UInt64
    var passed = 0
    var touched = 0

    mutating func run() {
        let key = FlowKey.allocate()
        defer { key.deallocate() }
        key.store16(EtherType.ipv4, at: FlowLayout.ethType)
        var random = seed
        func next(_ bound: UInt64) -> UInt64 {
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            return (random >> 33) % bound
        }
        var now: UInt64 = 1_000_000
        var request = ConntrackRequest()
        request.commit = true
        for step in 0..<6000 {
            let port = UInt16(1 + next(40))
            let isBack = next(2) == 0
            let sketch =
                isBack ? Sketch.udp(server, 53, client, port) : .udp(client, port, server, 53)
            let bytes = sketch.bytes()
            guard let packet = pool.allocate(.standard), let data = packet.append(14 + bytes.count)
            else { continue }
            bytes.withUnsafeBytes {
                if let base = $0.baseAddress {
                    (data + 14).copyMemory(from: base, byteCount: bytes.count)
                }
            }
            packet.l3Offset = 14
            var verdict = ConntrackVerdict()
            request.hasMark = next(4) == 0
            request.mark = UInt32(next(100))
            request.markMask = UInt32.max
            table.execute(&request, key: key, packet: packet, now: now, verdict: &verdict)
            pool.free(packet)
            if verdict.state & ConntrackState.tracked != 0 { passed += 1 }
            for _ in 0..<4 where verdict.connection != ConntrackVerdict.noConnection {
                let isPassed = table.touch(
                    verdict.connection, generation: verdict.generation,
                    isReply: verdict.isReply, facts: ConntrackPacketFacts(), now: now)
                if isPassed { touched += 1 }
            }
            now += next(30)
            if step % 16 == 0 { table.expire(now: now, budget: 8) }
            if next(800) == 0 { table.flush(zone: 0) }
        }
    }
}

@Suite struct ThreadTests {
    /// Nothing is lost or left behind, and counts come out even.
    @Test func twoThreads() throws {
        let bench = try Bench(capacity: 64, isShared: true)
        let works = UnsafeMutablePointer<ThreadWork>.allocate(capacity: 2)
        defer { works.deallocate() }
        works.initialize(to: ThreadWork(table: bench.table, pool: bench.pool, seed: 11))
        (works + 1).initialize(to: ThreadWork(table: bench.table, pool: bench.pool, seed: 12))
        let body: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { raw in
            raw?.assumingMemoryBound(to: ThreadWork.self).pointee.run()
            return nil
        }
        var threads = [pthread_t(), pthread_t()]
        for place in 0..<2 { pthread_create(&threads[place], nil, body, works + place) }
        for place in 0..<2 { pthread_join(threads[place], nil) }
        for place in 0..<2 {
            #expect(works[place].passed == 6000)
            #expect(works[place].touched > 100)
        }
        bench.table.flush()
        let counters = bench.table.counters
        #expect(counters.created == counters.deleted)
        #expect(bench.table.connectionCount == 0)
        #expect(bench.table.state.pointee.index.count == 0)
        #expect(bench.table.halfOpenCount == 0)
    }

    /// A thread that still believes in connections that are gone, while their slots are used anew,
    /// never finds a lock that nobody gives back.
    @Test func staleBelievers() throws {
        let bench = try Bench(capacity: 16, isShared: true)
        let work = UnsafeMutablePointer<StaleWork>.allocate(capacity: 1)
        defer { work.deallocate() }
        work.initialize(to: StaleWork(table: bench.table))
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { raw in
                raw?.assumingMemoryBound(to: StaleWork.self).pointee.run()
                return nil
            }, work)
        for turn in 0..<20_000 {
            let sketch = Sketch.udp(client, UInt16(1 + turn % 16), server, 53)
            _ = try bench.run(sketch)
            if turn % 12 == 11 { bench.table.flush() }
        }
        vd_store_release32(UnsafeMutableRawPointer(work), 1)
        pthread_join(thread, nil)
        #expect(work.pointee.turns > 1000)
        for index in 0..<16 { #expect(bench.table.hot(UInt32(index)).pointee.lock == 0) }
    }
}

/// Touches slots under the generation they had a moment ago.
private struct StaleWork {
    var isOver: UInt32 = 0
    var table: ConntrackTable
    var turns = 0

    init(table: ConntrackTable) { self.table = table }

    mutating func run() {
        while withUnsafePointer(to: &isOver, { vd_load_acquire32($0) }) == 0 {
            for index in 0..<UInt32(16) {
                let generation = table.hot(index).pointee.generation
                for _ in 0..<8 {
                    _ = table.touch(
                        index, generation: generation, isReply: false,
                        facts: ConntrackPacketFacts(), now: 1_000_000)
                }
            }
            turns += 1
        }
    }
}
