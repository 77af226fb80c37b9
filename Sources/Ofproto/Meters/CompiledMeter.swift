// A meter's memory on the engine's side. Counters and tokens live in it, so that it is replaced
// only when the meter's bands change.

import OpenFlow
import Pipeline

/// Owns one compiled meter.
///
/// **Owner**: the control loop, until a grace period after the meter was taken away.
final class CompiledMeter {
    let meter: UnsafeMutablePointer<Meter>
    private let bands: UnsafeMutablePointer<Pipeline.MeterBand>

    /// - Parameter datapathID: the meter's number in the datapath.
    init(_ config: MeterConfig, datapathID: UInt32, now: UInt64) {
        let countsPackets = config.flags.contains(.packetsPerSecond)
        bands = .allocate(capacity: max(config.bands.count, 1))
        for (index, band) in config.bands.enumerated() {
            (bands + index).initialize(
                to: CompiledMeter.band(
                    band, countsPackets: countsPackets,
                    hasBurst: config.flags.contains(.burst)))
        }
        meter = .allocate(capacity: 1)
        meter.initialize(
            to: Meter(
                id: datapathID, countsPackets: countsPackets, bands: bands,
                bandCount: config.bands.count))
        meter.pointee.lastMilliseconds = now
    }

    /// Where no burst is given, a bucket holds what the rate brings in one second.
    private static func band(
        _ band: OpenFlow.MeterBand, countsPackets: Bool, hasBurst: Bool
    ) -> Pipeline.MeterBand {
        let unit: UInt64 = countsPackets ? 1 : 1000
        var result = Pipeline.MeterBand()
        result.rate = UInt64(band.rate) * unit
        let burst = hasBurst && band.burstSize != 0 ? band.burstSize : band.rate
        result.burst = UInt64(burst) * unit
        result.tokens = result.burst * 1000
        result.kind = band.kind.rawValue
        result.precedenceLevel = band.precedenceLevel
        return result
    }

    deinit {
        bands.deallocate()
        meter.deallocate()
    }
}
