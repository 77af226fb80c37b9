// The spread of queues over threads, held against what Open vSwitch 3.1 answered for the same ports
// and settings.

import Dpif
import Testing

@testable import PMD

@Suite struct QueuePlanTests {
    /// Port 1 with three queues, port 2 with one.
    private func queues(
        _ pins: [Int: Int] = [:], loads: [UInt64] = [0, 0, 0, 0]
    ) -> [PlannedQueue] {
        (0..<4).map { place in
            var queue = PlannedQueue(
                datapathPort: place < 3 ? 1 : 2, name: place < 3 ? "p1" : "p2",
                queue: place < 3 ? place : 0)
            queue.load = loads[place]
            if place < 3 { queue.cpu = pins[place] }
            return queue
        }
    }

    private func plan(
        _ assignment: QueueAssignment, isolates: Bool = true, _ list: [PlannedQueue],
        cpus: [Int?] = [0, 1]
    ) -> QueuePlan {
        var settings = PollingSettings()
        settings.assignment = assignment
        settings.isolates = isolates
        return QueuePlan(list, cpus: cpus, settings)
    }

    @Test("Without loads, cycles goes back and forth and roundrobin round")
    func unpinned() {
        #expect(plan(.cycles, queues()).queues == [[0, 3], [1, 2]])
        #expect(plan(.roundRobin, queues()).queues == [[0, 2], [1, 3]])
    }

    @Test("A pinned queue isolates its core; one whose core has no thread goes where others go")
    func pinned() {
        let plan = plan(.roundRobin, queues([0: 1, 1: 7]))
        #expect(plan.queues == [[1, 2, 3], [0]])
        #expect(plan.isolated == [false, true])
        #expect(
            plan.remarks.contains {
                $0.isWarning
                    && $0.text == "Core  7 cannot be pinned with port 'p1' rx queue 1. Use "
                        + "pmd-cpu-mask to enable a pmd on core 7. An alternative core will be "
                        + "assigned."
            })
    }

    @Test("Only group heeds pmd-rxq-isolate=false")
    func notIsolated() {
        let pins = [0: 1, 1: 7]
        #expect(plan(.roundRobin, isolates: false, queues(pins)).isolated == [false, true])
        let group = plan(.group, isolates: false, queues(pins))
        #expect(group.queues == [[1, 2], [0, 3]])
        #expect(group.isolated == [false, false])
    }

    @Test("With every core isolated, other queues are not polled, but those of kernel devices are")
    func allIsolated() {
        var list = queues([0: 1, 1: 0])
        let left = plan(.cycles, list)
        #expect(left.queues == [[1], [0]])
        #expect(left.remarks.filter(\.isWarning).count == 2)
        list[3].isAlwaysPolled = true
        #expect(plan(.cycles, list).queues == [[1, 3], [0]])
    }

    @Test("Loads decide for cycles and group, and not for roundrobin")
    func loads() {
        let list = queues(loads: [10, 40, 20, 30])
        #expect(plan(.cycles, list).queues == [[0, 1], [2, 3]])
        #expect(plan(.group, list).queues == [[0, 1], [2, 3]])
        #expect(plan(.group, queues(loads: [10, 90, 20, 30])).queues == [[1], [0, 2, 3]])
        #expect(plan(.roundRobin, list).queues == [[0, 2], [1, 3]])
    }

    @Test("A thread that roams takes everything")
    func roaming() {
        #expect(plan(.cycles, queues([0: 0]), cpus: [nil]).queues == [[0, 1, 2, 3]])
    }
}
