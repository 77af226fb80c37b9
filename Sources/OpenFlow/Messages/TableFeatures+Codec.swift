// Wire form of table features, both ways: OpenFlow 1.3 and later ask with them, and set them.

import Flow

extension OpenFlowCodec {
    /// Property types; the odd ones are for the miss rule.
    private enum FeatureProperty {
        static let instructions: UInt16 = 0
        static let nextTables: UInt16 = 2
        static let writeActions: UInt16 = 4
        static let applyActions: UInt16 = 6
        static let match: UInt16 = 8
        static let wildcards: UInt16 = 10
        static let writeSetField: UInt16 = 12
        static let applySetField: UInt16 = 14
        /// Bits of those that must be there.
        static let required: UInt32 = 0x5555
    }

    private static let featuresBytes = 64

    // MARK: Decoding

    static func decodeTableFeatures(
        _ reader: inout ByteReader, _ context: CodecContext
    ) throws(OpenFlowError) -> [TableFeatures] {
        var tables: [TableFeatures] = []
        while !reader.isAtEnd {
            guard reader.remaining >= featuresBytes else { throw OpenFlowError(.ofpbpcBadLen) }
            let length = Int(try reader.peek16())
            guard length >= featuresBytes, length % 8 == 0, length <= reader.remaining else {
                throw OpenFlowError(.ofpbpcBadLen)
            }
            var body = try reader.sub(length, lengthError: .ofpbpcBadLen)
            tables.append(try decodeTable(&body, context))
        }
        return tables
    }

    private static func decodeTable(
        _ reader: inout ByteReader, _ context: CodecContext
    ) throws(OpenFlowError) -> TableFeatures {
        try reader.skip(2)
        let id = try reader.u8()
        let command = TableFeatures.Command(rawValue: try reader.u8())
        var table = TableFeatures(tableID: id)
        if context.version >= .v1_5 {
            guard let command else { throw OpenFlowError(.ofptffcBadCommand) }
            table.command = command
        }
        guard id != 255 else { throw OpenFlowError(.ofptffcBadTable) }
        try reader.skip(4)
        table.name = try reader.take(tableNameBytes).textToZero
        table.metadataMatch = try reader.u64()
        table.metadataWrite = try reader.u64()
        let capabilities = try reader.u32()
        if context.version >= .v1_4 {
            table.supportsEviction = capabilities & 4 != 0
            table.supportsVacancyEvents = capabilities & 8 != 0
        }
        table.maxEntries = try reader.u32()
        table.hasProperties = !reader.isAtEnd
        let seen = try decodeProperties(&reader, &table, context)
        let missing = FeatureProperty.required & ~seen
        if missing != 0, table.hasProperties || context.version < .v1_5 {
            throw OpenFlowError(.ofptffcBadFeatures)
        }
        fillMissRule(&table, seen: seen)
        return table
    }

    /// Returns a bit for each property type seen.
    private static func decodeProperties(
        _ reader: inout ByteReader, _ table: inout TableFeatures, _ context: CodecContext
    ) throws(OpenFlowError) -> UInt32 {
        var seen: UInt32 = 0
        while let property = try reader.property() {
            guard property.experimenter == 0 else { throw property.unknown }
            if property.type < 32 {
                let bit = UInt32(1) << UInt32(property.type)
                guard seen & bit == 0 else { throw OpenFlowError(.ofptffcBadFeatures) }
                seen |= bit
            }
            var body = property.body
            switch property.type {
            case FeatureProperty.match: try decodeMatch(&body, &table)
            case FeatureProperty.wildcards: table.wildcards = try decodeFields(&body)
            case 0...7, 12...15:
                if property.type % 2 == 0 {
                    try decode(property.type, &body, &table.rules, context)
                } else {
                    try decode(property.type - 1, &body, &table.missRule, context)
                }
            default: throw property.unknown
            }
        }
        let known = Set(table.match)
        let maskable = Set(table.maskable)
        table.wildcards = table.wildcards.filter { known.contains($0) }
        table.wildcards += table.maskable.filter { !table.wildcards.contains($0) }
        table.wildcards.sort { $0.rawValue < $1.rawValue }
        assert(maskable.isSubset(of: known))
        return seen
    }

    private static func decode(
        _ type: UInt16, _ body: inout ByteReader, _ rules: inout TableRuleFeatures,
        _ context: CodecContext
    ) throws(OpenFlowError) {
        switch type {
        case FeatureProperty.instructions:
            let types = try decodeTypes(&body, unknown: .ofpbicUnknownInst)
            let instructions = InstructionSet(rawValue: types)
            guard instructions.isSubset(of: .all) else {
                throw OpenFlowError(.ofpbicUnknownInst)
            }
            rules.instructions = instructions
        case FeatureProperty.nextTables:
            let tables = Array(body.rest)
            guard !tables.contains(255) else { throw OpenFlowError(.ofpbpcBadValue) }
            rules.nextTables = Array(Set(tables)).sorted()
        case FeatureProperty.writeActions:
            rules.write.actions =
                try decodeTypes(&body, unknown: nil) & standardActions(context.version)
        case FeatureProperty.applyActions:
            rules.apply.actions =
                try decodeTypes(&body, unknown: nil) & standardActions(context.version)
        case FeatureProperty.writeSetField: rules.write.setFields = try decodeFields(&body)
        default: rules.apply.setFields = try decodeFields(&body)
        }
    }

    /// Bits of the type numbers in a list of empty properties; those beyond 31 are `unknown` or
    /// passed over.
    private static func decodeTypes(
        _ body: inout ByteReader, unknown: OpenFlowErrorCode?
    ) throws(OpenFlowError) -> UInt32 {
        var bits: UInt32 = 0
        while let property = try body.property(alignment: 1, experimenterMin: nil) {
            if property.type < 32 {
                bits |= 1 << UInt32(property.type)
            } else if let unknown {
                throw OpenFlowError(unknown)
            }
        }
        return bits
    }

    private static func decodeMatch(
        _ body: inout ByteReader, _ table: inout TableFeatures
    ) throws(OpenFlowError) {
        var match: Set<Field> = []
        var maskable: Set<Field> = []
        while !body.isAtEnd {
            let entry = try OXMCodec().readHeader(&body)
            guard let field = entry.field else { throw OpenFlowError(.ofpbmcBadField) }
            match.insert(field)
            if entry.isMasked { maskable.insert(field) }
        }
        table.match = match.sorted { $0.rawValue < $1.rawValue }
        table.maskable = maskable.sorted { $0.rawValue < $1.rawValue }
    }

    private static func decodeFields(_ body: inout ByteReader) throws(OpenFlowError) -> [Field] {
        var fields: Set<Field> = []
        while !body.isAtEnd {
            let entry = try OXMCodec().readHeader(&body)
            guard let field = entry.field else { throw OpenFlowError(.ofpbmcBadField) }
            guard !entry.isMasked else { throw OpenFlowError(.ofpbmcBadMask) }
            fields.insert(field)
        }
        return fields.sorted { $0.rawValue < $1.rawValue }
    }

    /// What the miss rule does not say for itself is as for the others.
    private static func fillMissRule(_ table: inout TableFeatures, seen: UInt32) {
        func has(_ type: UInt16) -> Bool { seen >> (UInt32(type) + 1) & 1 == 1 }
        let rules = table.rules
        if !has(FeatureProperty.instructions) {
            table.missRule.instructions = rules.instructions
        }
        if !has(FeatureProperty.nextTables) { table.missRule.nextTables = rules.nextTables }
        if !has(FeatureProperty.writeActions) {
            table.missRule.write.actions = rules.write.actions
        }
        if !has(FeatureProperty.applyActions) {
            table.missRule.apply.actions = rules.apply.actions
        }
        if !has(FeatureProperty.writeSetField) {
            table.missRule.write.setFields = rules.write.setFields
        }
        if !has(FeatureProperty.applySetField) {
            table.missRule.apply.setFields = rules.apply.setFields
        }
    }

    // MARK: Encoding

    static func write(
        _ table: TableFeatures, _ writer: inout ByteWriter, _ context: CodecContext
    ) {
        let start = writer.count
        writer.u16(0)
        writer.u8(table.tableID)
        writer.u8(context.version >= .v1_5 ? table.command.rawValue : 0)
        writer.zeros(4)
        writer.text(table.name, byteCount: tableNameBytes)
        writer.u64(table.metadataMatch)
        writer.u64(table.metadataWrite)
        let capabilities: UInt32 =
            (table.supportsEviction ? 4 : 0) | (table.supportsVacancyEvents ? 8 : 0)
        writer.u32(context.version >= .v1_4 ? capabilities : 0)
        writer.u32(table.maxEntries)
        if table.hasProperties {
            write(table.rules, miss: 0, &writer, context)
            write(table.missRule, miss: 1, &writer, context)
            let maskable = Set(table.maskable)
            writer.property(FeatureProperty.match) { writer in
                write(table.match, masked: maskable, &writer, context)
            }
            writer.property(FeatureProperty.wildcards) { writer in
                write(table.wildcards, masked: [], &writer, context)
            }
        }
        writer.patchLength(at: start, from: start)
    }

    private static func write(
        _ rules: TableRuleFeatures, miss: UInt16, _ writer: inout ByteWriter,
        _ context: CodecContext
    ) {
        writer.property(FeatureProperty.instructions + miss) { writer in
            writeTypes(rules.instructions.wire(context.version), &writer)
        }
        writer.property(FeatureProperty.nextTables + miss) { $0.put(rules.nextTables) }
        let all = standardActions(context.version)
        let pairs = [
            (rules.write, FeatureProperty.writeActions, FeatureProperty.writeSetField),
            (rules.apply, FeatureProperty.applyActions, FeatureProperty.applySetField),
        ]
        for (features, actionsType, setFieldType) in pairs {
            writer.property(actionsType + miss) { writeTypes(features.actions ?? all, &$0) }
            writer.property(setFieldType + miss) { writer in
                write(features.setFields, masked: [], &writer, context)
            }
        }
    }

    private static func writeTypes(_ bits: UInt32, _ writer: inout ByteWriter) {
        for type in 0..<UInt16(32) where bits >> UInt32(type) & 1 == 1 {
            writer.u16(type)
            writer.u16(4)
        }
    }

    private static func write(
        _ fields: [Field], masked: Set<Field>, _ writer: inout ByteWriter,
        _ context: CodecContext
    ) {
        for field in fields {
            OXMCodec().writeHeader(
                field, version: context.version, isMasked: masked.contains(field), into: &writer)
        }
    }
}
