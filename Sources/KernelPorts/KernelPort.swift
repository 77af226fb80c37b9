// A handle to one port on a Linux kernel device, or to a dummy. A pointer and a switch on the kind:
// no existential, nothing counted. `receive` and `transmit` are the poll thread's, the rest is
// control's.

import CIntrinsics
import Glibc
import PacketBuffer

/// A kernel port.
///
/// **Shape**: one pointer, copied freely. **Owner**: one poll thread for `receive`; any poll thread
/// for `transmit`, which takes the port's spin lock; the control thread opens the port, and closes
/// it once every poll thread has let go. In release builds the compiler proves that both allocate
/// nothing.
public struct KernelPort: @unchecked Sendable {
    public let state: UnsafeMutablePointer<KernelPortState>

    init(_ initial: KernelPortState) {
        state = .allocate(capacity: 1)
        state.initialize(to: initial)
    }

    /// What to wait on before a receive; -1 never.
    public var fileDescriptor: Int32 { state.pointee.fileDescriptor }

    /// The counters now. `statistics` also tells what the kernel dropped.
    public var counters: PortCounters { state.pointee.counters }

    /// The device's last error, zero while it works.
    public var deviceError: Int32 { state.pointee.deviceError }

    /// Closes the descriptor and gives back every packet. A TAP device vanishes with it.
    public func close() {
        if state.pointee.fileDescriptor >= 0 { Glibc.close(state.pointee.fileDescriptor) }
        if let dummy = state.pointee.dummy {
            DummyQueues.destroy(dummy, pool: state.pointee.pool)
        }
        state.pointee.vectors.deallocate(pool: state.pointee.pool)
        state.deinitialize(count: 1)
        state.deallocate()
    }

    /// Receives what waits, up to the room in `batch`, and appends it there. Returns how many.
    ///
    /// Every packet appended has at least 14 bytes, its VLAN tags in place, and offload metadata
    /// that was checked against its headers.
    #if !DEBUG
        @_noAllocation
    #endif
    public func receive(into batch: PacketBatch) -> Int {
        switch state.pointee.kind {
        case .afPacket: return state.receivePackets(into: batch)
        case .tap: return state.receiveTap(into: batch)
        case .dummy: return state.receiveDummy(into: batch)
        }
    }

    /// Sends `count` packets and takes them all: those not sent are dropped and counted.
    /// Returns how many were sent.
    #if !DEBUG
        @_noAllocation
    #endif
    public func transmit(_ packets: UnsafeMutablePointer<PacketBuffer>, count: Int) -> Int {
        guard count > 0 else { return 0 }
        // SAFETY: the lock is a word of the state, whose memory never moves.
        let lock = UnsafeMutableRawPointer(state.transmitLockWord)
        vd_spin_lock(lock)
        defer { vd_spin_unlock(lock) }
        switch state.pointee.kind {
        case .afPacket, .tap: return state.transmitFrames(packets, count: count)
        case .dummy: return state.transmitDummy(packets, count: count)
        }
    }
}

extension UnsafeMutablePointer where Pointee == KernelPortState {
    /// Where the transmit lock lies.
    var transmitLockWord: UnsafeMutablePointer<UInt32> {
        withUnsafeMutablePointer(to: &pointee.transmitLock) { $0 }
    }
}
