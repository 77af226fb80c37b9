// What most stand-ins for the datapath do with most requests: nothing.

import Dpif

/// A datapath for tests, of which only what a test looks at is written down.
public protocol StillDatapath: DatapathControl {}

extension StillDatapath {
    public func openPort(_ request: PortRequest) throws(PortError) -> PortInfo { PortInfo() }
    public func closePort(_ datapathPort: UInt32) {}
    public func portInfo(_ datapathPort: UInt32) -> PortInfo? { nil }
    public func portStatistics(_ datapathPort: UInt32) -> PortStatistics { PortStatistics() }
    public func setPortUp(_ datapathPort: UInt32, _ isUp: Bool) {}
    public func flushCounters() {}
    public func inject(_ packet: InjectedPacket) {}
    public func resume(_ continuation: UInt64, frame: [UInt8], key: [UInt8]) -> Bool { false }
    public func dumpRecords(limit: Int) -> [RecordInfo] { [] }
    public func flushRecords() {}
    public func dumpConnections(zone: UInt16?, limit: Int) -> [ConnectionInfo] { [] }
    public func flushConnections(zone: UInt16?) {}
    public func flushConnection(
        zone: UInt16, proto: UInt8, tuple: ConnectionInfo.Tuple
    ) -> Bool { false }
    public var connectionCount: Int { 0 }
    public func setZoneLimit(zone: UInt16?, limit: UInt32) {}
    public func removeZoneLimit(zone: UInt16) {}
    public func zoneLimits() -> (
        defaultLimit: UInt32, zones: [(zone: UInt16, limit: UInt32, count: UInt32)]
    ) { (0, []) }
    public func setSelfCheck(interval: UInt32) {}
    public func selfCheckReport() -> SelfCheckReport { SelfCheckReport() }
    public func setFragments(_ settings: FragmentSettings) -> Bool { true }
    public func fragmentStatistics() -> FragmentStatistics { FragmentStatistics() }
    public func setTimeoutPolicy(zone: UInt16, timeouts: [String: UInt32]?) {}
}
