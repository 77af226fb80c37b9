// Counters of rare events in the control room, for `coverage/show`: totals, and rates over the last
// five seconds, minute and hour as OVS shows them. The control loop owns them.

/// Event counters by name.
public struct CoverageCounters: Sendable {
    private struct Counter {
        var total: UInt64 = 0
        var atLastTick: UInt64 = 0
        /// Counts of the last twelve periods of five seconds, and of the last sixty minutes.
        var periods = [UInt64](repeating: 0, count: 12)
        var minutes = [UInt64](repeating: 0, count: 60)
        var minuteStart: UInt64 = 0
    }

    private var counters: [String: Counter] = [:]
    private var ticks = 0

    public init() {}

    /// Counts one event.
    public mutating func count(_ name: String, by step: UInt64 = 1) {
        counters[name, default: Counter()].total &+= step
    }

    /// Sets a counter that someone else counts.
    public mutating func set(_ name: String, to total: UInt64) {
        counters[name, default: Counter()].total = total
    }

    /// The total of a counter; nil where there is none.
    public func total(_ name: String) -> UInt64? { counters[name]?.total }

    /// Ends a period of five seconds.
    public mutating func tick() {
        let period = ticks % 12
        let isMinute = period == 11
        let minute = ticks / 12 % 60
        ticks += 1
        for name in counters.keys {
            guard var counter = counters[name] else { continue }
            counter.periods[period] = counter.total &- counter.atLastTick
            counter.atLastTick = counter.total
            if isMinute {
                counter.minutes[minute] = counter.total &- counter.minuteStart
                counter.minuteStart = counter.total
            }
            counters[name] = counter
        }
    }

    /// The text of `coverage/show`.
    public var text: String {
        var text = "Event coverage, avg rate over last: 5 seconds, last minute, last hour,  "
        let shown = counters.filter { $0.value.total > 0 }.sorted { $0.key < $1.key }
        text += "hash=\(EthernetText.hex(hash(of: shown.map(\.key)), digits: 8)):\n"
        let latest = (ticks + 11) % 12
        for (name, counter) in shown {
            let five = Double(counter.periods[latest]) / 5
            let minute = Double(counter.periods.reduce(0, &+)) / 60
            let hour = Double(counter.minutes.reduce(0, &+)) / 3600
            text += name.padding(24) + " " + Decimal.text(five, 1).leftPadding(5) + "/sec "
                + Decimal.text(minute, 3).leftPadding(9) + "/sec   "
                + Decimal.text(hour, 4).leftPadding(11) + "/sec   total: \(counter.total)\n"
        }
        return text + "\(counters.count - shown.count) events never hit\n"
    }

    private func hash(of names: [String]) -> UInt64 {
        var hash: UInt64 = 0x811c_9dc5
        for byte in names.joined(separator: " ").utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x0100_0193 & 0xffff_ffff
        }
        return hash
    }
}
