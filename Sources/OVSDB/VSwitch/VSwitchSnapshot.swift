// The configuration as plain values: every row of the Open_vSwitch database by identifier, read
// from a replica. The planner keeps the snapshot it applied last and compares it with the newest.
// A snapshot follows a replica row by row, so that a change costs what it touches and unchanged
// tables stay shared.
//
// References between rows are in `VSwitchSnapshot+References.swift`; one to a missing row leads
// nowhere.

/// The typed content of the Open_vSwitch database at one moment.
public struct VSwitchSnapshot: Hashable, Sendable {
    /// The root row and its identifier; there is one at most.
    public private(set) var openVSwitches: [RowUUID: OpenVSwitchRow] = [:]
    public private(set) var bridges: [RowUUID: BridgeRow] = [:]
    public private(set) var ports: [RowUUID: PortRow] = [:]
    public private(set) var interfaces: [RowUUID: InterfaceRow] = [:]
    public private(set) var mirrors: [RowUUID: MirrorRow] = [:]
    public private(set) var controllers: [RowUUID: ControllerRow] = [:]
    public private(set) var managers: [RowUUID: ManagerRow] = [:]
    public private(set) var flowTables: [RowUUID: FlowTableRow] = [:]
    public private(set) var datapaths: [RowUUID: DatapathRow] = [:]
    public private(set) var zones: [RowUUID: CTZoneRow] = [:]
    public private(set) var timeoutPolicies: [RowUUID: CTTimeoutPolicyRow] = [:]
    public private(set) var qualities: [RowUUID: QoSRow] = [:]
    public private(set) var queues: [RowUUID: QueueRow] = [:]
    public private(set) var netFlows: [RowUUID: NetFlowRow] = [:]
    public private(set) var sFlows: [RowUUID: SFlowRow] = [:]
    public private(set) var ipfixes: [RowUUID: IPFIXRow] = [:]
    public private(set) var collectorSets: [RowUUID: FlowSampleCollectorSetRow] = [:]
    public private(set) var ssls: [RowUUID: SSLRow] = [:]
    public private(set) var autoAttaches: [RowUUID: AutoAttachRow] = [:]

    /// An empty database.
    public init() {}

    /// Reads all rows. **Cost**: O(rows).
    public init(_ replica: Replica) {
        update(from: replica, changes: replica.changes(since: Replica(schema: replica.schema)))
    }

    /// Reads the rows that changed; `changes` are those that the session told since the last call.
    ///
    /// **Cost**: O(changed rows), plus a copy of each table changed while another snapshot shares
    /// it.
    public mutating func update(from replica: Replica, changes: ReplicaChanges) {
        Self.update(&openVSwitches, from: replica, changes)
        Self.update(&bridges, from: replica, changes)
        Self.update(&ports, from: replica, changes)
        Self.update(&interfaces, from: replica, changes)
        Self.update(&mirrors, from: replica, changes)
        Self.update(&controllers, from: replica, changes)
        Self.update(&managers, from: replica, changes)
        Self.update(&flowTables, from: replica, changes)
        Self.update(&datapaths, from: replica, changes)
        Self.update(&zones, from: replica, changes)
        Self.update(&timeoutPolicies, from: replica, changes)
        Self.update(&qualities, from: replica, changes)
        Self.update(&queues, from: replica, changes)
        Self.update(&netFlows, from: replica, changes)
        Self.update(&sFlows, from: replica, changes)
        Self.update(&ipfixes, from: replica, changes)
        Self.update(&collectorSets, from: replica, changes)
        Self.update(&ssls, from: replica, changes)
        Self.update(&autoAttaches, from: replica, changes)
    }

    private static func update<Typed: VSwitchRow>(
        _ rows: inout [RowUUID: Typed], from replica: Replica, _ changes: ReplicaChanges
    ) {
        for uuid in changes[Typed.table] {
            let new = replica.row(uuid, in: Typed.table).map { Typed(uuid: uuid, row: $0) }
            // Most changes are of status, which the typed rows leave out; then nothing is copied.
            if rows[uuid] != new { rows[uuid] = new }
        }
    }

    /// What to monitor: all that the switch reads, and the status it writes except statistics,
    /// which change all the time and are never read back.
    public static let selection = MonitorSelection(
        Dictionary(
            rowTypes.map { ($0.table, $0.columns + $0.statusColumns) },
            uniquingKeysWith: { first, _ in first }))

    private static let rowTypes: [any VSwitchRow.Type] = [
        OpenVSwitchRow.self,
        BridgeRow.self,
        PortRow.self,
        InterfaceRow.self,
        MirrorRow.self,
        ControllerRow.self,
        ManagerRow.self,
        FlowTableRow.self,
        DatapathRow.self,
        CTZoneRow.self,
        CTTimeoutPolicyRow.self,
        QoSRow.self,
        QueueRow.self,
        NetFlowRow.self,
        SFlowRow.self,
        IPFIXRow.self,
        FlowSampleCollectorSetRow.self,
        SSLRow.self,
        AutoAttachRow.self,
    ]
}
