// Properties: the type-length-value lists that OpenFlow 1.3 and later end many messages with. All
// have the same header, so one reader and a few writing verbs serve every message.

/// One property, its length already checked.
struct Property {
    /// The 16-bit type; an experimenter's is in `experimenter` and `experimenterType`.
    var type: UInt16
    /// 0 for a standard property.
    var experimenter: UInt32 = 0
    var experimenterType: UInt32 = 0
    /// What follows the header (4 bytes, or 12 of an experimenter), without padding.
    var body: ByteReader
    /// Bytes of the header.
    var headerByteCount: Int { experimenter == 0 ? 4 : 12 }

    /// An 8-bit value; more bytes may follow.
    func u8() throws(OpenFlowError) -> UInt8 {
        var body = body
        return try body.u8()
    }

    /// A 16-bit value; more bytes may follow.
    func u16() throws(OpenFlowError) -> UInt16 {
        var body = body
        return try body.u16()
    }

    /// Just a 32-bit value.
    func u32() throws(OpenFlowError) -> UInt32 {
        var body = body
        guard body.remaining == 4 else { throw OpenFlowError(.ofpbpcBadLen) }
        return try body.u32()
    }

    /// Just a 64-bit value, aligned to 8 bytes.
    func u64() throws(OpenFlowError) -> UInt64 {
        var body = try nested()
        guard body.remaining == 8 else { throw OpenFlowError(.ofpbpcBadLen) }
        return try body.u64()
    }

    /// What begins at the next multiple of 8 bytes.
    func nested() throws(OpenFlowError) -> ByteReader {
        var body = body
        try body.skip(4)
        return body
    }

    /// What to say of a property that a message may not hold.
    var unknown: OpenFlowError {
        OpenFlowError(experimenter == 0 ? .ofpbpcBadType : .ofpbpcBadExpType)
    }
}

extension ByteReader {
    /// The next property, with its padding; nil at the end.
    ///
    /// `alignment`: what lengths are padded to. `experimenterMin`: the least type that is an
    /// experimenter's; nil where there are none.
    ///
    /// **Errors**: OFPBPC_BAD_LEN, OFPBPC_BAD_EXPERIMENTER.
    mutating func property(
        alignment: Int = 8, experimenterMin: UInt16? = 0xffff
    ) throws(OpenFlowError) -> Property? {
        guard !isAtEnd else { return nil }
        guard remaining >= 4 else { throw OpenFlowError(.ofpbpcBadLen) }
        let type = try peek16()
        let length = Int(try peek16(2))
        let padded = (length + alignment - 1) / alignment * alignment
        guard length >= 4, padded <= remaining else { throw OpenFlowError(.ofpbpcBadLen) }
        var whole = try sub(padded)
        var body = try whole.sub(length, lengthError: .ofpbpcBadLen)
        try body.skip(4)
        var property = Property(type: type, body: body)
        if let experimenterMin, type >= experimenterMin {
            property.experimenter = try body.u32()
            property.experimenterType = try body.u32()
            guard property.experimenter != 0 else {
                throw OpenFlowError(.ofpbpcBadExperimenter)
            }
            property.body = body
        }
        return property
    }
}

extension ByteWriter {
    /// A property of `type` whose content `body` writes, padded to 8 bytes. `isNested`: the
    /// content begins at a multiple of 8.
    mutating func property(
        _ type: UInt16, isNested: Bool = false, _ body: (inout ByteWriter) -> Void
    ) {
        let start = count
        u16(type)
        u16(0)
        if isNested { zeros(4) }
        body(&self)
        patchLength(at: start + 2, from: start)
        pad(to: 8, from: start)
    }

    /// An experimenter's property of type 0xffff.
    mutating func experimenterProperty(
        _ experimenter: UInt32, _ type: UInt32, _ body: (inout ByteWriter) -> Void
    ) {
        property(0xffff) { writer in
            writer.u32(experimenter)
            writer.u32(type)
            body(&writer)
        }
    }

    mutating func property(_ type: UInt16, u8 value: UInt8) { property(type) { $0.u8(value) } }

    /// Eight bytes: OpenFlow counts two bytes of padding to a 16-bit property's length.
    mutating func property(_ type: UInt16, u16 value: UInt16) {
        property(type) { writer in
            writer.u16(value)
            writer.u16(0)
        }
    }

    mutating func property(_ type: UInt16, u32 value: UInt32) { property(type) { $0.u32(value) } }

    mutating func property(_ type: UInt16, u64 value: UInt64) {
        property(type, isNested: true) { $0.u64(value) }
    }
}
