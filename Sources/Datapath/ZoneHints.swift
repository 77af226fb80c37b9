// Which zones packets of a port are tracked in: what has been seen, as a guess of what to prefetch.

import Conntrack

/// The first two zones that the last judged packet of a port was tracked in.
///
/// **Shape**: two zones a port, for ports by their low eight bits. A guess: nothing depends on it.
/// **Owner**: one poll thread.
@frozen public struct ZoneHints: @unchecked Sendable {
    static var count: Int { 256 }
    /// Low half the first zone, high half the second; the same twice where there is one.
    let zones: UnsafeMutablePointer<UInt32>

    init() {
        zones = .allocate(capacity: ZoneHints.count)
        zones.initialize(repeating: 0, count: ZoneHints.count)
    }

    @inline(__always)
    func of(port: UInt32) -> (first: UInt16, second: UInt16) {
        let both = zones[Int(port) & (ZoneHints.count &- 1)]
        return (UInt16(truncatingIfNeeded: both), UInt16(truncatingIfNeeded: both &>> 16))
    }

    /// A packet of `port` is tracked in `zone`; `isFirst` of this judgement.
    @inline(__always)
    func note(_ zone: UInt16, port: UInt32, isFirst: Bool) {
        let place = zones + Int(port) & (ZoneHints.count &- 1)
        let first = isFirst ? UInt32(zone) : place.pointee & 0xffff
        place.pointee = first | UInt32(zone) &<< 16
    }
}

extension Engine {
    /// Asks for what the judgements of packets without a record will look up in the connection
    /// table: first buckets and counters of all, then the connections found there.
    @inline(__always)
    func prefetchConnections(_ count: Int, port: UInt32) {
        let s = state
        let entries = s.pointee.entries
        let zones = s.pointee.zoneHints.of(port: port)
        for position in 0..<count where isTrackable(entries[position]) {
            let tuple = tuple(at: position, zone: zones.first)
            entries[position].connectionHash = s.pointee.conntrack.prefetchIndex(tuple)
            if zones.second != zones.first {
                var other = tuple
                other.zone = zones.second
                _ = s.pointee.conntrack.prefetchIndex(other)
            }
        }
        for position in 0..<count where isTrackable(entries[position]) {
            s.pointee.conntrack.prefetchConnection(entries[position].connectionHash)
        }
    }

    @inline(__always)
    private func isTrackable(_ entry: BatchEntry) -> Bool {
        entry.record == .max && (entry.facts.proto == 6 || entry.facts.proto == 17)
    }

    /// The tuple of a TCP or UDP packet by its record's key.
    @inline(__always)
    private func tuple(at position: Int, zone: UInt16) -> ConntrackTuple {
        let words = state.pointee.keys + position &* RecordKey.wordCount
        let facts = state.pointee.entries[position].facts
        var tuple = ConntrackTuple()
        tuple.zone = zone
        tuple.protocolNumber = facts.proto
        tuple.isIPv6 = facts.isIPv6
        if facts.isIPv6 {
            tuple.source.word0 = words[4]
            tuple.source.word1 = words[5]
            tuple.destination.word0 = words[6]
            tuple.destination.word1 = words[7]
        } else {
            tuple.source.word0 = words[4] & 0xffff_ffff
            tuple.destination.word0 = words[4] &>> 32
        }
        tuple.sourcePort = UInt16(truncatingIfNeeded: words[3] &>> 32).byteSwapped
        tuple.destinationPort = UInt16(truncatingIfNeeded: words[3] &>> 48).byteSwapped
        return tuple
    }
}
