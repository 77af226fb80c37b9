// Wire forms of port descriptions, changes and statistics.

extension OpenFlowCodec {
    /// Bytes of a port's name, the ending zero included.
    private static let nameBytes = 16

    // MARK: Description

    static func write(
        _ port: PortDescription, version: OpenFlowVersion, into writer: inout ByteWriter
    ) {
        switch version {
        case .v1_0: write10(port, &writer)
        case .v1_1, .v1_2, .v1_3: write11(port, &writer)
        case .v1_4, .v1_5: write14(port, &writer)
        }
    }

    private static func write10(_ port: PortDescription, _ writer: inout ByteWriter) {
        writer.port16(port.number)
        writer.u48(port.hardwareAddress.value)
        writer.text(port.name, byteCount: nameBytes)
        writer.u32(port.config.intersection(.all10).rawValue)
        writer.u32(port.state.rawValue & 0x301)
        for features in [port.current, port.advertised, port.supported, port.peer] {
            writer.u32(features.wire10)
        }
    }

    private static func write11(_ port: PortDescription, _ writer: inout ByteWriter) {
        writer.u32(port.number)
        writer.zeros(4)
        writer.u48(port.hardwareAddress.value)
        writer.zeros(2)
        writer.text(port.name, byteCount: nameBytes)
        writer.u32(port.config.intersection(.all11).rawValue)
        writer.u32(port.state.rawValue & 0x7)
        writeLink(port, &writer)
    }

    private static func write14(_ port: PortDescription, _ writer: inout ByteWriter) {
        let start = writer.count
        writer.u32(port.number)
        writer.u16(0)
        writer.zeros(2)
        writer.u48(port.hardwareAddress.value)
        writer.zeros(2)
        writer.text(port.name, byteCount: nameBytes)
        writer.u32(port.config.intersection(.all11).rawValue)
        writer.u32(port.state.rawValue & 0x7)
        writer.property(0, isNested: true) { writeLink(port, &$0) }
        writer.patchLength(at: start + 4, from: start)
    }

    private static func writeLink(_ port: PortDescription, _ writer: inout ByteWriter) {
        for features in [port.current, port.advertised, port.supported, port.peer] {
            writer.u32(features.rawValue & 0xffff)
        }
        writer.u32(port.currentSpeedKilobits)
        writer.u32(port.maxSpeedKilobits)
    }

    static func encode(_ ports: [PortDescription], _ builder: FrameBuilder) -> [[UInt8]] {
        builder.multipart(.portDescriptionReply, ports) { port, writer in
            write(port, version: builder.version, into: &writer)
        }
    }

    // MARK: Port mod

    static func decodePortMod(
        _ format: WireFormat, _ reader: inout ByteReader
    ) throws(OpenFlowError) -> PortMod {
        let isFirst = format == .portMod10
        let port = try isFirst ? ReservedPort.widen(reader.u16()) : reader.port32()
        if !isFirst { try reader.skip(4) }
        var change = PortMod(
            port: port, hardwareAddress: MACAddressValue(try reader.u48()))
        if !isFirst { try reader.skip(2) }
        let known = isFirst ? PortConfig.all10 : PortConfig.all11
        change.config = PortConfig(rawValue: try reader.u32()).intersection(known)
        change.mask = PortConfig(rawValue: try reader.u32()).intersection(known)
        change.config.formIntersection(change.mask)
        switch format {
        case .portMod10: change.advertise = PortFeatures(wire10: try reader.u32())
        case .portMod11: change.advertise = PortFeatures(rawValue: try reader.u32() & 0xffff)
        default:
            while let property = try reader.property() {
                guard property.experimenter == 0, property.type == 0 else {
                    throw property.unknown
                }
                change.advertise = PortFeatures(rawValue: try property.u32() & 0xffff)
            }
        }
        return change
    }

    static func encode(_ change: PortMod, _ builder: FrameBuilder) -> [[UInt8]] {
        switch builder.version {
        case .v1_0:
            return builder.single(.portMod10) { writer in
                writer.port16(change.port)
                writer.u48(change.hardwareAddress.value)
                writer.u32(change.config.intersection(.all10).rawValue)
                writer.u32(change.mask.intersection(.all10).rawValue)
                writer.u32(change.advertise.wire10)
                writer.zeros(4)
            }
        case .v1_1, .v1_2, .v1_3:
            return builder.single(.portMod11) { writer in
                writeStart(change, &writer)
                writer.u32(change.advertise.rawValue & 0xffff)
                writer.zeros(4)
            }
        case .v1_4, .v1_5:
            return builder.single(.portMod14) { writer in
                writeStart(change, &writer)
                guard !change.advertise.isEmpty else { return }
                writer.property(0, u32: change.advertise.rawValue & 0xffff)
            }
        }
    }

    private static func writeStart(_ change: PortMod, _ writer: inout ByteWriter) {
        writer.u32(change.port)
        writer.zeros(4)
        writer.u48(change.hardwareAddress.value)
        writer.zeros(2)
        writer.u32(change.config.intersection(.all11).rawValue)
        writer.u32(change.mask.intersection(.all11).rawValue)
    }

    // MARK: Statistics

    static func encode(_ ports: [PortStats], _ builder: FrameBuilder) -> [[UInt8]] {
        let version = builder.version
        return builder.multipart(.portReply, ports) { port, writer in
            guard version < .v1_4 else { return writeStats14(port, &writer) }
            if version == .v1_0 {
                writer.port16(port.port)
                writer.zeros(6)
            } else {
                writer.u32(port.port)
                writer.zeros(4)
            }
            writeCounters(port, &writer)
            writeEthernetCounters(port, &writer)
            if version == .v1_3 { writeDuration(port, &writer) }
        }
    }

    private static func writeStats14(_ port: PortStats, _ writer: inout ByteWriter) {
        let start = writer.count
        writer.u16(0)
        writer.zeros(2)
        writer.u32(port.port)
        writeDuration(port, &writer)
        writeCounters(port, &writer)
        writer.property(0, isNested: true) { writeEthernetCounters(port, &$0) }
        writer.experimenterProperty(VendorID.intel, 1) { writer in
            writer.zeros(4)
            for index in 0..<PortStats.rfc2819Count {
                writer.u64(index < port.rfc2819.count ? port.rfc2819[index] : .max)
            }
        }
        if !port.custom.isEmpty {
            let counters = port.custom.prefix(PortStats.customCountMax)
            writer.experimenterProperty(VendorID.intel, 2) { writer in
                writer.zeros(2)
                writer.u16(UInt16(truncatingIfNeeded: counters.count))
                for counter in counters {
                    let name = counter.name.utf8.prefix(PortStats.customNameBytesMax)
                    writer.u8(UInt8(truncatingIfNeeded: name.count))
                    writer.put(name)
                    writer.u64(counter.value)
                }
            }
        }
        writer.patchLength(at: start, from: start)
    }

    private static func writeDuration(_ port: PortStats, _ writer: inout ByteWriter) {
        writer.u32(port.durationSeconds ?? .max)
        writer.u32(port.durationSeconds == nil ? .max : port.durationNanoseconds)
    }

    private static func writeCounters(_ port: PortStats, _ writer: inout ByteWriter) {
        for counter in [
            port.receivedPackets, port.sentPackets, port.receivedBytes, port.sentBytes,
            port.receiveDropped, port.sendDropped, port.receiveErrors, port.sendErrors,
        ] {
            writer.u64(counter)
        }
    }

    private static func writeEthernetCounters(_ port: PortStats, _ writer: inout ByteWriter) {
        for counter in [
            port.receiveFrameErrors, port.receiveOverErrors, port.receiveCRCErrors,
            port.collisions,
        ] {
            writer.u64(counter)
        }
    }
}

extension PortStats {
    /// How many RFC 2819 counters there are.
    static let rfc2819Count = 21
    /// Custom counters that one port may have on the wire.
    static let customCountMax = 512
    static let customNameBytesMax = 63
}

extension PortFeatures {
    /// OpenFlow 1.0 numbers the media four bits lower and knows no speed above 10 Gb/s.
    var wire10: UInt32 { rawValue & 0x7f | (rawValue & 0xf800) >> 4 }

    init(wire10: UInt32) { self.init(rawValue: wire10 & 0x7f | (wire10 & 0xf80) << 4) }
}
