// OXS: the list of counters by which OpenFlow 1.5 tells flow statistics.

/// Counters of one flow or of several; all ones (or nil) are not told.
struct FlowCounters {
    var duration: (seconds: UInt32, nanoseconds: UInt32)?
    var idleSeconds: UInt32?
    var packetCount: UInt64 = .max
    var byteCount: UInt64 = .max
    var flowCount: UInt32?

    /// Writes `ofp_stats` with its padding.
    func write(into writer: inout ByteWriter) {
        let start = writer.count
        writer.u16(0)
        writer.u16(0)
        if let duration {
            FlowCounters.header(0, byteCount: 8, &writer)
            writer.u32(duration.seconds)
            writer.u32(duration.nanoseconds)
        }
        if let idleSeconds {
            FlowCounters.header(1, byteCount: 8, &writer)
            writer.u32(idleSeconds)
            writer.u32(0)
        }
        if packetCount != .max {
            FlowCounters.header(4, byteCount: 8, &writer)
            writer.u64(packetCount)
        }
        if byteCount != .max {
            FlowCounters.header(5, byteCount: 8, &writer)
            writer.u64(byteCount)
        }
        if let flowCount {
            FlowCounters.header(3, byteCount: 4, &writer)
            writer.u32(flowCount)
        }
        writer.patchLength(at: start + 2, from: start)
        writer.pad(to: 8, from: start)
    }

    private static func header(_ field: UInt8, byteCount: UInt8, _ writer: inout ByteWriter) {
        writer.u16(0x8002)
        writer.u8(field << 1)
        writer.u8(byteCount)
    }
}
