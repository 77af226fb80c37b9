// The spread of receive queues over poll threads, and the number of threads: as the database asks,
// while traffic goes on. Threads are held only while the lists of queues are exchanged.

import CIntrinsics
import Dpif
import Flow

extension DatapathController {
    /// Makes as many threads as `settings` ask for, pins them, and spreads the queues.
    public func setPolling(_ settings: PollingSettings) {
        guard settings != polling else { return }
        polling = settings
        adjustThreads()
    }

    public func setAffinity(_ affinity: [Int: Int], ofPort datapathPort: UInt32) {
        guard let port = ports[datapathPort], port.request.affinity != affinity else { return }
        ports[datapathPort]?.request.affinity = affinity
        withThreadsHeld { spreadQueues() }
    }

    public func rebalance() { withThreadsHeld { spreadQueues() } }

    /// Brings the threads in line with the settings. Threads whose CPU stays keep their queues'
    /// records; those that end give up theirs.
    private func adjustThreads() {
        let cpus = usableCPUs()
        var wanted = cpus.isEmpty ? [-1] : cpus.map(Int32.init)
        // A thread that is on its CPU already stays; the first one always stays.
        var chosen: [Int: Int32] = [:]
        for number in active {
            let cpu = threads[number].shared.pointee.cpu
            if let place = wanted.firstIndex(of: cpu) {
                wanted.remove(at: place)
                chosen[number] = cpu
            }
        }
        if chosen[0] == nil, let number = chosen.keys.max(), wanted.isEmpty {
            chosen[0] = chosen.removeValue(forKey: number)
        }
        var number = 0
        for cpu in wanted {
            while chosen[number] != nil { number += 1 }
            if number == threads.count, !makeThread() {
                onRemark?(true, "not enough memory for another poll thread")
                break
            }
            chosen[number] = cpu
        }
        let before = Set(active)
        withThreadsHeld {
            active = chosen.keys.sorted()
            if active.count > 1 {
                conntrack.setShared(true)
                fragments.setShared(true)
                pipeline.pointee.isShared = true
            }
            for (number, cpu) in chosen {
                threads[number].shared.pointee.cpu = cpu
                threads[number].shared.pointee.usesDPDK = usesDPDK
            }
            spreadQueues()
            applyBudgets()
        }
        startThreads()
        for number in active where !before.contains(number) { tell(number, "created") }
        for number in before.subtracting(active).sorted() { tell(number, "destroyed") }
        endThreads()
        if active.count == 1 { setTablesShared(false) }
        onRemark?(
            false, "There are \(active.count) pmd threads on numa node 0")
    }

    private func tell(_ number: Int, _ what: String) {
        let cpu = threads[number].shared.pointee.cpu
        let core = cpu < 0 ? "\(number)" : "\(cpu)"
        onRemark?(
            false,
            "PMD thread on numa_id: 0, core id: \(core.count < 2 ? " " : "")\(core) \(what).")
    }

    /// The CPUs of the mask that this process may run on.
    private func usableCPUs() -> [Int] {
        let cpus = polling.cpus.filter { vd_cpu_is_usable(Int32($0)) }
        if cpus.count < polling.cpus.count {
            let missing = polling.cpus.filter { !cpus.contains($0) }.map(String.init)
            onRemark?(
                true,
                "pmd-cpu-mask: no such CPU: \(missing.prefix(8).joined(separator: ", "))"
                    + (cpus.isEmpty ? "; one poll thread roams" : ""))
        }
        return Array(cpus.prefix(Self.threadsMax))
    }

    /// Gives every receive queue to a thread. Threads are held.
    func spreadQueues() {
        let counters = queueCounters()
        var list: [PlannedQueue] = []
        let now = nowMilliseconds
        let before = history.sample(before: now, milliseconds: 60_000)
        for number in ports.keys.sorted() {
            guard let port = ports[number] else { continue }
            for queue in 0..<port.device.receiveQueues {
                var planned = PlannedQueue(datapathPort: number, name: port.info.name, queue: queue)
                let id = QueueID(datapathPort: number, queue: queue)
                planned.load =
                    (counters[id]?.cycles ?? 0) &- min(
                        before?.queues[id] ?? 0, counters[id]?.cycles ?? 0)
                planned.cpu = port.request.affinity[queue]
                planned.isAlwaysPolled = port.device.isKernel
                list.append(planned)
            }
        }
        let cpus = active.map { number -> Int? in
            let cpu = threads[number].shared.pointee.cpu
            return cpu < 0 ? nil : Int(cpu)
        }
        let plan = QueuePlan(list, cpus: cpus, polling)
        for remark in plan.remarks { onRemark?(remark.isWarning, remark.text) }
        isolated = []
        for thread in threads where !active.contains(thread.shared.pointee.number) {
            thread.setQueues([])
        }
        for (place, number) in active.enumerated() {
            if plan.isolated[place] { isolated.insert(number) }
            threads[number].shared.pointee.sleepMicrosecondsMax =
                polling.sleepMicrosecondsMax.map { UInt64(min($0, 10_000)) }
                ?? PollThread.sleepMicrosecondsDefault
            threads[number].setQueues(
                plan.queues[place].compactMap { index in
                    let planned = list[index]
                    guard let port = ports[planned.datapathPort] else { return nil }
                    let id = QueueID(datapathPort: planned.datapathPort, queue: planned.queue)
                    return ReceiveQueue(
                        device: port.device, datapathPort: planned.datapathPort,
                        queue: planned.queue, packets: counters[id]?.packets ?? 0,
                        cycles: counters[id]?.cycles ?? 0, policer: port.ingressPolicer)
                })
        }
    }

    /// What has been counted for each queue so far.
    private func queueCounters() -> [QueueID: (packets: UInt64, cycles: UInt64)] {
        var counters: [QueueID: (packets: UInt64, cycles: UInt64)] = [:]
        for thread in threads {
            for index in 0..<thread.shared.pointee.queueCount {
                let queue = thread.shared.pointee.queues[index]
                counters[QueueID(datapathPort: queue.datapathPort, queue: queue.queue)] = (
                    queue.packets, queue.cycles
                )
            }
        }
        return counters
    }
}
