// Writes back what the configuration has become: only what differs from what the database holds,
// or, for columns that are not monitored, from what was written last. The control loop owns it.

import Dpif
import Ofproto
import OpenFlow
import OVSDB

/// Builds the transactions that the switch writes.
struct StatusReporter {
    /// The active member of each bond, by the bond's name.
    var activeMembers: [String: String] = [:]
    /// Statistics as they were written last.
    var writtenStatistics: [RowUUID: [String: UInt64]] = [:]
    private var writtenMirrors: [RowUUID: [String: UInt64]] = [:]

    // MARK: The three kinds of transaction

    /// The outcome of a configuration: numbers, errors, status, and that it is done.
    mutating func configurationResult(
        of vswitch: VirtualSwitch, replica: Replica, number: Int64?
    ) -> TransactionBuilder {
        var transaction = TransactionBuilder()
        for bridge in vswitch.orderedBridges {
            addBridge(bridge, replica, &transaction)
            for port in bridge.desired.ports {
                for settings in port.interfaces {
                    addInterface(settings, of: bridge, replica, &transaction)
                    addFirstStatistics(settings, of: bridge, vswitch, &transaction)
                }
                addPort(port, of: bridge, replica, &transaction)
            }
        }
        addCapabilities(of: vswitch, replica, &transaction)
        guard let root = vswitch.snapshot.openVSwitch, let number else { return transaction }
        transaction.updateChanged(
            OpenVSwitchRow.table, uuid: root.uuid,
            row: [
                "cur_cfg": .integer(number),
                "datapath_types": .strings(vswitch.datapathTypes),
                "iface_types": .strings(vswitch.interfaceTypes),
                "dpdk_initialized": .boolean(vswitch.host.dpdkVersion != nil),
                "dpdk_version": .string(vswitch.host.dpdkVersion ?? "none"),
            ], comparedWith: replica)
        return transaction
    }

    /// What has changed of bridges, ports, interfaces and controllers.
    mutating func status(of vswitch: VirtualSwitch, replica: Replica) -> TransactionBuilder {
        var transaction = TransactionBuilder()
        for bridge in vswitch.orderedBridges {
            for port in bridge.desired.ports {
                for settings in port.interfaces {
                    addInterface(settings, of: bridge, replica, &transaction)
                }
                addPort(port, of: bridge, replica, &transaction)
            }
            addControllers(of: bridge, isTimed: false, replica, &transaction)
        }
        return transaction
    }

    /// Counters of interfaces and mirrors, and the connections of controllers.
    mutating func statistics(of vswitch: VirtualSwitch, replica: Replica) -> TransactionBuilder {
        var transaction = TransactionBuilder()
        for bridge in vswitch.orderedBridges {
            for interface in bridge.ordered {
                addStatistics(interface, vswitch, &transaction)
            }
            addMirrors(of: bridge, &transaction)
            addControllers(of: bridge, isTimed: true, replica, &transaction)
        }
        guard let root = vswitch.snapshot.openVSwitch else { return transaction }
        if vswitch.applied.globals.isStatisticsEnabled {
            transaction.update(
                OpenVSwitchRow.table, uuid: root.uuid,
                row: ["statistics": .map(SystemStatistics.read())])
            wroteSystemStatistics = true
        } else if wroteSystemStatistics {
            transaction.update(
                OpenVSwitchRow.table, uuid: root.uuid,
                row: ["statistics": .map([String: String]())])
            wroteSystemStatistics = false
        }
        return transaction
    }

    private var wroteSystemStatistics = false

    /// A transaction was lost: what it wrote is to be written again.
    mutating func forgetStatistics() {
        writtenStatistics = [:]
        writtenMirrors = [:]
    }

    mutating func forget(_ interface: OpenInterface) {
        if let uuid = interface.settings.uuid { writtenStatistics[uuid] = nil }
    }

    // MARK: Bridges and ports

    private func addBridge(
        _ bridge: BridgeRuntime, _ replica: Replica, _ transaction: inout TransactionBuilder
    ) {
        transaction.updateChanged(
            BridgeRow.table, uuid: bridge.desired.row.uuid,
            row: [
                "datapath_id": .string(EthernetText.hex(bridge.datapathID, digits: 16)),
                "datapath_version": .string("<built-in>"),
                "status": .map([String: String]()),
                "rstp_status": .map([String: String]()),
            ], comparedWith: replica)
    }

    private func addPort(
        _ port: PortSettings, of bridge: BridgeRuntime, _ replica: Replica,
        _ transaction: inout TransactionBuilder
    ) {
        var row: [String: Datum] = [
            "status": .map([String: String]()), "rstp_status": .map([String: String]()),
        ]
        if port.interfaces.count > 1 {
            let active = activeMembers[port.name].flatMap { bridge.interfaces[$0] }
            if let active {
                row["bond_active_slave"] = .string(EthernetText.text(active.info.address))
            }
        }
        transaction.updateChanged(
            PortRow.table, uuid: port.row.uuid, row: row, comparedWith: replica)
    }

    private func addCapabilities(
        of vswitch: VirtualSwitch, _ replica: Replica, _ transaction: inout TransactionBuilder
    ) {
        for (_, uuid) in vswitch.applied.globals.datapaths.merging(
            vswitch.snapshot.openVSwitch?.datapaths ?? [:], uniquingKeysWith: { $1 })
        {
            guard let datum = replica.datum("capabilities", of: uuid, in: DatapathRow.table)
            else { continue }
            let present = datum.stringMap
            let missing = DatapathCapabilities.database(vlanLimit: vswitch.vlanLimit)
                .filter { present[$0.key] != $0.value }
            guard !missing.isEmpty else { continue }
            transaction.mutate(
                DatapathRow.table, uuid: uuid,
                [
                    .deleteKeys(missing.keys.sorted(), of: "capabilities"),
                    Mutation("capabilities", .insert, .map(missing)),
                ])
        }
    }

    // MARK: Interfaces

    private mutating func addInterface(
        _ settings: InterfaceSettings, of bridge: BridgeRuntime, _ replica: Replica,
        _ transaction: inout TransactionBuilder
    ) {
        guard let uuid = settings.uuid else { return }
        let row: [String: Datum]
        if let interface = bridge.interfaces[settings.name] {
            row = InterfaceStatus.open(interface)
        } else {
            row = InterfaceStatus.failed(bridge.failures[settings.name])
            if writtenStatistics[uuid] != [:] {
                writtenStatistics[uuid] = [:]
                transaction.update(
                    InterfaceRow.table, uuid: uuid,
                    row: ["statistics": .map([String: UInt64]())])
            }
        }
        transaction.updateChanged(
            InterfaceRow.table, uuid: uuid, row: row, comparedWith: replica)
    }

    /// Counters come with an interface, not only with the next round of them.
    private mutating func addFirstStatistics(
        _ settings: InterfaceSettings, of bridge: BridgeRuntime, _ vswitch: VirtualSwitch,
        _ transaction: inout TransactionBuilder
    ) {
        guard let interface = bridge.interfaces[settings.name], let uuid = settings.uuid,
            writtenStatistics[uuid]?.isEmpty ?? true
        else { return }
        addStatistics(interface, vswitch, &transaction)
    }

    private mutating func addStatistics(
        _ interface: OpenInterface, _ vswitch: VirtualSwitch,
        _ transaction: inout TransactionBuilder
    ) {
        guard let uuid = interface.settings.uuid else { return }
        let refusals =
            interface.datapathPort.map { vswitch.datapath.usage(ofPort: $0).status } ?? [:]
        if interface.refusals != refusals {
            interface.refusals = refusals
            transaction.update(
                InterfaceRow.table, uuid: uuid, row: ["status": InterfaceStatus.status(interface)])
        }
        let values = InterfaceStatus.statistics(interface, vswitch.datapath)
        guard writtenStatistics[uuid] != values else { return }
        writtenStatistics[uuid] = values
        transaction.update(
            InterfaceRow.table, uuid: uuid, row: ["statistics": .map(values)])
    }

    private mutating func addMirrors(
        of bridge: BridgeRuntime, _ transaction: inout TransactionBuilder
    ) {
        for (position, mirror) in bridge.ofproto.mirrors.enumerated() {
            guard let row = bridge.desired.mirrors.first(where: { $0.name == mirror.name })
            else { continue }
            let counters = bridge.ofproto.mirrorCounters(position)
            let values = ["tx_packets": counters.packets, "tx_bytes": counters.bytes]
            guard writtenMirrors[row.uuid] != values else { continue }
            writtenMirrors[row.uuid] = values
            transaction.update(
                MirrorRow.table, uuid: row.uuid, row: ["statistics": .map(values)])
        }
    }

    // MARK: Controllers

    /// `isTimed`: also where only the seconds differ.
    private func addControllers(
        of bridge: BridgeRuntime, isTimed: Bool, _ replica: Replica,
        _ transaction: inout TransactionBuilder
    ) {
        for row in bridge.desired.controllers {
            let status = bridge.controllers?.status(of: row)
            let connected = Datum.boolean(status?.isConnected ?? false)
            if !isTimed,
                replica.datum("is_connected", of: row.uuid, in: ControllerRow.table) == connected,
                replica.datum("role", of: row.uuid, in: ControllerRow.table)
                    == .optional(status?.role)
            {
                continue
            }
            transaction.updateChanged(
                ControllerRow.table, uuid: row.uuid,
                row: [
                    "is_connected": connected, "role": .optional(status?.role),
                    "status": .map(status?.pairs ?? [:]),
                ], comparedWith: replica)
        }
    }
}
