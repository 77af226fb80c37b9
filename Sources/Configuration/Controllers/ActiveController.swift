// A controller that the switch dials, again and again. The control loop owns it.

import Ofproto
import OpenFlow

/// One dialled controller.
final class ActiveController {
    private var policy: ControllerPolicy
    private let bridge: OfprotoBridge
    private let stream: any DialedStream
    private let snoopers: SnooperSet
    private var connection: SessionConnection?

    init(
        _ host: any ControlHost, _ bridge: OfprotoBridge, _ policy: ControllerPolicy,
        _ snoopers: SnooperSet
    ) throws(HostError) {
        self.policy = policy
        self.bridge = bridge
        self.snoopers = snoopers
        stream = try host.dial(
            policy.target, DialSettings(defaultPort: 6653, dscp: policy.dscp))
        apply()
        stream.start(
            onConnected: { [weak self] in self?.connected($0) },
            onDisconnected: { [weak self] in self?.disconnected() },
            onProbe: { [weak self] in self?.connection?.session.probe() })
    }

    /// Whether `other` can be had without a new connection.
    func agrees(with other: ControllerPolicy?) -> Bool {
        guard let other else { return false }
        return policy.target == other.target && policy.kind == other.kind
            && policy.dscp == other.dscp
    }

    func update(_ policy: ControllerPolicy) {
        self.policy = policy
        connection?.session.update(policy.session)
        apply()
    }

    func reconnect() { stream.reconnect() }

    func stop() {
        connection?.close()
        connection = nil
        stream.stop()
    }

    var status: ControllerSet.Status {
        let role: String? =
            switch connection?.session.role {
            case .equal: "other"
            case .primary: "master"
            case .secondary: "slave"
            case .noChange, nil: nil
            }
        let isConnected = connection?.session.isNegotiated ?? false
        return ControllerSet.Status(
            isConnected: isConnected, role: isConnected ? role : nil, pairs: stream.statusPairs)
    }

    private func apply() {
        stream.backoffMillisecondsMax = policy.backoffMillisecondsMax
        stream.probeMilliseconds = policy.probeSeconds == 0 ? nil : policy.probeSeconds * 1000
    }

    private func connected(_ stream: any ByteStream) {
        let session = bridge.openSession(
            name: policy.target, isPrimary: policy.kind == .primary, settings: policy.session)
        let connection = SessionConnection(session, over: stream)
        self.connection = connection
        snoopers.follow(connection)
        connection.onEnd = { [weak self, weak connection] in
            guard let self, self.connection === connection else { return }
            self.connection = nil
        }
    }

    private func disconnected() {
        connection?.close()
        connection = nil
    }
}
