// The field table's own consistency and the arithmetic of field values.

import Flow
import Testing

@Suite struct FieldInfoTests {
    @Test("The table's rows stand in the order of the enumeration")
    func order() {
        for field in Field.allCases { #expect(field.info.field == field) }
    }

    @Test("Names and headers are unique")
    func unique() {
        var names: Set<String> = []
        var headers: Set<OXMHeader> = []
        for info in Field.allCases.map(\.info) {
            #expect(names.insert(info.name).inserted, "\(info.name)")
            if let alias = info.alias { #expect(names.insert(alias).inserted, "\(alias)") }
            if let nxm = info.nxm { #expect(headers.insert(nxm).inserted, "\(info.name)") }
            if let oxm = info.oxm { #expect(headers.insert(oxm).inserted, "\(info.name)") }
        }
    }

    @Test("Every field lies within the flow key and its container holds its bits")
    func places() {
        for info in Field.allCases.map(\.info) {
            let location = info.location
            #expect(location.offset + location.byteCount <= FlowLayout.byteCount)
            #expect(location.bitCount + location.shift <= location.byteCount * 8, "\(info.name)")
            #expect(info.bitCount <= info.byteCount * 8)
        }
    }

    @Test("xreg and xxreg overlap the registers they are made of")
    func registers() {
        #expect(Field.xreg3.info.location.offset == Field.reg6.info.location.offset)
        #expect(Field.xxreg2.info.location.offset == Field.reg8.info.location.offset)
    }

    @Test("Ranges of bits are read and written across bytes")
    func valueBits() {
        var value = FieldValue(0x1234_5678, byteCount: 4)
        #expect(value.bits(at: 4, count: 12) == 0x567)
        value.setBits(at: 4, count: 12, from: FieldValue(0xabc, byteCount: 2))
        #expect(value.low64 == 0x1234_abc8)
        #expect(value.resized(to: 6).low64 == 0x1234_abc8)
        #expect(value.resized(to: 2).low64 == 0xabc8)
        #expect(FieldValue.ones(bitCount: 12, byteCount: 2).bytes == [0x0f, 0xff])
    }

    @Test("Prerequisites follow the match")
    func prerequisites() {
        var match = FlowMatch()
        match.set(.ethType, to: 0x86dd)
        match.set(.ipProtocol, to: 58)
        #expect(FieldContext(match).meets(.icmpv6))
        #expect(!FieldContext(match).meets(.nd))
        match.set(.icmpv6Type, to: 135)
        match.set(.icmpv6Code, to: 0)
        #expect(FieldContext(match).meets(.ndSolicit))
        #expect(!FieldContext(match).meets(.ndAdvert))
        #expect(!FieldContext(match).meets(.tcp))
        match.setBits(Field.ctState.info.location, value: 0x20, mask: 0x30)
        #expect(FieldContext(match).meets(.ct))
    }
}
