// Counters of the poll threads, for commands. They are read while the threads run: each is a word
// of its own, and a sum may be a turn old.

import CIntrinsics
import Datapath
import Dpif
import Flow

extension DatapathController: PollThreadInspection {
    /// Notes what queues and threads have cost so far; call it every `pollSampleMilliseconds`.
    public func samplePolling() {
        var queues: [QueueID: UInt64] = [:]
        var spent: [Int: (busy: UInt64, queues: UInt64)] = [:]
        for number in active {
            let thread = threads[number].shared.pointee
            var sum: UInt64 = 0
            for index in 0..<thread.queueCount {
                let queue = thread.queues[index]
                queues[QueueID(datapathPort: queue.datapathPort, queue: queue.queue)] =
                    queue.cycles
                sum &+= queue.cycles
            }
            spent[number] = (thread.busyCycles, sum)
        }
        history.add(
            LoadHistory.Sample(
                time: nowMilliseconds, cycles: vd_rdtsc(), queues: queues, threads: spent))
    }

    public static var pollSampleMilliseconds: Int64 { Int64(LoadHistory.intervalMilliseconds) }

    /// Counters of each poll thread, with loads over the last `seconds`.
    public func threadStatistics(seconds: UInt64) -> [ThreadStatistics] {
        let now = nowMilliseconds
        let before = history.sample(before: now, milliseconds: seconds * 1000)
        return active.map { number in
            var info = counters(of: number)
            let thread = threads[number].shared.pointee
            var sum: UInt64 = 0
            info.queues = (0..<thread.queueCount).map { index in
                let queue = thread.queues[index]
                sum &+= queue.cycles
                let id = QueueID(datapathPort: queue.datapathPort, queue: queue.queue)
                return ThreadStatistics.Queue(
                    datapathPort: queue.datapathPort, queue: queue.queue, packets: queue.packets,
                    load: before.flatMap { share(queue.cycles, since: $0.queues[id], $0) })
            }
            if let before, let then = before.threads[number] {
                let busy = thread.busyCycles &- min(then.busy, thread.busyCycles)
                let own = sum &- min(then.queues, sum)
                info.overhead = share(busy &- min(own, busy), since: 0, before)
            }
            return info
        }
    }

    /// What share of all cycles since a sample went into something.
    private func share(
        _ cycles: UInt64, since then: UInt64?, _ sample: LoadHistory.Sample
    ) -> Double? {
        let elapsed = vd_rdtsc() &- sample.cycles
        guard let then, then <= cycles, elapsed > 0 else { return nil }
        return Double(cycles - then) / Double(elapsed)
    }

    private func counters(of number: Int) -> ThreadStatistics {
        let thread = threads[number].shared.pointee
        let engine = thread.engine.state.pointee
        var info = ThreadStatistics()
        info.number = number
        info.cpu = thread.cpu < 0 ? nil : Int(thread.cpu)
        info.isIsolated = isolated.contains(number)
        info.packets = engine.counters.packets
        info.recordHits = engine.counters.recordHits
        info.judged = engine.counters.judged
        info.rejudged = engine.counters.rejudged
        info.revalidated = engine.counters.revalidated
        info.sentPackets = thread.sentPackets
        info.sentBatches = thread.sentBatches
        info.records = thread.engine.recordCount
        info.busyCycles = thread.busyCycles
        info.idleCycles = thread.idleCycles
        info.turns = thread.turns
        info.busyTurns = thread.busyTurns
        info.sleeps = thread.sleeps
        info.sleepCycles = thread.sleepCycles
        info.elapsedCycles = vd_rdtsc() &- thread.startCycles
        info.elapsedMilliseconds = nowMilliseconds &- thread.startMilliseconds
        return info
    }

    /// Drops by reason since the start or the last clearing, of all threads that ever were.
    public func drops() -> [DropReason: UInt64] {
        var sums: [DropReason: UInt64] = [:]
        for thread in threads {
            let drops = thread.shared.pointee.engine.state.pointee.counters.drops
            for reason in DropReason.allCases where reason != .none {
                sums[reason, default: 0] += drops[Int(reason.rawValue)]
            }
        }
        return sums
    }

    /// Starts the thread counters anew.
    public func clearThreadStatistics() {
        withThreadsHeld {
            for thread in threads {
                let engine = thread.shared.pointee.engine.state
                let drops = engine.pointee.counters.drops
                engine.pointee.counters = EngineCounters()
                drops.deallocate()
                thread.resetCounters()
            }
        }
        history.clear()
    }
}
