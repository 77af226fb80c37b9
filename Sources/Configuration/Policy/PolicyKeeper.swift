// The host's policy: keeps the document, compiles it into a bridge of its own, and puts that bridge
// between workloads' ports and theirs. The bridge is in no database and has no socket.
//
// Without a policy nothing is different. From the first one on, each device with an `iface-id` on a
// bridge without a controller is a workload's: what the policy does not name forwards nothing. A
// file that can't be read counts as a policy that names nothing.

import Dpif
import Ofproto
import OpenFlow
import Pipeline
import Policy

/// Keeps the policy in force.
///
/// **Owner**: the control loop.
final class PolicyKeeper {
    /// How things stand.
    enum Status: Hashable {
        case off
        case inForce
        /// The file can't be read, and why.
        case unreadable(String)
    }

    /// An interface under the policy.
    struct Attachment: Hashable {
        let id: String
        let bridge: UInt16
        let port: UInt32
        /// Its number in the policy's bridge.
        let number: UInt32
    }

    let host: any ControlHost
    let bridgeSet: BridgeSet
    let file: PolicyFile?
    let compiler = PolicyCompiler()
    private(set) var status = Status.off
    private(set) var bridge: OfprotoBridge?
    /// By interface name.
    private(set) var attachments: [String: Attachment] = [:]
    /// Bridges with controllers that are kept away, by name, and why.
    private(set) var refused: [String: String] = [:]
    /// The configuration that the database asks for.
    private(set) var configured = DesiredState()
    /// A document on its way in, in parts.
    var upload: (token: String, bytes: [UInt8])?
    private var lastNumber: UInt32 = 0
    private var patchCount = 0

    init(bridgeSet: BridgeSet, host: any ControlHost, file: PolicyFile?) {
        self.bridgeSet = bridgeSet
        self.host = host
        self.file = file
    }

    private var control: any DatapathControl { bridgeSet.control }

    // MARK: Documents

    /// Puts the policy that was in force before the restart into force.
    func load() {
        guard let file else { return }
        do {
            guard let kept = try file.read() else { return }
            var document = try PolicyReader.read([try PolicyJSON.parse(kept.document)])
            for line in kept.patches {
                let patch = try PolicyPatch(try PolicyJSON.parse(line))
                document = try patch.applied(to: document).document
            }
            // What the journal's end is like is not known: the next patch writes all anew.
            patchCount = PolicyKeeper.patchesMax
            enforce(document)
            host.log(
                .info, "bridge", "policy of \(document.rules.count) rules and "
                    + "\(document.ports.count) ports is in force")
        } catch {
            let reason =
                switch error {
                case let error as PolicyFileError: error.message
                case let error as PolicyErrors:
                    "\(file.path): \(error.list.first?.description ?? "")"
                default: "\(file.path): \(error)"
                }
            status = .unreadable(reason)
            makeBridge()
            host.log(
                .err, "bridge",
                "the policy can't be read, ports with an iface-id forward nothing: \(reason)")
        }
    }

    /// Keeps and enforces a document; all of it or nothing.
    ///
    /// **Errors**: it names a port of a controller's bridge, or can't be kept.
    func apply(_ document: PolicyDocument) throws(CommandFailure) {
        try check(document)
        do throws(PolicyFileError) {
            try file?.write(document.json)
        } catch {
            throw CommandFailure(
                "the policy could not be kept, nothing has changed: \(error.message)")
        }
        patchCount = 0
        enforce(document)
    }

    /// Keeps and enforces a change of single objects; all of it or nothing.
    ///
    /// **Errors**: there is no policy to change, or as `apply(_:)` and `PolicyPatch.applied(to:)`.
    func apply(_ patch: PolicyPatch) throws(CommandFailure) -> PolicyChanges {
        guard status == .inForce else { throw CommandFailure("no policy is in force") }
        let document: PolicyDocument
        let changes: PolicyChanges
        do throws(PolicyErrors) {
            (document, changes) = try patch.applied(to: compiler.document)
        } catch {
            throw CommandFailure(error.list.map(\.description).joined(separator: "\n"))
        }
        try check(document)
        do throws(PolicyFileError) {
            if patchCount < PolicyKeeper.patchesMax {
                try file?.append(patch.json)
                patchCount += 1
            } else {
                try file?.write(document.json)
                patchCount = 0
            }
        } catch {
            throw CommandFailure(
                "the policy could not be kept, nothing has changed: \(error.message)")
        }
        install(compiler.apply(document, changes))
        return changes
    }

    /// The journal's patches, after which the whole document is written anew.
    private static let patchesMax = 1000

    /// Puts a document that was checked and kept into force.
    func enforce(_ document: PolicyDocument) {
        makeBridge()
        install(compiler.apply(document))
        status = .inForce
    }

    /// Refuses ports that a controller has.
    ///
    /// **Errors**: there is one.
    func check(_ document: PolicyDocument) throws(CommandFailure) {
        for bridge in configured.bridges.values.sorted(by: { $0.name < $1.name }) {
            guard let controller = PolicyKeeper.controller(of: bridge), !owns(bridge) else {
                continue
            }
            for interface in bridge.interfaces {
                guard let id = interface.interfaceID, document.ports[id] != nil else { continue }
                throw CommandFailure(
                    "port \(id) is on bridge \(bridge.name), which belongs to controller "
                        + "\(controller): no port has two masters. Nothing has changed")
            }
        }
    }

    private func makeBridge() {
        guard bridge == nil else { return }
        var settings = BridgeSettings(name: "(policy)")
        settings.failMode = .secure
        guard let made = bridgeSet.addBridge(settings) else {
            host.log(.err, "bridge", "failed to make the policy's bridge: Too many bridges")
            return
        }
        bridge = made
        for table in PolicyTable.silent { made.setSilentMiss(table: table) }
        made.publishConfiguration()
        install(compiler.begin())
    }

    private func install(_ delta: PolicyDelta) {
        guard let bridge, !delta.removing.isEmpty || !delta.adding.isEmpty else { return }
        bridge.change(
            removing: delta.removing.lazy.map(OwnRule.init),
            adding: delta.adding.lazy.map(OwnRule.init))
    }

    // MARK: Bridges

    /// The controller that a bridge's rows name; nil where it switches by itself.
    static func controller(of bridge: DesiredBridge) -> String? {
        bridge.controllers.first { ControllerKind($0) == .primary }?.target
    }

    /// Whether the workloads of a bridge are under the policy.
    func owns(_ bridge: DesiredBridge) -> Bool {
        guard status != .off else { return false }
        return PolicyKeeper.controller(of: bridge) == nil
            || bridge.interfaces.contains {
                $0.interfaceID.map { compiler.document.ports[$0] != nil } ?? false
            }
    }

    /// The configuration without the controllers of bridges that the policy has.
    func admitted(_ state: DesiredState) -> DesiredState {
        configured = state
        var state = state
        var now: [String: String] = [:]
        for (name, bridge) in state.bridges {
            guard let controller = PolicyKeeper.controller(of: bridge), owns(bridge) else {
                continue
            }
            now[name] = "controller \(controller) is kept away: the policy names ports of "
                + "bridge \(name), and no port has two masters"
            state.bridges[name]?.controllers.removeAll { ControllerKind($0) == .primary }
        }
        for (name, reason) in now where refused[name] != reason {
            host.log(.err, "bridge", reason)
        }
        refused = now
        return state
    }

    // MARK: Ports

    /// Where the policy of an interface is, made if need be; nil for one without.
    func place(of interface: OpenInterface, in runtime: BridgeRuntime) -> PolicyPlace? {
        guard let id = interface.settings.interfaceID, !interface.isPatch,
            !interface.settings.isLocal,
            owns(configured.bridges[runtime.name] ?? runtime.desired)
        else {
            detach(interface.name)
            return nil
        }
        // Without a bridge to drop in, the place leads nowhere: that drops, too.
        let index = bridge?.index ?? .max - 1
        if let old = attachments[interface.name] {
            if old.id == id && old.bridge == runtime.ofproto.index && old.port == interface.number {
                return PolicyPlace(bridge: index, port: old.number)
            }
            detach(interface.name)
        }
        guard let bridge, let number = takeNumber() else {
            host.log(.err, "bridge", "no room for the policy of \(interface.name): it is closed")
            return PolicyPlace(bridge: index, port: 0)
        }
        if attachments.values.contains(where: { $0.id == id }) {
            host.log(
                .err, "bridge",
                "interface \(interface.name): another one has iface-id \(id): it is closed")
        } else {
            install(compiler.bind(id, number: number))
        }
        attachments[interface.name] = Attachment(
            id: id, bridge: runtime.ofproto.index, port: interface.number, number: number)
        bridge.addPort(
            OfprotoPort(
                name: interface.name, number: number,
                kind: .policed(bridge: runtime.ofproto.index, port: interface.number)))
        bridge.publishConfiguration()
        return PolicyPlace(bridge: index, port: number)
    }

    /// Makes all ports of a bridge agree with the policy; the caller publishes them.
    func attach(_ runtime: BridgeRuntime) {
        for interface in runtime.ordered {
            let place = place(of: interface, in: runtime)
            runtime.ofproto.modifyPort(interface.number) { $0.policy = place }
        }
    }

    /// The interface is gone, or no longer a workload's.
    func detach(_ name: String) {
        guard let old = attachments.removeValue(forKey: name), let bridge else { return }
        if compiler.bound[old.id] == old.number { install(compiler.unbind(old.id)) }
        bridge.removePort(old.number)
        bridge.publishConfiguration()
        control.flushConnections(zone: PolicyZone.zone(ofPort: old.number))
    }

    private func takeNumber() -> UInt32? {
        let used = Set(attachments.values.map(\.number))
        guard used.count < PolicyZone.count else { return nil }
        repeat {
            lastNumber = lastNumber >= UInt32(PolicyZone.count) ? 1 : lastNumber + 1
        } while used.contains(lastNumber)
        return lastNumber
    }
}

extension OwnRule {
    init(_ flow: PolicyFlow) {
        self.init(
            table: flow.table, priority: flow.priority, match: flow.match, actions: flow.actions,
            cookie: flow.cookie)
    }
}
