// Following references from row to row. A reference to a row that isn't there (it was deleted, or
// not yet sent) is skipped. Lists are in an order that doesn't change between snapshots: by name
// where rows have names, else by identifier.

extension VSwitchSnapshot {
    /// The root row; nil until the database was initialised.
    public var openVSwitch: OpenVSwitchRow? {
        openVSwitches.min { $0.key < $1.key }?.value
    }

    /// The bridges of the root row, by name.
    public var configuredBridges: [BridgeRow] {
        byName(openVSwitch?.bridges ?? [], in: bridges, \.name)
    }

    /// **Cost**: O(bridges).
    public func bridge(named name: String) -> BridgeRow? {
        configuredBridges.first { $0.name == name }
    }

    public var ssl: SSLRow? { openVSwitch?.ssl.flatMap { ssls[$0] } }

    /// The managers of the root row, by identifier.
    public var configuredManagers: [ManagerRow] {
        (openVSwitch?.managerOptions ?? []).compactMap { managers[$0] }
    }

    /// The datapath row of a type such as `netdev`.
    public func datapath(ofType type: String) -> DatapathRow? {
        openVSwitch?.datapaths[type].flatMap { datapaths[$0] }
    }

    /// By name.
    public func ports(of bridge: BridgeRow) -> [PortRow] {
        byName(bridge.ports, in: ports, \.name)
    }

    /// By name.
    public func interfaces(of port: PortRow) -> [InterfaceRow] {
        byName(port.interfaces, in: interfaces, \.name)
    }

    public func mirrors(of bridge: BridgeRow) -> [MirrorRow] {
        bridge.mirrors.compactMap { mirrors[$0] }
    }

    public func controllers(of bridge: BridgeRow) -> [ControllerRow] {
        bridge.controllers.compactMap { controllers[$0] }
    }

    /// By table number.
    public func flowTables(of bridge: BridgeRow) -> [UInt8: FlowTableRow] {
        bridge.flowTables.compactMapValues { flowTables[$0] }
    }

    public func netFlow(of bridge: BridgeRow) -> NetFlowRow? {
        bridge.netFlow.flatMap { netFlows[$0] }
    }

    public func sFlow(of bridge: BridgeRow) -> SFlowRow? {
        bridge.sFlow.flatMap { sFlows[$0] }
    }

    public func ipfix(of bridge: BridgeRow) -> IPFIXRow? {
        bridge.ipfix.flatMap { ipfixes[$0] }
    }

    public func autoAttach(of bridge: BridgeRow) -> AutoAttachRow? {
        bridge.autoAttach.flatMap { autoAttaches[$0] }
    }

    /// The collector sets that name this bridge, with their exporters, by number.
    public func collectors(of bridge: BridgeRow) -> [UInt32: IPFIXRow] {
        var collectors: [UInt32: IPFIXRow] = [:]
        for set in collectorSets.values where set.bridge == bridge.uuid {
            if let id = set.id, let ipfix = set.ipfix.flatMap({ ipfixes[$0] }) {
                collectors[id] = ipfix
            }
        }
        return collectors
    }

    public func qos(of port: PortRow) -> QoSRow? {
        port.qos.flatMap { qualities[$0] }
    }

    /// By queue number.
    public func queues(of qos: QoSRow) -> [UInt32: QueueRow] {
        qos.queues.compactMapValues { queues[$0] }
    }

    /// The timeouts of each zone that has a policy, in seconds by state.
    public func timeoutPolicies(of datapath: DatapathRow) -> [UInt16: CTTimeoutPolicyRow] {
        datapath.zones.compactMapValues { zone in
            zones[zone]?.timeoutPolicy.flatMap { timeoutPolicies[$0] }
        }
    }

    private func byName<Typed>(
        _ uuids: [RowUUID], in rows: [RowUUID: Typed], _ name: KeyPath<Typed, String>
    ) -> [Typed] {
        uuids.compactMap { rows[$0] }.sorted { $0[keyPath: name] < $1[keyPath: name] }
    }
}
