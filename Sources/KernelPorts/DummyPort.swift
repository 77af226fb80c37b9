// Making and feeding a dummy port (type `dummy`): packets come from `netdev-dummy/receive` and from
// tests, and go to a ring or a file.

import CIntrinsics
import Glibc
import PacketBuffer

/// Dummy ports.
public enum DummyPort {
    /// Makes a dummy port.
    ///
    /// - Parameters:
    ///   - keepsSent: packets sent wait for `takeSent`, at most `capacity`; the rest are freed.
    ///   - sentCapture: path of a pcap file for what is sent (`options:tx_pcap`).
    ///   - receivedCapture: path of a pcap file for what comes in (`options:rxq_pcap`).
    public static func make(
        pool: PacketPool, datapathPort: UInt32, mtu: Int = 1500, capacity: Int = 1024,
        keepsSent: Bool = false, sentCapture: String? = nil, receivedCapture: String? = nil
    ) throws(KernelPortError) -> KernelPort {
        let fd = vd_eventfd()
        guard fd >= 0 else { throw .system(call: "eventfd", number: -fd) }
        var captures: [PacketCapture] = []
        do throws(KernelPortError) {
            for path in [sentCapture, receivedCapture] {
                if let path { captures.append(try PacketCapture(path: path)) }
            }
        } catch {
            for capture in captures { capture.close() }
            close(fd)
            throw error
        }
        let queues = UnsafeMutablePointer<DummyQueues>.allocate(capacity: 1)
        queues.initialize(
            to: DummyQueues(
                injected: PacketRing(capacity: capacity),
                sent: keepsSent ? PacketRing(capacity: capacity) : nil,
                sentCapture: sentCapture == nil ? nil : captures.first,
                receivedCapture: receivedCapture == nil ? nil : captures.last))
        return KernelPort(
            KernelPortState(
                kind: .dummy, fileDescriptor: fd, interfaceIndex: 0, datapathPort: datapathPort,
                mtu: UInt32(mtu), takesUDPSegments: false, pool: pool, vectors: PortVectors(),
                dummy: queues))
    }
}

extension KernelPort {
    /// Puts a packet with these bytes on the receive queue of a dummy port, as if from the wire.
    /// False when the port is no dummy, the queue or the pool is exhausted, or it is no Ethernet
    /// frame.
    ///
    /// **Owner**: any control thread.
    public func inject(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let dummy = state.pointee.dummy, let source = bytes.baseAddress, bytes.count >= 14,
            let packet = state.pointee.pool.allocate(length: bytes.count)
        else { return false }
        packet.assign(source, count: bytes.count)
        guard dummy.pointee.injected.push(packet) else {
            state.pointee.pool.free(packet)
            return false
        }
        var one: UInt64 = 1
        _ = vd_write(state.pointee.fileDescriptor, &one, 8)
        return true
    }

    /// The oldest packet that a dummy with `keepsSent` has sent; the caller frees it.
    ///
    /// **Owner**: one control thread.
    public func takeSent() -> PacketBuffer? { state.pointee.dummy?.pointee.sent?.pop() }
}
