// Token buckets of a port: poll threads ask them for each packet of a port that has some, and only
// of such a port. The control room makes and frees them while all threads are held.

import Bounded
import Datapath
import Dpif
import PacketBuffer

/// The buckets of one direction of a port.
///
/// **Owner**: whoever holds its lock; queues of one port may be on several threads.
struct PolicerState {
    var lockWord: UInt32 = 0
    var bytes: TokenBucket
    var packets: TokenBucket
}

/// A handle on buckets in memory of their own.
struct Policer: @unchecked Sendable {
    let state: UnsafeMutablePointer<PolicerState>

    /// Full buckets for `limit`.
    init(_ limit: RateLimit, now: UInt64) {
        state = .allocate(capacity: 1)
        state.initialize(
            to: PolicerState(
                bytes: TokenBucket(
                    perSecond: limit.bytesPerSecond, burst: limit.burstBytes, now: now),
                packets: TokenBucket(
                    perSecond: limit.packetsPerSecond, burst: limit.burstPackets, now: now)))
    }

    func deallocate() { state.deallocate() }

    /// Sorts out what may pass, in order: it stays at the front of `packets`; what may not comes
    /// after it. Returns how many may pass.
    ///
    /// **Cost**: one lock, and two steps a packet.
    @inline(__always)
    func sift(_ packets: UnsafeMutablePointer<PacketBuffer>, count: Int, now: UInt64) -> Int {
        // SAFETY: the word is the first of the state, aligned and zero when free.
        let lock = SpinLock(UnsafeMutableRawPointer(state))
        lock.lock()
        state.pointee.bytes.fill(now: now)
        state.pointee.packets.fill(now: now)
        var passed = 0
        for index in 0..<count {
            guard state.pointee.bytes.isOpen, state.pointee.packets.isOpen else { continue }
            let packet = packets[index]
            state.pointee.bytes.pay(packet.length)
            state.pointee.packets.pay(1)
            packets[index] = packets[passed]
            packets[passed] = packet
            passed &+= 1
        }
        lock.unlock()
        return passed
    }
}
