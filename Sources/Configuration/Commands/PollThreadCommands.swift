// Commands about the poll threads: dpif-netdev/*.

import Dpif

extension VirtualSwitch {
    var pollThreadCommands: [CommandDefinition] {
        [
            CommandDefinition("dpif-netdev/pmd-stats-show", "[-pmd core] [dp]", 0...3) {
                [unowned self] arguments throws(CommandFailure) in
                try chosenThreads(arguments).map(stats).joined()
            },
            CommandDefinition("dpif-netdev/pmd-stats-clear", "[-pmd core] [dp]", 0...3) {
                [unowned self] arguments throws(CommandFailure) in
                _ = try chosenThreads(arguments)
                inspection?.clearThreadStatistics()
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
            CommandDefinition("dpif-netdev/pmd-rxq-rebalance", "[dp]", 0...1) {
                [unowned self] arguments throws(CommandFailure) in
                try checkDatapath(arguments)
                datapath.rebalance()
                return "pmd rxq rebalance requested.\n"
            },
            CommandDefinition("dpif-netdev/subtable-lookup-prio-get", "", 0...0) {
                [unowned self] _ in subtableImplementations
            },
            CommandDefinition("dpif-netdev/subtable-lookup-info-get", "", 0...0) {
                [unowned self] _ in subtableImplementations
            },
            CommandDefinition("dpif-netdev/miniflow-parser-get", "", 0...0) { [unowned self] _ in
                let threads = (inspection?.threadStatistics() ?? []).map { String($0.core) }
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

    private func checkDatapath(_ arguments: [String]) throws(CommandFailure) {
        for name in arguments where type(ofDatapath: name) == nil || bridges.isEmpty {
            throw CommandFailure("please specify an existing datapath")
        }
    }

    /// The threads that `-pmd CORE` names, or all.
    private func chosenThreads(
        _ arguments: [String]
    ) throws(CommandFailure) -> [ThreadStatistics] {
        var rest = arguments[...]
        var core: Int?
        var seconds: UInt64 = 60
        while let option = rest.first {
            rest.removeFirst()
            switch option {
            case "-pmd" where !rest.isEmpty: core = Int(CInteger.leading(rest.removeFirst()))
            case "-secs" where !rest.isEmpty: seconds = Self.seconds(rest.removeFirst())
            case "-it" where !rest.isEmpty, "-ms" where !rest.isEmpty: rest.removeFirst()
            case "-nh": break
            default: try checkDatapath([option])
            }
        }
        let threads = inspection?.threadStatistics(seconds: seconds) ?? []
        return threads.filter { core == nil || $0.core == core }.sorted { $0.core < $1.core }
    }

    /// The seconds to look back, in steps of five.
    private static func seconds(_ text: String) -> UInt64 {
        UInt64((CInteger.leading(text).clamped(to: 1...60) + 4) / 5 * 5)
    }

    private func showQueues(_ arguments: [String]) throws(CommandFailure) -> String {
        let threads = try chosenThreads(arguments)
        var seconds: UInt64 = 60
        if let place = arguments.firstIndex(of: "-secs"), place + 1 < arguments.count {
            seconds = Self.seconds(arguments[place + 1])
        }
        var names: [UInt32: String] = [:]
        for bridge in bridges.values {
            for interface in bridge.interfaces.values {
                if let port = interface.datapathPort { names[port] = interface.name }
            }
        }
        return "Displaying last \(seconds) seconds pmd usage %\n"
            + threads.map { PollThreadText.queues($0, names) }.joined()
    }

    private func stats(_ thread: ThreadStatistics) -> String { PollThreadText.stats(thread) }

    private func performance(_ thread: ThreadStatistics) -> String {
        PollThreadText.performance(thread, time: WallClock.timeOfDay())
    }
}
