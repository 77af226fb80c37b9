// One type-length-value entry of a match, a set-field or a copy: header, value and mask. Used by
// the codecs of matches and actions and by messages that list fields.

import Flow

/// A decoded entry header.
public struct OXMEntryHeader: Hashable, Sendable {
    public let header: OXMHeader
    public let isMasked: Bool
    /// Bytes of value and mask that follow.
    public let payloadCount: Int
    /// The field, nil where the header is unknown or its length wrong.
    public let field: Field?
    /// Whether the header names a field but its length is not that field's.
    public let hasWrongLength: Bool

    /// Nicira's cookie pseudo-field of flow-mods and flow requests.
    public var isCookie: Bool {
        header == OXMHeader(oxmClass: 1, field: 30, experimenter: 0)
            && payloadCount == (isMasked ? 16 : 8)
    }
}

/// Reads and writes entries.
///
/// **Errors**: the codes that Open vSwitch answers with; see each function.
public struct OXMCodec: Sendable {
    /// The bridge's meaning of `tun_metadata<n>`. Nil leaves their lengths open: actions can
    /// then be read and written, matches not.
    public var tunnelOptions: TunnelOptionTable?

    public init(tunnelOptions: TunnelOptionTable? = nil) { self.tunnelOptions = tunnelOptions }

    /// Bytes of a field's value on the wire.
    public func byteCount(of field: Field) -> Int {
        guard let index = field.tunnelMetadataIndex else { return field.byteCount }
        return tunnelOptions?.mapping(index)?.byteCount ?? field.info.byteCount
    }

    /// Significant bits of a field.
    public func bitCount(of field: Field) -> Int {
        field.tunnelMetadataIndex == nil ? field.info.bitCount : byteCount(of: field) * 8
    }

    /// Whether `field` is a tunnel option that the bridge has not mapped.
    public func isUnmapped(_ field: Field) -> Bool {
        guard let index = field.tunnelMetadataIndex, let tunnelOptions else { return false }
        return tunnelOptions.mapping(index) == nil
    }

    // MARK: Reading

    /// **Errors**: OFPBMC_BAD_LEN where it is cut short.
    public func readHeader(_ reader: inout ByteReader) throws(OpenFlowError) -> OXMEntryHeader {
        guard reader.remaining >= 4 else { throw OpenFlowError(.ofpbmcBadLen, "partial OXM") }
        let oxmClass = try reader.peek16(0)
        let low = try reader.peek16(2)
        var count = Int(low & 0xff)
        var experimenter: UInt32 = 0
        if oxmClass == OXMHeader.experimenterClass {
            guard reader.remaining >= 8, count >= 4 else {
                throw OpenFlowError(.ofpbmcBadLen, "partial experimenter OXM")
            }
            experimenter = try reader.peek32(4)
            count -= 4
            try reader.skip(8)
        } else {
            try reader.skip(4)
        }
        return resolve(
            OXMHeader(oxmClass: oxmClass, field: UInt8(low >> 9), experimenter: experimenter),
            isMasked: low >> 8 & 1 == 1, payloadCount: count)
    }

    /// The field of a 32-bit header as older Nicira actions carry it.
    ///
    /// **Errors**: OFPBAC_BAD_SET_TYPE, NXFMFC_INVALID_TLV_FIELD.
    public func field(fromHeader word: UInt32) throws(OpenFlowError) -> Field {
        let entry = resolve(
            OXMHeader(
                oxmClass: UInt16(word >> 16), field: UInt8(word >> 9 & 0x7f), experimenter: 0),
            isMasked: word >> 8 & 1 == 1, payloadCount: Int(word & 0xff))
        guard let field = entry.field, entry.header.oxmClass != OXMHeader.experimenterClass else {
            throw OpenFlowError(.ofpbacBadSetType, "header \(word)")
        }
        if isUnmapped(field) { throw OpenFlowError(.nxfmfcInvalidTlvField) }
        return field
    }

    /// A header that names a field, without a mask.
    ///
    /// **Errors**: OFPBMC_BAD_LEN, OFPBMC_BAD_FIELD, OFPBMC_BAD_MASK, NXFMFC_INVALID_TLV_FIELD.
    public func readField(_ reader: inout ByteReader) throws(OpenFlowError) -> Field {
        let entry = try readHeader(&reader)
        guard let field = entry.field else { throw OpenFlowError(.ofpbmcBadField) }
        if isUnmapped(field) { throw OpenFlowError(.nxfmfcInvalidTlvField) }
        if entry.isMasked { throw OpenFlowError(.ofpbmcBadMask) }
        return field
    }

    /// A whole entry as actions carry it; the mask is nil where it has none.
    ///
    /// **Errors**: OFPBAC_BAD_SET_TYPE or OFPBAC_BAD_SET_LEN of the header, OFPBMC_BAD_LEN,
    /// OFPBMC_BAD_WILDCARDS where the value has bits outside the mask.
    public func readActionEntry(
        _ reader: inout ByteReader
    ) throws(OpenFlowError) -> (field: Field, value: FieldValue, mask: FieldValue?) {
        let entry = try readHeader(&reader)
        guard let field = entry.field else {
            throw OpenFlowError(entry.hasWrongLength ? .ofpbacBadSetLen : .ofpbacBadSetType)
        }
        if isUnmapped(field) { throw OpenFlowError(.nxfmfcInvalidTlvField) }
        let (value, mask) = try readPayload(&reader, entry)
        return (field, value, mask)
    }

    /// Value and mask after a header, adjusted to the field's width.
    func readPayload(
        _ reader: inout ByteReader, _ entry: OXMEntryHeader
    ) throws(OpenFlowError) -> (value: FieldValue, mask: FieldValue?) {
        guard reader.remaining >= entry.payloadCount else {
            throw OpenFlowError(.ofpbmcBadLen, "OXM payload is cut short")
        }
        let width = entry.isMasked ? entry.payloadCount / 2 : entry.payloadCount
        let value = try reader.take(width)
        guard entry.isMasked else {
            return (fit(value, entry.field), nil)
        }
        let mask = try reader.take(width)
        try reader.skip(entry.payloadCount - 2 * width)
        for (byte, maskByte) in zip(value, mask) where byte & ~maskByte != 0 {
            throw OpenFlowError(.ofpbmcBadWildcards)
        }
        return (fit(value, entry.field), fit(mask, entry.field))
    }

    /// Tunnel options may come shorter or longer than they are mapped.
    private func fit(_ bytes: [UInt8], _ field: Field?) -> FieldValue {
        guard let field, field.tunnelMetadataIndex != nil, tunnelOptions != nil else {
            return FieldValue(bytes: bytes)
        }
        let count = byteCount(of: field)
        return FieldValue(bytes: Array(bytes.prefix(count))).resized(to: count)
    }

    private func resolve(
        _ header: OXMHeader, isMasked: Bool, payloadCount: Int
    ) -> OXMEntryHeader {
        let width = isMasked ? payloadCount / 2 : payloadCount
        let known = header.knownField
        let fits =
            known.map {
                $0.tunnelMetadataIndex == nil ? $0.byteCount == width : width < 128
            } ?? false
        return OXMEntryHeader(
            header: header, isMasked: isMasked, payloadCount: payloadCount,
            field: fits ? known : nil, hasWrongLength: known != nil && !fits && width > 0)
    }

    // MARK: Writing

    /// Writes a field's header; nothing for a field without one. `version` is nil for NXM.
    public func writeHeader(
        _ field: Field, version: OpenFlowVersion?, isMasked: Bool = false, byteCount: Int? = nil,
        into writer: inout ByteWriter
    ) {
        guard let header = field.header(in: version) else { return }
        let width = byteCount ?? self.byteCount(of: field)
        let isLong = header.oxmClass == OXMHeader.experimenterClass
        let count = (isMasked ? 2 : 1) * width + (isLong ? 4 : 0)
        writer.u16(header.oxmClass)
        writer.u8(header.field << 1 | (isMasked ? 1 : 0))
        writer.u8(UInt8(truncatingIfNeeded: count))
        if isLong { writer.u32(header.experimenter) }
    }

    /// Writes an entry; the mask is left out where it is nil or all ones in `field`'s bits.
    public func writeEntry(
        _ field: Field, version: OpenFlowVersion?, value: FieldValue, mask: FieldValue? = nil,
        keepsWholeMask: Bool = false, into writer: inout ByteWriter
    ) {
        guard field.header(in: version) != nil else { return }
        let width = field.tunnelMetadataIndex == nil ? field.byteCount : value.bytes.count
        let isMasked =
            mask.map { !($0.isAllOnes || !keepsWholeMask && isExact($0, field)) } ?? false
        // A header's length is a byte: a masked option of 124 bytes still fits.
        writeHeader(
            field, version: version, isMasked: isMasked, byteCount: width, into: &writer)
        writer.put(value.resized(to: width).bytes)
        if isMasked, let mask { writer.put(mask.resized(to: width).bytes) }
    }

    /// Whether `mask` covers the whole field.
    public func isExact(_ mask: FieldValue, _ field: Field) -> Bool {
        if mask.isAllOnes { return true }
        if field.tunnelMetadataIndex != nil { return false }
        return mask == .exactMask(of: field)
    }

    /// The 32-bit NXM header of a field, or 0 where it only has a 64-bit one or none.
    public func header32(of field: Field) -> UInt32 {
        guard let header = field.header(in: nil),
            header.oxmClass != OXMHeader.experimenterClass
        else { return 0 }
        return UInt32(header.oxmClass) << 16 | UInt32(header.field) << 9
            | UInt32(truncatingIfNeeded: byteCount(of: field))
    }
}
