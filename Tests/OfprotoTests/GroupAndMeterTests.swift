// Groups and meters: their life, what depends on them, and what the engine sees.

import Flow
import OpenFlow
import Pipeline
import Testing

@testable import Ofproto

@Suite struct GroupAndMeterTests {
    private func bucket(_ id: UInt32, port: UInt32 = 1) -> Bucket {
        Bucket(id: id, actions: [.output(port: port, maxLength: 0)])
    }

    private func apply(_ mod: GroupMod, to fixture: BridgeFixture) throws {
        defer { fixture.bridge.commitChange() }
        try fixture.bridge.apply(mod, requester: nil)
    }

    private func group(
        _ command: GroupModCommand, _ buckets: [Bucket], at place: UInt32 = BucketID.all
    ) -> GroupMod {
        var mod = GroupMod(command, type: .select, groupID: 5)
        mod.buckets = buckets
        mod.commandBucketID = place
        return mod
    }

    @Test("Buckets go in before, after and at the end, and come out")
    func buckets() throws {
        let fixture = BridgeFixture()
        try apply(group(.add, [bucket(1), bucket(2)]), to: fixture)
        try apply(group(.insertBucket, [bucket(3)], at: BucketID.first), to: fixture)
        try apply(group(.insertBucket, [bucket(4)], at: BucketID.last), to: fixture)
        try apply(group(.insertBucket, [bucket(5)], at: 1), to: fixture)
        func ids() -> [UInt32] { fixture.bridge.groups[5]?.description.buckets.map(\.id) ?? [] }
        #expect(ids() == [3, 1, 5, 2, 4])
        #expect(throws: OpenFlowError(.ofpgmfcBucketExists)) {
            try apply(group(.insertBucket, [bucket(5)], at: BucketID.last), to: fixture)
        }
        #expect(throws: OpenFlowError(.ofpgmfcUnknownBucket)) {
            try apply(group(.removeBucket, [], at: 77), to: fixture)
        }
        try apply(group(.removeBucket, [], at: 5), to: fixture)
        try apply(group(.removeBucket, [], at: BucketID.first), to: fixture)
        #expect(ids() == [1, 2, 4])
        let list = try #require(fixture.bridge.state.pointee.groups)
        let compiled = try #require(list.pointee.find(5))
        let published = (0..<compiled.pointee.bucketCount).map {
            compiled.pointee.buckets[$0].bucketID
        }
        #expect(published == [1, 2, 4])
    }

    @Test("Deleting a group deletes the rules that use it, with that reason")
    func deletion() throws {
        let fixture = BridgeFixture()
        try apply(group(.add, [bucket(1)]), to: fixture)
        var mod = flowMod(.add)
        mod.actions = [.writeActions([.group(5)])]
        try fixture.apply(mod)
        try fixture.apply(flowMod(.add, table: 1))
        #expect(fixture.bridge.ruleCount(ofGroup: 5) == 1)
        let rule = try #require(fixture.bridge.tables[0].rules.values.first)
        try apply(group(.delete, []), to: fixture)
        #expect(fixture.rules == ["1/10/*>1"] && rule.removedReason == .groupDelete)
        #expect(fixture.bridge.state.pointee.groups == nil)
    }

    @Test("Groups that exist or do not are told apart")
    func existence() throws {
        let fixture = BridgeFixture()
        #expect(throws: OpenFlowError(.ofpgmfcUnknownGroup)) {
            try apply(group(.modify, []), to: fixture)
        }
        try apply(group(.addOrModify, [bucket(1)]), to: fixture)
        #expect(throws: OpenFlowError(.ofpgmfcGroupExists)) {
            try apply(group(.add, []), to: fixture)
        }
        try apply(group(.addOrModify, [bucket(2)]), to: fixture)
        #expect(fixture.bridge.groups[5]?.description.buckets.map(\.id) == [2])
    }

    @Test("A meter is one of the datapath's, and takes its rules with it")
    func meters() throws {
        let fixture = BridgeFixture()
        var config = MeterConfig(meterID: 100, flags: [.kilobitsPerSecond, .burst])
        config.bands = [OpenFlow.MeterBand(.drop, rate: 1000, burstSize: 100)]
        try fixture.bridge.apply(MeterMod(.add, meter: config))
        #expect(throws: OpenFlowError(.ofpmmfcMeterExists)) {
            try fixture.bridge.apply(MeterMod(.add, meter: config))
        }
        let number = fixture.bridge.datapathMeter(100)
        let meters = fixture.datapath.pipeline.pointee.meters
        let meter = try #require(meters[Int(number) - 1])
        #expect(meter.pointee.bands[0].rate == 1_000_000)
        #expect(meter.pointee.bands[0].burst == 100_000)
        var mod = flowMod(.add)
        mod.actions = [.meter(100), .output(port: 1, maxLength: 0)]
        try fixture.apply(mod)
        let rule = try #require(fixture.bridge.tables[0].rules.values.first)
        #expect(rule.compiled.rule.pointee.instructions[0].c == number)
        try fixture.bridge.apply(MeterMod(.delete, meter: MeterConfig(meterID: MeterID.all)))
        #expect(fixture.rules.isEmpty && rule.removedReason == .meterDelete)
        #expect(meters[Int(number) - 1] == nil)
        fixture.datapath.reclaim()
        try fixture.bridge.apply(MeterMod(.add, meter: config))
        #expect(fixture.bridge.datapathMeter(100) == number)
    }

    @Test("Ports, bundles and mirrors reach the block that poll threads read")
    func configuration() throws {
        let fixture = BridgeFixture()
        for number in 1...3 as ClosedRange<UInt32> {
            fixture.bridge.addPort(
                OfprotoPort(
                    name: "p\(number)", number: number, kind: .device, datapathPort: number + 10))
        }
        var access = BundleSettings(name: "p1", members: [1])
        access.mode = .access
        access.tag = 7
        var trunk = BundleSettings(name: "bond", members: [2, 3])
        trunk.trunks = [7, 8]
        trunk.activeMember = 3
        fixture.bridge.setBundles([access, trunk])
        var mirror = MirrorSettings(name: "m")
        mirror.sources = ["p1"]
        mirror.outputBundle = "bond"
        fixture.bridge.setMirrors([mirror])
        fixture.bridge.publishConfiguration()
        let block = try #require(fixture.bridge.state.pointee.configuration)
        let index = try #require(block.index(ofPort: 3))
        #expect(block.pointee.ports[Int(index)].bundle == 1)
        #expect(block.pointee.bundles[0].vlan == 7 && block.pointee.bundles[0].mirrorSource == 1)
        #expect(block.pointee.bundles[1].activePort == index)
        #expect(block.pointee.bundles[1].isMirrorOutput)
        #expect(Bundle.contains(block.pointee.bundles[1].trunks, 8))
        #expect(!Bundle.contains(block.pointee.bundles[1].trunks, 9))
        #expect(fixture.datapath.pipeline.pointee.ingress[13].openflowPort == 3)
        fixture.bridge.removePort(3)
        fixture.bridge.publishConfiguration()
        #expect(fixture.datapath.pipeline.pointee.ingress[13].bridge == .max)
    }

    @Test("Patch ports of two bridges find each other")
    func patches() throws {
        let fixture = BridgeFixture()
        let other = try #require(fixture.bridges.addBridge(BridgeSettings(name: "br1")))
        fixture.bridge.addPort(OfprotoPort(name: "a", number: 1, kind: .patch(peer: "b")))
        fixture.bridge.publishConfiguration()
        other.addPort(OfprotoPort(name: "b", number: 9, kind: .patch(peer: "a")))
        other.publishConfiguration()
        let port = try #require(fixture.bridge.state.pointee.configuration?.pointee.ports[0])
        #expect(port.kind == .patch && port.peerBridge == other.index && port.peerPort == 9)
        fixture.bridges.removeBridge(other)
        let alone = try #require(fixture.bridge.state.pointee.configuration?.pointee.ports[0])
        #expect(alone.peerBridge == .max)
        fixture.datapath.reclaim()
    }
}
