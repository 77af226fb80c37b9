// The Castagnoli CRC of SCTP (RFC 9260, appendix A), four bits at a time from a table on the stack.
// Only control paths compute it: SCTP packets whose ports are rewritten.

/// CRC-32C.
@frozen public enum CRC32C {
    /// The CRC register after `count` bytes at `bytes`; starts from and returns the raw register.
    @inlinable
    public static func update(
        _ register: UInt32, _ bytes: UnsafeRawPointer, count: Int
    ) -> UInt32 {
        let table: InlineArray<16, UInt32> = [
            0x0000_0000, 0x105e_c76f, 0x20bd_8ede, 0x30e3_49b1,
            0x417b_1dbc, 0x5125_dad3, 0x61c6_9362, 0x7198_540d,
            0x82f6_3b78, 0x92a8_fc17, 0xa24b_b5a6, 0xb215_72c9,
            0xc38d_26c4, 0xd3d3_e1ab, 0xe330_a81a, 0xf36e_6f75,
        ]
        var crc = register
        for offset in 0..<count {
            crc ^= UInt32(bytes.network8(at: offset))
            crc = (crc &>> 4) ^ table[Int(crc & 15)]
            crc = (crc &>> 4) ^ table[Int(crc & 15)]
        }
        return crc
    }

    /// The checksum of an SCTP packet of `count` bytes at `packet`, taking its checksum field as
    /// zero, as the four bytes on the wire read in little-endian order.
    @inlinable
    public static func sctp(_ packet: UnsafeRawPointer, count: Int) -> UInt32 {
        guard count >= 12 else { return 0 }
        var zero: UInt32 = 0
        var crc = update(0xffff_ffff, packet, count: 8)
        crc = withUnsafeBytes(of: &zero) {
            update(crc, $0.baseAddress.unsafelyUnwrapped, count: 4)
        }
        return ~update(crc, packet + 12, count: count &- 12)
    }
}
