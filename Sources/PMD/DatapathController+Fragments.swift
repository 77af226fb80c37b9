// The reassembly of fragments as the control room sets and reads it.

import Conntrack
import Dpif

extension DatapathController {
    public func setFragments(_ settings: FragmentSettings) -> Bool {
        let floor = FragmentTable.sizeMinFloor
        guard settings.fragmentsMax <= FragmentTable.capacity, settings.ipv4.bytesMin >= floor,
            settings.ipv6.bytesMin >= floor
        else { return false }
        withThreadsHeld {
            fragments.setMaxFragments(Int(settings.fragmentsMax))
            for (family, isIPv6) in [(settings.ipv4, false), (settings.ipv6, true)] {
                fragments.setEnabled(family.isEnabled, isIPv6: isIPv6)
                fragments.setMinSize(Int(family.bytesMin), isIPv6: isIPv6)
            }
        }
        return true
    }

    public func fragmentStatistics() -> FragmentStatistics {
        withThreadsHeld {
            var statistics = FragmentStatistics()
            statistics.held = fragments.count
            statistics.ipv4 = .init(fragments.counters(isIPv6: false))
            statistics.ipv6 = .init(fragments.counters(isIPv6: true))
            statistics.datagrams = fragments.datagrams.map(FragmentStatistics.Datagram.init)
            return statistics
        }
    }
}

extension FragmentStatistics.Datagram {
    init(_ datagram: FragmentedDatagram) {
        let key = datagram.key
        self.init(
            source: key.source.bytes(isIPv6: key.isIPv6),
            destination: key.destination.bytes(isIPv6: key.isIPv6),
            identification: key.identification, zone: key.zone,
            protocolNumber: key.protocolNumber,
            recirculation: UInt32(truncatingIfNeeded: key.context),
            fragments: datagram.count, hasFirst: datagram.hasFirst, hasLast: datagram.hasLast,
            isComplete: datagram.isComplete)
    }
}

extension FragmentStatistics.Family {
    init(_ counters: FragmentCounters) {
        self.init()
        accepted = counters.accepted
        completed = counters.completed
        expired = counters.expired
        tooSmall = counters.tooSmall
        overlapping = counters.overlapping
        purged = counters.purged
    }
}
