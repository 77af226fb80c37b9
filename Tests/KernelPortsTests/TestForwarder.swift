// A switch of two ports for the tests: a thread that sends what one port receives out of the other.

import Foundation
import Glibc
import KernelPorts
import PacketBuffer
import Synchronization

/// Forwards between two ports until stopped.
final class TestForwarder: @unchecked Sendable {
    let pool: PacketPool
    let ports: [KernelPort]
    /// Super-packets seen, and packets whose checksum was partial.
    let superPackets = Atomic<Int>(0)
    let partialChecksums = Atomic<Int>(0)
    /// Tags seen at the outer position.
    let taggedPackets = Atomic<Int>(0)
    private let isStopped = Atomic<Bool>(false)
    /// Segment super-packets and finish checksums in software before they are sent.
    private let inSoftware: Bool
    private let finished = DispatchSemaphore(value: 0)

    init(pool: PacketPool, ports: [KernelPort], inSoftware: Bool = false) {
        self.pool = pool
        self.ports = ports
        self.inSoftware = inSoftware
        Thread.detachNewThread { [self] in
            loop()
            finished.signal()
        }
    }

    /// Stops the thread and closes both ports.
    func stop() {
        isStopped.store(true, ordering: .relaxed)
        finished.wait()
        for port in ports { port.close() }
    }

    private func loop() {
        let batch = PacketBatch.allocate()
        defer { batch.deallocate() }
        var waits = ports.map { pollfd(fd: $0.fileDescriptor, events: Int16(POLLIN), revents: 0) }
        while !isStopped.load(ordering: .relaxed) {
            var moved = 0
            for side in 0..<2 {
                moved += ports[side].receive(into: batch)
                forward(batch, to: ports[1 - side])
            }
            if moved == 0 { poll(&waits, 2, 20) }
        }
    }

    private func forward(_ batch: PacketBatch, to port: KernelPort) {
        for index in 0..<batch.count {
            let packet = batch[index]
            if packet.isSuperPacket { superPackets.add(1, ordering: .relaxed) }
            if packet.needsChecksum { partialChecksums.add(1, ordering: .relaxed) }
            if packet.data.load(fromByteOffset: 12, as: UInt16.self).bigEndian == 0x8100 {
                taggedPackets.add(1, ordering: .relaxed)
            }
            if inSoftware { sendPieces(of: packet, to: port) }
        }
        if !inSoftware { _ = port.transmit(batch.packets, count: batch.count) }
        batch.removeAll()
    }

    private func sendPieces(of packet: PacketBuffer, to port: KernelPort) {
        guard var segmenter = Segmenter(packet) else {
            var whole = packet
            _ = packet.finishChecksum()
            _ = port.transmit(&whole, count: 1)
            return
        }
        while case .segment(var segment) = segmenter.next(from: pool) {
            _ = port.transmit(&segment, count: 1)
        }
        pool.free(packet)
    }
}
