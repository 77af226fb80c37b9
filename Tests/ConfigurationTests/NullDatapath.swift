// A datapath that opens every port and moves no packet, so that the control room can be tested
// without poll threads.

import Dpif
import Flow
import Glibc
import Pipeline
import TestSupport

final class NullDatapath: StillDatapath {
    let pipeline = PipelineState.allocate()
    var connectionLimit = 3_000_000
    var checksTCPSequence = true
    var connections: [ConnectionInfo] = []
    var records: [RecordInfo] = []
    var connectionCount: Int { connections.count }
    /// Devices of type `system` that exist.
    var systemDevices: Set<String> = []
    private(set) var ports: [UInt32: PortInfo] = [:]
    private(set) var timeouts: [UInt16: [String: UInt32]] = [:]
    private var defaultLimit: UInt32 = 0
    private var limits: [UInt16: UInt32] = [:]

    func retire(_ free: @escaping () -> Void) { free() }

    var nowMilliseconds: UInt64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return UInt64(now.tv_sec) * 1000 + UInt64(now.tv_nsec) / 1_000_000
    }

    func openPort(_ request: PortRequest) throws(PortError) -> PortInfo {
        if request.type == .system && !systemDevices.contains(request.name) {
            throw PortError("could not open network device \(request.name) (No such device)")
        }
        var info = PortInfo()
        info.name = request.name
        info.type = request.type
        info.datapathPort = (1...).first { ports[$0] == nil } ?? 0
        info.address = request.address ?? (0xaa55_aa55_0000 | UInt64(info.datapathPort))
        info.mtu = request.mtu ?? 1500
        ports[info.datapathPort] = info
        return info
    }

    func change(_ name: String, _ body: (inout PortInfo) -> Void) {
        for (number, info) in ports where info.name == name {
            var new = info
            body(&new)
            ports[number] = new
        }
    }

    func closePort(_ datapathPort: UInt32) { ports[datapathPort] = nil }
    func portInfo(_ datapathPort: UInt32) -> PortInfo? { ports[datapathPort] }
    func setPortUp(_ datapathPort: UInt32, _ isUp: Bool) { ports[datapathPort]?.isUp = isUp }
    func dumpRecords(limit: Int) -> [RecordInfo] { Array(records.prefix(limit)) }
    func flushRecords() { records = [] }
    func dumpConnections(zone: UInt16?, limit: Int) -> [ConnectionInfo] {
        connections.filter { zone == nil || $0.zone == zone }
    }
    func flushConnections(zone: UInt16?) {
        connections.removeAll { zone == nil || $0.zone == zone }
    }
    func flushConnection(
        zone: UInt16, proto: UInt8, tuple: ConnectionInfo.Tuple
    ) -> Bool {
        let count = connections.count
        connections.removeAll { $0.zone == zone && $0.proto == proto && $0.original == tuple }
        return connections.count < count
    }
    func setZoneLimit(zone: UInt16?, limit: UInt32) {
        if let zone { limits[zone] = limit } else { defaultLimit = limit }
    }
    func removeZoneLimit(zone: UInt16) { limits[zone] = nil }
    func zoneLimits() -> (
        defaultLimit: UInt32, zones: [(zone: UInt16, limit: UInt32, count: UInt32)]
    ) {
        (defaultLimit, limits.sorted { $0.key < $1.key }.map { ($0.key, $0.value, 0) })
    }
    func setTimeoutPolicy(zone: UInt16, timeouts: [String: UInt32]?) {
        self.timeouts[zone] = timeouts
    }
}
