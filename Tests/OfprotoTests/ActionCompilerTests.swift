// The compiled form of actions, instruction by instruction.

import Flow
import OpenFlow
import Pipeline
import Testing

@testable import Ofproto

@Suite struct ActionCompilerTests {
    private func compile(_ actions: [Action]) -> CompiledActions {
        ActionCompiler.compile(actions, resolver: BridgeFixture().bridge)
    }

    private func list(_ actions: [Action]) -> [Instruction] {
        let program = compile(actions).program
        return (0..<program.count).map { program.instructions[$0] }
    }

    /// Runs word writes on a key as the interpreter does.
    private func write(_ actions: [Action]) -> FlowKey {
        let key = FlowKey.allocate()
        for instruction in list(actions) where instruction.code == .setWord {
            let words = key.base.assumingMemoryBound(to: UInt64.self)
            let place = words + Int(instruction.a)
            place.pointee = place.pointee & ~instruction.y | instruction.x
        }
        return key
    }

    private func set(_ field: Field, _ value: UInt64) -> Action {
        .setField(
            SetFieldAction(
                field: field, value: FieldValue(value, byteCount: field.info.byteCount),
                mask: .exactMask(of: field)))
    }

    @Test("Fields of every size land in their bytes of the key, and nowhere else")
    func fieldWrites() {
        let key = write([
            set(.ethDestination, 0x0102_0304_0506), set(.reg3, 0xdead_beef),
            set(.ipTTL, 64), set(.tcpDestination, 8080), set(.metadata, 0x1122_3344_5566_7788),
            .setIPDSCP(0xb8), .setTunnel(77, wide: false),
        ])
        defer { key.deallocate() }
        #expect(key.load48(FlowLayout.ethDestination) == 0x0102_0304_0506)
        #expect(key.load48(FlowLayout.ethSource) == 0)
        #expect(key.load32(FlowLayout.reg + 12) == 0xdead_beef)
        #expect(key.load8(FlowLayout.ipTTL) == 64 && key.load8(FlowLayout.ipTOS) == 0xb8)
        #expect(key.load16(FlowLayout.l4Destination) == 8080)
        #expect(key.load64(FlowLayout.metadata) == 0x1122_3344_5566_7788)
        #expect(key.load64(FlowLayout.tunnelID) == 77)
    }

    @Test("Masked writes leave the other bits")
    func maskedWrite() {
        let load = Action.registerLoad(
            SetFieldAction(
                field: .reg0, value: FieldValue(0x0000_0a00, byteCount: 4),
                mask: FieldValue(0x0000_ff00, byteCount: 4)))
        let key = write([set(.reg0, 0x1122_3344), load])
        defer { key.deallocate() }
        #expect(key.load32(FlowLayout.reg) == 0x1122_0a44)
    }

    @Test("Wide fields take several words, with the guard of the field")
    func wideField() {
        let address = FieldValue(bytes: Array(1...16))
        let instructions = list([
            .setField(
                SetFieldAction(
                    field: .ipv6Source, value: address, mask: .exactMask(of: .ipv6Source)))
        ])
        #expect(instructions.count == 2)
        #expect(instructions.allSatisfy { $0.b == FieldGuard.ipv6.rawValue })
    }

    @Test("The 16-bit in_port is written and moved as the 32-bit port")
    func ingressPort() {
        let key = write([set(.inPort16, 0xffff)])
        defer { key.deallocate() }
        #expect(key.load32(FlowLayout.inPort) == 0xffff_ffff)
        let push = list([.stackPush(Subfield(.inPort16))])
        #expect(BitRange(packed: push[0].x).count == 32)
    }

    @Test("ct carries its zone, NAT range and exec list")
    func conntrack() throws {
        var nat = NATAction()
        nat.kind = .source
        nat.random = true
        nat.ipv4Min = 0x0a00_0001
        nat.portMin = 1000
        nat.portMax = 2000
        var ct = ConntrackAction()
        ct.commit = true
        ct.zoneField = Subfield(.reg6, offset: 0, bitCount: 16)
        ct.recircTable = 5
        ct.nat = nat
        ct.exec = [set(.ctMark, 1)]
        let compiled = compile([.ct(ct)])
        let instruction = compiled.program.instructions[0]
        let operands = try #require(
            UnsafePointer<ConntrackOperands>(bitPattern: UInt(instruction.x)))
        #expect(operands.pointee.commit && operands.pointee.recircTable == 5)
        #expect(operands.pointee.zoneRange.count == 16)
        #expect(operands.pointee.nat.kind == 2 && operands.pointee.nat.flags == 4 | 8 | 32)
        #expect(operands.pointee.nat.minLow == 0x0a00_0001)
        #expect(operands.pointee.nat.maxLow == 0x0a00_0001)
        #expect(operands.pointee.nat.portMax == 2000)
        #expect(operands.pointee.execCount == 1)
        #expect(operands.pointee.exec?.pointee.code == .setWord)
    }

    @Test("Nested lists, user data and clauses come along")
    func nested() throws {
        var controller = ControllerAction()
        controller.userdata = [1, 2, 3]
        controller.pause = true
        let compiled = compile([
            .clone([.output(port: 3, maxLength: 0), .ctClear]), .controller(controller),
            .conjunction(id: 7, clause: 0, clauses: 2),
        ])
        #expect(
            compiled.clauses == [ConjunctionClause(id: 7, clause: 0, clauses: 2)])
        let clone = compiled.program.instructions[0]
        #expect(clone.code == .clone && clone.c == 2)
        let inner = try #require(UnsafePointer<Instruction>(bitPattern: UInt(clone.x)))
        #expect(inner[0].code == .output && inner[0].c == 3 && inner[1].code == .ctClear)
        let operands = try #require(
            UnsafePointer<ControllerOperands>(
                bitPattern: UInt(compiled.program.instructions[1].x)))
        #expect(operands.pointee.pause && operands.pointee.userdataCount == 3)
        #expect(operands.pointee.userdata?[2] == 3)
    }

    @Test("Writing a tunnel option marks it present")
    func tunnelOption() throws {
        let fixture = BridgeFixture()
        try fixture.bridge.apply(
            TunnelOptionTableMod(
                .add,
                mappings: [
                    TunnelOptionMapping(optionClass: 0x102, optionType: 0x80, length: 4, index: 3)
                ]))
        let compiled = ActionCompiler.compile(
            [
                .setField(
                    SetFieldAction(
                        field: .tunnelMetadata3, value: FieldValue(5, byteCount: 4),
                        mask: .ones(bitCount: 32, byteCount: 4)))
            ], resolver: fixture.bridge)
        let words = (0..<compiled.program.count).map { compiled.program.instructions[$0] }
        #expect(words.count == 2)
        #expect(Int(words[0].a) == FlowLayout.tunnelMetadata / 8)
        #expect(Int(words[1].a) == FlowLayout.tunnelMetadataPresent / 8)
        #expect(words[1].x.bigEndian == 8)
    }
}
