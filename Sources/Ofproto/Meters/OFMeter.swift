// A meter as OpenFlow sees it, and the numbers that meters of all bridges share in the datapath.

import Flow
import OpenFlow
import Pipeline

/// One OpenFlow meter.
///
/// **Owner**: the control loop.
public final class OFMeter {
    public let id: UInt32
    /// Its number in the datapath, from 1 up.
    public let datapathID: UInt32
    public let created: UInt64
    public internal(set) var config: MeterConfig
    var compiled: CompiledMeter

    init(_ config: MeterConfig, datapathID: UInt32, now: UInt64) {
        id = config.meterID
        self.datapathID = datapathID
        created = now
        self.config = config
        compiled = CompiledMeter(config, datapathID: datapathID, now: now)
    }

    public var packetCount: UInt64 { compiled.meter.pointee.packetCount }
    public var byteCount: UInt64 { compiled.meter.pointee.byteCount }
    /// The counters of each band.
    public var bandCounters: [(packets: UInt64, bytes: UInt64)] {
        (0..<compiled.meter.pointee.bandCount).map {
            let band = compiled.meter.pointee.bands[$0]
            return (band.packetCount, band.byteCount)
        }
    }
}

/// Hands out the datapath's meter numbers.
///
/// **Owner**: the control loop.
final class MeterNumbers {
    private let capacity: UInt32
    private var fresh: UInt32 = 1
    private var free: [UInt32] = []

    init(capacity: UInt32) { self.capacity = capacity }

    /// A number that is not in use, or nil.
    func take() -> UInt32? {
        if let number = free.popLast() { return number }
        guard fresh <= capacity else { return nil }
        fresh += 1
        return fresh - 1
    }

    func give(_ number: UInt32) { free.append(number) }
}
