// Where the 64 tunnel option fields lie in the flow key: the bridge's option table, or the places
// that a parser handed out in the order of the text.

import Flow

/// The place of each `tun_metadata<n>` within the flow key.
public struct TunnelOptionLayout: Hashable, Sendable {
    /// The bytes of each option, nil where it is not mapped.
    public private(set) var locations: [FieldLocation?]
    private var nextOffset = 0

    public init(locations: [FieldLocation?] = []) {
        self.locations =
            Array(locations.prefix(64))
            + [FieldLocation?](repeating: nil, count: max(64 - locations.count, 0))
    }

    /// The places that a bridge's option table gives.
    public init(_ table: TunnelOptionTable) {
        self.init(locations: (0..<64).map { table.location(ofIndex: $0) })
    }

    /// Hands out `byteCount` bytes for option `index`; nil where the region is full.
    mutating func allocate(_ index: Int, byteCount: Int) -> FieldLocation? {
        guard nextOffset + byteCount <= FlowLayout.tunnelMetadataByteCount else { return nil }
        let location = FieldLocation(
            offset: FlowLayout.tunnelMetadata + nextOffset, byteCount: byteCount, shift: 0,
            bitCount: byteCount * 8)
        locations[index] = location
        nextOffset += byteCount
        return location
    }

    /// Bytes handed out so far.
    var usedBytes: Int { nextOffset }
}
