// Learned flows, their limits and their end; timeouts.

import Dpif
import Flow
import OpenFlow
import Testing

@testable import Ofproto

@Suite struct LearnAndExpiryTests {
    private func learn(_ change: (inout LearnAction) -> Void = { _ in }) -> LearnAction {
        var learn = LearnAction()
        learn.table = 2
        learn.idleTimeout = 30
        learn.cookie = 0xabc
        learn.specifications = [
            LearnAction.Specification(
                bitCount: 48, source: .field(Subfield(.ethSource)),
                destination: .match(Subfield(.ethDestination))),
            LearnAction.Specification(
                bitCount: 16, source: .immediate(FieldValue(0x0800, byteCount: 2)),
                destination: .match(Subfield(.ethType))),
            LearnAction.Specification(
                bitCount: 16, source: .field(Subfield(.inPort16)),
                destination: .load(Subfield(.reg0, offset: 4, bitCount: 16))),
            LearnAction.Specification(
                bitCount: 16, source: .field(Subfield(.inPort16)), destination: .output),
        ]
        change(&learn)
        return learn
    }

    private func key(source: UInt64, port: UInt32) -> [UInt8] {
        let key = FlowKey.allocate()
        defer { key.deallocate() }
        key.store48(source, at: FlowLayout.ethSource)
        key.store32(port, at: FlowLayout.inPort)
        return Array(UnsafeRawBufferPointer(start: key.base, count: FlowLayout.byteCount))
    }

    private func event(_ fixture: BridgeFixture, source: UInt64, port: UInt32) -> DatapathEvent {
        var event = LearnEvent()
        event.bridge = fixture.bridge.index
        event.handle = fixture.bridge.learnActions.keys.max() ?? 0
        event.key = key(source: source, port: port)
        return .learn(event)
    }

    @Test("A learned flow takes fields, constants and ports from the packet")
    func learnedFlow() throws {
        let fixture = BridgeFixture()
        var mod = flowMod(.add)
        mod.actions = [.learn(learn())]
        try fixture.apply(mod)
        fixture.bridges.handle(event(fixture, source: 0x0102_0304_0506, port: 3))
        let rule = try #require(fixture.bridge.tables[2].rules.values.first)
        #expect(rule.match.exact(.ethDestination) == 0x0102_0304_0506)
        #expect(rule.match.exact(.ethType) == 0x0800)
        #expect(rule.cookie == 0xabc && rule.idleTimeout == 30 && rule.priority == 0x8000)
        guard rule.actions.count == 2, case .registerLoad(let load) = rule.actions[0],
            case .output(let port, _) = rule.actions[1]
        else {
            Issue.record("unexpected actions \(rule.actions)")
            return
        }
        #expect(load.value.low64 == 3 << 4 && load.mask.low64 == 0xffff0 && port == 3)
    }

    @Test("Learning the same again only makes the flow younger; another port changes it")
    func refresh() throws {
        let fixture = BridgeFixture()
        var mod = flowMod(.add)
        mod.actions = [.learn(learn())]
        try fixture.apply(mod)
        fixture.bridges.handle(event(fixture, source: 1, port: 3))
        let version = fixture.datapath.pipeline.currentVersion
        fixture.datapath.nowMilliseconds += 5_000
        fixture.bridges.handle(event(fixture, source: 1, port: 3))
        #expect(fixture.datapath.pipeline.currentVersion == version)
        let rule = try #require(fixture.bridge.tables[2].rules.values.first)
        #expect(rule.modified == fixture.datapath.nowMilliseconds)
        fixture.bridges.handle(event(fixture, source: 1, port: 4))
        #expect(fixture.bridge.tables[2].rules.count == 1)
        #expect(fixture.datapath.pipeline.currentVersion == version + 1)
    }

    @Test("No more than the limit is learned")
    func limit() throws {
        let fixture = BridgeFixture()
        var mod = flowMod(.add)
        mod.actions = [.learn(learn { $0.limit = 2 })]
        try fixture.apply(mod)
        for source in 1...5 as ClosedRange<UInt64> {
            fixture.bridges.handle(event(fixture, source: source, port: 3))
        }
        #expect(fixture.bridge.tables[2].rules.count == 2)
    }

    @Test("What was learned goes with the last rule that learns it, if asked")
    func deleteLearned() throws {
        let fixture = BridgeFixture()
        for priority in 1...2 as ClosedRange<UInt16> {
            var mod = flowMod(.add, priority: priority)
            mod.actions = [.learn(learn { $0.deleteLearned = true })]
            try fixture.apply(mod)
        }
        fixture.bridges.handle(event(fixture, source: 1, port: 3))
        try fixture.apply(flowMod(.deleteStrict, priority: 1))
        #expect(fixture.bridge.tables[2].rules.count == 1)
        try fixture.apply(flowMod(.deleteStrict, priority: 2))
        #expect(fixture.bridge.tables[2].rules.isEmpty)
        fixture.datapath.reclaim()
        #expect(fixture.bridge.learnActions.isEmpty)
    }

    @Test("Hard timeouts run from the last change, idle ones from the last use")
    func timeouts() throws {
        let fixture = BridgeFixture()
        var hard = flowMod(.add, match: ipMatch(1))
        hard.hardTimeout = 10
        var idle = flowMod(.add, match: ipMatch(2))
        idle.idleTimeout = 10
        try fixture.apply(hard)
        try fixture.apply(idle)
        fixture.datapath.nowMilliseconds += 8_000
        let rule = try #require(
            fixture.bridge.allRules(includingHidden: false).first { $0.idleTimeout == 10 })
        rule.compiled.rule.credit(packets: 1, bytes: 1, now: fixture.datapath.nowMilliseconds)
        fixture.datapath.nowMilliseconds += 3_000
        fixture.bridges.tick()
        #expect(fixture.rules == ["0/10/2/32>1"])
        fixture.datapath.nowMilliseconds += 8_000
        fixture.bridges.tick()
        #expect(fixture.rules.isEmpty)
    }

    @Test("A FIN lowers timeouts and never raises them")
    func finTimeout() throws {
        let fixture = BridgeFixture()
        var mod = flowMod(.add)
        mod.idleTimeout = 100
        try fixture.apply(mod)
        let rule = try #require(fixture.bridge.allRules(includingHidden: false).first)
        fixture.bridges.handle(.finTimeout(ruleID: rule.id, idleSeconds: 5, hardSeconds: 7))
        #expect(rule.idleTimeout == 5 && rule.hardTimeout == 7)
        fixture.bridges.handle(.finTimeout(ruleID: rule.id, idleSeconds: 50, hardSeconds: 0))
        #expect(rule.idleTimeout == 5 && rule.hardTimeout == 7)
    }

    @Test("A bridge without controllers switches by itself; one that loses them does so late")
    func failModes() {
        let fixture = BridgeFixture { $0.failMode = .standalone }
        #expect(fixture.rules == ["0/0/*>\(ReservedPort.normal)"])
        var settings = fixture.bridge.settings
        settings.hasControllers = true
        settings.probeSecondsMax = 5
        fixture.bridge.update(settings)
        #expect(fixture.rules.isEmpty)
        fixture.bridges.tick()
        fixture.datapath.nowMilliseconds += 16_000
        fixture.bridges.tick()
        #expect(fixture.rules.isEmpty && fixture.bridge.tables[0].rules.count == 1)
        let probe = fixture.session(.v1_3)
        #expect(probe.session.isNegotiated && fixture.bridge.tables[0].rules.isEmpty)
    }
}
