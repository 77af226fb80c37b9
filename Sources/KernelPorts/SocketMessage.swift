// The kernel's `struct mmsghdr`, which the C library's Swift overlay lacks.

import Glibc

/// One message of a `recvmmsg` or `sendmmsg` call.
///
/// **Shape**: 64 bytes, as in the x86-64 and arm64 ABIs; a test holds the offsets.
struct SocketMessage {
    var name: UnsafeMutableRawPointer?
    var nameBytes: UInt64 = 0
    var vectors: UnsafeMutablePointer<iovec>?
    var vectorCount: Int = 0
    var control: UnsafeMutableRawPointer?
    var controlBytes: Int = 0
    var flags: Int32 = 0
    private var padding0: UInt32 = 0
    /// Bytes received or sent.
    var length: UInt32 = 0
    private var padding1: UInt32 = 0

    init() {}
}
