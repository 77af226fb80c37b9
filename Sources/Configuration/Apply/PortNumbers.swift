// OpenFlow port numbers of one bridge. As in OVS: what a row asks for, or had before a restart, if
// it is free; else the next number after the last one given, so that a number is not soon used
// again for something else.

/// Gives out OpenFlow port numbers.
struct PortNumbers {
    /// Numbers below this can be given.
    static let limit: UInt16 = 0xff00
    /// How long a number rests after its port has gone.
    static let restMilliseconds: Int64 = 60 * 60 * 1000

    private var used: Set<UInt16> = []
    private var released: [UInt16: Int64] = [:]
    private var last: UInt16 = 0

    /// A number, `wanted` if it is free; nil if all are in use.
    mutating func allocate(wanted: UInt16?, nowMilliseconds now: Int64) -> UInt16? {
        if let wanted, wanted > 0, wanted < Self.limit, !used.contains(wanted) {
            return take(wanted)
        }
        var oldest: (number: UInt16, time: Int64)?
        var candidate = last
        repeat {
            candidate = candidate + 1 >= Self.limit ? 1 : candidate + 1
            if used.contains(candidate) { continue }
            guard let time = released[candidate] else {
                last = candidate
                return take(candidate)
            }
            if time < now - Self.restMilliseconds, time < oldest?.time ?? .max {
                oldest = (candidate, time)
            }
        } while candidate != (last == 0 ? Self.limit - 1 : last)
        guard let oldest else { return nil }
        last = oldest.number
        return take(oldest.number)
    }

    /// Gives a number back.
    mutating func release(_ number: UInt16, nowMilliseconds now: Int64) {
        if used.remove(number) != nil { released[number] = now }
    }

    private mutating func take(_ number: UInt16) -> UInt16 {
        used.insert(number)
        released[number] = nil
        return number
    }
}
