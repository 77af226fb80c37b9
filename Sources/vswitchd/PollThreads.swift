// The poll threads as commands see them. The control loop.

import Configuration
import PMD

/// Looks at the poll threads of the datapath.
final class PollThreads: PollThreadInspection {
    private let datapath: DatapathController

    init(_ datapath: DatapathController) { self.datapath = datapath }

    func pollThreads(seconds: UInt64) -> [PollThreadReport] {
        datapath.threadStatistics(seconds: seconds).map { thread in
            var report = PollThreadReport()
            report.number = thread.number
            report.cpu = thread.cpu
            report.isIsolated = thread.isIsolated
            report.overhead = thread.overhead
            report.packets = thread.packets
            report.recordHits = thread.recordHits
            report.judged = thread.judged
            report.rejudged = thread.rejudged
            report.sentPackets = thread.sentPackets
            report.sentBatches = thread.sentBatches
            report.records = thread.records
            report.busyCycles = thread.busyCycles
            report.idleCycles = thread.idleCycles
            report.turns = thread.turns
            report.busyTurns = thread.busyTurns
            report.sleeps = thread.sleeps
            report.sleepCycles = thread.sleepCycles
            report.elapsedCycles = thread.elapsedCycles
            report.elapsedMilliseconds = thread.elapsedMilliseconds
            report.queues = thread.queues.map {
                PollThreadReport.Queue(
                    datapathPort: $0.datapathPort, queue: $0.queue, packets: $0.packets,
                    load: $0.load)
            }
            return report
        }
    }

    func clearPollThreads() { datapath.clearThreadStatistics() }

    func drops() -> [String: UInt64] {
        Dictionary(uniqueKeysWithValues: datapath.drops().map { ("\($0.key)", $0.value) })
    }

    func receiveOnDummy(_ name: String, frame: [UInt8]) -> Bool {
        datapath.receiveOnDummy(name, frame: frame)
    }
}
