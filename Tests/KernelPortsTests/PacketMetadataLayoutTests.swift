// C and Swift write the same 64 bytes of metadata.

import CDPDK
import PacketBuffer
import Testing

@Suite struct PacketMetadataLayoutTests {
    @Test("Every field of the metadata lies where the C side has it")
    func layout() {
        typealias C = vd_packet_metadata
        typealias S = PacketMetadata
        #expect(MemoryLayout<C>.size == MemoryLayout<S>.size)
        let pairs: [(Int?, Int?)] = [
            (MemoryLayout<C>.offset(of: \.capacity), MemoryLayout<S>.offset(of: \.capacity)),
            (MemoryLayout<C>.offset(of: \.in_port), MemoryLayout<S>.offset(of: \.inPort)),
            (MemoryLayout<C>.offset(of: \.flags), MemoryLayout<S>.offset(of: \.flags)),
            (MemoryLayout<C>.offset(of: \.gso_type), MemoryLayout<S>.offset(of: \.gsoType)),
            (MemoryLayout<C>.offset(of: \.gso_size), MemoryLayout<S>.offset(of: \.gsoSize)),
            (
                MemoryLayout<C>.offset(of: \.checksum_position),
                MemoryLayout<S>.offset(of: \.checksumPosition)
            ),
            (
                MemoryLayout<C>.offset(of: \.checksum_offset),
                MemoryLayout<S>.offset(of: \.checksumOffset)
            ),
            (MemoryLayout<C>.offset(of: \.l3_position), MemoryLayout<S>.offset(of: \.l3Position)),
            (MemoryLayout<C>.offset(of: \.l4_position), MemoryLayout<S>.offset(of: \.l4Position)),
            (MemoryLayout<C>.offset(of: \.mark), MemoryLayout<S>.offset(of: \.mark)),
            (MemoryLayout<C>.offset(of: \.scratch), MemoryLayout<S>.offset(of: \.scratch0)),
        ]
        for (c, swift) in pairs { #expect(c != nil && c == swift) }
        #expect(PacketFlags.checksumValid.rawValue == 2)
        #expect(PacketFlags.checksumBad.rawValue == 4)
        #expect(PacketFlags.rssValid.rawValue == 8)
    }
}
