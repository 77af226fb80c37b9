// What the control room asks of a port besides its counters.

import Glibc
import PacketBuffer

extension KernelPort {
    /// The counters, with what the kernel dropped because the poll thread was not there in time.
    ///
    /// **Owner**: one control thread; the kernel forgets its count when it is read.
    public var statistics: PortCounters {
        var total = state.pointee.counters
        if case .afPacket = state.pointee.kind {
            // tpacket_stats: packets u32, drops u32, since the last reading.
            var news: (UInt32, UInt32) = (0, 0)
            var bytes = socklen_t(8)
            let status = getsockopt(
                state.pointee.fileDescriptor, LinuxABI.solPacket, LinuxABI.packetStatistics, &news,
                &bytes)
            if status == 0 { state.pointee.missed &+= UInt64(news.1) }
        }
        total.rxDropped &+= state.pointee.missed
        total.rxMissedErrors &+= state.pointee.missed
        return total
    }
}
