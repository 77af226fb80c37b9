// Commands about the poll threads: dpif-netdev/*.

extension VirtualSwitch {
    var pollThreadCommands: [CommandDefinition] {
        [
            CommandDefinition("dpif-netdev/pmd-stats-show", "[-pmd core] [dp]", 0...3) {
                [unowned self] arguments throws(CommandFailure) in
                try chosenThreads(arguments).map(stats).joined()
            },
            CommandDefinition("dpif-netdev/pmd-stats-clear", "[-pmd core] [dp]", 0...3) {
                [unowned self] _ in
                inspection?.clearPollThreads()
                return ""
            },
            CommandDefinition(
                "dpif-netdev/pmd-perf-show",
                "[-nh] [-it iter-history-len] [-ms ms-history-len] [-pmd core] [dp]", 0...8
            ) { [unowned self] arguments throws(CommandFailure) in
                try chosenThreads(arguments).map(performance).joined()
            },
            CommandDefinition("dpif-netdev/pmd-rxq-show", "[-pmd core] [-secs secs] [dp]", 0...5) {
                [unowned self] arguments throws(CommandFailure) in
                try showQueues(arguments)
            },
            CommandDefinition("dpif-netdev/pmd-rxq-rebalance", "[dp]", 0...1) { _ in
                "pmd rxq rebalance requested.\n"
            },
            CommandDefinition("dpif-netdev/subtable-lookup-prio-get", "", 0...0) {
                [unowned self] _ in subtableImplementations
            },
            CommandDefinition("dpif-netdev/subtable-lookup-info-get", "", 0...0) {
                [unowned self] _ in subtableImplementations
            },
            CommandDefinition("dpif-netdev/miniflow-parser-get", "", 0...0) { [unowned self] _ in
                let threads = (inspection?.pollThreads() ?? []).map { String($0.cpu ?? $0.number) }
                return "Available MFEX implementations:\n  scalar (available: True pmds: "
                    + (threads.isEmpty ? "none" : threads.joined(separator: ",")) + ")\n"
            },
            CommandDefinition("dpif-netdev/dpif-impl-get", "", 0...0) { _ in
                "Available DPIF implementations:\n  dpif_scalar (pmds: none)\n"
            },
            CommandDefinition("dpif-netdev/bond-show", "[dp]", 0...1) { _ in "Bonds:\n" },
        ]
    }

    private var subtableImplementations: String {
        "Available dpcls implementations:\n  generic (Use count: 0, Priority: 1)\n"
    }

    /// The threads that `-pmd CORE` names, or all.
    private func chosenThreads(
        _ arguments: [String]
    ) throws(CommandFailure) -> [PollThreadReport] {
        var rest = arguments
        var core: Int?
        while let option = rest.first {
            rest.removeFirst()
            switch option {
            case "-pmd":
                guard let text = rest.first else { break }
                core = Int(CInteger.leading(text))
                rest.removeFirst()
            case "-secs", "-it", "-ms": if !rest.isEmpty { rest.removeFirst() }
            case "-nh": break
            default:
                guard type(ofDatapath: option) != nil, !bridges.isEmpty else {
                    throw CommandFailure("please specify an existing datapath")
                }
            }
        }
        let threads = inspection?.pollThreads() ?? []
        return threads.filter { core == nil || $0.cpu ?? $0.number == core }
    }

    private func heading(_ thread: PollThreadReport) -> String {
        "pmd thread numa_id 0 core_id \(thread.cpu ?? thread.number):\n"
    }

    private func stats(_ thread: PollThreadReport) -> String {
        let total = thread.busyCycles &+ thread.idleCycles
        var text = heading(thread)
        text += """
              packets received: \(thread.packets)
              packet recirculations: 0
              avg. datapath passes per packet: \(thread.packets > 0 ? "1.00" : "0.00")
              phwol hits: 0
              mfex opt hits: 0
              simple match hits: 0
              emc hits: \(thread.recordHits)
              smc hits: 0
              megaflow hits: 0
              avg. subtable lookups per megaflow hit: 0.00
              miss with success upcall: \(thread.judged)
              miss with failed upcall: 0
              avg. packets per output batch: 0.00

            """
        guard total > 0 else { return text }
        text += "  idle cycles: \(thread.idleCycles) (\(percent(thread.idleCycles, total))%)\n"
        text += "  processing cycles: \(thread.busyCycles) "
        text += "(\(percent(thread.busyCycles, total))%)\n"
        guard thread.packets > 0 else { return text }
        text += "  avg cycles per packet: \(ratio(total, thread.packets)) "
        text += "(\(total)/\(thread.packets))\n"
        text += "  avg processing cycles per packet: \(ratio(thread.busyCycles, thread.packets)) "
        return text + "(\(thread.busyCycles)/\(thread.packets))\n"
    }

    private func performance(_ thread: PollThreadReport) -> String {
        let total = thread.busyCycles &+ thread.idleCycles
        var text = heading(thread)
        text += "\n  Iterations:         \(thread.turns)\n"
        text += "  - Used TSC cycles:  \(total)\n"
        text += "  - idle iterations:  \(thread.turns &- thread.busyTurns)\n"
        text += "  - busy iterations:  \(thread.busyTurns)\n"
        text += "  Rx packets:         \(thread.packets)\n"
        text += "  Datapath passes:    \(thread.packets)\n"
        text += "  - EMC hits:         \(thread.recordHits)\n"
        text += "  - Upcalls:          \(thread.judged)\n"
        return text
    }

    private func showQueues(_ arguments: [String]) throws(CommandFailure) -> String {
        let threads = try chosenThreads(arguments)
        var seconds: Int64 = 60
        if let place = arguments.firstIndex(of: "-secs"), place + 1 < arguments.count {
            seconds = CInteger.leading(arguments[place + 1]).clamped(to: 5...60)
        }
        var names: [UInt32: String] = [:]
        for bridge in bridges.values {
            for interface in bridge.interfaces.values {
                if let port = interface.datapathPort { names[port] = interface.name }
            }
        }
        var text = "Displaying last \(seconds) seconds pmd usage %\n"
        for thread in threads {
            text += heading(thread) + "  isolated : false\n"
            let total = thread.busyCycles &+ thread.idleCycles
            let received = thread.queues.reduce(0) { $0 &+ $1.packets }
            for queue in thread.queues {
                let name = names[queue.datapathPort] ?? String(queue.datapathPort)
                text += "  port: \(name.padding(16))  "
                text += "queue-id: \(String(queue.queue).leftPadding(2))"
                text += " (enabled)   pmd usage: "
                text += usage(queue.packets, of: received, thread.busyCycles, total) + "\n"
            }
            if !thread.queues.isEmpty { text += "  overhead:  0 %\n" }
        }
        return text
    }

    /// A queue's share of the thread's work, by its packets.
    private func usage(
        _ packets: UInt64, of received: UInt64, _ busy: UInt64, _ total: UInt64
    ) -> String {
        guard total > 0 else { return "NOT AVAIL" }
        let share = received > 0 ? Double(packets) / Double(received) : 0
        let part = UInt64(share * Double(busy) / Double(total) * 100)
        return String(part).leftPadding(2) + " %"
    }

    private func percent(_ part: UInt64, _ whole: UInt64) -> String {
        Decimal.text(Double(part) / Double(whole) * 100, 2)
    }

    private func ratio(_ part: UInt64, _ whole: UInt64) -> String {
        Decimal.text(Double(part) / Double(whole), 2)
    }
}
