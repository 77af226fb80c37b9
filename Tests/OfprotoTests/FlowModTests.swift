// Flow-mods one by one: what each command does to the rules, and what it refuses.

import Flow
import OpenFlow
import Pipeline
import Testing

@testable import Ofproto

@Suite struct FlowModTests {
    @Test("A flow that is added is what packets meet once it is committed")
    func add() throws {
        let fixture = BridgeFixture()
        try fixture.bridge.apply(
            flowMod(.add, match: ipMatch(0x0a00_0001), output: 7), requester: nil)
        func lookup() -> OFRule? {
            fixture.datapath.lookup(fixture.bridge) { key in
                key.store16(0x0800, at: FlowLayout.ethType)
                key.store32(0x0a00_0001, at: FlowLayout.ipv4Destination)
            }
        }
        #expect(lookup() == nil)
        fixture.bridge.commitChange()
        #expect(lookup()?.actions == [.output(port: 7, maxLength: 0)])
    }

    @Test("Adding over a flow replaces actions, cookie and times, and keeps or resets counts")
    func addOver() throws {
        let fixture = BridgeFixture()
        try fixture.apply(flowMod(.add, cookie: 1))
        let old = try #require(fixture.bridge.allRules(includingHidden: false).first)
        old.compiled.rule.credit(packets: 5, bytes: 500, now: fixture.datapath.nowMilliseconds)
        fixture.datapath.nowMilliseconds += 10_000
        try fixture.apply(flowMod(.add, output: 2, cookie: 2))
        let new = try #require(fixture.bridge.allRules(includingHidden: false).first)
        #expect(new.packetCount == 5 && new.byteCount == 500)
        #expect(new.cookie == 2 && new.created == fixture.datapath.nowMilliseconds)
        // A packet in flight under the old rule still counts.
        old.compiled.rule.credit(packets: 1, bytes: 100, now: 0)
        #expect(new.packetCount == 6)
        var mod = flowMod(.add, output: 3)
        mod.flags = .resetCounts
        try fixture.apply(mod)
        #expect(fixture.bridge.allRules(includingHidden: false).first?.packetCount == 0)
    }

    @Test("The same flow again keeps its compiled form, and resetting counts then works too")
    func addSame() throws {
        let fixture = BridgeFixture()
        try fixture.apply(flowMod(.add))
        let old = try #require(fixture.bridge.allRules(includingHidden: false).first)
        old.compiled.rule.credit(packets: 5, bytes: 500, now: 1)
        let version = fixture.datapath.pipeline.currentVersion
        try fixture.apply(flowMod(.add, cookie: 9))
        let new = try #require(fixture.bridge.allRules(includingHidden: false).first)
        #expect(new.compiled === old.compiled && new.cookie == 9 && new.packetCount == 5)
        #expect(fixture.datapath.pipeline.currentVersion == version)
        var mod = flowMod(.add)
        mod.flags = .resetCounts
        try fixture.apply(mod)
        #expect(fixture.bridge.allRules(includingHidden: false).first?.packetCount == 0)
    }

    @Test("Modify changes the actions of all flows it covers and keeps the rest")
    func modify() throws {
        let fixture = BridgeFixture()
        var first = flowMod(.add, match: ipMatch(0x0a00_0001), cookie: 5)
        first.idleTimeout = 60
        try fixture.apply(first)
        try fixture.apply(flowMod(.add, priority: 20, match: ipMatch(0x0a00_0002)))
        try fixture.apply(flowMod(.add, match: ipMatch(0x0b00_0001)))
        var mod = flowMod(.modify, match: ipMatch(0x0a00_0000, bits: 8), output: 9, cookie: 77)
        mod.idleTimeout = 1
        try fixture.apply(mod)
        #expect(
            fixture.rules == [
                "0/20/a000002/32>9", "0/10/a000001/32>9", "0/10/b000001/32>1",
            ])
        let rule = try #require(
            fixture.bridge.allRules(includingHidden: false).first { $0.cookie == 5 })
        #expect(rule.idleTimeout == 60)
        mod.modifyCookie = true
        try fixture.apply(mod)
        #expect(
            fixture.bridge.allRules(includingHidden: false).filter { $0.cookie == 77 }.count == 2)
    }

    @Test("Modify adds a flow where none is there, unless it has no new cookie or masks cookies")
    func modifyAdds() throws {
        let fixture = BridgeFixture()
        try fixture.apply(flowMod(.modifyStrict, match: ipMatch(1)))
        #expect(fixture.rules == ["0/10/1/32>1"])
        try fixture.apply(flowMod(.modify, match: ipMatch(2), cookie: .max))
        var masked = flowMod(.modify, match: ipMatch(3))
        masked.cookieMask = .max
        try fixture.apply(masked)
        #expect(fixture.rules == ["0/10/1/32>1"])
    }

    @Test("Delete takes what it covers, narrowed by cookie, port, group and table")
    func delete() throws {
        let fixture = BridgeFixture()
        for host in 1...4 as ClosedRange<UInt32> {
            try fixture.apply(
                flowMod(
                    .add, table: UInt8(host % 2), match: ipMatch(host), output: host,
                    cookie: UInt64(host)))
        }
        var byPort = flowMod(.delete, table: 255, output: nil)
        byPort.outPort = 3
        try fixture.apply(byPort)
        #expect(fixture.rules.count == 3)
        var byCookie = flowMod(.delete, table: 255, output: nil)
        byCookie.cookie = 4
        byCookie.cookieMask = .max
        try fixture.apply(byCookie)
        #expect(fixture.rules == ["0/10/2/32>2", "1/10/1/32>1"])
        try fixture.apply(flowMod(.deleteStrict, match: ipMatch(2)))
        try fixture.apply(flowMod(.deleteStrict, priority: 11, match: ipMatch(1)))
        #expect(fixture.rules == ["1/10/1/32>1"])
        try fixture.apply(flowMod(.delete, table: 0, output: nil))
        #expect(fixture.rules.count == 1)
        try fixture.apply(flowMod(.delete, table: 255, output: nil))
        #expect(fixture.rules.isEmpty)
    }

    @Test("Deleted rules are unlinked and their memory goes when no path credits them")
    func reclaim() throws {
        let fixture = BridgeFixture()
        try fixture.apply(flowMod(.add))
        weak let compiled = fixture.bridge.allRules(includingHidden: false).first?.compiled
        compiled?.rule.pointee.pathReferences = 1
        try fixture.apply(flowMod(.delete, table: 255, output: nil))
        fixture.datapath.reclaim()
        #expect(compiled != nil && fixture.bridge.departed.count == 1)
        #expect(fixture.bridge.tables[0].writer.table.pointee.list == nil)
        compiled?.rule.pointee.pathReferences = 0
        fixture.bridges.tick()
        #expect(compiled == nil)
    }

    @Test("Overlap is checked among rules of one priority")
    func overlap() throws {
        let fixture = BridgeFixture()
        try fixture.apply(flowMod(.add, match: ipMatch(0x0a00_0000, bits: 8)))
        var mod = flowMod(.add, match: ipMatch(0x0a01_0000, bits: 16))
        mod.flags = .checkOverlap
        #expect(throws: OpenFlowError(.ofpfmfcOverlap)) { try fixture.apply(mod) }
        mod.priority = 11
        try fixture.apply(mod)
        #expect(fixture.rules.count == 2)
    }

    @Test("A full table refuses flows, or gives up the least important that expires first")
    func limits() throws {
        var table = FlowTableSettings()
        table.flowLimit = 2
        let fixture = BridgeFixture { $0.tables[0] = table }
        for host in 1...2 as ClosedRange<UInt32> {
            var mod = flowMod(.add, match: ipMatch(host))
            mod.idleTimeout = UInt16(100 * host)
            mod.importance = UInt16(3 - host)
            try fixture.apply(mod)
        }
        #expect(throws: OpenFlowError(.ofpfmfcTableFull)) {
            try fixture.apply(flowMod(.add, match: ipMatch(3)))
        }
        var settings = fixture.bridge.settings
        settings.tables[0]?.evicts = true
        fixture.bridge.update(settings)
        try fixture.apply(flowMod(.add, match: ipMatch(3)))
        #expect(fixture.rules == ["0/10/1/32>1", "0/10/3/32>1"])
        try fixture.apply(flowMod(.add, match: ipMatch(4)))
        #expect(fixture.rules == ["0/10/3/32>1", "0/10/4/32>1"])
        #expect(throws: OpenFlowError(.ofpfmfcTableFull)) {
            try fixture.apply(flowMod(.add, match: ipMatch(5)))
        }
    }

    @Test("Tables, buffers, groups and meters that are not there are refused")
    func refusals() throws {
        let fixture = BridgeFixture()
        #expect(throws: OpenFlowError(.ofpbrcEperm)) {
            try fixture.apply(flowMod(.add, table: 254))
        }
        var buffered = flowMod(.add)
        buffered.bufferID = 5
        #expect(throws: OpenFlowError(.ofpbrcBufferUnknown)) { try fixture.apply(buffered) }
        var grouped = flowMod(.add)
        grouped.actions = [.clone([.group(3)])]
        #expect(throws: OpenFlowError(.ofpbacBadOutGroup)) { try fixture.apply(grouped) }
        var metered = flowMod(.add)
        metered.actions = [.meter(3)]
        #expect(throws: OpenFlowError(.ofpmmfcInvalidMeter)) { try fixture.apply(metered) }
        #expect(fixture.rules.isEmpty)
        try fixture.apply(flowMod(.add, table: 255))
        #expect(fixture.rules == ["0/10/*>1"])
    }

    @Test("Rules that look at TCP flags are counted for the engine")
    func specialMatches() throws {
        let fixture = BridgeFixture()
        var match = FlowMatch()
        match.set(.ethType, to: 0x0800)
        match.set(.ipProtocol, to: 6)
        match.set(.tcpFlags, to: 2)
        let epoch = fixture.datapath.pipeline.pointee.configurationEpoch
        try fixture.apply(flowMod(.add, match: match))
        #expect(fixture.datapath.pipeline.pointee.matchesTCPFlags == 1)
        #expect(fixture.datapath.pipeline.pointee.configurationEpoch != epoch)
        try fixture.apply(flowMod(.delete, output: nil))
        fixture.datapath.reclaim()
        #expect(fixture.datapath.pipeline.pointee.matchesTCPFlags == 0)
    }

    @Test("Ten thousand flows go in, are found and go out again")
    func many() throws {
        let fixture = BridgeFixture()
        for host in 0..<10_000 as Range<UInt32> {
            try fixture.bridge.apply(
                flowMod(.add, priority: UInt16(host % 100), match: ipMatch(host)),
                requester: nil)
        }
        fixture.bridge.commitChange()
        let rule = fixture.datapath.lookup(fixture.bridge) { key in
            key.store16(0x0800, at: FlowLayout.ethType)
            key.store32(4711, at: FlowLayout.ipv4Destination)
        }
        #expect(rule?.match == ipMatch(4711))
        try fixture.apply(flowMod(.delete, table: 255, output: nil))
        fixture.datapath.reclaim()
        #expect(fixture.bridge.tables[0].writer.table.pointee.list == nil)
        #expect(fixture.bridge.rulesByID.isEmpty)
    }
}
