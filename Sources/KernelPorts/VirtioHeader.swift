// The 10-byte virtio-net header that packet sockets and TAP devices put before every packet. What
// comes in is only a claim; `PacketBuffer.accept` judges it.

import PacketBuffer

/// Reads and writes virtio-net headers (little-endian on this machine, legacy layout).
///
/// **Shape**: flags u8, gso_type u8, hdr_len u16, gso_size u16, csum_start u16, csum_offset u16.
/// **Source**: VIRTIO 1.2, 5.1.6.
enum VirtioHeader {
    static var bytes: Int { 10 }
    private static var flagNeedsChecksum: UInt8 { 1 }
    private static var flagDataValid: UInt8 { 2 }

    /// Applies the header at `raw` to `packet`; false when it does not fit.
    @inline(__always)
    static func apply(_ raw: UnsafeRawPointer, to packet: PacketBuffer) -> Bool {
        let flags = raw.load(as: UInt8.self)
        let gsoType = raw.load(fromByteOffset: 1, as: UInt8.self)
        if flags & flagDataValid != 0 { packet.metadata.pointee.flags.add(.checksumValid) }
        guard flags & flagNeedsChecksum != 0 || gsoType != GSOType.none else { return true }
        return packet.accept(
            OffloadClaim(
                needsChecksum: flags & flagNeedsChecksum != 0, gsoType: gsoType,
                gsoSize: raw.loadUnaligned(fromByteOffset: 4, as: UInt16.self),
                checksumStart: raw.loadUnaligned(fromByteOffset: 6, as: UInt16.self),
                checksumOffset: raw.loadUnaligned(fromByteOffset: 8, as: UInt16.self)))
    }

    /// Writes a header that says nothing.
    @inline(__always)
    static func writePlain(to raw: UnsafeMutableRawPointer, checksumValid: Bool) {
        raw.storeBytes(of: checksumValid ? 2 : 0, as: UInt64.self)
        raw.storeBytes(of: 0, toByteOffset: 8, as: UInt16.self)
    }

    /// Writes the header of a packet whose checksum or segmentation is the receiver's work.
    @inline(__always)
    static func write(_ scan: HeaderScan, of packet: PacketBuffer, to raw: UnsafeMutableRawPointer)
    {
        let metadata = packet.metadata
        raw.storeBytes(of: flagNeedsChecksum, as: UInt8.self)
        raw.storeBytes(of: metadata.pointee.gsoType, toByteOffset: 1, as: UInt8.self)
        let isSuper = packet.isSuperPacket
        raw.storeBytes(
            of: isSuper ? UInt16(truncatingIfNeeded: scan.payload) : 0, toByteOffset: 2,
            as: UInt16.self)
        raw.storeBytes(
            of: isSuper ? metadata.pointee.gsoSize : 0, toByteOffset: 4, as: UInt16.self)
        raw.storeBytes(
            of: UInt16(truncatingIfNeeded: scan.l4), toByteOffset: 6, as: UInt16.self)
        raw.storeBytes(
            of: UInt16(truncatingIfNeeded: scan.checksumOffset), toByteOffset: 8, as: UInt16.self)
    }
}
