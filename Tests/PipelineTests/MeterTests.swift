// Meters: what passes over a long time is the rate and one burst, in packets and in kilobits; of
// two bands the one with the higher rate that is exceeded acts; the clock may stand still or jump.

import TestSupport
import Testing

@testable import Pipeline

@Suite struct MeterTests {
    private func meter(
        packets: Bool, _ bands: [(rate: UInt64, burst: UInt64, kind: UInt16)]
    ) -> UnsafeMutablePointer<Meter> {
        let list = UnsafeMutablePointer<MeterBand>.allocate(capacity: bands.count)
        for (index, wanted) in bands.enumerated() {
            var band = MeterBand()
            band.rate = wanted.rate
            band.burst = wanted.burst
            band.tokens = wanted.burst * 1000
            band.kind = wanted.kind
            band.precedenceLevel = 2
            (list + index).initialize(to: band)
        }
        let meter = UnsafeMutablePointer<Meter>.allocate(capacity: 1)
        meter.initialize(
            to: Meter(id: 1, countsPackets: packets, bands: list, bandCount: bands.count))
        return meter
    }

    private func free(_ meter: UnsafeMutablePointer<Meter>) {
        meter.pointee.bands.deallocate()
        meter.deallocate()
    }

    @Test("Packets that pass are the rate and one burst", arguments: 0..<6)
    func packetRate(seed: Int) {
        var random = SeededRandom(UInt64(seed))
        let rate = UInt64(10 + random.below(500))
        let burst = UInt64(1 + random.below(200))
        let meter = meter(packets: true, [(rate, burst, 1)])
        defer { free(meter) }
        var now: UInt64 = 5_000
        meter.pointee.lastMilliseconds = now
        let start = now
        var passed: UInt64 = 0
        var level: UInt8 = 0
        while now < start + 20_000 {
            now += UInt64(random.below(3))
            for _ in 0..<4 where meter.police(length: 100, now: now, level: &level) == 0 {
                passed += 1
            }
        }
        let limit = rate * (now - start) / 1000 + burst
        #expect(passed <= limit)
        #expect(passed + burst + 2 >= limit)
        #expect(meter.pointee.bands[0].packetCount + passed == meter.pointee.packetCount)
        #expect(meter.pointee.byteCount == meter.pointee.packetCount * 100)
    }

    @Test("Kilobits that pass are the rate and one burst", arguments: 0..<4)
    func bitRate(seed: Int) {
        var random = SeededRandom(UInt64(70 + seed))
        // Tokens are bits.
        let rate = UInt64(100_000 + random.below(900_000))
        let burst: UInt64 = 100_000
        let meter = meter(packets: false, [(rate, burst, 1)])
        defer { free(meter) }
        var now: UInt64 = 5_000
        meter.pointee.lastMilliseconds = now
        let start = now
        var bits: UInt64 = 0
        var level: UInt8 = 0
        while now < start + 20_000 {
            now += UInt64(random.below(4))
            let length = 60 + random.below(1400)
            if meter.police(length: length, now: now, level: &level) == 0 {
                bits += UInt64(length) * 8
            }
        }
        #expect(bits <= rate * (now - start) / 1000 + burst)
        #expect(bits + 2 * burst >= min(rate, 3_000_000) * (now - start) / 1000)
    }

    @Test func theHighestExceededBandActs() {
        let meter = meter(packets: true, [(10, 1, 2), (100, 2, 1)])
        defer { free(meter) }
        meter.pointee.lastMilliseconds = 1000
        var level: UInt8 = 0
        #expect(meter.police(length: 1, now: 1000, level: &level) == 0)
        #expect(meter.police(length: 1, now: 1000, level: &level) == 2)
        #expect(level == 2)
        #expect(meter.police(length: 1, now: 1000, level: &level) == 1)
        #expect(meter.pointee.bands[0].packetCount == 1)
        #expect(meter.pointee.bands[1].packetCount == 1)
    }

    @Test func theClockMayStandStillOrJump() {
        let meter = meter(packets: true, [(.max / 1_000_000, 1_000_000, 1)])
        defer { free(meter) }
        var level: UInt8 = 0
        for now in [0, .max, 0, 5, 5, .max / 2, 1] as [UInt64] {
            _ = meter.police(length: 65_535, now: now, level: &level)
            #expect(meter.pointee.bands[0].tokens <= 1_000_000_000)
        }
    }
}
