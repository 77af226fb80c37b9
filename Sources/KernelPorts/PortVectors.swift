// The message headers, I/O vectors and buffers that a packet socket or TAP needs for 32 packets
// each way: allocated once when the port opens, never on the packet's way.

import CIntrinsics
import Glibc
import PacketBuffer

/// Scratch of one port, in raw memory.
///
/// **Shape**: for each of 32 slots a receive message of three pieces (virtio-net header, standard
/// buffer, the part beyond it straight into a jumbo buffer) and a transmit message of two.
/// **Owner**: the poll thread of the port.
struct PortVectors {
    static var slots: Int { 32 }
    static var headerStride: Int { 16 }
    /// Room for one control message with a `tpacket_auxdata`.
    static var controlStride: Int { 64 }

    let standard: UnsafeMutablePointer<PacketBuffer>
    let jumbo: UnsafeMutablePointer<PacketBuffer>
    var standardCount = 0
    var jumboCount = 0
    /// Whether the receive vectors point at the packets held now.
    var armed = false
    let receiveMessages: UnsafeMutablePointer<SocketMessage>
    let receiveVectors: UnsafeMutablePointer<iovec>
    let receiveHeaders: UnsafeMutableRawPointer
    let control: UnsafeMutableRawPointer

    let pending: PacketBatch
    let segments: PacketBatch
    let sendMessages: UnsafeMutablePointer<SocketMessage>
    let sendVectors: UnsafeMutablePointer<iovec>
    let sendHeaders: UnsafeMutableRawPointer

    init() {
        standard = .allocate(capacity: PortVectors.slots)
        jumbo = .allocate(capacity: PortVectors.slots)
        receiveMessages = .allocate(capacity: PortVectors.slots)
        receiveVectors = .allocate(capacity: PortVectors.slots * 3)
        receiveHeaders = PortVectors.raw(PortVectors.slots * PortVectors.headerStride)
        control = PortVectors.raw(PortVectors.slots * PortVectors.controlStride)
        pending = .allocate()
        segments = .allocate()
        sendMessages = .allocate(capacity: PortVectors.slots)
        sendVectors = .allocate(capacity: PortVectors.slots * 2)
        sendHeaders = PortVectors.raw(PortVectors.slots * PortVectors.headerStride)
        for slot in 0..<PortVectors.slots {
            receiveMessages[slot] = SocketMessage()
            receiveMessages[slot].vectors = receiveVectors + slot * 3
            receiveVectors[slot * 3] = iovec(
                iov_base: receiveHeaders + slot * PortVectors.headerStride,
                iov_len: VirtioHeader.bytes)
            sendMessages[slot] = SocketMessage()
            sendMessages[slot].vectors = sendVectors + slot * 2
            sendMessages[slot].vectorCount = 2
            sendVectors[slot * 2] = iovec(
                iov_base: sendHeaders + slot * PortVectors.headerStride,
                iov_len: VirtioHeader.bytes)
        }
    }

    func deallocate(pool: PacketPool) {
        pool.free(standard, count: standardCount)
        pool.free(jumbo, count: jumboCount)
        standard.deallocate()
        jumbo.deallocate()
        receiveMessages.deallocate()
        receiveVectors.deallocate()
        receiveHeaders.deallocate()
        control.deallocate()
        pending.deallocate()
        segments.deallocate()
        sendMessages.deallocate()
        sendVectors.deallocate()
        sendHeaders.deallocate()
    }

    private static func raw(_ bytes: Int) -> UnsafeMutableRawPointer {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        memset(memory, 0, bytes)
        return memory
    }
}

extension PortVectors {
    /// Bytes that land in the standard buffer of a slot.
    static var standardBytes: Int { PacketLayout.standardRoomBytes - PacketLayout.headroom }

    /// Refills the slots from `pool` and points the vectors at them. Does nothing when nothing was
    /// used.
    mutating func arm(from pool: PacketPool) {
        if armed { return }
        if standardCount < PortVectors.slots {
            standardCount &+= pool.allocate(
                .standard, count: PortVectors.slots &- standardCount, into: standard + standardCount
            )
        }
        if jumboCount < PortVectors.slots {
            jumboCount &+= pool.allocate(
                .jumbo, count: PortVectors.slots &- jumboCount, into: jumbo + jumboCount)
        }
        var slot = 0
        while slot < standardCount {
            let vectors = receiveVectors + slot &* 3
            vectors[1].iov_base = standard[slot].data
            vectors[1].iov_len = PortVectors.standardBytes
            if slot < jumboCount {
                let room = PacketLayout.jumboRoomBytes &- PacketLayout.headroom
                vectors[2].iov_base = jumbo[slot].data + PortVectors.standardBytes
                vectors[2].iov_len = room &- PortVectors.standardBytes
            }
            receiveMessages[slot].vectorCount = slot < jumboCount ? 3 : 2
            slot &+= 1
        }
        // Slots that could not be filled wait for the next turn.
        armed = standardCount == PortVectors.slots && jumboCount == PortVectors.slots
    }

    /// Points the control areas of the first `count` messages at their buffers again.
    mutating func armControl(count: Int) {
        var slot = 0
        while slot < count {
            receiveMessages[slot].control = control + slot &* PortVectors.controlStride
            receiveMessages[slot].controlBytes = PortVectors.controlStride
            receiveMessages[slot].flags = 0
            slot &+= 1
        }
    }

    /// The packet of slot `slot` was given away: the last one held takes its place. Slots must be
    /// given away from the highest to the lowest.
    mutating func removeStandard(_ slot: Int) {
        standardCount &-= 1
        standard[slot] = standard[standardCount]
        armed = false
    }

    mutating func removeJumbo(_ slot: Int) {
        jumboCount &-= 1
        jumbo[slot] = jumbo[jumboCount]
        armed = false
    }
}
