// The bridge's tunnel option table: allocation, lookups and each refusal.

import Flow
import Testing

@Suite struct TunnelOptionTableTests {
    @Test("Options get places that do not overlap, and a freed place is used again")
    func allocation() throws {
        var table = TunnelOptionTable()
        try table.add(optionClass: 0x102, type: 0x80, byteCount: 4, index: 0)
        try table.add(optionClass: 0x102, type: 0x81, byteCount: 124, index: 5)
        try table.add(optionClass: 0x103, type: 0x80, byteCount: 124, index: 3)
        #expect(table.mappings.map(\.index) == [0, 3, 5])
        #expect(table.location(ofIndex: 0)?.offset == FlowLayout.tunnelMetadata)
        #expect(table.location(ofIndex: 5)?.offset == FlowLayout.tunnelMetadata + 4)
        #expect(table.mapping(optionClass: 0x103, type: 0x80)?.index == 3)
        #expect(throws: TunnelOptionError.full) {
            try table.add(optionClass: 1, type: 1, byteCount: 8, index: 9)
        }
        try table.delete(5)
        try table.add(optionClass: 1, type: 1, byteCount: 8, index: 9)
        #expect(table.location(ofIndex: 9)?.offset == FlowLayout.tunnelMetadata + 4)
    }

    @Test("Each refusal has its own error")
    func refusals() throws {
        var table = TunnelOptionTable()
        try table.add(optionClass: 1, type: 1, byteCount: 4, index: 7)
        #expect(throws: TunnelOptionError.alreadyMapped) {
            try table.add(optionClass: 2, type: 1, byteCount: 4, index: 7)
        }
        #expect(throws: TunnelOptionError.duplicate) {
            try table.add(optionClass: 1, type: 1, byteCount: 4, index: 8)
        }
        #expect(throws: TunnelOptionError.badIndex) {
            try table.add(optionClass: 2, type: 1, byteCount: 4, index: 64)
        }
        for length in [0, 3, 128] {
            #expect(throws: TunnelOptionError.badLength) {
                try table.add(optionClass: 2, type: 1, byteCount: length, index: 8)
            }
        }
        #expect(throws: TunnelOptionError.inUse) { try table.delete(7, used: 1 << 7) }
        #expect(throws: TunnelOptionError.inUse) { try table.clear(used: 1 << 7) }
        #expect(throws: TunnelOptionError.badIndex) { try table.delete(64) }
        try table.clear()
        #expect(table.mappings.isEmpty)
    }

    @Test("A match on an option also says that it is present")
    func match() throws {
        var table = TunnelOptionTable()
        try table.add(optionClass: 1, type: 1, byteCount: 8, index: 63)
        var match = FlowMatch()
        let mapping = try #require(table.mapping(63))
        let value = FieldValue(0x1234, byteCount: 8)
        match.setTunnelOption(mapping, value: value, mask: .ones(bitCount: 64, byteCount: 8))
        #expect(match.tunnelOptionsUsed == 1 << 63)
        #expect(match.get(mapping.location, byteCount: 8).value == value)
    }
}
