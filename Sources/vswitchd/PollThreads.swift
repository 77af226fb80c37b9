// The poll threads as commands see them. The control loop.

import Configuration
import PMD

/// Looks at the poll threads of the datapath.
final class PollThreads: PollThreadInspection {
    private let datapath: DatapathController

    init(_ datapath: DatapathController) { self.datapath = datapath }

    func pollThreads() -> [PollThreadReport] {
        datapath.threadStatistics().map { thread in
            var report = PollThreadReport()
            report.number = thread.number
            report.packets = thread.packets
            report.recordHits = thread.recordHits
            report.judged = thread.judged
            report.rejudged = thread.rejudged
            report.records = thread.records
            report.busyCycles = thread.busyCycles
            report.idleCycles = thread.idleCycles
            report.turns = thread.turns
            report.busyTurns = thread.busyTurns
            report.queues = thread.queues.map {
                PollThreadReport.Queue(
                    datapathPort: $0.datapathPort, queue: $0.queue, packets: $0.packets)
            }
            return report
        }
    }

    func clearPollThreads() { datapath.clearThreadStatistics() }

    func drops() -> [String: UInt64] {
        var drops: [String: UInt64] = [:]
        for thread in datapath.threadStatistics() {
            for (reason, count) in thread.drops { drops["\(reason)", default: 0] += count }
        }
        return drops
    }

    func receiveOnDummy(_ name: String, frame: [UInt8]) -> Bool {
        datapath.receiveOnDummy(name, frame: frame)
    }
}
