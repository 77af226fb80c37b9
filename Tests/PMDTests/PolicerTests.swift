// Policers: their buckets by the clock, and on a port whose poll thread asks them.

import Dpif
import Flow
import PacketBuffer
import Testing

@testable import PMD

@Suite(.serialized) struct PolicerTests {
    private let pool = PacketPool(standardCapacity: 64, jumboCapacity: 2)

    /// Sifts `count` packets of some length; how many may pass.
    private func passing(
        _ policer: Policer, _ count: Int, length: Int, now: UInt64
    ) throws -> Int {
        let pool = try #require(pool)
        let packets = UnsafeMutablePointer<PacketBuffer>.allocate(capacity: count)
        defer { packets.deallocate() }
        for index in 0..<count {
            packets[index] = try #require(pool.allocate(length: length))
            packets[index].setLength(length)
        }
        defer { pool.free(packets, count: count) }
        return policer.sift(packets, count: count, now: now)
    }

    private func bytes(_ rate: UInt64, burst: UInt64) -> RateLimit {
        var limit = RateLimit()
        limit.bytesPerSecond = rate
        limit.burstBytes = burst
        return limit
    }

    @Test("A bucket passes its burst, then its rate, and no more after a long silence")
    func rate() throws {
        // 1,000 bytes each: a burst of three, then one every ten milliseconds.
        let policer = Policer(bytes(100_000, burst: 3000), now: 1000)
        defer { policer.deallocate() }
        #expect(try passing(policer, 10, length: 1000, now: 1000) == 3)
        #expect(try passing(policer, 10, length: 1000, now: 1000) == 0)
        var passed = 0
        for now in stride(from: UInt64(1001), through: 2000, by: 1) {
            passed += try passing(policer, 2, length: 1000, now: now)
        }
        #expect((99...101).contains(passed))
        #expect(try passing(policer, 10, length: 1000, now: 100_000_000_000) == 3)
        // A clock that goes back adds nothing.
        #expect(try passing(policer, 10, length: 1000, now: 5) == 0)
    }

    @Test("A packet longer than the burst passes and is paid for later")
    func debt() throws {
        let policer = Policer(bytes(10_000, burst: 100), now: 0)
        defer { policer.deallocate() }
        #expect(try passing(policer, 2, length: 1100, now: 0) == 1)
        #expect(try passing(policer, 1, length: 60, now: 99) == 0)
        #expect(try passing(policer, 1, length: 60, now: 101) == 1)
    }

    @Test("Packets are limited beside bytes; the largest limits do not overflow")
    func packets() throws {
        var limit = RateLimit()
        limit.packetsPerSecond = 1000
        limit.burstPackets = 2
        let policer = Policer(limit, now: 0)
        defer { policer.deallocate() }
        #expect(try passing(policer, 8, length: 60, now: 0) == 2)
        #expect(try passing(policer, 8, length: 60, now: 1) == 1)
        let large = Policer(bytes(.max, burst: .max), now: 0)
        defer { large.deallocate() }
        #expect(try passing(large, 8, length: 1500, now: .max) == 8)
        #expect(try passing(large, 8, length: 1500, now: .max) == 8)
    }

    @Test("What stays keeps its order")
    func order() throws {
        let pool = try #require(pool)
        let policer = Policer(bytes(1, burst: 200), now: 0)
        defer { policer.deallocate() }
        let packets = UnsafeMutablePointer<PacketBuffer>.allocate(capacity: 5)
        defer { packets.deallocate() }
        for index in 0..<5 {
            packets[index] = try #require(pool.allocate(.standard))
            packets[index].setLength(60 + index)
        }
        defer { pool.free(packets, count: 5) }
        let before = (0..<5).map { packets[$0].length }
        #expect(policer.sift(packets, count: 5, now: 0) == 4)
        #expect((0..<4).map { packets[$0].length } == Array(before.prefix(4)))
        #expect(Set((0..<5).map { packets[$0].length }) == Set(before))
    }

    @Test("A policed port's packets beyond the limit are dropped with a reason, until it is lifted")
    func port() throws {
        var settings = DatapathSettings()
        settings.connectionCapacity = 1024
        settings.standardBuffers = 4096
        settings.jumboBuffers = 8
        settings.engine.recordCapacity = 4096
        settings.engine.pathCapacity = 256
        let controller = try #require(DatapathController(settings))
        let info = try controller.openPort(PortRequest(name: "d0", type: .dummy))
        controller.start()
        defer { controller.shutdown() }
        var limit = RateLimit()
        limit.packetsPerSecond = 1
        limit.burstPackets = 5
        controller.setPolicing(limit, ofPort: info.datapathPort)
        #expect(try flood(controller, 40) >= 30)
        controller.setPolicing(RateLimit(), ofPort: info.datapathPort)
        #expect(try flood(controller, 40) == 0)
        // A port that is closed with its limits on takes them along.
        controller.setPolicing(limit, ofPort: info.datapathPort)
        var policer = RateLimit()
        policer.bytesPerSecond = 1
        try controller.setShaping(.policer(policer), ofPort: info.datapathPort)
        controller.closePort(info.datapathPort)
        let next = try controller.openPort(PortRequest(name: "d0", type: .dummy))
        #expect(next.datapathPort == info.datapathPort)
        #expect(try flood(controller, 40) == 0)
        #expect(controller.egressPolicers[Int(next.datapathPort)] == nil)
    }

    /// Puts packets in; how many of them the policer dropped.
    private func flood(_ controller: DatapathController, _ count: Int) throws -> UInt64 {
        let before = controller.drops()
        let frame = [UInt8](repeating: 2, count: 64)
        for _ in 0..<count { _ = controller.receiveOnDummy("d0", frame: frame) }
        // Every packet ends as policed, or as one of a port of no bridge.
        func dropped() -> UInt64 {
            controller.drops().values.reduce(0, +) - before.values.reduce(0, +)
        }
        var turns = 0
        while dropped() < UInt64(count) {
            turns += 1
            try #require(turns < 1_000_000)
        }
        return (controller.drops()[.policed] ?? 0) - (before[.policed] ?? 0)
    }
}
