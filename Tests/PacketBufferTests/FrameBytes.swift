// Frames written byte by byte and a naive checksum, independent of the code under test.

/// A TCP or UDP frame as its parts.
struct FrameBytes {
    var isIPv6 = false
    var vlans: [[UInt8]] = []
    var isTCP = true
    var id: UInt16 = 0xfffe
    var sequence: UInt32 = 0xffff_ff00
    var tcpFlags: UInt8 = 0x18
    var tcpOptions: [UInt8] = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2]
    var payload: [UInt8] = []

    var source: [UInt8] { isIPv6 ? [0x20, 1] + zeros(13) + [1] : [10, 0, 0, 1] }
    var destination: [UInt8] { isIPv6 ? [0x20, 1] + zeros(13) + [2] : [10, 0, 0, 2] }
    var l3Offset: Int { 14 + 4 * vlans.count }
    var l4Offset: Int { l3Offset + (isIPv6 ? 40 : 20) }
    var l4HeaderBytes: Int { isTCP ? 20 + tcpOptions.count : 8 }

    /// The frame with complete, correct checksums.
    var bytes: [UInt8] {
        let ethernet: [UInt8] = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1]
        let l4 = l4Header + payload
        let sum = FrameBytes.checksum(pseudoHeader(l4.count) + l4)
        var finished = l4
        finished[isTCP ? 16 : 6] = UInt8(sum >> 8)
        finished[isTCP ? 17 : 7] = UInt8(sum & 255)
        return ethernet + vlans.flatMap { $0 } + l3Header(l4.count) + finished
    }

    private func l3Header(_ l4Bytes: Int) -> [UInt8] {
        let number: UInt8 = isTCP ? 6 : 17
        if isIPv6 {
            return [0x86, 0xdd, 0x60, 0, 0, 0] + be16(l4Bytes) + [number, 64] + source + destination
        }
        var header: [UInt8] =
            [0x45, 0] + be16(20 + l4Bytes) + be16(Int(id)) + [0x40, 0, 64, number, 0, 0] + source
            + destination
        let sum = FrameBytes.checksum(header)
        header[10] = UInt8(sum >> 8)
        header[11] = UInt8(sum & 255)
        return [8, 0] + header
    }

    private var l4Header: [UInt8] {
        guard isTCP else { return [0, 53, 1, 187] + be16(8 + payload.count) + [0, 0] }
        let words = UInt8((20 + tcpOptions.count) / 4)
        return [0, 80, 1, 187] + be16(Int(sequence >> 16)) + be16(Int(sequence & 0xffff))
            + [0, 0, 0, 9, words << 4, tcpFlags, 4, 0, 0, 0, 0, 0] + tcpOptions
    }

    private func pseudoHeader(_ l4Bytes: Int) -> [UInt8] {
        source + destination + [0, 0] + be16(l4Bytes) + [0, isTCP ? 6 : 17]
    }

    private func be16(_ value: Int) -> [UInt8] { [UInt8(value >> 8 & 255), UInt8(value & 255)] }
    private func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

    /// RFC 1071 a byte pair at a time.
    static func checksum(_ bytes: [UInt8]) -> UInt16 {
        var sum: UInt32 = 0
        for index in stride(from: 0, to: bytes.count, by: 2) {
            sum += UInt32(bytes[index]) << 8
            if index + 1 < bytes.count { sum += UInt32(bytes[index + 1]) }
            sum = (sum & 0xffff) + (sum >> 16)
        }
        let value = ~UInt16(sum)
        return value == 0 ? 0xffff : value
    }
}
