// The root of what poll threads read: bridges, their tables, groups, configuration and address
// tables, and the version that is in force. Memory is stable; what is replaced is published by
// pointer and reclaimed by epochs.

import CIntrinsics
import Flow

/// One bridge in the engine.
@frozen public struct BridgeState {
    @inlinable public static var tableCount: Int { 256 }
    public var index: UInt16
    /// Not 0 where records of packets that enter here may have narrow keys; at byte 4.
    public var narrowKeys: UInt32 = 0
    public var tables: UnsafeMutablePointer<RuleTable>
    /// Nil until configured; a bridge without it drops everything.
    public var configuration: UnsafeMutablePointer<BridgeConfigurationBlock>?
    public var groups: UnsafeMutablePointer<GroupList>?
    public var fdb: UnsafeMutablePointer<ForwardingDatabase>
    /// Packets and bytes of up to 32 mirrors.
    public var mirrorCounters: UnsafeMutablePointer<UInt64>

    public init(index: UInt16, fdb: UnsafeMutablePointer<ForwardingDatabase>) {
        self.index = index
        tables = .allocate(capacity: BridgeState.tableCount)
        tables.initialize(repeating: RuleTable(), count: BridgeState.tableCount)
        configuration = nil
        groups = nil
        self.fdb = fdb
        mirrorCounters = .allocate(capacity: 64)
        mirrorCounters.initialize(repeating: 0, count: 64)
    }
}

/// Where packets of a datapath port enter.
@frozen public struct IngressPort: Sendable {
    /// Bridge index, or UInt16.max for none.
    public var bridge: UInt16 = .max
    public var openflowPort: UInt32 = 0
    public init() {}
}

/// The datapath's pipeline: shared by all poll threads and the control room.
@frozen public struct PipelineState {
    @inlinable public static var bridgesMax: Int { 256 }
    @inlinable public static var portsMax: Int { 4096 }
    /// The version in force; stored last with release order.
    public var version: UInt64
    /// Raised when anything but rules changes: every record is judged again.
    public var configurationEpoch: UInt32
    public var vlanLimit: UInt32
    /// How many rules match TCP flags: they are part of records' keys where there are any.
    public var matchesTCPFlags: UInt32
    /// Whether several poll threads count here. Changes while all of them are held.
    public var isShared = true
    /// Bridges by index; nil where there is none.
    public var bridges: UnsafeMutablePointer<UnsafeMutablePointer<BridgeState>?>
    /// By datapath port.
    public var ingress: UnsafeMutablePointer<IngressPort>
    /// Meters by id − 1, nil where there is none.
    public var meters: UnsafeMutablePointer<UnsafeMutablePointer<Meter>?>
    public var meterCapacity: UInt32
    public var changes: UnsafeMutablePointer<ChangeLog>

    /// Makes an empty pipeline on the heap.
    public static func allocate(meterCapacity: Int = 4096) -> UnsafeMutablePointer<PipelineState> {
        let bridges = UnsafeMutablePointer<UnsafeMutablePointer<BridgeState>?>.allocate(
            capacity: bridgesMax)
        bridges.initialize(repeating: nil, count: bridgesMax)
        let ingress = UnsafeMutablePointer<IngressPort>.allocate(capacity: portsMax)
        ingress.initialize(repeating: IngressPort(), count: portsMax)
        let meters = UnsafeMutablePointer<UnsafeMutablePointer<Meter>?>.allocate(
            capacity: meterCapacity)
        meters.initialize(repeating: nil, count: meterCapacity)
        let state = UnsafeMutablePointer<PipelineState>.allocate(capacity: 1)
        state.initialize(
            to: PipelineState(
                version: 1, configurationEpoch: 1, vlanLimit: 1, matchesTCPFlags: 0,
                bridges: bridges, ingress: ingress, meters: meters,
                meterCapacity: UInt32(meterCapacity), changes: ChangeLog.allocate()))
        return state
    }
}

extension UnsafeMutablePointer where Pointee == PipelineState {
    /// The version in force.
    @inlinable @inline(always)
    public var currentVersion: UInt64 { vd_load_acquire64(UnsafeRawPointer(self)) }

    /// Puts `version` in force: all rules added or removed for it take effect at once.
    public func publish(version: UInt64) {
        vd_store_release64(UnsafeMutableRawPointer(self), version)
        pointee.changes.publish()
    }

    /// Has every record judged again.
    public func invalidateRecords() {
        let place = UnsafeMutableRawPointer(self) + 8
        vd_store_release32(place, vd_load_relaxed32(place) &+ 1)
    }
}
