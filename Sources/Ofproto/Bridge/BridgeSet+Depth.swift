// Which bridges' packets may have records with narrow keys: those from which, over patch ports,
// nothing can be reached that looks deeper. Keys become wide before that which looks deeper can be
// reached, and narrow when a grace period has passed since it was reachable last; then every record
// is judged again. A rule counts from when it is linked until it is unlinked.

import Flow
import OpenFlow
import Pipeline

extension OfprotoBridge {
    /// Counts a rule that is linked or unlinked.
    func countDepth(of rule: OFRule, by step: Int) {
        guard !rule.compiled.isShallow || !KeyDepth.isShallow(rule.match) else { return }
        deepRules += step
        if step > 0 && deepRules == step {
            owner.widenKeys()
        } else if deepRules == 0 {
            owner.beginDepthChange()
            owner.endDepthChange()
        }
    }

    /// Whether anything but patches leads deeper into packets from here.
    fileprivate var isDeep: Bool {
        deepRules > 0 || fragments != .normal || bundles.contains { $0.bondMode > 2 }
            || ports.values.contains { $0.policy != nil }
    }
}

extension BridgeSet {
    /// Begins a change of what can be reached; with the patches that `bridge` is about to publish.
    func beginDepthChange(publishing bridge: OfprotoBridge? = nil) {
        depthChanges += 1
        widenKeys(publishing: bridge)
    }

    /// The change is in force for who comes from now on.
    func endDepthChange() {
        control.retire { [weak self] in
            guard let self else { return }
            depthChanges -= 1
            if depthChanges == 0 { narrowKeys() }
        }
    }

    /// Makes keys wide where something deep can be reached.
    func widenKeys(publishing bridge: OfprotoBridge? = nil) {
        for index in deepBridges(publishing: bridge) {
            bridges[index]?.state.setNarrowKeys(false)
        }
    }

    private func narrowKeys() {
        let deep = deepBridges(publishing: nil)
        var isChanged = false
        for bridge in bridges.values
        where !deep.contains(bridge.index) && !bridge.state.hasNarrowKeys {
            bridge.state.setNarrowKeys(true)
            isChanged = true
        }
        if isChanged { control.pipeline.invalidateRecords() }
    }

    /// The deep bridges and all that are connected with them.
    private func deepBridges(publishing bridge: OfprotoBridge?) -> Set<UInt16> {
        var deep = Set(bridges.values.filter(\.isDeep).map(\.index))
        guard !deep.isEmpty else { return [] }
        var neighbours: [UInt16: Set<UInt16>] = [:]
        func connect(_ one: UInt16, _ ends: some Sequence<PatchEnd>) {
            for end in ends {
                neighbours[one, default: []].insert(end.bridge)
                neighbours[end.bridge, default: []].insert(one)
            }
        }
        for other in bridges.values { connect(other.index, other.publishedPeers.values) }
        if let bridge { connect(bridge.index, bridge.peers.values) }
        var waiting = Array(deep)
        while let next = waiting.popLast() {
            for other in neighbours[next] ?? [] where deep.insert(other).inserted {
                waiting.append(other)
            }
        }
        return deep
    }
}
