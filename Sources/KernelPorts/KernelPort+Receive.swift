// Receiving from packet sockets and TAP devices. Small packets land in standard buffers; a
// super-packet fills its slot's standard buffer and goes on in the jumbo buffer of the slot, to
// whose front the first 2 KiB are then copied.

import CIntrinsics
import Glibc
import PacketBuffer

extension UnsafeMutablePointer where Pointee == KernelPortState {
    /// One `recvmmsg` of a packet socket.
    func receivePackets(into batch: PacketBatch) -> Int {
        pointee.vectors.arm(from: pointee.pool)
        let room = PacketBatch.capacity &- batch.count
        let held = pointee.vectors.standardCount
        let wanted = room < held ? room : held
        guard wanted > 0 else { return 0 }
        pointee.vectors.armControl(count: wanted)
        let got = vd_recvmmsg(
            pointee.fileDescriptor, pointee.vectors.receiveMessages,
            UInt32(truncatingIfNeeded: wanted))
        guard got > 0 else {
            noteReceiveError(-got)
            return 0
        }
        let count = Int(truncatingIfNeeded: got)
        let before = batch.count
        pointee.deviceError = 0
        var used: UInt64 = 0
        var slot = 0
        while slot < count {
            let message = pointee.vectors.receiveMessages + slot
            let cut = message.pointee.flags & Int32(truncatingIfNeeded: MSG_TRUNC) != 0
            let bytes = Int(truncatingIfNeeded: message.pointee.length)
            if let packet = takeSlot(slot, bytes: bytes, cut: cut) {
                if restoreTag(of: packet, from: message) {
                    admit(packet, to: batch)
                } else {
                    pointee.counters.rxErrors &+= 1
                    pointee.pool.free(packet)
                }
                used |= slotBits(of: packet, slot)
            }
            slot &+= 1
        }
        replaceSlots(used, count: count)
        return batch.count &- before
    }

    /// Reads a TAP device until it is empty or the batch is full.
    func receiveTap(into batch: PacketBatch) -> Int {
        pointee.vectors.arm(from: pointee.pool)
        let room = PacketBatch.capacity &- batch.count
        let held = pointee.vectors.standardCount
        let wanted = room < held ? room : held
        let before = batch.count
        var used: UInt64 = 0
        var slot = 0
        while slot < wanted {
            let message = pointee.vectors.receiveMessages + slot
            let got = vd_readv(
                pointee.fileDescriptor, message.pointee.vectors,
                UInt32(truncatingIfNeeded: message.pointee.vectorCount))
            guard got > 0 else {
                noteReceiveError(Int32(truncatingIfNeeded: -got))
                break
            }
            if let packet = takeSlot(slot, bytes: Int(truncatingIfNeeded: got), cut: false) {
                admit(packet, to: batch)
                used |= slotBits(of: packet, slot)
            }
            slot &+= 1
        }
        replaceSlots(used, count: slot)
        return batch.count &- before
    }

    /// Makes a packet of what was read into `slot`, or counts why not and leaves the slot as it
    /// was.
    private func takeSlot(_ slot: Int, bytes total: Int, cut: Bool) -> PacketBuffer? {
        let bytes = total &- VirtioHeader.bytes
        let standard = pointee.vectors.standard[slot]
        let standardBytes = PortVectors.standardBytes
        if cut || (bytes > standardBytes && slot >= pointee.vectors.jumboCount) {
            pointee.counters.rxDropped &+= 1
            pointee.counters.rxOverErrors &+= 1
            return nil
        }
        guard bytes >= 14 else {
            pointee.counters.rxErrors &+= 1
            pointee.counters.rxFrameErrors &+= 1
            return nil
        }
        var packet = standard
        if bytes > standardBytes {
            packet = pointee.vectors.jumbo[slot]
            vd_copy(packet.data, standard.data, UInt64(truncatingIfNeeded: standardBytes))
        }
        packet.setLength(bytes)
        packet.inPort = pointee.datapathPort
        let header = pointee.vectors.receiveHeaders + slot &* PortVectors.headerStride
        guard VirtioHeader.apply(header, to: packet) else {
            pointee.counters.rxErrors &+= 1
            pointee.counters.rxFrameErrors &+= 1
            packet.reset()
            return nil
        }
        return packet
    }

    /// Puts the VLAN tag back that the kernel took out of the packet; false when there is no room.
    private func restoreTag(
        of packet: PacketBuffer, from message: UnsafeMutablePointer<SocketMessage>
    ) -> Bool {
        let bytes = message.pointee.controlBytes
        guard bytes >= 16 &+ 20, let raw = message.pointee.control else { return true }
        // One control message: length u64, level i32, type i32, then `tpacket_auxdata`.
        guard raw.load(fromByteOffset: 8, as: Int32.self) == LinuxABI.solPacket,
            raw.load(fromByteOffset: 12, as: Int32.self) == LinuxABI.packetAuxdata
        else { return true }
        let status = raw.load(fromByteOffset: 16, as: UInt32.self)
        if status & 0x80 != 0 { packet.metadata.pointee.flags.add(.checksumValid) }
        guard status & 0x10 != 0 else { return true }
        let tag = raw.load(fromByteOffset: 32, as: UInt16.self)
        let type = status & 0x40 != 0 ? raw.load(fromByteOffset: 34, as: UInt16.self) : 0x8100
        guard packet.insert(4, at: 12) else { return false }
        packet.data.storeBytes(of: type.bigEndian, toByteOffset: 12, as: UInt16.self)
        packet.data.storeBytes(of: tag.bigEndian, toByteOffset: 14, as: UInt16.self)
        return true
    }

    @inline(__always)
    private func admit(_ packet: PacketBuffer, to batch: PacketBatch) {
        pointee.counters.rxPackets &+= 1
        pointee.counters.rxBytes &+= UInt64(truncatingIfNeeded: packet.length)
        let first = packet.data.load(as: UInt8.self)
        pointee.counters.multicast &+= UInt64(truncatingIfNeeded: first & 1)
        batch.append(packet)
    }

    /// The bit that says which buffer of `slot` was given away: standard low, jumbo high.
    @inline(__always)
    private func slotBits(of packet: PacketBuffer, _ slot: Int) -> UInt64 {
        let isJumbo =
            slot < pointee.vectors.jumboCount
            && packet.header == pointee.vectors.jumbo[slot].header
        return 1 &<< UInt64(truncatingIfNeeded: isJumbo ? slot &+ 32 : slot)
    }

    private func replaceSlots(_ used: UInt64, count: Int) {
        var slot = count &- 1
        while slot >= 0 {
            let bit = UInt64(truncatingIfNeeded: slot)
            if used & (1 &<< bit) != 0 { pointee.vectors.removeStandard(slot) }
            if used & (1 &<< (bit &+ 32)) != 0 { pointee.vectors.removeJumbo(slot) }
            slot &-= 1
        }
    }

    /// Nothing waiting is no error. Anything else is the device's, and shown.
    private func noteReceiveError(_ number: Int32) {
        if number == 0 || number == EAGAIN || number == EINTR { return }
        pointee.deviceError = number
        // A device that is down has lost no packet.
        if number != ENETDOWN { pointee.counters.rxErrors &+= 1 }
    }
}
