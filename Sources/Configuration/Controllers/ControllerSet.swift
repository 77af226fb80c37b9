// The OpenFlow connections of one bridge: the management socket, the snooping socket, and what its
// Controller rows ask for. The control loop owns it.

import Ofproto
import OpenFlow
import OVSDB

/// A bridge's controllers and listeners.
final class ControllerSet {
    /// For `Controller.is_connected`, `role` and `status`.
    struct Status {
        var isConnected: Bool
        var role: String?
        var pairs: [String: String]
    }

    private let host: any ControlHost
    private let bridge: OfprotoBridge
    private var managementSettings = Ofproto.SessionSettings()
    private var management: (any HostListener)?
    private var snooping: (any HostListener)?
    private var active: [RowUUID: ActiveController] = [:]
    private var passive: [RowUUID: PassiveController] = [:]
    private var served: [ObjectIdentifier: SessionConnection] = [:]
    private let snoopers: SnooperSet

    init(host: any ControlHost, bridge: OfprotoBridge) {
        self.host = host
        self.bridge = bridge
        snoopers = SnooperSet(bridge: bridge)
        let base = "punix:\(host.runDirectory)/\(bridge.name)"
        management = listen(base + ".mgmt") { [weak self] in self?.serve($0) }
        snooping = listen(base + ".snoop") { [weak self] in self?.snoopers.add($0) }
    }

    private func listen(
        _ target: String, _ onAccept: @escaping (any ByteStream) -> Void
    ) -> (any HostListener)? {
        do throws(HostError) {
            return try host.listen(
                target, DialSettings(defaultPort: 6653), onAccept: onAccept)
        } catch {
            host.log(.err, "connmgr", "failed to listen on \(target): \(error.message)")
            return nil
        }
    }

    /// A connection of a tool such as ovs-ofctl.
    private func serve(_ stream: any ByteStream) {
        let session = bridge.openSession(
            name: stream.name, isPrimary: false, settings: managementSettings)
        let connection = SessionConnection(session, over: stream)
        let identifier = ObjectIdentifier(connection)
        served[identifier] = connection
        connection.onEnd = { [weak self] in self?.served[identifier] = nil }
    }

    /// Makes connections agree with the rows.
    func configure(_ desired: DesiredBridge, options: SwitchOptions) {
        managementSettings = ControllerPolicy.managementSession(desired.row)
        var rows: [RowUUID: ControllerPolicy] = [:]
        for row in desired.controllers {
            if options.confinesItself,
                let refusal = ControllerPolicy.refusal(
                    ofTarget: row.target, bridge: bridge.name, runDirectory: host.runDirectory)
            {
                host.log(.err, "bridge", refusal)
                continue
            }
            rows[row.uuid] = ControllerPolicy(row, bridge: desired.row)
        }
        for (uuid, controller) in active where !controller.agrees(with: rows[uuid]) {
            controller.stop()
            active[uuid] = nil
        }
        for (uuid, controller) in passive where controller.policy != rows[uuid] {
            controller.stop()
            passive[uuid] = nil
        }
        for (uuid, policy) in rows.sorted(by: { $0.key < $1.key }) {
            if let controller = active[uuid] {
                controller.update(policy)
            } else if passive[uuid] == nil {
                add(uuid, policy)
            }
        }
    }

    private func add(_ uuid: RowUUID, _ policy: ControllerPolicy) {
        do throws(HostError) {
            if ControllerPolicy.isPassive(policy.target) {
                passive[uuid] = try PassiveController(host, bridge, policy, snoopers)
            } else {
                active[uuid] = try ActiveController(host, bridge, policy, snoopers)
                host.log(
                    .info, "connmgr",
                    "\(bridge.name): added \(policy.kind) controller \"\(policy.target)\"")
            }
        } catch {
            host.log(
                .warn, "connmgr",
                "\(bridge.name): unsupported controller \"\(policy.target)\": \(error.message)")
        }
    }

    /// Drops all connections to controllers, which then connect again.
    func reconnect() {
        for controller in active.values { controller.reconnect() }
        for controller in passive.values { controller.dropAll() }
    }

    func status(of row: ControllerRow) -> Status? {
        active[row.uuid]?.status
    }

    /// Ends everything and removes the sockets.
    func close() {
        management?.close()
        snooping?.close()
        for controller in active.values { controller.stop() }
        for controller in passive.values { controller.stop() }
        active = [:]
        passive = [:]
        for connection in Array(served.values) { connection.close() }
        served = [:]
        snoopers.close()
    }
}
