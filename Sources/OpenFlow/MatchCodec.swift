// Matches on the wire, in every form that OpenFlow has had: the fixed structures of 1.0 and 1.1,
// OXM from 1.2 on, and Nicira's NXM. This file has the entry points; the forms are in
// `MatchCodec+OpenFlow10.swift`, `+OpenFlow11.swift`, `+Entries.swift` and `+Encode.swift`.

import Flow

/// The cookie that Nicira's flow-mods and requests carry within the match.
public struct CookieMatch: Hashable, Sendable {
    public var value: UInt64
    public var mask: UInt64
    public init(value: UInt64, mask: UInt64) {
        self.value = value
        self.mask = mask
    }
}

/// How strictly a list of fields is read.
public struct MatchStrictness: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// Unknown fields are skipped and prerequisites not checked: packet-in metadata.
    public static let loose = MatchStrictness(rawValue: 1)
    /// Only pipeline fields are allowed: packet-outs of OpenFlow 1.5.
    public static let pipelineFieldsOnly = MatchStrictness(rawValue: 2)
}

/// Reads and writes matches for one protocol version.
///
/// **Errors**: every `decode` throws the code that Open vSwitch answers with: OFPBMC_BAD_LEN,
/// BAD_TYPE, BAD_FIELD, BAD_VALUE, BAD_MASK, BAD_WILDCARDS, BAD_PREREQ, DUP_FIELD,
/// NXFMFC_INVALID_TLV_FIELD or OFPBRC_PIPELINE_FIELDS_ONLY.
public struct MatchCodec: Sendable {
    public var version: OpenFlowVersion
    public var oxm: OXMCodec

    /// - Parameter tunnelOptions: the bridge's; matches on tunnel options are refused without.
    public init(version: OpenFlowVersion, tunnelOptions: TunnelOptionTable? = nil) {
        self.version = version
        self.oxm = OXMCodec(tunnelOptions: tunnelOptions)
    }

    /// Reads the version's own form, with its padding: 40 bytes in 1.0, `ofp_match` later.
    public func decode(_ reader: inout ByteReader) throws(OpenFlowError) -> FlowMatch {
        try decode(&reader, [])
    }

    /// The same, more or less strictly (OXM only).
    public func decode(
        _ reader: inout ByteReader, _ strictness: MatchStrictness
    ) throws(OpenFlowError) -> FlowMatch {
        if version == .v1_0 { return try decodeOpenFlow10(&reader) }
        guard reader.remaining >= 4 else { throw OpenFlowError(.ofpbmcBadLen) }
        let type = try reader.peek16(0)
        let length = Int(try reader.peek16(2))
        switch type {
        case 0:
            guard length == 88, reader.remaining >= 88 else {
                throw OpenFlowError(.ofpbmcBadLen)
            }
            return try decodeOpenFlow11(&reader)
        case 1:
            let padded = (length + 7) / 8 * 8
            guard length >= 4, reader.remaining >= padded else {
                throw OpenFlowError(.ofpbmcBadLen)
            }
            var entries = try reader.sub(padded)
            try entries.skip(4)
            var body = try entries.sub(length - 4)
            return try decodeEntries(&body, strictness)
        default: throw OpenFlowError(.ofpbmcBadType)
        }
    }

    /// Reads an NXM match of `byteCount` bytes and the padding after it to a multiple of 8.
    ///
    /// - Returns: the match, and the cookie if it names one.
    public func decodeNXM(
        _ reader: inout ByteReader, byteCount: Int, _ strictness: MatchStrictness = []
    ) throws(OpenFlowError) -> (match: FlowMatch, cookie: CookieMatch?) {
        let padded = (byteCount + 7) / 8 * 8
        guard byteCount >= 0, reader.remaining >= padded else {
            throw OpenFlowError(.ofpbmcBadLen)
        }
        var entries = try reader.sub(padded)
        var body = try entries.sub(byteCount)
        var cookie: CookieMatch?
        let match = try decodeEntries(&body, strictness, allowingCookie: true, cookie: &cookie)
        return (match, cookie)
    }

    /// Reads entries without a header to the end of `reader`: packet-in metadata properties.
    public func decodeEntries(
        _ reader: inout ByteReader, _ strictness: MatchStrictness = []
    ) throws(OpenFlowError) -> FlowMatch {
        var cookie: CookieMatch?
        return try decodeEntries(
            &reader, strictness, allowingCookie: false, cookie: &cookie)
    }

    /// Writes the version's own form, with its padding.
    ///
    /// - Returns: bytes written without the padding.
    @discardableResult
    public func encode(_ match: FlowMatch, into writer: inout ByteWriter) -> Int {
        switch version {
        case .v1_0:
            encodeOpenFlow10(match, into: &writer)
            return 40
        case .v1_1:
            encodeOpenFlow11(match, into: &writer)
            return 88
        default:
            let start = writer.count
            writer.u16(1)
            writer.u16(0)
            encodeEntries(match, version: version, into: &writer)
            writer.patchLength(at: start + 2, from: start)
            let count = writer.count - start
            writer.pad(to: 8, from: start)
            return count
        }
    }

    /// Writes an NXM match and its padding.
    ///
    /// - Returns: bytes written without the padding: the `match_len` of the message.
    @discardableResult
    public func encodeNXM(
        _ match: FlowMatch, cookie: CookieMatch? = nil, into writer: inout ByteWriter
    ) -> Int {
        let start = writer.count
        encodeEntries(match, version: nil, cookie: cookie, into: &writer)
        let count = writer.count - start
        writer.pad(to: 8, from: start)
        return count
    }

    /// Writes entries without a header or padding, in the version's OXM (NXM in 1.0 and 1.1).
    public func encodeEntries(_ match: FlowMatch, into writer: inout ByteWriter) {
        encodeEntries(match, version: version.usesOXM ? version : nil, into: &writer)
    }
}
