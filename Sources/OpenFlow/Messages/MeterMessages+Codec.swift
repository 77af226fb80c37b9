// Wire forms of meter changes and meter multipart replies.

extension OpenFlowCodec {
    private static let bandBytes = 16

    static func decodeMeterMod(_ reader: inout ByteReader) throws(OpenFlowError) -> MeterMod {
        guard let command = MeterMod.Command(rawValue: try reader.u16()) else {
            throw OpenFlowError(.ofpmmfcBadCommand)
        }
        let flags = MeterFlags(rawValue: try reader.u16())
        let id = try reader.u32()
        guard command != .delete else {
            return MeterMod(.delete, meter: MeterConfig(meterID: id))
        }
        guard !flags.isSuperset(of: [.kilobitsPerSecond, .packetsPerSecond]) else {
            throw OpenFlowError(.ofpmmfcBadFlags)
        }
        let bands = try decodeBands(&reader)
        return MeterMod(command, meter: MeterConfig(meterID: id, flags: flags, bands: bands))
    }

    private static func decodeBands(
        _ reader: inout ByteReader
    ) throws(OpenFlowError) -> [MeterBand] {
        var bands: [MeterBand] = []
        while reader.remaining >= bandBytes {
            let kind = try reader.u16()
            guard Int(try reader.u16()) == bandBytes else { throw OpenFlowError(.ofpbrcBadLen) }
            guard let kind = MeterBand.Kind(rawValue: kind) else {
                throw OpenFlowError(.ofpmmfcBadBand)
            }
            var band = MeterBand(kind, rate: try reader.u32(), burstSize: try reader.u32())
            let level = try reader.u8()
            if kind == .dscpRemark { band.precedenceLevel = level }
            try reader.skip(3)
            bands.append(band)
        }
        guard reader.isAtEnd else { throw OpenFlowError(.ofpbrcBadLen) }
        return bands
    }

    private static func write(_ bands: [MeterBand], _ writer: inout ByteWriter) {
        for band in bands {
            writer.u16(band.kind.rawValue)
            writer.u16(UInt16(bandBytes))
            writer.u32(band.rate)
            writer.u32(band.burstSize)
            writer.u8(band.precedenceLevel)
            writer.zeros(3)
        }
    }

    static func encode(_ change: MeterMod, _ builder: FrameBuilder) -> [[UInt8]] {
        builder.single(.meterMod) { writer in
            writer.u16(change.command.rawValue)
            writer.u16(change.meter.flags.rawValue)
            writer.u32(change.meter.meterID)
            write(change.meter.bands, &writer)
        }
    }

    static func encode(_ meters: [MeterConfig], _ builder: FrameBuilder) -> [[UInt8]] {
        builder.multipart(.meterConfigReply, meters) { meter, writer in
            let start = writer.count
            writer.u16(0)
            writer.u16(meter.flags.rawValue)
            writer.u32(meter.meterID)
            write(meter.bands, &writer)
            writer.patchLength(at: start, from: start)
        }
    }

    static func encode(_ meters: [MeterStats], _ builder: FrameBuilder) -> [[UInt8]] {
        builder.multipart(.meterReply, meters) { meter, writer in
            let start = writer.count
            writer.u32(meter.meterID)
            writer.u16(0)
            writer.zeros(6)
            writer.u32(meter.flowCount)
            writer.u64(meter.packetInCount)
            writer.u64(meter.byteInCount)
            writer.u32(meter.durationSeconds)
            writer.u32(meter.durationNanoseconds)
            for band in meter.bands {
                writer.u64(band.packetCount)
                writer.u64(band.byteCount)
            }
            writer.patchLength(at: start + 4, from: start)
        }
    }

    static func encode(_ features: MeterFeatures, _ builder: FrameBuilder) -> [[UInt8]] {
        builder.single(.meterFeaturesReply) { writer in
            writer.u32(features.maxMeters)
            writer.u32(features.bandTypes)
            writer.u32(UInt32(features.capabilities.rawValue))
            writer.u8(features.maxBands)
            writer.u8(features.maxColor)
            writer.zeros(2)
        }
    }
}
