// Ranges of bits in actions: Nicira's packed form and the checks of source and destination.

import Flow

extension Subfield {
    /// From Nicira's 16 bits: the offset above, the width less one in the low six.
    init(_ field: Field, packed range: UInt16) {
        self.init(field, offset: Int(range >> 6), bitCount: Int(range & 0x3f) + 1)
    }

    /// Nicira's 16 bits.
    var packed: UInt16 {
        UInt16(truncatingIfNeeded: offset << 6 | max(bitCount - 1, 0) & 0x3f)
    }
}

extension OXMCodec {
    /// **Errors**: OFPBAC_BAD_SET_LEN where the bits are none or beyond the field's end.
    func checkSource(_ source: Subfield) throws(OpenFlowError) {
        let width = bitCount(of: source.field)
        guard source.bitCount > 0, source.offset >= 0, source.offset < width,
            source.offset + source.bitCount <= width
        else { throw OpenFlowError(.ofpbacBadSetLen, source.field.info.name) }
    }

    /// **Errors**: as for a source, and OFPBAC_BAD_SET_ARGUMENT for a read-only field.
    func checkDestination(_ destination: Subfield) throws(OpenFlowError) {
        try checkSource(destination)
        guard destination.field.info.writable else {
            throw OpenFlowError(.ofpbacBadSetArgument, destination.field.info.name)
        }
    }
}
