// Matches on the wire: known bytes both ways in each form, one case for each refusal, and random
// bytes. The byte strings were checked against what Open vSwitch's tools write and accept.

import Flow
import OpenFlow
import Testing

@Suite struct MatchCodecTests {
    static func decode(
        _ hex: String, _ strictness: MatchStrictness = [], table: TunnelOptionTable? = nil
    ) throws -> FlowMatch {
        var reader = ByteReader(Hex.bytes(hex))
        return try MatchCodec(version: .v1_3, tunnelOptions: table)
            .decodeEntries(&reader, strictness)
    }

    @Test("OXM entries read to the match that they say and are written back the same")
    func oxm() throws {
        let hex =
            "80000004 00000003" + "80000a02 0800" + "80000c02 1005" + "80000e01 03"
            + "80001708 0a000000 ff000000" + "80001401 06" + "80001b04 0050 fff0"
            + "80004c08 0000000000000007" + "00010204 00000001" + "0001d308 00000021 00000021"
            + "80000408 0000000000000009"
        let match = try Self.decode(hex)
        #expect(match.exact(.inPort) == 3)
        #expect(match.exact(.vlanTCI) == 0x7005)
        #expect(match.bits(of: .ipv4Source) == (0x0a00_0000, 0xff00_0000))
        #expect(match.bits(of: .tcpSource) == (0x50, 0xfff0))
        #expect(match.exact(.tunnelID) == 7)
        #expect(match.exact(.reg1) == 1)
        #expect(match.exact(.metadata) == 9)
        var writer = ByteWriter()
        MatchCodec(version: .v1_3).encodeEntries(match, into: &writer)
        #expect(writer.bytes == Hex.bytes(hex))
    }

    @Test("The same match in each version's own form reads back to itself")
    func versions() throws {
        var match = FlowMatch()
        match.set(.inPort, to: UInt64(ReservedPort.local))
        match.set(.ethSource, to: 0x0011_2233_4455)
        match.set(.ethType, to: 0x0800)
        match.set(.dlVLAN, to: 9)
        match.set(.dlVLANPCP, to: 5)
        match.set(.ipTOS, to: 0xb8)
        match.set(.ipProtocol, to: 1)
        match.setBits(Field.ipv4Destination.info.location, value: 0x0a010000, mask: 0xffff0000)
        match.set(.icmpType, to: 8)
        match.set(.icmpCode, to: 0)
        for version in OpenFlowVersion.allCases {
            let codec = MatchCodec(version: version)
            var writer = ByteWriter()
            let count = codec.encode(match, into: &writer)
            #expect(count <= writer.count && writer.count % 8 == 0)
            var reader = ByteReader(writer.bytes)
            #expect(try codec.decode(&reader) == match, "\(version)")
            #expect(reader.isAtEnd)
        }
        var writer = ByteWriter()
        let count = MatchCodec(version: .v1_0).encodeNXM(match, into: &writer)
        var reader = ByteReader(writer.bytes)
        let read = try MatchCodec(version: .v1_0).decodeNXM(&reader, byteCount: count)
        #expect(read.match == match && read.cookie == nil && reader.isAtEnd)
    }

    @Test("OpenFlow 1.0: literal bytes, no tag, and fields without prerequisites freed")
    func openFlow10() throws {
        // Wildcards leave dl_vlan, dl_type and tp_dst; but the Ethertype is not IP.
        let hex =
            "003fff6d 0000 000000000000 000000000000 ffff 00 00 8847 00 00 0000 "
            + "00000000 00000000 0000 0050"
        var reader = ByteReader(Hex.bytes(hex))
        let match = try MatchCodec(version: .v1_0).decode(&reader)
        var expected = FlowMatch()
        expected.set(.vlanTCI, to: 0)
        expected.set(.ethType, to: 0x8847)
        #expect(match == expected)
    }

    @Test("A cookie in an NXM match is handed out, and only where it may stand")
    func cookie() throws {
        var reader = ByteReader(Hex.bytes("00013c08 00000000000000ab 00000000"))
        let read = try MatchCodec(version: .v1_0).decodeNXM(&reader, byteCount: 12)
        #expect(read.cookie == CookieMatch(value: 0xab, mask: .max))
        #expect(read.match.isCatchAll && reader.isAtEnd)
        #expect(throws: OpenFlowError(.ofpbmcBadField)) {
            try Self.decode("00013c08 00000000000000ab")
        }
    }

    @Test("Every malformed entry has its error", arguments: [
        ("80000a", OpenFlowErrorCode.ofpbmcBadLen),
        ("80000a02 08", .ofpbmcBadLen),
        ("ffff0003 00002320", .ofpbmcBadLen),
        ("8000fe02 0800", .ofpbmcBadField),
        ("80000a03 080000", .ofpbmcBadField),
        ("80000b04 0800 ff00", .ofpbmcBadMask),
        ("80001604 0a000001", .ofpbmcBadPrereq),
        ("80000a02 0806 80001604 0a000001", .ofpbmcBadPrereq),
        ("80000a02 0800 80001a04 00000050", .ofpbmcBadField),
        ("80000a02 0800 80000a02 0800", .ofpbmcDupField),
        ("80000a02 0800 80001001 40", .ofpbmcBadValue),
        ("80000c02 2005", .ofpbmcBadValue),
        ("80000004 0000ff01", .ofpbmcBadValue),
        ("00010108 ff000000 0f000000", .ofpbmcBadWildcards),
        ("0001d204 00000100", .ofpbmcBadValue),
        ("00015004 00000001", .nxfmfcInvalidTlvField),
        ("80000606 001122334455 80005804 00010800", .ofpbmcDupField),
        ("0001f004 0a000001", .ofpbmcBadPrereq),
    ])
    func malformed(_ hex: String, _ code: OpenFlowErrorCode) {
        #expect(throws: OpenFlowError(code)) { try Self.decode(hex) }
    }

    @Test("Loose reading skips what is unknown and needs no prerequisites")
    func loose() throws {
        let match = try Self.decode("8000fe02 0800 80001604 0a000001", .loose)
        #expect(match.exact(.ipv4Source) == 0x0a00_0001)
    }

    @Test("A packet-out's match may only name pipeline fields")
    func pipelineFields() throws {
        _ = try Self.decode("80000004 00000003 00010004 00000001", .pipelineFieldsOnly)
        #expect(throws: OpenFlowError(.ofpbrcPipelineFieldsOnly)) {
            try Self.decode("80000a02 0800", .pipelineFieldsOnly)
        }
    }

    @Test("Tunnel options are read by the bridge's table, shorter values widened")
    func tunnelOptions() throws {
        var table = TunnelOptionTable()
        try table.add(optionClass: 0x102, type: 0x80, byteCount: 4, index: 0)
        try table.add(optionClass: 0x103, type: 0x80, byteCount: 8, index: 2)
        let hex = "00015004 12345678" + "00015510 0000000000000001 00000000000000ff"
        let match = try Self.decode(hex, table: table)
        #expect(match.tunnelOptionsUsed == 0b101)
        let first = try #require(table.location(ofIndex: 0))
        #expect(match.getBits(first) == (0x1234_5678, 0xffff_ffff))
        var writer = ByteWriter()
        MatchCodec(version: .v1_3, tunnelOptions: table).encodeEntries(match, into: &writer)
        #expect(writer.bytes == Hex.bytes(hex))
        let short = try Self.decode("00015002 5678", table: table)
        #expect(short.getBits(first).value == 0x5678)
        // A mask of zeros still asks for the option's presence.
        let presence = try Self.decode("00015108 00000000 00000000", table: table)
        #expect(presence.tunnelOptionsUsed == 1 && presence.getBits(first).mask == 0)
        #expect(throws: OpenFlowError(.nxfmfcInvalidTlvField)) {
            try Self.decode("00015204 00000000", table: table)
        }
    }

    @Test("The header of a match decides its form, whatever the version; bad ones are refused")
    func header() {
        func decode(_ hex: String) throws -> FlowMatch {
            var reader = ByteReader(Hex.bytes(hex))
            return try MatchCodec(version: .v1_3).decode(&reader)
        }
        #expect(throws: OpenFlowError(.ofpbmcBadLen)) { try decode("0001") }
        #expect(throws: OpenFlowError(.ofpbmcBadLen)) { try decode("00010004 000000") }
        #expect(throws: OpenFlowError(.ofpbmcBadLen)) { try decode("00010003 00000000") }
        #expect(throws: OpenFlowError(.ofpbmcBadLen)) { try decode("00000058 00000000") }
        #expect(throws: OpenFlowError(.ofpbmcBadType)) { try decode("00020004 00000000") }
        #expect(throws: Never.self) { try decode("00010004 00000000") }
    }

    @Test("Random bytes never stop the process, and what reads is stable when written")
    func fuzz() throws {
        var random = Fuzz(seed: 1)
        var read = 0
        for round in 0..<8_000 {
            let version = OpenFlowVersion.allCases[round % 6]
            let codec = MatchCodec(version: version)
            let bytes = round % 3 == 0 ? random.bytes(upTo: 96) : random.entries()
            var reader = ByteReader(bytes)
            let match = try? codec.decodeEntries(&reader)
            var loosely = ByteReader(bytes)
            _ = try? codec.decodeEntries(&loosely, .loose)
            var whole = ByteReader(bytes)
            _ = try? codec.decode(&whole)
            guard let match else { continue }
            read += 1
            var first = ByteWriter()
            codec.encodeEntries(match, into: &first)
            var again = ByteReader(first.bytes)
            let second = try codec.decodeEntries(&again)
            var last = ByteWriter()
            codec.encodeEntries(second, into: &last)
            #expect(first.bytes == last.bytes)
        }
        #expect(read > 300)
    }
}

/// Bytes from their hexadecimal form; spaces are for the reader.
enum Hex {
    static func bytes(_ text: String) -> [UInt8] {
        let digits = text.utf8.filter { $0 != 0x20 }
        return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
            UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
        }
    }

    static func text(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// A seeded source of hostile bytes.
struct Fuzz {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 24
    }

    mutating func byte() -> UInt8 {
        let common: [UInt8] = [0, 0, 0, 1, 2, 6, 8, 0x10, 0xff]
        let number = next()
        return number % 3 == 0
            ? UInt8(truncatingIfNeeded: number >> 8) : common[Int(number >> 8) % common.count]
    }

    mutating func bytes(upTo limit: Int) -> [UInt8] {
        (0..<Int(next() % UInt64(limit))).map { _ in byte() }
    }

    /// Entries with headers that mostly exist.
    mutating func entries() -> [UInt8] {
        var writer = ByteWriter()
        writer.put([0x80, 0, 0x0a, 2])
        writer.put([[0x08, 0x00], [0x86, 0xdd], [0x08, 0x06]][Int(next() % 3)])
        for _ in 0..<Int(next() % 6) {
            let field = Field.allCases[Int(next() % UInt64(Field.allCases.count))]
            let isMasked = next() % 3 == 0
            let width = field.info.byteCount
            let versions: [OpenFlowVersion?] = [nil, .v1_3, .v1_5]
            OXMCodec().writeHeader(
                field, version: versions[Int(next() % 3)], isMasked: isMasked, into: &writer)
            let value = (0..<width).map { _ in byte() }
            writer.put(value)
            if isMasked { writer.put(value.map { $0 | 0xf0 }) }
        }
        return writer.bytes
    }
}
