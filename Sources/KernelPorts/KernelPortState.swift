// The memory behind one kernel port. The control thread makes and destroys it; in between one poll
// thread receives and any may send, one at a time. Anyone may read counters and `deviceError`.

import CIntrinsics
import PacketBuffer

/// What a kernel port is made of.
@frozen public enum KernelPortKind: UInt8, Sendable {
    /// A packet socket on an existing device (type `system`).
    case afPacket
    /// A TAP device that lives as long as the process (types `tap` and `internal`).
    case tap
    /// In-memory queues (type `dummy`).
    case dummy
}

/// State of one kernel port.
public struct KernelPortState {
    public let kind: KernelPortKind
    /// The socket, the TAP's descriptor or the dummy's eventfd; readable when packets wait.
    public internal(set) var fileDescriptor: Int32
    public internal(set) var interfaceIndex: Int32
    /// Written to every packet received.
    public var datapathPort: UInt32
    /// Largest L3 packet that is sent; super-packets are measured by their segments' sender.
    public var mtu: UInt32
    /// The errno that the device answered last, zero while it works.
    public internal(set) var deviceError: Int32 = 0
    public internal(set) var counters = PortCounters()
    /// Packets that the kernel dropped before us. The control thread's.
    var missed: UInt64 = 0
    /// Whether the kernel takes UDP super-packets here; else they are segmented in software.
    var takesUDPSegments: Bool
    /// Held while one of the poll threads sends.
    var transmitLock: UInt32 = 0
    let pool: PacketPool
    var vectors: PortVectors
    var dummy: UnsafeMutablePointer<DummyQueues>?
}
