// A pcap file that packets are appended to; dummy ports write their traffic to one.

import CIntrinsics
import Glibc
import PacketBuffer

/// An open pcap file.
///
/// **Shape**: microsecond pcap, Ethernet; timestamps count packets, for the port reads no clock.
struct PacketCapture {
    private let fileDescriptor: Int32
    private let scratch: UnsafeMutableRawPointer

    /// Creates or truncates the file at `path`.
    init(path: String) throws(KernelPortError) {
        let fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard fd >= 0 else { throw .last("open") }
        fileDescriptor = fd
        scratch = .allocate(byteCount: 64, alignment: 8)
        vd_zero(scratch, 64)
        scratch.storeBytes(of: 0xa1b2_c3d4, as: UInt32.self)
        scratch.storeBytes(of: 2, toByteOffset: 4, as: UInt16.self)
        scratch.storeBytes(of: 4, toByteOffset: 6, as: UInt16.self)
        scratch.storeBytes(of: 262_144, toByteOffset: 16, as: UInt32.self)
        scratch.storeBytes(of: 1, toByteOffset: 20, as: UInt32.self)
        _ = vd_write(fd, scratch, 24)
        vd_zero(scratch, 64)
    }

    func close() {
        Glibc.close(fileDescriptor)
        scratch.deallocate()
    }

    /// Appends `packet`. A full disk loses packets silently: the capture is a debugging aid.
    func append(_ packet: PacketBuffer) {
        let bytes = UInt32(truncatingIfNeeded: packet.length)
        let stamp = scratch.load(fromByteOffset: 4, as: UInt32.self) &+ 1
        scratch.storeBytes(of: stamp, toByteOffset: 4, as: UInt32.self)
        scratch.storeBytes(of: bytes, toByteOffset: 8, as: UInt32.self)
        scratch.storeBytes(of: bytes, toByteOffset: 12, as: UInt32.self)
        let vectors = (scratch + 16).assumingMemoryBound(to: iovec.self)
        vectors[0].iov_base = scratch
        vectors[0].iov_len = 16
        vectors[1].iov_base = packet.data
        vectors[1].iov_len = packet.length
        _ = vd_writev(fileDescriptor, vectors, 2)
    }
}
