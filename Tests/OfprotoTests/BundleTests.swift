// Bundles through a session: all under one version, or nothing.

import Flow
import OpenFlow
import Pipeline
import Testing

@testable import Ofproto

@Suite struct BundleTests {
    private func control(
        _ kind: BundleControl.Kind, _ flags: BundleFlags = [.atomic, .ordered]
    ) -> Message {
        .bundleControl(BundleControl(bundleID: 1, kind: kind, flags: flags))
    }

    private func add(_ message: Message, xid: UInt32, to probe: SessionProbe) {
        let frame = OpenFlowCodec.encode(message, xid: xid, context: probe.context)
        probe.receive(
            .bundleAdd(BundleAdd(bundleID: 1, flags: [.atomic, .ordered], frame: frame)), xid: xid)
    }

    @Test("A bundle of flows, groups and packets takes effect under one version")
    func commit() {
        let fixture = BridgeFixture()
        let probe = fixture.session(.v1_4)
        let before = fixture.datapath.pipeline.currentVersion
        probe.receive(control(.openRequest), xid: 10)
        var group = GroupMod(.add, type: .all, groupID: 5)
        group.buckets = [Bucket(id: 0, actions: [.output(port: 1, maxLength: 0)])]
        add(.groupMod(group), xid: 11, to: probe)
        var flow = flowMod(.add)
        flow.actions = [.group(5)]
        add(.flowMod(flow), xid: 12, to: probe)
        add(.flowMod(flowMod(.add, table: 1)), xid: 13, to: probe)
        var packet = PacketOut()
        packet.metadata.set(.inPort, to: UInt64(ReservedPort.controller))
        packet.packet = [UInt8](repeating: 1, count: 60)
        packet.actions = [.output(port: 2, maxLength: 0)]
        add(.packetOut(packet), xid: 14, to: probe)
        #expect(fixture.rules.isEmpty && fixture.datapath.injected.isEmpty)
        probe.clear()
        probe.receive(control(.commitRequest), xid: 15)
        #expect(probe.error == nil && probe.frames.map(\.xid) == [15])
        #expect(fixture.rules == ["0/10/*>?", "1/10/*>1"])
        #expect(fixture.datapath.pipeline.currentVersion == before + 1)
        #expect(fixture.datapath.injected.count == 1)
        #expect(fixture.bridge.state.pointee.groups?.pointee.find(5) != nil)
    }

    @Test("A failing message undoes those before it, and the error is about that message")
    func rollBack() throws {
        let fixture = BridgeFixture()
        var timed = flowMod(.add, match: ipMatch(1), cookie: 42)
        timed.idleTimeout = 9
        try fixture.apply(timed)
        try fixture.apply(flowMod(.add, match: ipMatch(2)))
        let kept = fixture.bridge.allRules(includingHidden: false)
        let version = fixture.datapath.pipeline.currentVersion
        let probe = fixture.session(.v1_4)
        probe.receive(control(.openRequest), xid: 1)
        add(.flowMod(flowMod(.delete, table: 255, output: nil)), xid: 2, to: probe)
        add(.flowMod(flowMod(.add, match: ipMatch(1), output: 9)), xid: 3, to: probe)
        var group = GroupMod(.add, type: .all, groupID: 5)
        group.buckets = []
        add(.groupMod(group), xid: 4, to: probe)
        var bad = flowMod(.add, match: ipMatch(3))
        bad.actions = [.group(77)]
        add(.flowMod(bad), xid: 5, to: probe)
        probe.clear()
        probe.receive(control(.commitRequest), xid: 6)
        #expect(probe.frames.map(\.type) == [1, 1] && probe.frames.map(\.xid) == [5, 6])
        let error = try #require(probe.error)
        #expect(error.type == 2 && error.code == 9)  // OFPBAC_BAD_OUT_GROUP
        #expect(error.data.prefix(2) == [5, 34])  // The bundle-add message.
        let now = fixture.bridge.allRules(includingHidden: false)
        #expect(now.count == 2 && zip(now, kept).allSatisfy { $0 === $1 })
        #expect(fixture.bridge.groups.isEmpty && fixture.bridge.change == nil)
        #expect(fixture.datapath.pipeline.currentVersion == version)
        #expect(fixture.bridge.expirable.count == 1)
        var byCookie = flowMod(.delete, table: 255, output: nil)
        byCookie.cookie = 42
        byCookie.cookieMask = .max
        try fixture.apply(byCookie)
        #expect(fixture.rules == ["0/10/2/32>1"])
    }

    @Test("Flags must be the same throughout, and closed bundles take nothing more")
    func states() {
        let fixture = BridgeFixture()
        let probe = fixture.session(.v1_4)
        probe.receive(control(.openRequest), xid: 1)
        probe.receive(control(.closeRequest), xid: 2)
        probe.clear()
        add(.flowMod(flowMod(.add)), xid: 3, to: probe)
        #expect(probe.error?.type == 17 && probe.error?.code == 4)  // OFPBFC_BUNDLE_CLOSED
        probe.clear()
        probe.receive(control(.commitRequest), xid: 4)
        #expect(probe.error?.code == 2)  // OFPBFC_BAD_ID
        probe.receive(control(.openRequest), xid: 5)
        probe.clear()
        probe.receive(control(.commitRequest, [.ordered]), xid: 6)
        #expect(probe.error?.code == 7)  // OFPBFC_BAD_FLAGS
    }

    @Test("An idle bundle is given up")
    func expiry() {
        let fixture = BridgeFixture()
        let probe = fixture.session(.v1_4)
        probe.receive(control(.openRequest), xid: 1)
        probe.clear()
        fixture.datapath.nowMilliseconds += 11_000
        fixture.bridges.tick()
        #expect(probe.error?.type == 17 && probe.error?.code == 14)  // OFPBFC_TIMEOUT
        #expect(probe.session.bundles.isEmpty)
    }
}
