// Wire forms of table changes, descriptions and statistics. Table features are in
// `TableFeatures+Codec.swift`.

import Flow

extension OpenFlowCodec {
    static let tableNameBytes = 32
    private static let evictionBit: UInt32 = 1 << 2
    private static let vacancyBit: UInt32 = 1 << 3

    // MARK: Table mod

    static func decodeTableMod(
        _ format: WireFormat, _ reader: inout ByteReader, _ context: CodecContext
    ) throws(OpenFlowError) -> TableMod {
        var change = TableMod(tableID: try reader.u8())
        try reader.skip(3)
        let config = try reader.u32()
        if context.version == .v1_1 || context.version == .v1_2 {
            change.miss = TableMiss(config: config)
        }
        guard format == .tableMod14 else { return change }
        change.eviction = config & evictionBit != 0
        change.vacancyEvents = config & vacancyBit != 0
        while let property = try reader.property() {
            guard property.experimenter == 0 else { throw OpenFlowError(.ofpbrcBadType) }
            switch property.type {
            case 2: change.evictionFlags = try property.u32()
            case 3: change.vacancy = try decodeVacancy(property)
            default: throw OpenFlowError(.ofpbrcBadType)
            }
        }
        return change
    }

    private static func decodeVacancy(_ property: Property) throws(OpenFlowError) -> TableVacancy {
        var body = property.body
        guard body.remaining == 4 else { throw OpenFlowError(.ofpbpcBadLen) }
        let vacancy = TableVacancy(
            down: try body.u8(), up: try body.u8(), current: try body.u8())
        guard vacancy.down <= vacancy.up, vacancy.up <= 100, vacancy.current == 0 else {
            throw OpenFlowError(.ofpbpcBadValue)
        }
        return vacancy
    }

    static func encode(_ change: TableMod, _ builder: FrameBuilder) -> [[UInt8]] {
        let isNew = builder.version >= .v1_4
        return builder.single(isNew ? .tableMod14 : .tableMod11) { writer in
            writer.u8(change.tableID)
            writer.zeros(3)
            guard isNew else {
                return writer.u32(builder.version == .v1_3 ? 0 : change.miss.config)
            }
            let hasVacancy = change.vacancyEvents == true
            writer.u32(
                (change.eviction == true ? evictionBit : 0) | (hasVacancy ? vacancyBit : 0))
            if let flags = change.evictionFlags { writer.property(2, u32: flags) }
            if hasVacancy, var vacancy = change.vacancy {
                vacancy.current = 0
                write(vacancy, &writer)
            }
        }
    }

    // MARK: Description

    private static func write(_ vacancy: TableVacancy, _ writer: inout ByteWriter) {
        writer.property(3) { writer in
            writer.u8(vacancy.down)
            writer.u8(vacancy.up)
            writer.u8(vacancy.current)
            writer.u8(0)
        }
    }

    static func write(_ table: TableDescription, into writer: inout ByteWriter) {
        let start = writer.count
        writer.u16(0)
        writer.u8(table.tableID)
        writer.u8(0)
        writer.u32(
            (table.eviction ? evictionBit : 0) | (table.vacancyEvents ? vacancyBit : 0))
        if let flags = table.evictionFlags { writer.property(2, u32: flags) }
        if table.vacancyEvents {
            write(table.vacancy ?? TableVacancy(down: 0, up: 0), &writer)
        }
        writer.patchLength(at: start, from: start)
    }

    static func encode(_ tables: [TableDescription], _ builder: FrameBuilder) -> [[UInt8]] {
        builder.multipart(.tableDescriptionReply, tables) { write($0, into: &$1) }
    }

    // MARK: Statistics

    static func encode(_ tables: [TableStats], _ builder: FrameBuilder) -> [[UInt8]] {
        builder.multipart(.tableReply, tables) { table, writer in
            let features = table.features ?? TableFeatures(tableID: table.tableID)
            writer.u8(table.tableID)
            switch builder.version {
            case .v1_0:
                writer.zeros(3)
                writer.text(features.name, byteCount: tableNameBytes)
                writer.u32(TableFieldBits.bits10(features.optionalFields))
                writer.u32(features.maxEntries)
            case .v1_1:
                writer.zeros(7)
                writer.text(features.name, byteCount: tableNameBytes)
                writeFeatures11(features, &writer)
            case .v1_2:
                writer.zeros(7)
                writer.text(features.name, byteCount: tableNameBytes)
                writeFeatures12(features, &writer)
            case .v1_3, .v1_4, .v1_5: writer.zeros(3)
            }
            writer.u32(table.activeCount)
            writer.u64(table.lookupCount)
            writer.u64(table.matchedCount)
        }
    }

    private static func writeFeatures11(_ features: TableFeatures, _ writer: inout ByteWriter) {
        let all = standardActions(.v1_1)
        writer.u32(TableFieldBits.bits11(features.optionalFields))
        writer.u32(TableFieldBits.bits11(Set(features.match)))
        writer.u32(features.rules.instructions.wire(.v1_1))
        writer.u32(features.rules.write.actions ?? all)
        writer.u32(features.rules.apply.actions ?? all)
        writer.u32(features.miss.config)
        writer.u32(features.maxEntries)
    }

    private static func writeFeatures12(_ features: TableFeatures, _ writer: inout ByteWriter) {
        let all = standardActions(.v1_2)
        writer.u64(TableFieldBits.bits12(features.match))
        writer.u64(TableFieldBits.bits12(features.wildcards))
        writer.u32(features.rules.write.actions ?? all)
        writer.u32(features.rules.apply.actions ?? all)
        writer.u64(TableFieldBits.bits12(features.rules.write.setFields))
        writer.u64(TableFieldBits.bits12(features.rules.apply.setFields))
        writer.u64(features.metadataMatch)
        writer.u64(features.metadataWrite)
        writer.u32(features.rules.instructions.wire(.v1_2))
        writer.u32(features.miss.config)
        writer.u32(features.maxEntries)
    }
}

extension TableMiss {
    /// The low two bits of a table's configuration in OpenFlow 1.1 and 1.2.
    init(config: UInt32) {
        switch config & 3 {
        case 1: self = .continueToNext
        case 2: self = .drop
        default: self = .controller
        }
    }

    var config: UInt32 {
        switch self {
        case .byVersion, .controller: 0
        case .continueToNext: 1
        case .drop: 2
        }
    }
}

extension InstructionSet {
    /// The bits that `version` has instructions for.
    func wire(_ version: OpenFlowVersion) -> UInt32 {
        let hasMeter = version == .v1_3 || version == .v1_4
        return rawValue & (hasMeter ? 0x7e : 0x3e)
    }
}

extension TableFeatures {
    /// Fields that a rule may leave out or that it may not match at all.
    var optionalFields: Set<Field> {
        Set(Field.allCases).subtracting(match).union(wildcards)
    }
}

/// How the fixed matches of OpenFlow 1.0 to 1.2 number the fields of a table.
enum TableFieldBits {
    private static let lines10: [(Field, UInt32)] = [
        (.inPort, 1 << 0), (.vlanVID, 1 << 1), (.ethSource, 1 << 2), (.ethDestination, 1 << 3),
        (.ethType, 1 << 4), (.ipProtocol, 1 << 5), (.tcpSource, 1 << 6),
        (.tcpDestination, 1 << 7), (.ipv4Source, 0x3f << 8), (.ipv4Destination, 0x3f << 14),
        (.vlanPCP, 1 << 20), (.ipDSCP, 1 << 21),
    ]
    private static let lines11: [(Field, UInt32)] = [
        (.inPort, 1 << 0), (.vlanVID, 1 << 1), (.vlanPCP, 1 << 2), (.ethType, 1 << 3),
        (.ipDSCP, 1 << 4), (.ipProtocol, 1 << 5), (.tcpSource, 1 << 6),
        (.tcpDestination, 1 << 7), (.mplsLabel, 1 << 8), (.mplsTC, 1 << 9),
        (.ethSource, 1 << 11), (.ethDestination, 1 << 12), (.ipv4Source, 1 << 13),
        (.ipv4Destination, 1 << 14), (.metadata, 1 << 15),
    ]

    static func bits10(_ fields: Set<Field>) -> UInt32 {
        lines10.reduce(0) { fields.contains($1.0) ? $0 | $1.1 : $0 }
    }

    static func bits11(_ fields: Set<Field>) -> UInt32 {
        lines11.reduce(0) { fields.contains($1.0) ? $0 | $1.1 : $0 }
    }

    /// Bit n for field n of the basic OXM class, as far as OpenFlow 1.2 has it.
    static func bits12(_ fields: [Field]) -> UInt64 {
        fields.reduce(0) { bits, field in
            guard let header = field.header(in: .v1_2), header.oxmClass == 0x8000,
                header.field < 64
            else { return bits }
            return bits | 1 << UInt64(header.field)
        }
    }
}
