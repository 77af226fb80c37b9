// Which thread polls which receive queue: pinned queues first, then the others as
// `other_config:pmd-rxq-assign` says. Pure; the same answers as Open vSwitch gives.

import Dpif

/// A receive queue to be given to a thread.
struct PlannedQueue: Equatable {
    var datapathPort: UInt32
    var name = ""
    var queue: Int
    /// Cycles measured lately.
    var load: UInt64 = 0
    /// The CPU it is pinned to.
    var cpu: Int?
    /// Whether Open vSwitch polls it outside of its poll threads: then it is never left out.
    var isAlwaysPolled = false
}

/// The queues of each thread.
struct QueuePlan {
    /// For each thread, the places of its queues in the list they came in.
    private(set) var queues: [[Int]]
    /// Threads that take pinned queues only.
    private(set) var isolated: [Bool]
    /// For the log: whether it is a warning, and the text.
    private(set) var remarks: [(isWarning: Bool, text: String)] = []

    private let list: [PlannedQueue]
    private let cpus: [Int?]
    private var loads: [UInt64]

    /// Spreads `list`, which is in order of ports and queues, over threads with these CPUs (nil for
    /// one that roams).
    init(_ list: [PlannedQueue], cpus: [Int?], _ settings: PollingSettings) {
        self.list = list
        self.cpus = cpus
        queues = Array(repeating: [], count: cpus.count)
        isolated = Array(repeating: false, count: cpus.count)
        loads = Array(repeating: 0, count: cpus.count)
        let rest = pin(isolates: settings.isolates || settings.assignment != .group)
        assign(rest, settings.assignment)
        for thread in queues.indices { queues[thread].sort() }
    }

    /// Gives pinned queues to their threads; returns the others.
    private mutating func pin(isolates: Bool) -> [Int] {
        var rest: [Int] = []
        for (place, queue) in list.enumerated() {
            guard let cpu = queue.cpu else {
                rest.append(place)
                continue
            }
            guard let thread = cpus.firstIndex(of: cpu) else {
                remark(
                    true,
                    "Core \(padded(cpu)) cannot be pinned with port '\(queue.name)' rx queue "
                        + "\(queue.queue). Use pmd-cpu-mask to enable a pmd on core \(cpu). "
                        + "An alternative core will be assigned.")
                rest.append(place)
                continue
            }
            give(place, to: thread)
            if isolates { isolated[thread] = true }
            remark(
                false,
                "Core \(padded(cpu)) on numa node 0 is pinned with port '\(queue.name)' rx queue "
                    + "\(queue.queue)\(measured(queue))")
        }
        return rest
    }

    private mutating func assign(_ rest: [Int], _ assignment: QueueAssignment) {
        guard !rest.isEmpty else { return }
        remark(
            false,
            "Performing pmd to rx queue assignment using \(assignment.rawValue) algorithm.")
        var ordered = rest
        if assignment != .roundRobin {
            // Equal loads stay in order.
            ordered = rest.enumerated().sorted {
                (list[$1.element].load, $0.offset) < (list[$0.element].load, $1.offset)
            }.map(\.element)
        }
        let free = cpus.indices.filter { !isolated[$0] }
        var turn = 0
        for place in ordered {
            let queue = list[place]
            guard !free.isEmpty else {
                guard queue.isAlwaysPolled, let thread = lightest(of: Array(cpus.indices)) else {
                    remark(
                        true,
                        "No non-isolated pmd on any numa available for port '\(queue.name)' rx "
                            + "queue \(queue.queue)\(measured(queue)). This rx queue will not be "
                            + "polled.")
                    continue
                }
                give(place, to: thread)
                continue
            }
            let thread: Int
            switch assignment {
            case .roundRobin: thread = free[turn % free.count]
            case .cycles:
                // Back and forth: the lightest of a round goes with the heaviest of the next.
                let step = turn % (2 * free.count)
                thread = free[step < free.count ? step : 2 * free.count - 1 - step]
            case .group: thread = lightest(of: free) ?? free[0]
            }
            turn += 1
            give(place, to: thread)
            remark(
                false,
                "Core \(padded(cpus[thread] ?? thread)) on numa node 0 assigned port "
                    + "'\(queue.name)' rx queue \(queue.queue)"
                    + (assignment == .roundRobin ? "" : measured(queue)) + ".")
        }
    }

    private mutating func give(_ place: Int, to thread: Int) {
        queues[thread].append(place)
        loads[thread] &+= list[place].load
    }

    /// The thread with the least to do, then with the fewest queues.
    private func lightest(of threads: [Int]) -> Int? {
        threads.min { (loads[$0], queues[$0].count, $0) < (loads[$1], queues[$1].count, $1) }
    }

    private mutating func remark(_ isWarning: Bool, _ text: String) {
        remarks.append((isWarning, text))
    }

    private func measured(_ queue: PlannedQueue) -> String {
        " (measured processing cycles \(queue.load))"
    }

    private func padded(_ cpu: Int) -> String { cpu < 10 ? " \(cpu)" : "\(cpu)" }
}
