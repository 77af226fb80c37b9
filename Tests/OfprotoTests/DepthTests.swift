// When a bridge's records may have narrow keys: from the grace period after the last deep rule went
// until the first one is linked, over all bridges that patches connect.

import Flow
import OpenFlow
import Pipeline
import Testing

@testable import Ofproto

@Suite struct DepthTests {
    let fixture = BridgeFixture()

    init() {
        fixture.bridge.publishConfiguration()
        fixture.datapath.reclaim()
    }

    private var isNarrow: Bool { fixture.bridge.state.hasNarrowKeys }
    private var epoch: UInt32 { fixture.datapath.pipeline.pointee.configurationEpoch }
    private static let deep = ipMatch(0x0a00_0001)

    @Test func aBridgeIsNarrowUntilItHasADeepRule() throws {
        #expect(isNarrow)
        try fixture.apply(flowMod(.add))
        try fixture.apply(flowMod(.add, priority: 11, match: ipMatch(0, bits: 0)))
        #expect(isNarrow)
        try fixture.apply(flowMod(.add, table: 7, match: Self.deep))
        #expect(!isNarrow)
    }

    /// Before the version that shows the rule.
    @Test func keysAreWideBeforeARuleIsInForce() throws {
        try fixture.bridge.apply(flowMod(.add, match: Self.deep), requester: nil)
        #expect(!isNarrow)
        fixture.bridge.commitChange()
    }

    @Test func keysAreNarrowAfterAGracePeriodAndRecordsAreJudgedAgain() throws {
        try fixture.apply(flowMod(.add, match: Self.deep))
        try fixture.apply(flowMod(.add, priority: 20, match: Self.deep))
        try fixture.apply(flowMod(.deleteStrict, match: Self.deep, output: nil))
        fixture.datapath.reclaim()
        #expect(!isNarrow)
        try fixture.apply(flowMod(.deleteStrict, priority: 20, match: Self.deep, output: nil))
        #expect(!isNarrow)
        let before = epoch
        fixture.datapath.reclaim()
        #expect(isNarrow && epoch != before)
    }

    @Test func aRuleThatIsTakenBackCountsNoMore() throws {
        let change = fixture.bridge.openChange()
        try fixture.bridge.apply(flowMod(.add, match: Self.deep), requester: nil)
        fixture.bridge.rollBack(to: 0)
        #expect(change.steps.isEmpty && !isNarrow)
        fixture.datapath.reclaim()
        #expect(isNarrow)
    }

    @Test func anActionMakesARuleDeepAndItsReplacementShallow() throws {
        var mod = flowMod(.add)
        mod.actions = [.decrementTTL(controllers: []), .output(port: 1, maxLength: 0)]
        try fixture.apply(mod)
        fixture.datapath.reclaim()
        #expect(!isNarrow)
        try fixture.apply(flowMod(.add))
        #expect(!isNarrow)
        fixture.datapath.reclaim()
        #expect(isNarrow)
        // The same actions again: the compiled rule stays.
        try fixture.apply(flowMod(.add, cookie: 5))
        fixture.datapath.reclaim()
        #expect(isNarrow && fixture.bridge.deepRules == 0)
    }

    @Test func fragmentsAndBalancedTCPAreDeep() {
        let bridge = fixture.bridge
        for handling in [SwitchConfig.Fragments.drop, .match, .normal] {
            bridge.fragments = handling
            bridge.publishConfiguration()
            fixture.datapath.reclaim()
            #expect(isNarrow == (handling == .normal))
        }
        for mode in 0...4 as ClosedRange<UInt8> {
            var bundle = BundleSettings(name: "bond", members: [])
            bundle.bondMode = mode
            bridge.setBundles([bundle])
            bridge.publishConfiguration()
            #expect(isNarrow == (mode <= 2))
            fixture.datapath.reclaim()
            #expect(isNarrow == (mode <= 2))
        }
    }

    @Test func patchesConnect() throws {
        var settings = BridgeSettings(name: "br1")
        settings.failMode = .secure
        let other = try #require(fixture.bridges.addBridge(settings))
        other.publishConfiguration()
        func change(_ mod: FlowMod) throws {
            try other.apply(mod, requester: nil)
            other.commitChange()
        }
        try change(flowMod(.add, match: Self.deep))
        fixture.datapath.reclaim()
        #expect(isNarrow && !other.state.hasNarrowKeys)
        fixture.bridge.addPort(OfprotoPort(name: "p0", number: 1, kind: .patch(peer: "p1")))
        other.addPort(OfprotoPort(name: "p1", number: 1, kind: .patch(peer: "p0")))
        fixture.bridge.publishConfiguration()
        #expect(!isNarrow)
        other.publishConfiguration()
        fixture.datapath.reclaim()
        #expect(!isNarrow)
        // A deep rule that comes and goes at the other end.
        try change(flowMod(.delete, output: nil))
        fixture.datapath.reclaim()
        #expect(isNarrow && other.state.hasNarrowKeys)
        try change(flowMod(.add, match: Self.deep))
        #expect(!isNarrow && !other.state.hasNarrowKeys)
        // The patch goes: wide until nobody can still use it.
        other.removePort(1)
        other.publishConfiguration()
        #expect(!isNarrow)
        fixture.datapath.reclaim()
        #expect(isNarrow && !other.state.hasNarrowKeys)
    }
}
