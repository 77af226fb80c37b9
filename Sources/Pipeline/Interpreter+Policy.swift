// Ports under a policy. Between such a port and its bridge lies the policy's bridge, whose tables
// no controller sees: a packet from the port runs them first, and one that the bridge sends to the
// port, however it came to that, runs them last. Either way it goes on only by an output to the
// port that it counts as received on there. Metadata says which way it goes.

import Flow

/// `metadata` in the policy's bridge.
@frozen public enum PolicyDirection {
    /// From the workload into the bridge.
    @inlinable public static var fromPort: UInt64 { 1 }
    /// From the bridge to the workload.
    @inlinable public static var toPort: UInt64 { 2 }
}

extension Interpreter {
    /// The input port, where it is under a policy.
    func policedPort(_ inPort: UInt32) -> UnsafeMutablePointer<BridgePort>? {
        let configuration = state.pointee.configuration
        guard let index = configuration.index(ofPort: inPort) else { return nil }
        let port = configuration.pointee.ports + Int(index)
        return port.pointee.policyBridge != .max ? port : nil
    }

    /// Runs the policy of `port` on the packet. If its bridge is gone the packet is dropped.
    func enterPolicy(
        of port: UnsafeMutablePointer<BridgePort>, _ direction: UInt64, isLast: Bool
    ) {
        cross(
            to: port.pointee.policyBridge, inPort: port.pointee.policyPort, metadata: direction,
            isLast: isLast
        ) {
            runWholePipeline()
        }
    }

    /// The policy has let the packet pass: into the bridge, or out of the port.
    func leavePolicy(_ port: UnsafeMutablePointer<BridgePort>, isLast: Bool) {
        let bridge = port.pointee.peerBridge
        let number = port.pointee.peerPort
        guard state.pointee.key.load64(FlowLayout.metadata) != PolicyDirection.fromPort else {
            return cross(to: bridge, inPort: number, isLast: isLast) {
                mirrorIngress(number)
                runWholePipeline()
            }
        }
        let saved = (state.pointee.bridge, state.pointee.configuration)
        if enter(bridge: bridge), let index = state.pointee.configuration.index(ofPort: number) {
            send(to: state.pointee.configuration.pointee.ports + Int(index), isLast: isLast)
        } else {
            drop(.noOutputPort)
        }
        state.pointee.bridge = saved.0
        state.pointee.configuration = saved.1
    }
}
