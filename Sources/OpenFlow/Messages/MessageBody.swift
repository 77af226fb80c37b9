// The parts that many messages share: matches in each of their forms, lists of actions or
// instructions, port numbers and fixed-size names, all for the connection's version.

import Flow

extension ByteReader {
    /// A 32-bit port number. OFPBAC_BAD_OUT_PORT where no port can have it.
    mutating func port32() throws(OpenFlowError) -> UInt32 {
        let port = try u32()
        guard ReservedPort.narrow(port) != nil else { throw OpenFlowError(.ofpbacBadOutPort) }
        return port
    }

    /// A match of OpenFlow 1.1 or later, with its padding.
    mutating func matchStandard(
        _ context: CodecContext, isLoose: Bool = false
    ) throws(OpenFlowError) -> FlowMatch {
        try context.matchCodec.decode(&self, isLoose ? [.loose, .pipelineFieldsOnly] : [])
    }

    /// A 40-byte match of OpenFlow 1.0.
    mutating func match10() throws(OpenFlowError) -> FlowMatch {
        try MatchCodec(version: .v1_0).decode(&self)
    }

    /// A match of Nicira's form, with its padding, and the cookie that it may hold.
    mutating func matchNicira(
        byteCount: Int, _ context: CodecContext
    ) throws(OpenFlowError) -> (match: FlowMatch, cookie: UInt64, cookieMask: UInt64) {
        let (match, cookie) = try context.matchCodec.decodeNXM(&self, byteCount: byteCount)
        return (match, cookie?.value ?? 0, cookie?.mask ?? 0)
    }

    /// Match fields without a header, to the end.
    mutating func matchFields(_ context: CodecContext) throws(OpenFlowError) -> FlowMatch {
        try context.matchCodec.decodeEntries(&self)
    }
}

extension ByteWriter {
    /// A 16-bit port number; "none" for a port that has none.
    mutating func port16(_ port: UInt32) { u16(ReservedPort.narrow(port) ?? .max) }

    /// A match of OpenFlow 1.1 or later in the version's own form, with padding.
    mutating func matchStandard(_ match: FlowMatch, _ context: CodecContext) {
        context.matchCodec.encode(match, into: &self)
    }

    /// A match as OXM, with header and padding, in OpenFlow 1.1 too. Returns its unpadded length.
    @discardableResult
    mutating func matchOXM(_ match: FlowMatch, _ context: CodecContext) -> Int {
        let start = count
        u16(1)
        u16(0)
        context.matchCodec.encodeEntries(match, version: context.version, into: &self)
        patchLength(at: start + 2, from: start)
        let length = count - start
        pad(to: 8, from: start)
        return length
    }

    mutating func match10(_ match: FlowMatch) {
        MatchCodec(version: .v1_0).encode(match, into: &self)
    }

    /// A match of Nicira's form, with padding. Returns its unpadded length.
    mutating func matchNicira(
        _ match: FlowMatch, cookie: UInt64 = 0, cookieMask: UInt64 = 0, _ context: CodecContext
    ) -> Int {
        let cookie =
            cookieMask == 0 ? nil : CookieMatch(value: cookie & cookieMask, mask: cookieMask)
        return context.matchCodec.encodeNXM(match, cookie: cookie, into: &self)
    }

    /// Match fields without a header.
    mutating func matchFields(_ match: FlowMatch, _ context: CodecContext) {
        context.matchCodec.encodeEntries(match, version: context.version, into: &self)
    }

    /// `text` in `byteCount` bytes, ended and filled with zeros.
    mutating func text(_ text: String, byteCount: Int) {
        let bytes = text.utf8.prefix(byteCount - 1)
        put(bytes)
        zeros(byteCount - bytes.count)
    }
}

extension CodecContext {
    var matchCodec: MatchCodec {
        MatchCodec(version: version, tunnelOptions: tunnelOptions)
    }
}

extension [UInt8] {
    /// Text up to the first zero.
    var textToZero: String { String(decoding: prefix { $0 != 0 }, as: UTF8.self) }
}
