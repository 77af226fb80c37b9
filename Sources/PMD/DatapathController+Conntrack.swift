// Connections as the control room asks for them.

import Conntrack
import Dpif
import Wire

extension DatapathController {
    public func dumpConnections(zone: UInt16?, limit: Int) -> [ConnectionInfo] {
        var list: [ConnectionInfo] = []
        var cursor: UInt32 = 0
        sharingTables {
            _ = conntrack.dump(cursor: &cursor, zone: zone, now: nowMilliseconds, limit: limit) {
                list.append(ConnectionInfo($0))
            }
        }
        return list
    }

    public func flushConnections(zone: UInt16?) {
        _ = sharingTables { conntrack.flush(zone: zone) }
    }

    public func flushConnection(
        zone: UInt16, proto: UInt8, tuple: ConnectionInfo.Tuple
    ) -> Bool {
        guard let wanted = ConntrackTuple(tuple, proto: proto, zone: zone) else { return false }
        return sharingTables { conntrack.flush(wanted, now: nowMilliseconds) }
    }

    public var connectionCount: Int { conntrack.connectionCount }

    public var connectionLimit: Int {
        get { Int(conntrack.maxConnections) }
        set {
            conntrack.setMaxConnections(UInt32(clamping: newValue))
            withThreadsHeld { applyBudgets() }
        }
    }

    public var checksTCPSequence: Bool {
        get { conntrack.checksTCPSequence }
        set { conntrack.state.pointee.checksTCPSequence = newValue }
    }

    public func setZoneLimit(zone: UInt16?, limit: UInt32) {
        sharingTables { conntrack.setZoneLimit(zone, to: limit) }
    }

    public func removeZoneLimit(zone: UInt16) {
        _ = sharingTables { conntrack.removeZoneLimit(zone) }
    }

    public func zoneLimits() -> (
        defaultLimit: UInt32, zones: [(zone: UInt16, limit: UInt32, count: UInt32)]
    ) {
        var zones: [(zone: UInt16, limit: UInt32, count: UInt32)] = []
        conntrack.forEachZoneLimit { zones.append(($0, $1.limit, $1.count)) }
        return (conntrack.zoneLimit(nil)?.limit ?? 0, zones)
    }

    public func setTimeoutPolicy(zone: UInt16, timeouts: [String: UInt32]?) {
        let id = UInt32(zone) % 1023 + 1
        guard let timeouts else {
            applyPolicy(0, toZone: zone)
            return
        }
        var policy = TimeoutPolicy(id: id)
        for attribute in TimeoutAttribute.allCases {
            if let seconds = timeouts["\(attribute.name)"] { policy[attribute] = seconds }
        }
        if sharingTables({ conntrack.setTimeoutPolicy(policy) }) { applyPolicy(id, toZone: zone) }
    }

    private func applyPolicy(_ id: UInt32, toZone zone: UInt16) {
        withThreadsHeld {
            for thread in threads {
                thread.shared.pointee.engine.state.pointee.zonePolicies[Int(zone)] = id
            }
        }
    }
}

extension ConnectionInfo {
    init(_ entry: ConntrackEntry) {
        self.init()
        proto = entry.original.protocolNumber
        zone = entry.zone
        original = Tuple(entry.original)
        reply = Tuple(entry.reply)
        mark = entry.mark
        labelHigh = entry.labelHigh
        labelLow = entry.labelLow
        timeoutSeconds = entry.timeoutSeconds
        originalPackets = entry.originalPackets
        originalBytes = entry.originalBytes
        replyPackets = entry.replyPackets
        replyBytes = entry.replyBytes
        parent = entry.parent.map { Tuple($0) }
        switch entry.helper {
        case .ftp: helper = "ftp"
        case .tftp: helper = "tftp"
        default: helper = nil
        }
        protocolState = entry.stateText
        originalEnd = entry.end(entry.state0, scale: entry.originatorScale)
        replyEnd = entry.end(entry.state1, scale: entry.responderScale)
    }
}

extension ConnectionInfo.Tuple {
    init(_ tuple: ConntrackTuple) {
        self.init()
        source = tuple.source.bytes(isIPv6: tuple.isIPv6)
        destination = tuple.destination.bytes(isIPv6: tuple.isIPv6)
        if tuple.isICMP {
            sourcePort = tuple.identifier
            destinationPort = tuple.identifier
            icmpType = UInt8(truncatingIfNeeded: tuple.sourcePort)
            icmpCode = 0
        } else {
            sourcePort = tuple.sourcePort
            destinationPort = tuple.destinationPort
        }
    }
}

extension ConntrackAddress {
    /// The address in network order: sixteen bytes, or four.
    func bytes(isIPv6: Bool) -> [UInt8] {
        if isIPv6 {
            return (0..<16).map {
                UInt8(truncatingIfNeeded: ($0 < 8 ? high : low) >> UInt64(56 - 8 * ($0 % 8)))
            }
        }
        return (0..<4).map { UInt8(truncatingIfNeeded: ipv4 >> UInt32(24 - 8 * $0)) }
    }
}

extension ConntrackTuple {
    /// The tracker's form of a tuple; nil if its addresses are no pair of one family.
    init?(_ tuple: ConnectionInfo.Tuple, proto: UInt8, zone: UInt16) {
        guard tuple.source.count == tuple.destination.count else { return nil }
        self.init()
        func word(_ bytes: ArraySlice<UInt8>) -> UInt64 {
            bytes.reduce(0) { $0 << 8 | UInt64($1) }
        }
        switch tuple.source.count {
        case 4:
            source = ConntrackAddress(ipv4: UInt32(word(tuple.source[...])))
            destination = ConntrackAddress(ipv4: UInt32(word(tuple.destination[...])))
        case 16:
            isIPv6 = true
            source = ConntrackAddress(
                high: word(tuple.source[0..<8]), low: word(tuple.source[8..<16]))
            destination = ConntrackAddress(
                high: word(tuple.destination[0..<8]), low: word(tuple.destination[8..<16]))
        default: return nil
        }
        protocolNumber = proto
        self.zone = zone
        if isICMP {
            identifier = tuple.sourcePort
            sourcePort = UInt16(tuple.icmpType)
            destinationPort = UInt16(tuple.icmpCode)
        } else {
            sourcePort = tuple.sourcePort
            destinationPort = tuple.destinationPort
        }
    }
}
