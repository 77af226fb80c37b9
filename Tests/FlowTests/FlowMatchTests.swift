// Matches against a naive model: a match is an array of bits of value and mask.

import Flow
import TestSupport
import Testing

@Suite struct FlowMatchTests {
    /// Fields that do not rewrite what they are given.
    static let plain = Field.allCases.filter {
        $0.tunnelMetadataIndex == nil
            && ![.inPort16, .dlVLAN, .dlVLANPCP, .vlanPCP, .ipTOS, .arpOpcode].contains($0)
    }

    @Test("What is set on any field is read back, and clearing leaves nothing")
    func roundTrip() {
        var random = SeededRandom(seed: 7)
        for field in Self.plain {
            let bytes = field.info.byteCount
            let exact = FieldValue.exactMask(of: field)
            for _ in 0..<8 {
                let mask = FieldValue(bytes: random.bytes(bytes)) & exact
                let value = FieldValue(bytes: random.bytes(bytes)) & mask
                var match = FlowMatch()
                match.set(field, value: value, mask: mask)
                #expect(match.get(field).value == value, "\(field)")
                #expect(match.get(field).mask == mask, "\(field)")
                match.clear(field)
                #expect(match.isCatchAll, "\(field)")
            }
        }
    }

    @Test("Setting one field leaves every other bit as it was")
    func isolation() {
        var random = SeededRandom(seed: 11)
        var match = FlowMatch()
        var value = [UInt8](repeating: 0, count: FlowLayout.byteCount)
        var mask = value
        for _ in 0..<2000 {
            let field = Self.plain[Int(random.next() % UInt64(Self.plain.count))]
            let location =
                field == .vlanVID
                ? FieldLocation(offset: FlowLayout.vlanTCI, byteCount: 2, shift: 0, bitCount: 13)
                : field.info.location
            let bytes = field.info.byteCount
            let maskBytes = FieldValue(bytes: random.bytes(bytes))
            let valueBytes = FieldValue(bytes: random.bytes(bytes))
            if random.next() % 4 == 0 {
                match.clear(field)
                FlowMatchTests.each(location) { value[$0] &= ~$1; mask[$0] &= ~$1 } bits: { _ in
                    true
                }
            } else {
                match.set(field, value: valueBytes & maskBytes, mask: maskBytes)
                FlowMatchTests.each(location) { mask[$0] |= $1; value[$0] &= ~$1 } bits: {
                    maskBytes.bit($0)
                }
                FlowMatchTests.each(location) { value[$0] |= $1 } bits: {
                    maskBytes.bit($0) && valueBytes.bit($0)
                }
            }
            var seenValue = [UInt8](repeating: 0, count: FlowLayout.byteCount)
            var seenMask = seenValue
            for word in match.words {
                for byte in 0..<8 {
                    let offset = Int(word.index) * 8 + byte
                    seenValue[offset] = UInt8(truncatingIfNeeded: word.value >> UInt64(byte * 8))
                    seenMask[offset] = UInt8(truncatingIfNeeded: word.mask >> UInt64(byte * 8))
                }
            }
            #expect(seenValue == value && seenMask == mask)
            #expect(match.words.allSatisfy { $0.mask != 0 })
            #expect(match.words.map(\.index) == match.words.map(\.index).sorted())
        }
    }

    @Test("The ARP opcode keeps to its byte and reads back exact")
    func arpOpcode() {
        var match = FlowMatch()
        match.set(.ethType, to: 0x0806)
        match.set(.arpOpcode, to: 2)
        #expect(!match.constrains(.ipFragment))
        #expect(match.exact(.arpOpcode) == 2)
        #expect(match.exact(.ipProtocol) == 2)
    }

    @Test("VLAN fields imply the tag, dl_vlan=0xffff that there is none")
    func vlan() {
        var match = FlowMatch()
        match.set(.dlVLANPCP, to: 3)
        #expect(match.bits(of: .vlanTCI).value == 0x7000)
        #expect(match.bits(of: .vlanTCI).mask == 0xf000)
        match.set(.dlVLAN, to: 5)
        #expect(match.exact(.vlanTCI) == 0x7005)
        #expect(match.exact(.vlanVID) == 0x1005)
        match.set(.dlVLAN, to: 0xffff)
        #expect(match.exact(.vlanTCI) == 0)
    }

    @Test("The 16-bit port is the 32-bit one, reserved numbers widened")
    func inPort() {
        var match = FlowMatch()
        match.set(.inPort16, to: 0xfffe)
        #expect(match.exact(.inPort) == 0xffff_fffe)
        match.set(.inPort16, to: 3)
        #expect(match.exact(.inPort) == 3)
    }

    @Test("Covers and overlaps agree with testing every small packet")
    func relations() {
        var random = SeededRandom(seed: 3)
        for _ in 0..<500 {
            var left = FlowMatch()
            var right = FlowMatch()
            let masks = (random.next() & 7, random.next() & 7)
            let values = (random.next() & masks.0, random.next() & masks.1)
            left.setBits(Field.ipTTL.info.location, value: values.0, mask: masks.0)
            right.setBits(Field.ipTTL.info.location, value: values.1, mask: masks.1)
            let inLeft = (0..<8).filter { UInt64($0) & masks.0 == values.0 }
            let inRight = (0..<8).filter { UInt64($0) & masks.1 == values.1 }
            #expect(left.covers(right) == Set(inLeft).isSuperset(of: inRight))
            #expect(left.overlaps(right) == !Set(inLeft).isDisjoint(with: inRight))
        }
    }

    @Test("Fields without their prerequisites are dropped, others stay")
    func normalize() {
        var match = FlowMatch()
        match.set(.ethType, to: 0x0800)
        match.set(.ipProtocol, to: 6)
        match.set(.tcpDestination, to: 80)
        let whole = match
        match.dropUnmetFields()
        #expect(match == whole)
        match.set(.ethType, to: 0x1234)
        match.dropUnmetFields()
        var type = FlowMatch()
        type.set(.ethType, to: 0x1234)
        #expect(match == type)
    }

    @Test("An Ethernet packet type is implied by any packet field but not by a register")
    func packetType() {
        var match = FlowMatch()
        match.set(.packetType, to: 0)
        match.set(.reg0, to: 1)
        match.dropImpliedPacketType()
        #expect(match.constrains(.packetType))
        match.set(.ethType, to: 0x0800)
        match.dropImpliedPacketType()
        #expect(!match.constrains(.packetType))
    }

    /// Calls `body` with byte and bit of each of the location's bits for which `bits` is true.
    static func each(
        _ location: FieldLocation, _ body: (Int, UInt8) -> Void, bits: (Int) -> Bool
    ) {
        for bit in 0..<location.bitCount where bits(bit) {
            let position = bit + location.shift
            body(
                location.offset + location.byteCount - 1 - position / 8,
                1 << UInt8(position % 8))
        }
    }
}

/// A small seeded generator.
struct SeededRandom {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }
}
