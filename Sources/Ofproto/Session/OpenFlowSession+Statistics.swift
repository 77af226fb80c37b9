// Multipart requests: descriptions and counters of everything a bridge has.

import Dpif
import Flow
import OpenFlow
import Pipeline

extension OpenFlowSession {
    func handle(_ request: MultipartRequest, xid: UInt32) throws(OpenFlowError) {
        let reply: MultipartReply
        switch request {
        case .description: reply = .description(bridge.description)
        case .flow(let request):
            reply = .flow(try bridge.flowStats(request), nicira: request.isNicira)
        case .aggregate(let request):
            reply = .aggregate(try bridge.aggregateStats(request), nicira: request.isNicira)
        case .table: reply = .table(bridge.tableStats())
        case .tableFeatures(let wanted):
            if !wanted.isEmpty {
                try requirePrimary()
                try bridge.change(wanted)
            }
            reply = .tableFeatures(bridge.tableFeatures())
        case .tableDescription:
            reply = .tableDescription(
                bridge.tables.filter { !$0.isHidden }.map(bridge.describe))
        case .port(let number): reply = .port(bridge.portStats(number))
        case .portDescription(let number):
            reply = .portDescription(bridge.ports(number).map(\.description))
        case .queue(let request): reply = .queue(try bridge.queueStats(request))
        case .group(let id): reply = .group(bridge.groupStats(id))
        case .groupDescription(let id):
            reply = .groupDescription(bridge.groups(id).map(\.description))
        case .groupFeatures: reply = .groupFeatures(GroupFeatures())
        case .meter(let id): reply = .meter(try bridge.meterStats(id))
        case .meterConfig(let id): reply = .meterConfig(try bridge.meters(id).map(\.config))
        case .meterFeatures: reply = .meterFeatures(bridge.meterFeatures)
        case .flowMonitor(let requests): return try handle(requests, xid: xid)
        case .ipfixBridge, .ipfixFlow: throw OpenFlowError(.nxstNotConfigured)
        }
        write(.multipartReply(reply), xid: xid)
    }
}

extension OfprotoBridge {
    /// The version of Open vSwitch whose behaviour this is; tools look at it.
    public static let softwareVersion = "3.1.0"

    var description: SwitchDescription {
        SwitchDescription(
            manufacturer: "Nicira, Inc.", hardware: "Open vSwitch",
            software: OfprotoBridge.softwareVersion,
            serialNumber: settings.serialNumber ?? "None",
            datapath: settings.datapathDescription ?? "None")
    }

    // MARK: Flows

    private func criteria(_ request: FlowStatsRequest) -> RuleCriteria {
        var criteria = RuleCriteria()
        criteria.table = request.tableID
        criteria.match = request.match
        criteria.cookie = request.cookie
        criteria.cookieMask = request.cookieMask
        criteria.outPort = request.outPort
        criteria.outGroup = request.outGroup
        return criteria
    }

    func flowStats(_ request: FlowStatsRequest) throws(OpenFlowError) -> [FlowStats] {
        control.flushCounters()
        return sorted(try select(loosely: criteria(request))).map(stats)
    }

    /// A rule as statistics show it.
    public func stats(_ rule: OFRule) -> FlowStats {
        var stats = FlowStats()
        stats.match = rule.match
        stats.cookie = rule.cookie
        stats.tableID = rule.table
        stats.priority = UInt16(truncatingIfNeeded: rule.priority)
        (stats.durationSeconds, stats.durationNanoseconds) = duration(since: rule.created)
        stats.idleTimeout = rule.idleTimeout
        stats.hardTimeout = rule.hardTimeout
        stats.idleAge = min(duration(since: rule.lastUsed).seconds, 65535)
        stats.hardAge = min(duration(since: rule.modified).seconds, 65535)
        stats.packetCount = rule.packetCount
        stats.byteCount = rule.byteCount
        stats.flags = rule.flags
        stats.importance = rule.importance
        stats.actions = rule.actions
        return stats
    }

    func aggregateStats(_ request: FlowStatsRequest) throws(OpenFlowError) -> AggregateStats {
        control.flushCounters()
        let rules = try select(loosely: criteria(request))
        return AggregateStats(
            packetCount: rules.reduce(0) { $0 &+ $1.packetCount },
            byteCount: rules.reduce(0) { $0 &+ $1.byteCount },
            flowCount: UInt32(truncatingIfNeeded: rules.count))
    }

    // MARK: Ports and queues

    /// The port of that number, or all for OFPP_ANY.
    func ports(_ number: UInt32) -> [OfprotoPort] {
        if number == ReservedPort.any { return ports.values.sorted { $0.number < $1.number } }
        return ports[number].map { [$0] } ?? []
    }

    func portStats(_ number: UInt32) -> [PortStats] {
        ports(number).map { port in
            var stats = PortStats(port: port.number)
            let age = duration(since: port.created)
            stats.durationSeconds = age.seconds
            stats.durationNanoseconds = age.nanoseconds
            stats.fill(from: counters(port))
            return stats
        }
    }

    private func counters(_ port: OfprotoPort) -> PortStatistics {
        switch port.kind {
        case .device, .tunnel: return control.portStatistics(port.datapathPort)
        case .patch, .broken, .policed: return PortStatistics()
        }
    }

    /// Nothing is counted by queue: what is not known is told as such.
    func queueStats(_ request: QueueRequest) throws(OpenFlowError) -> [QueueStats] {
        try queues(request).map { QueueStats(port: $0.number, queue: $1) }
    }

    func queueConfiguration(
        _ request: QueueRequest
    ) throws(OpenFlowError) -> [QueueConfig] {
        try queues(request).map { QueueConfig(port: $0.number, queue: $1) }
    }

    /// The queues that a request names.
    ///
    /// **Errors**: OFPQOFC_BAD_PORT, OFPQOFC_BAD_QUEUE.
    private func queues(
        _ request: QueueRequest
    ) throws(OpenFlowError) -> [(port: OfprotoPort, queue: UInt32)] {
        let ports = ports(request.port)
        if ports.isEmpty && request.port != ReservedPort.any {
            throw OpenFlowError(.ofpqofcBadPort)
        }
        var chosen: [(port: OfprotoPort, queue: UInt32)] = []
        var found = false
        for port in ports {
            if request.queue == QueueRequest.allQueues {
                found = true
                chosen += port.queues.sorted().map { (port, $0) }
            } else if port.queues.contains(request.queue) {
                found = true
                chosen.append((port, request.queue))
            }
        }
        guard found else { throw OpenFlowError(.ofpqofcBadQueue) }
        return chosen
    }

    // MARK: Groups and meters

    func groups(_ id: UInt32) -> [OFGroup] {
        if id == GroupID.all { return groups.values.sorted { $0.id < $1.id } }
        return groups[id].map { [$0] } ?? []
    }

    func groupStats(_ id: UInt32) -> [GroupStats] {
        control.flushCounters()
        return groups(id).map { group in
            var stats = GroupStats(groupID: group.id)
            stats.referenceCount = UInt32(truncatingIfNeeded: ruleCount(ofGroup: group.id))
            stats.packetCount = group.packetCount
            stats.byteCount = group.byteCount
            (stats.durationSeconds, stats.durationNanoseconds) = duration(since: group.created)
            stats.buckets = group.bucketCounters.map {
                GroupStats.BucketCounter(packetCount: $0.packets, byteCount: $0.bytes)
            }
            return stats
        }
    }

    /// - Throws: OFPMMFC_UNKNOWN_METER.
    func meters(_ id: UInt32) throws(OpenFlowError) -> [OFMeter] {
        if id == MeterID.all { return meters.values.sorted { $0.id < $1.id } }
        guard let meter = meters[id] else { throw OpenFlowError(.ofpmmfcUnknownMeter) }
        return [meter]
    }

    func meterStats(_ id: UInt32) throws(OpenFlowError) -> [MeterStats] {
        try meters(id).map { meter in
            var stats = MeterStats(meterID: meter.id)
            stats.flowCount = UInt32(truncatingIfNeeded: ruleCount(ofMeter: meter.id))
            stats.packetInCount = meter.packetCount
            stats.byteInCount = meter.byteCount
            (stats.durationSeconds, stats.durationNanoseconds) = duration(since: meter.created)
            stats.bands = meter.bandCounters.map {
                MeterStats.BandCounter(packetCount: $0.packets, byteCount: $0.bytes)
            }
            return stats
        }
    }

    var meterFeatures: MeterFeatures {
        var features = MeterFeatures()
        features.maxMeters = pipeline.pointee.meterCapacity
        features.bandTypes = 1 << 1 | 1 << 2
        features.capabilities = [.kilobitsPerSecond, .packetsPerSecond, .burst, .stats]
        features.maxBands = UInt8(OfprotoBridge.meterBandsMax)
        return features
    }
}

extension PortStats {
    /// Takes over a device's counters.
    mutating func fill(from counters: PortStatistics) {
        receivedPackets = counters.rxPackets
        sentPackets = counters.txPackets
        receivedBytes = counters.rxBytes
        sentBytes = counters.txBytes
        receiveDropped = counters.rxDropped
        sendDropped = counters.txDropped
        receiveErrors = counters.rxErrors
        sendErrors = counters.txErrors
        var rest = counters.extra
        receiveFrameErrors = rest.removeValue(forKey: "rx_frame_err") ?? 0
        receiveOverErrors = rest.removeValue(forKey: "rx_over_err") ?? 0
        receiveCRCErrors = rest.removeValue(forKey: "rx_crc_err") ?? 0
        collisions = rest.removeValue(forKey: "collisions") ?? 0
        custom = rest.sorted { $0.key < $1.key }.map {
            CustomCounter(name: $0.key, value: $0.value)
        }
    }
}
