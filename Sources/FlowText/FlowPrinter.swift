// One line of a flow dump: statistics, table, timeouts, flags, match and actions. Used by
// `bridge/dump-flows`, which prints what `ovs-ofctl dump-flows` prints.

import Flow
import OpenFlow

/// A flow as one line.
public enum FlowPrinter {
    /// As `ovs-ofctl dump-flows` prints it, without the space in front.
    ///
    /// - Parameter statistics: whether to show duration, counters, ages, cookie 0 and table 0.
    public static func line(
        _ flow: FlowDescription, statistics: Bool = true,
        context: FlowTextContext = FlowTextContext()
    ) -> String {
        var text = ""
        if statistics || flow.cookie != 0 {
            text += "cookie=0x" + String(flow.cookie, radix: 16) + ", "
        }
        if statistics { text += "duration=\(duration(flow.durationNanoseconds)), " }
        if statistics || flow.table != 0 || context.tables.name(of: UInt32(flow.table)) != nil {
            text += "table=\(context.tableText(flow.table)), "
        }
        if statistics {
            text += counter("n_packets", flow.packetCount) + counter("n_bytes", flow.byteCount)
        }
        if flow.idleTimeoutSeconds != 0 { text += "idle_timeout=\(flow.idleTimeoutSeconds), " }
        if flow.hardTimeoutSeconds != 0 { text += "hard_timeout=\(flow.hardTimeoutSeconds), " }
        text += flow.flags.text
        if flow.importance != 0 { text += "importance=\(flow.importance), " }
        if statistics {
            if let age = flow.idleAgeSeconds, age >= 0 { text += "idle_age=\(age), " }
            if let age = flow.hardAgeSeconds, age >= 0,
                UInt64(age) != flow.durationNanoseconds / 1_000_000_000
            {
                text += "hard_age=\(age), "
            }
        }
        let match = MatchPrinter.text(flow.match, priority: flow.priority, context: context)
        if !match.isEmpty { text += match + " " }
        return text + "actions=" + ActionPrinter.text(flow.actions, context: context)
    }

    /// As `ovs-appctl bridge/dump-flows` prints it.
    public static func bridgeLine(
        _ flow: FlowDescription, context: FlowTextContext = FlowTextContext()
    ) -> String {
        var text = ""
        if flow.table != 0 { text += "table_id=\(flow.table), " }
        text += "duration=\(flow.durationNanoseconds / 1_000_000_000)s, "
        text += "n_packets=\(flow.packetCount), n_bytes=\(flow.byteCount), "
        text += MatchPrinter.text(flow.match, priority: flow.priority, context: context)
        return text + ",actions=" + ActionPrinter.text(flow.actions, context: context)
    }

    /// Seconds with as many decimals as it takes: `12s`, `0.250s`.
    public static func duration(_ nanoseconds: UInt64) -> String {
        let seconds = nanoseconds / 1_000_000_000
        let rest = nanoseconds % 1_000_000_000
        guard rest != 0 else { return "\(seconds)s" }
        let digits: String
        if rest % 1_000_000 == 0 {
            digits = padded(rest / 1_000_000, 3)
        } else {
            var nine = padded(rest, 9)
            while nine.hasSuffix("0") { nine.removeLast() }
            digits = nine
        }
        return "\(seconds).\(digits)s"
    }

    private static func padded(_ value: UInt64, _ count: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(count - text.utf8.count, 0)) + text
    }

    private static func counter(_ name: String, _ value: UInt64) -> String {
        "\(name)=" + (value == .max ? "?" : String(value)) + ", "
    }
}
