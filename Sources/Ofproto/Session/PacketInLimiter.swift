// The limit on the rate of packet-ins to one controller. What is over the rate waits in a queue for
// each port, served in turn; when too many wait, the longest queue loses its oldest.

import OpenFlow

/// A token bucket with fair queues behind it.
///
/// **Source**: ovs-vswitchd.conf.db(5), Controller:controller_rate_limit.
struct PacketInLimiter {
    private var rate: Int
    private var burst: Int
    /// In thousandths of a packet.
    private var tokens = 0
    private var lastFill: UInt64?
    private var queues: [UInt32: [PacketIn]] = [:]
    private var order: [UInt32] = []
    private(set) var queuedCount = 0
    private(set) var droppedCount: UInt64 = 0

    /// - Parameter rate: packets a second; 0 for no limit.
    init(rate: Int, burst: Int) {
        self.rate = 0
        self.burst = 0
        setLimits(rate: rate, burst: burst)
    }

    mutating func setLimits(rate: Int, burst: Int) {
        self.rate = min(max(rate, 0), 10_000_000)
        self.burst = min(max(burst > 0 ? burst : self.rate / 4, 1), 10_000_000)
        while queuedCount > self.burst { dropOne() }
    }

    /// Whether `packet` may go at once; if not it waits, or is dropped.
    mutating func admit(_ packet: PacketIn, port: UInt32, now: UInt64) -> Bool {
        guard rate > 0 else { return true }
        if queuedCount == 0 && takeToken(now) { return true }
        if queuedCount >= burst { dropOne() }
        if queues[port] == nil { order.append(port) }
        queues[port, default: []].append(packet)
        queuedCount += 1
        return false
    }

    /// The packets whose turn has come.
    mutating func release(now: UInt64) -> [PacketIn] {
        var packets: [PacketIn] = []
        while queuedCount > 0 && packets.count < 50 && (rate == 0 || takeToken(now)) {
            let port = order.removeFirst()
            if var queue = queues.removeValue(forKey: port), !queue.isEmpty {
                packets.append(queue.removeFirst())
                queuedCount -= 1
                if !queue.isEmpty {
                    queues[port] = queue
                    order.append(port)
                }
            }
        }
        return packets
    }

    private mutating func takeToken(_ now: UInt64) -> Bool {
        let elapsed = lastFill.map { now &- min($0, now) } ?? 60_000
        lastFill = now
        tokens = min(tokens + Int(min(elapsed, 60_000)) * rate, burst * 1000)
        guard tokens >= 1000 else { return false }
        tokens -= 1000
        return true
    }

    private mutating func dropOne() {
        guard let port = queues.max(by: { $0.value.count < $1.value.count })?.key else { return }
        queues[port]?.removeFirst()
        if queues[port]?.isEmpty == true {
            queues[port] = nil
            order.removeAll { $0 == port }
        }
        queuedCount -= 1
        droppedCount += 1
    }
}
