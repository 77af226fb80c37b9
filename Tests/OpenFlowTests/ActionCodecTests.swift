// Actions on the wire: known bytes both ways, round trips of every action in every version that
// can say it, one case for each refusal, and random bytes. The byte strings were checked against
// what Open vSwitch's tools read and write.

import Flow
import OpenFlow
import Testing

@Suite struct ActionCodecTests {
    static func decode(_ hex: String, _ version: OpenFlowVersion) throws -> [Action] {
        let bytes = Hex.bytes(hex)
        var reader = ByteReader(bytes)
        return try ActionCodec(version: version).decodeActions(&reader, byteCount: bytes.count)
    }

    static func encode(_ actions: [Action], _ version: OpenFlowVersion) -> String {
        var writer = ByteWriter()
        ActionCodec(version: version).encodeActions(actions, into: &writer)
        return Hex.text(writer.bytes)
    }

    static let whole = SetFieldAction(
        field: .reg0, value: FieldValue(0x1234, byteCount: 4), mask: .exactMask(of: .reg0))
    static let part = SetFieldAction(
        field: .reg0, value: FieldValue(0x50, byteCount: 4), mask: FieldValue(0xf0, byteCount: 4))

    static let known: [(OpenFlowVersion, String, [Action])] = [
        (.v1_0, "0000000800030000", [.output(port: 3, maxLength: 0)]),
        (.v1_0, "00000008fffe04d2", [.output(port: ReservedPort.local, maxLength: 1234)]),
        (.v1_3, "00000010fffffffb0000000000000000",
            [.output(port: ReservedPort.flood, maxLength: 0)]),
        (.v1_0, "0001000800090000", [.setVLANVID(9, pushIfNeeded: true)]),
        (.v1_1, "0001000800090000", [.setVLANVID(9, pushIfNeeded: false)]),
        (.v1_0, "000b0010000a000000000000 00000037", [.enqueue(port: 10, queue: 55)]),
        (.v1_0, "ffff001000002320000400000000007b", [.setQueue(123)]),
        (.v1_3, "001500080000007b", [.setQueue(123)]),
        (.v1_3, "0019001080000a02080000000000 0000",
            [.setField(SetFieldAction(
                field: .ethType, value: FieldValue(0x0800, byteCount: 2),
                mask: .exactMask(of: .ethType)))]),
        (.v1_3, "0019001000010004000012340000 0000", [.setField(whole)]),
        (.v1_0, "ffff0018000023200007010300010004 0000000000000005",
            [.registerLoad(part)]),
        (.v1_5, "0019001000010108 00000050 000000f0", [.setField(part)]),
        (.v1_0, "ffff0018000023200006 0010 0000 0010 00000406 00010204",
            [.registerMove(
                from: Subfield(.ethSource, offset: 0, bitCount: 16),
                to: Subfield(.reg1, offset: 16, bitCount: 16))]),
        (.v1_5, "001c0018 0010 0000 0010 0000 80000806 00010204 00000000",
            [.registerMove(
                from: Subfield(.ethSource, offset: 0, bitCount: 16),
                to: Subfield(.reg1, offset: 16, bitCount: 16))]),
        (.v1_5, "001d000800000007", [.meter(7)]),
        (.v1_0, "ffff0010000023200001000500000000",
            [.resubmit(ResubmitAction(inPort: 5, table: 255))]),
        (.v1_3, "ffff001000002320000efff80a000000",
            [.resubmit(ResubmitAction(inPort: ReservedPort.inPort, table: 10))]),
        (.v1_3, "ffff001000002320002cfff80a000000",
            [.resubmit(ResubmitAction(
                inPort: ReservedPort.inPort, table: 10, withConntrackTuple: true))]),
        (.v1_0, "ffff0010000023200022 00 03 00000064",
            [.conjunction(id: 100, clause: 0, clauses: 3)]),
        (.v1_3, "ffff00100000232000270005 00000064", [.outputTruncated(port: 5, maxLength: 100)]),
        (.v1_3, "ffff0020000023200025000000000000 00030005 11000000 0004000400000000",
            [.controller(controller2)]),
        (.v1_3, "ffff00300000232000230001000000000064ff0000000000 "
            + "ffff001800002320002400000001000301020304 01020308", [.ct(ct)]),
    ]

    static var controller2: ControllerAction {
        var action = ControllerAction()
        action.userdata = [0x11]
        action.pause = true
        return action
    }

    static var ct: ConntrackAction {
        var action = ConntrackAction()
        action.commit = true
        action.zone = 100
        var nat = NATAction()
        nat.kind = .source
        nat.ipv4Min = 0x0102_0304
        nat.ipv4Max = 0x0102_0308
        action.nat = nat
        return action
    }

    @Test("Known bytes read to their action and are written back", arguments: known.indices)
    func literal(_ index: Int) throws {
        let (version, hex, actions) = Self.known[index]
        let bytes = Hex.text(Hex.bytes(hex))
        if case .setField(let set)? = actions.first, set.field == .ethType {
            // The Ethertype is read-only.
            #expect(throws: OpenFlowError(.ofpbacBadSetArgument)) {
                try Self.decode(bytes, version)
            }
            return
        }
        #expect(try Self.decode(bytes, version) == actions)
        #expect(Self.encode(actions, version) == bytes)
    }

    @Test("Every action that a version can say reads back to itself")
    func roundTrip() throws {
        for version in OpenFlowVersion.allCases {
            for action in ActionSamples.all(version) {
                let hex = Self.encode([action], version)
                #expect(hex.utf8.count % 16 == 0 && !hex.isEmpty, "\(action) \(version)")
                #expect(try Self.decode(hex, version) == [action], "\(version) \(hex)")
            }
        }
    }

    @Test("Every malformed action has its error", arguments: [
        ("0000000800030000 00", OpenFlowVersion.v1_0, OpenFlowErrorCode.ofpbrcBadLen),
        ("0000000000030000", .v1_0, .ofpbacBadLen),
        ("0000001000030000", .v1_0, .ofpbacBadLen),
        ("0000000cffff0000 00000000", .v1_0, .ofpbrcBadLen),
        ("0063000800000000", .v1_0, .ofpbacBadType),
        ("ffff001012345678 0001000000000000", .v1_0, .ofpbacBadVendor),
        ("ffff001000002320 03e8000000000000", .v1_0, .ofpbacBadVendorType),
        ("ffff000800002320", .v1_0, .ofpbacBadLen),
        ("00000008ffff0000", .v1_0, .ofpbacBadOutPort),
        ("00000010000fff00 0000000000000000", .v1_3, .ofpbacBadOutPort),
        ("0001000810000000", .v1_0, .ofpbacBadArgument),
        ("0002000808000000", .v1_0, .ofpbacBadArgument),
        ("0008000801000000", .v1_0, .ofpbacBadArgument),
        ("0011000812340000", .v1_3, .ofpbacBadArgument),
        ("ffff001000002320002c fff8 0a 000001", .v1_3, .ofpbacBadArgument),
        ("ffff00100000232000220303 00000064", .v1_0, .nxbacBadConjunction),
        ("ffff001000002320002700050000000d", .v1_3, .ofpbacBadArgument),
        ("ffff0018000023200007010300010004 0000000000000015", .v1_0, .ofpbacBadArgument),
        ("ffff001800002320000707df00010004 0000000000000005", .v1_0, .ofpbacBadSetLen),
        ("ffff0018000023200007010300fe0004 0000000000000005", .v1_0, .ofpbacBadSetType),
        ("ffff001800002320000700030001d204 0000000000000005", .v1_0, .ofpbacBadSetArgument),
        ("0019001000010108 00000050 000000f0", .v1_3, .ofpbacBadSetMask),
        ("0019001080000004 00000001 00000000", .v1_3, .ofpbacBadSetArgument),
        ("0019001080000c02 0005000000000000", .v1_3, .ofpbacBadSetArgument),
        ("ffff001000002320002400000003 0000", .v1_0, .ofpbacBadArgument),
        ("ffff001000002320002400000001 0000", .v1_0, .ofpbacBadSetArgument),
        ("ffff001800002320002300020000000000 00ff0000000000", .v1_0, .ofpbacBadArgument),
        ("ffff0018000023200007001f0001d604 0000000000000005", .v1_0, .ofpbacBadSetArgument),
        ("ffff00200000232000230001000000000000ff0000000000 0000000800030000", .v1_0,
            .ofpbacBadArgument),
        ("ffff001000002320 002e0000 0001894f", .v1_3, .ofpbacBadVendorType),
        ("ffff002000002320 0016000000000000 0000000000000000 0000000000000000", .v1_0,
            .ofpbicUnsupInst),
    ])
    func malformed(_ hex: String, _ version: OpenFlowVersion, _ code: OpenFlowErrorCode) {
        #expect(throws: OpenFlowError(code), "\(hex)") { try Self.decode(hex, version) }
    }

    @Test("A list nested too deep is refused, not followed")
    func depth() {
        var writer = ByteWriter()
        let levels = 4000
        for level in 0..<levels {
            writer.u16(0xffff)
            writer.u16(UInt16((levels - level) * 16))
            writer.u32(VendorID.nicira)
            writer.u16(42)
            writer.zeros(6)
        }
        #expect(throws: OpenFlowError(.ofpbacTooMany)) {
            try Self.decode(Hex.text(writer.bytes), .v1_3)
        }
    }

    @Test("Before 1.3 a VLAN action of 1.0 becomes a push and a set, by what the match says")
    func context() {
        let action = Action.setVLANVID(5, pushIfNeeded: true)
        #expect(
            Self.encode([action], .v1_3)
                == "0011000881000000" + "0019001080000c021005000000000000")
        var match = FlowMatch()
        match.set(.dlVLAN, to: 3)
        match.set(.ethType, to: 0x0800)
        match.set(.ipProtocol, to: 17)
        var writer = ByteWriter()
        ActionCodec(version: .v1_3).encodeActions(
            [action, .setL4SourcePort(53)], match: match, into: &writer)
        #expect(
            Hex.text(writer.bytes)
                == "0019001080000c021005000000000000" + "0019001080001e020035000000000000")
    }

    @Test("Tunnel options take the length that they are mapped to")
    func tunnelOptions() throws {
        var table = TunnelOptionTable()
        try table.add(optionClass: 0x102, type: 0x80, byteCount: 4, index: 0)
        let codec = ActionCodec(version: .v1_5, tunnelOptions: table)
        let actions: [Action] = [
            .registerMove(
                from: Subfield(.reg14, offset: 0, bitCount: 16),
                to: Subfield(.tunnelMetadata0, offset: 16, bitCount: 16)),
            .setField(
                SetFieldAction(
                    field: .tunnelMetadata0, value: FieldValue(0x7fff, byteCount: 4),
                    mask: FieldValue(0xffff, byteCount: 4))),
        ]
        var writer = ByteWriter()
        codec.encodeActions(actions, into: &writer)
        #expect(
            Hex.text(writer.bytes)
                == "001c00180010000000100000" + "00011c04" + "00015004" + "00000000"
                + "0019001000015108" + "00007fff" + "0000ffff")
        var reader = ByteReader(writer.bytes)
        #expect(try codec.decodeActions(&reader, byteCount: writer.count) == actions)
        #expect(actions.tunnelOptionsUsed == 1)
        // Bits beyond the option's length do not exist.
        var beyond = ByteReader(
            Hex.bytes("001c00180010000000110000" + "00011c04" + "00015004" + "00000000"))
        #expect(throws: OpenFlowError(.ofpbacBadSetLen)) {
            try codec.decodeActions(&beyond, byteCount: 24)
        }
        var unmapped = ByteReader(Hex.bytes("0019001000015304" + "0000000000000000"))
        #expect(throws: OpenFlowError(.nxfmfcInvalidTlvField)) {
            try codec.decodeActions(&unmapped, byteCount: 16)
        }
    }

    @Test("Random and altered bytes never stop the process, and what reads is stable")
    func fuzz() throws {
        var random = Fuzz(seed: 5)
        var seeds: [[UInt8]] = []
        for version in OpenFlowVersion.allCases {
            for action in ActionSamples.all(version) {
                seeds.append(Hex.bytes(Self.encode([action], version)))
            }
        }
        var read = 0
        for round in 0..<8_000 {
            let version = OpenFlowVersion.allCases[round % 6]
            let codec = ActionCodec(version: version)
            var bytes =
                round % 4 == 0
                ? random.bytes(upTo: 80) : seeds[Int(random.next() % UInt64(seeds.count))]
            for _ in 0..<Int(random.next() % 3) where !bytes.isEmpty {
                bytes[Int(random.next() % UInt64(bytes.count))] = random.byte()
            }
            while bytes.count % 8 != 0 { bytes.append(0) }
            var reader = ByteReader(bytes)
            var instructions = ByteReader(bytes)
            _ = try? codec.decodeInstructions(&instructions, byteCount: bytes.count)
            guard let actions = try? codec.decodeActions(&reader, byteCount: bytes.count) else {
                continue
            }
            read += 1
            for port in [UInt32(1), ReservedPort.controller] { _ = actions.outputs(to: port) }
            try? ActionCheck(version: version, match: FlowMatch()).check(actions)
            let first = Self.encode(actions, version)
            let again = try Self.decode(first, version)
            #expect(Self.encode(again, version) == first)
        }
        #expect(read > 1000)
    }
}
