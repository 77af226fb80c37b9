// A range of ports as values under masks.

/// A set of 16-bit numbers that agree in the bits of `mask`.
struct PortRangeMask: Hashable {
    let value: UInt16
    let mask: UInt16

    /// The fewest that make up `low...high`.
    static func cover(_ low: UInt16, _ high: UInt16) -> [PortRangeMask] {
        var result: [PortRangeMask] = []
        var at = UInt32(low)
        let end = UInt32(high) + 1
        while at < end {
            // The largest aligned block that begins here and does not go beyond.
            var size: UInt32 = at == 0 ? 0x10000 : at & ~(at - 1)
            while at + size > end { size >>= 1 }
            result.append(
                PortRangeMask(
                    value: UInt16(at), mask: UInt16(truncatingIfNeeded: ~(size - 1))))
            at += size
        }
        return result
    }
}
