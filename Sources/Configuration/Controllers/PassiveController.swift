// A target on which controllers reach the switch. The control loop owns it.

import Ofproto

/// One passive target with its connections.
final class PassiveController {
    let policy: ControllerPolicy
    private let bridge: OfprotoBridge
    private let snoopers: SnooperSet
    private var listener: (any HostListener)?
    private var connections: [ObjectIdentifier: SessionConnection] = [:]

    init(
        _ host: any ControlHost, _ bridge: OfprotoBridge, _ policy: ControllerPolicy,
        _ snoopers: SnooperSet
    ) throws(HostError) {
        self.policy = policy
        self.bridge = bridge
        self.snoopers = snoopers
        listener = try host.listen(
            policy.target, DialSettings(defaultPort: 6653, dscp: policy.dscp)
        ) { [weak self] in self?.accept($0) }
    }

    func stop() {
        listener?.close()
        listener = nil
        dropAll()
    }

    func dropAll() {
        for connection in Array(connections.values) { connection.close() }
        connections = [:]
    }

    private func accept(_ stream: any ByteStream) {
        let session = bridge.openSession(
            name: stream.name, isPrimary: policy.kind == .primary, settings: policy.session)
        let connection = SessionConnection(session, over: stream)
        let identifier = ObjectIdentifier(connection)
        connections[identifier] = connection
        if policy.kind == .primary { snoopers.follow(connection) }
        connection.onEnd = { [weak self] in self?.connections[identifier] = nil }
    }
}
