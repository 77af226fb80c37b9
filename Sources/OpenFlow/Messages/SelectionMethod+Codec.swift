// Netronome's group property: how a select group picks a bucket.

import Flow

extension OpenFlowCodec {
    /// Netronome's experimenter number, and the wrong one that was used once.
    private static let netronome: UInt32 = 0x0000_154d
    private static let netronomeOld: UInt32 = 0x0000_1540
    private static let methodBytes = 16

    static func decodeGroupProperties(
        _ reader: inout ByteReader, type: UInt8, command: UInt16
    ) throws(OpenFlowError) -> SelectionMethod? {
        var method: SelectionMethod?
        while let property = try reader.property() {
            guard property.experimenter == netronome || property.experimenter == netronomeOld,
                property.experimenterType == 1
            else { throw property.unknown }
            method = try decode(property, type: type, command: command)
        }
        return method
    }

    private static func decode(
        _ property: Property, type: UInt8, command: UInt16
    ) throws(OpenFlowError) -> SelectionMethod {
        guard let type = GroupType(rawValue: type) else { throw OpenFlowError(.ofpgmfcBadType) }
        guard type == .select else { throw OpenFlowError(.ofpbpcBadValue) }
        switch GroupModCommand(rawValue: command) {
        case .add, .modify, .addOrModify: break
        case .delete, .insertBucket, .removeBucket: throw OpenFlowError(.ofpbpcBadValue)
        case nil: throw OpenFlowError(.ofpgmfcBadCommand)
        }
        var body = property.body
        try body.skip(4)
        let name = try body.take(methodBytes)
        let parameter = try body.u64()
        guard name.contains(0), let kind = SelectionMethod.Kind(rawValue: name.textToZero) else {
            throw OpenFlowError(.ofpbpcBadValue)
        }
        guard kind == .hash || body.isAtEnd else { throw OpenFlowError(.ofpbpcBadValue) }
        var method = SelectionMethod(kind)
        method.parameter = parameter
        method.fields = try decodeFields(&body)
        return method
    }

    /// Entries whose values are the masks.
    private static func decodeFields(
        _ reader: inout ByteReader
    ) throws(OpenFlowError) -> [SelectionMethod.HashedField] {
        var fields: [SelectionMethod.HashedField] = []
        while !reader.isAtEnd {
            let entry = try OXMCodec().readHeader(&reader)
            guard let field = entry.field else { throw OpenFlowError(.ofpbmcBadField) }
            guard !fields.contains(where: { $0.field == field }) else {
                throw OpenFlowError(.ofpbmcDupField)
            }
            guard !entry.isMasked else { throw OpenFlowError(.ofpbmcBadMask) }
            guard entry.payloadCount <= reader.remaining else {
                throw OpenFlowError(.ofpbmcBadLen)
            }
            let mask = FieldValue(bytes: try reader.take(entry.payloadCount))
            let isWhole = mask.isZero || OXMCodec().isExact(mask, field)
            guard field.info.maskable || isWhole else { throw OpenFlowError(.ofpbmcBadMask) }
            fields.append(SelectionMethod.HashedField(field: field, mask: mask))
        }
        return fields
    }

    static func write(
        _ method: SelectionMethod, _ writer: inout ByteWriter, _ context: CodecContext
    ) {
        writer.experimenterProperty(netronome, 1) { writer in
            writer.zeros(4)
            writer.text(method.kind.rawValue, byteCount: methodBytes)
            writer.u64(method.parameter)
            let sorted = method.fields.sorted { $0.field.rawValue < $1.field.rawValue }
            for field in sorted {
                let bytes = field.mask.bytes
                context.matchCodec.oxm.writeHeader(
                    field.field, version: context.version.usesOXM ? context.version : nil,
                    byteCount: bytes.count, into: &writer)
                writer.put(bytes)
            }
        }
    }
}
