// Instructions of OpenFlow 1.1 and later, and the order rules of actions.

import Flow
import OpenFlow
import Testing

@Suite struct ActionInstructionTests {
    static func decode(_ hex: String, _ version: OpenFlowVersion) throws -> [Action] {
        let bytes = Hex.bytes(hex)
        var reader = ByteReader(bytes)
        return try ActionCodec(version: version).decodeInstructions(
            &reader, byteCount: bytes.count)
    }

    static func encode(_ actions: [Action], _ version: OpenFlowVersion) -> String {
        var writer = ByteWriter()
        ActionCodec(version: version).encodeInstructions(actions, into: &writer)
        return Hex.text(writer.bytes)
    }

    static let all: [Action] = [
        .meter(9), .output(port: 1, maxLength: 0), .clearActions,
        .writeActions([.group(4)]), .writeMetadata(value: 0xab, mask: 0xff), .gotoTable(7),
    ]

    @Test("Instructions come out in their order of execution, whatever theirs on the wire")
    func order() throws {
        let hex =
            "0001000807000000" + "0003001000000000" + "0016000800000004"
            + "0002001800000000" + "00000000000000ab" + "00000000000000ff"
            + "0004001800000000" + "00000010000000010000000000000000"
            + "0005000800000000" + "0006000800000009"
        #expect(try Self.decode(hex, .v1_3) == Self.all)
        let written = Self.encode(Self.all, .v1_3)
        #expect(try Self.decode(written, .v1_3) == Self.all)
        #expect(written.hasPrefix("0006000800000009" + "00040018"))
    }

    @Test("Round trip in every version, with the meter where the version has it")
    func roundTrip() throws {
        for version in OpenFlowVersion.allCases where version > .v1_0 {
            let actions = version >= .v1_3 ? Self.all : Array(Self.all.dropFirst())
            #expect(try Self.decode(Self.encode(actions, version), version) == actions)
        }
    }

    @Test("OpenFlow 1.0 says metadata and goto with Nicira's actions")
    func openFlow10() throws {
        let metadata = Action.writeMetadata(value: 1, mask: 3)
        #expect(try Self.decode(Self.encode([metadata], .v1_0), .v1_0) == [metadata])
        #expect(Self.encode([.gotoTable(7)], .v1_0) == "ffff001000002320000efff807000000")
    }

    @Test("Empty apply-actions and write-actions are not written")
    func empty() {
        #expect(Self.encode([.writeActions([])], .v1_3).isEmpty)
        #expect(Self.encode([], .v1_3).isEmpty)
    }

    @Test("Every malformed instruction has its error", arguments: [
        ("00010008070000", OpenFlowVersion.v1_3, OpenFlowErrorCode.ofpbicBadLen),
        ("0001000007000000", .v1_3, .ofpbicBadLen),
        ("0001001007000000 0000000000000000", .v1_3, .ofpbicBadLen),
        ("0001001007000000", .v1_3, .ofpbicBadLen),
        ("0009000800000000", .v1_3, .ofpbicUnknownInst),
        ("ffff000800002320", .v1_3, .ofpbicBadExperimenter),
        ("0006000800000009", .v1_5, .ofpbicUnknownInst),
        ("0005000800000000 0005000800000000", .v1_3, .ofpbicDupInst),
        ("0003001800000000 ffff001000002320 0011000000000000", .v1_3, .ofpbacBadType),
        ("0002001000000000 0000000000000000", .v1_3, .ofpbicBadLen),
    ])
    func malformed(_ hex: String, _ version: OpenFlowVersion, _ code: OpenFlowErrorCode) {
        #expect(throws: OpenFlowError(code), "\(hex)") { try Self.decode(hex, version) }
    }

    @Test("Order and nesting rules", arguments: [
        ("ffff001000002320 000efff807000000" + "ffff002000002320 0016000000000000"
            + "0000000000000001 0000000000000003" + "0000000800030000",
            OpenFlowErrorCode.ofpbacUnsupportedOrder),
        ("ffff001000002320 0022000200000064 0000000800030000", .nxbacBadConjunction),
        ("ffff001800002320 0007001f0001d604 0000000000000005", .ofpbacBadSetArgument),
    ])
    func rules(_ hex: String, _ code: OpenFlowErrorCode) {
        #expect(throws: OpenFlowError(code)) { try Self.decode(hex, .v1_0) }
    }

    @Test("The action set runs in OpenFlow's order, the last of each kind, one final action")
    func actionSet() {
        let set: [Action] = [
            .output(port: 1, maxLength: 0), .setQueue(4), .pushVLAN(ethType: 0x8100),
            .group(3), .output(port: 2, maxLength: 0), .stripVLAN, .pushVLAN(ethType: 0x88a8),
        ]
        #expect(
            ActionSet.executionOrder(of: set)
                == [.stripVLAN, .pushVLAN(ethType: 0x88a8), .setQueue(4), .group(3)])
        #expect(ActionSet.executionOrder(of: [.setQueue(4)]).isEmpty)
    }
}
