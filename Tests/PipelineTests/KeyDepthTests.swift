// What makes records' keys wide: each match field and each action that looks behind the Ethertype,
// and whatever is not known to be shallow.

import Flow
import Testing

@testable import Pipeline

@Suite struct KeyDepthTests {
    static let shallowFields: [Field] = [
        .conjunctionID, .metadata, .inPort, .inPort16, .actsetOutput, .ethSource, .ethDestination,
        .ethType, .vlanTCI, .dlVLAN, .vlanVID, .dlVLANPCP, .vlanPCP,
    ]

    /// No field but those and registers is shallow, and no action takes another for one.
    @Test func fieldsAreDeepUnlessListed() {
        let registers = Field.reg0.rawValue...Field.xxreg3.rawValue
        for field in Field.allCases {
            let location = field.info.location
            var match = FlowMatch()
            match.setBits(location, value: 0, mask: 1)
            let expected =
                Self.shallowFields.contains(field) || registers.contains(field.rawValue)
            #expect(KeyDepth.isShallow(match) == expected, "\(field)")
            let bits = BitRange(location, offset: 0, count: 1).packed
            let register = BitRange(Field.reg1.info.location, offset: 0, count: 1).packed
            for instruction in [
                Instruction(.outputRegister, x: bits), Instruction(.stackPush, x: bits),
                Instruction(.stackPop, x: bits), Instruction(.checkPacketLarger, x: bits),
                Instruction(.move, x: bits, y: register), Instruction(.move, x: register, y: bits),
            ] {
                #expect(isShallow(instruction) == expected, "\(field) \(instruction.code)")
            }
            for word in match.words {
                let write = Instruction(.setWord, a: word.index, x: 0, y: word.mask)
                #expect(isShallow(write) == expected, "\(field)")
            }
        }
    }

    /// A range that begins in a shallow field and ends in another.
    @Test func rangesAreLookedAtWhole() {
        func bits(_ first: Int, _ count: Int) -> UInt64 {
            UInt64(FlowLayout.ipFragment) | UInt64(first) << 16 | UInt64(count) << 32
        }
        #expect(isShallow(Instruction(.stackPush, x: bits(8, 16))))
        #expect(!isShallow(Instruction(.stackPush, x: bits(7, 16))))
    }

    @Test func actionsAreDeepUnlessListed() {
        let shallow: [Opcode] = [
            .output, .outputTruncated, .controller, .enqueue, .setQueue, .popQueue, .resubmit,
            .conjunction, .exit, .meter, .clearActions, .gotoTable, .setVLANVID, .setVLANPCP,
            .stripVLAN, .pushVLAN,
        ]
        let deep: [Opcode] = [
            .bundle, .group, .decrementTTL, .decrementMPLSTTL, .setMPLS, .pushMPLS, .popMPLS,
            .finTimeout, .learn, .multipath, .ct, .ctClear, .deleteField,
        ]
        for code in shallow { #expect(isShallow(Instruction(code)), "\(code)") }
        for code in deep { #expect(!isShallow(Instruction(code)), "\(code)") }
    }

    /// What an action does only on packets of some protocol looks at the protocol.
    @Test func conditionsCount() {
        let register = BitRange(Field.reg0.info.location, offset: 0, count: 8).packed
        for condition in 0...FieldGuard.l4.rawValue {
            let expected = condition <= FieldGuard.vlan.rawValue
            let write = Instruction(.setWord, a: 0, b: condition, x: 1, y: 1)
            #expect(isShallow(write) == expected)
            #expect(isShallow(Instruction(.stackPop, b: condition, x: register)) == expected)
            let byTarget = Instruction(.move, a: UInt8(condition), x: register, y: register)
            let bySource = Instruction(.move, b: condition, x: register, y: register)
            #expect(isShallow(byTarget) == expected && isShallow(bySource) == expected)
        }
    }

    @Test func nestedListsAreLookedInto() {
        let body = UnsafeMutablePointer<Instruction>.allocate(capacity: 2)
        defer { body.deallocate() }
        body.initialize(repeating: Instruction(.output, c: 1), count: 2)
        for code in [Opcode.clone, .writeActions] {
            body[1] = Instruction(.output, c: 2)
            let outer = Instruction(code, c: 2, x: UInt64(UInt(bitPattern: body)))
            #expect(isShallow(outer))
            body[1] = Instruction(.decrementTTL)
            #expect(!isShallow(outer))
            #expect(isShallow(Instruction(code)))
        }
    }

    private func isShallow(_ instruction: Instruction) -> Bool {
        let memory = UnsafeMutablePointer<Instruction>.allocate(capacity: 1)
        defer { memory.deallocate() }
        memory.initialize(to: instruction)
        return KeyDepth.isShallow(memory, count: 1)
    }
}
