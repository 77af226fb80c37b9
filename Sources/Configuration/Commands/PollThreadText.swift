// What the dpif-netdev/pmd-* commands print of one poll thread, in Open vSwitch's form. Pure.

import Dpif

/// Texts about a poll thread.
enum PollThreadText {
    private static func heading(_ thread: ThreadStatistics) -> String {
        "pmd thread numa_id 0 core_id \(thread.core):\n"
    }

    /// `pmd-stats-show`.
    static func stats(_ thread: ThreadStatistics) -> String {
        let total = thread.busyCycles &+ thread.idleCycles
        let packets = thread.packets
        var text = heading(thread)
        text += """
              packets received: \(packets)
              packet recirculations: 0
              avg. datapath passes per packet: \(packets > 0 ? "1.00" : "0.00")
              phwol hits: 0
              mfex opt hits: 0
              simple match hits: 0
              emc hits: \(thread.recordHits)
              smc hits: 0
              megaflow hits: 0
              avg. subtable lookups per megaflow hit: 0.00
              miss with success upcall: \(thread.judged)
              miss with failed upcall: 0
              avg. packets per output batch: \(ratio(thread.sentPackets, thread.sentBatches))

            """
        guard total > 0 else { return text }
        text += "  idle cycles: \(thread.idleCycles) (\(percent(thread.idleCycles, total, 2))%)\n"
        text += "  processing cycles: \(thread.busyCycles) "
        text += "(\(percent(thread.busyCycles, total, 2))%)\n"
        guard packets > 0 else { return text }
        text += "  avg cycles per packet: \(ratio(total, packets)) (\(total)/\(packets))\n"
        text += "  avg processing cycles per packet: \(ratio(thread.busyCycles, packets)) "
        return text + "(\(thread.busyCycles)/\(packets))\n"
    }

    /// `pmd-perf-show`, without histograms.
    static func performance(_ thread: ThreadStatistics, time: String) -> String {
        let used = thread.busyCycles &+ thread.idleCycles
        let milliseconds = max(thread.elapsedMilliseconds, 1)
        let perMicrosecond = max(Double(thread.elapsedCycles) / Double(milliseconds) / 1000, 1)
        let slept = UInt64(Double(thread.sleepCycles) / perMicrosecond)
        var text = "\nTime: \(time)\nMeasurement duration: "
        text += Decimal.text(Double(milliseconds) / 1000, 3) + " s\n\n" + heading(thread) + "\n"
        text += line("  Iterations:", thread.turns, elapsed(thread, perMicrosecond))
        text += line(
            "  - Used TSC cycles:", used, "\(share(used, thread.elapsedCycles)) of total cycles")
        text += line(
            "  - idle iterations:", thread.turns &- thread.busyTurns,
            "\(share(thread.idleCycles, used)) of used cycles")
        text += line(
            "  - busy iterations:", thread.busyTurns,
            "\(share(thread.busyCycles, used)) of used cycles")
        text += line(
            "  - sleep iterations:", thread.sleeps,
            "\(share(thread.sleeps, thread.turns)) of iterations")
        let each = thread.sleeps > 0 ? slept / thread.sleeps : 0
        text += line(
            "  Sleep time (us):", slept, "\(String(each).leftPadding(3)) us/iteration avg.")
        text += packets(thread, milliseconds)
        guard thread.sentPackets > 0 else { return text + line("  Tx packets:", 0, nil) + "\n" }
        let rate = thread.sentPackets / milliseconds
        text += line("  Tx packets:", thread.sentPackets, "\(rate) Kpps")
        return text
            + line(
                "  Tx batches:", thread.sentBatches,
                "\(ratio(thread.sentPackets, thread.sentBatches)) pkts/batch")
    }

    private static func elapsed(
        _ thread: ThreadStatistics, _ perMicrosecond: Double
    ) -> String {
        let microseconds = Double(thread.elapsedCycles) / perMicrosecond
        let each = thread.turns > 0 ? microseconds / Double(thread.turns) : 0
        return Decimal.text(each, 2) + " us/it"
    }

    private static func packets(_ thread: ThreadStatistics, _ milliseconds: UInt64) -> String {
        let packets = thread.packets
        guard packets > 0 else { return line("  Rx packets:", 0, nil) }
        func part(_ name: String, _ count: UInt64, _ more: String = "") -> String {
            line("  - \(name):", count, share(count, packets) + more)
        }
        return line(
            "  Rx packets:", packets,
            "\(packets / milliseconds) Kpps, \(thread.busyCycles / packets) cycles/pkt")
            + line("  Datapath passes:", packets, "1.00 passes/pkt")
            + part("PHWOL hits", 0) + part("MFEX Opt hits", 0) + part("Simple Match hits", 0)
            + part("EMC hits", thread.recordHits) + part("SMC hits", 0)
            + part("Megaflow hits", 0, ", 0.00 subtbl lookups/hit")
            + part("Upcalls", thread.judged, ", 0.0 us/upcall") + part("Lost upcalls", 0)
    }

    /// `pmd-rxq-show`.
    static func queues(_ thread: ThreadStatistics, _ names: [UInt32: String]) -> String {
        var text = heading(thread) + "  isolated : \(thread.isIsolated)\n"
        let rows = thread.queues.map { (names[$0.datapathPort] ?? "\($0.datapathPort)", $0) }
        for (name, queue) in rows.sorted(by: { ($0.0, $0.1.queue) < ($1.0, $1.1.queue) }) {
            text += "  port: \(name.padding(16))  queue-id: \("\(queue.queue)".leftPadding(2))"
            text += " (enabled)   pmd usage: \(usage(queue.load))\n"
        }
        if !rows.isEmpty { text += "  overhead: \(usage(thread.overhead))\n" }
        return text
    }

    private static func usage(_ load: Double?) -> String {
        guard let load else { return "NOT AVAIL" }
        return "\(UInt64(max(0, min(load, 1)) * 100))".leftPadding(2) + " %"
    }

    /// A name, a number that ends in column 34, and a remark.
    private static func line(_ name: String, _ value: UInt64, _ remark: String?) -> String {
        name + String(value).leftPadding(34 - name.count) + (remark.map { "  (\($0))" } ?? "")
            + "\n"
    }

    private static func share(_ part: UInt64, _ whole: UInt64) -> String {
        percent(part, whole, 1).leftPadding(5) + " %"
    }

    private static func percent(_ part: UInt64, _ whole: UInt64, _ digits: Int) -> String {
        Decimal.text(whole > 0 ? Double(part) / Double(whole) * 100 : 0, digits)
    }

    private static func ratio(_ part: UInt64, _ whole: UInt64) -> String {
        Decimal.text(whole > 0 ? Double(part) / Double(whole) : 0, 2)
    }
}
