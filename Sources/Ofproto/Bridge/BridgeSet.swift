// All bridges of the datapath: makes and removes them, hands them the engine's events and lets
// their clocks run. Configuration owns one; everything happens on the control loop.

import CIntrinsics
import Dpif
import Flow
import OpenFlow
import Pipeline

/// The other end of a patch.
struct PatchEnd: Hashable {
    let bridge: UInt16
    let port: UInt32
}

/// The bridges of one datapath.
///
/// **Owner**: the control loop.
public final class BridgeSet {
    public let control: any DatapathControl
    /// By index in the pipeline.
    public private(set) var bridges: [UInt16: OfprotoBridge] = [:]
    let meterNumbers: MeterNumbers
    /// The bridge whose change is in progress, if any.
    weak var bridgeInChange: OfprotoBridge?
    /// Changes that may make keys narrow and have not seen their grace period out.
    var depthChanges = 0
    /// A controller has set a port's device up or down.
    public var onPortUp: ((_ datapathPort: UInt32) -> Void)?
    /// A bridge's table of tunnel options has changed; the engine parses headers by it.
    public var onTunnelOptions: ((OfprotoBridge) -> Void)?
    /// Notes for the log: a module of OVS's name and the text.
    public var log: ((_ module: String, _ text: String) -> Void)?

    public init(control: any DatapathControl) {
        self.control = control
        meterNumbers = MeterNumbers(capacity: control.pipeline.pointee.meterCapacity)
    }

    /// The bridge of that name.
    public func bridge(named name: String) -> OfprotoBridge? {
        bridges.values.first { $0.name == name }
    }

    /// Makes a bridge; nil if there are too many.
    public func addBridge(_ settings: BridgeSettings) -> OfprotoBridge? {
        guard
            let index = (0..<UInt16(PipelineState.bridgesMax)).first(where: {
                bridges[$0] == nil && control.pipeline.pointee.bridges[Int($0)] == nil
            })
        else { return nil }
        let bridge = OfprotoBridge(index: index, settings: settings, owner: self)
        bridges[index] = bridge
        publish(bridge.state, at: index)
        bridge.flushRules()
        return bridge
    }

    /// Removes a bridge with all it holds; its sessions are closed.
    public func removeBridge(_ bridge: OfprotoBridge) {
        guard bridges[bridge.index] === bridge else { return }
        bridge.shutDown()
        bridges[bridge.index] = nil
        publishPeers(of: bridge)
        publish(nil, at: bridge.index)
        // No poll thread is within the bridge after this, nor a path that credits what is in it.
        control.flushRecords()
        control.retireFromContinuations { bridge.freeState() }
    }

    /// Publishes the bridges whose patch ports have found or lost their other end.
    func publishPeers(of bridge: OfprotoBridge) {
        for other in bridges.values
        where other !== bridge && other.configuration != nil && other.peers != other.publishedPeers
        {
            other.publishConfiguration()
        }
    }

    private func publish(_ state: UnsafeMutablePointer<BridgeState>?, at index: UInt16) {
        let place = UnsafeMutableRawPointer(control.pipeline.pointee.bridges + Int(index))
        vd_store_release64(place, UInt64(UInt(bitPattern: state)))
    }

    /// Takes one event of the engine.
    public func handle(_ event: DatapathEvent) {
        switch event {
        case .packetIn(let event): bridges[event.bridge]?.handle(event)
        case .learn(let event): bridges[event.bridge]?.handle(event)
        case .finTimeout(let id, let idle, let hard):
            bridges[OfprotoBridge.index(ofRule: id)]?.reduceTimeouts(
                rule: id, idleSeconds: idle, hardSeconds: hard)
        case .portState: break  // Configuration tells the bridge what has become of the port.
        }
    }

    /// Expires rules, runs sessions' clocks and frees what nothing needs any more. To be called
    /// about once a second, and more often while packets wait to be sent to controllers.
    public func tick() {
        let now = control.nowMilliseconds
        if bridges.values.contains(where: { $0.needsCounters(now) }) { control.flushCounters() }
        for bridge in bridges.values { bridge.tick(now) }
    }

    /// The patch port named `name` that has `peer` as its peer.
    func patch(named name: String, peer: String) -> PatchEnd? {
        for bridge in bridges.values {
            for port in bridge.ports.values where port.name == name {
                if case .patch(let back) = port.kind, back == peer {
                    return PatchEnd(bridge: bridge.index, port: port.number)
                }
            }
        }
        return nil
    }
}
