// The planner and what it reads: defaults, order of steps, what needs reopening and what doesn't.

import OVSDB
import Testing

@testable import Configuration

@Suite struct PlannerTests {
    private func bridge(_ name: String, _ ports: [PortSettings]) -> DesiredBridge {
        let row = BridgeRow(
            uuid: TestRows.uuid("bridge \(name)"), row: Row(columns: ["name": .string(name)]))
        return DesiredBridge(row: row, ports: ports)
    }

    private func state(_ bridges: DesiredBridge...) -> DesiredState {
        var state = DesiredState()
        for bridge in bridges { state.bridges[bridge.name] = bridge }
        return state
    }

    private func texts(
        _ old: DesiredState, _ new: DesiredState, _ open: OpenInterfaces = [:]
    ) -> [String] {
        Planner.plan(from: old, to: new, open: open).map(\.description)
    }

    @Test("A new bridge is made, opened and configured in this order")
    func newBridge() {
        let new = state(
            bridge("br0", [TestRows.port("br0", local: true), TestRows.port("p1", request: 7)]))
        #expect(
            texts(DesiredState(), new) == [
                "add bridge br0 (system)", "open interface p1 (system) of br0 as 7",
                "open interface br0 (internal) of br0", "configure ports of br0",
                "configure bridge br0", "configure controllers of br0",
            ])
    }

    @Test("What is in force needs no steps")
    func nothing() {
        let same = state(bridge("br0", [TestRows.port("p1")]))
        #expect(texts(same, same, ["br0": ["p1": 1]]).isEmpty)
    }

    @Test("An interface that failed to open is tried again")
    func retry() {
        let same = state(bridge("br0", [TestRows.port("p1")]))
        #expect(texts(same, same, ["br0": [:]]).first == "open interface p1 (system) of br0")
    }

    @Test("All closing comes before all opening")
    func closesFirst() {
        let old = state(bridge("a", [TestRows.port("p1")]), bridge("b", []))
        let new = state(bridge("a", []), bridge("b", [TestRows.port("p1")]))
        let plan = texts(old, new, ["a": ["p1": 1], "b": [:]])
        #expect(plan.first == "close interface p1 of a")
        #expect(plan.dropFirst().first == "open interface p1 (system) of b")
    }

    @Test("A changed type or option reopens, a changed MTU does not")
    func reopening() {
        let old = state(bridge("br0", [TestRows.port("p1")]))
        let tap = state(bridge("br0", [TestRows.port("p1", type: "tap")]))
        var mtu = TestRows.port("p1")
        mtu.interfaces[0].requestedMTU = 9000
        let open = ["br0": ["p1": UInt32(1)]]
        #expect(texts(old, tap, open).prefix(2) == [
            "close interface p1 of br0", "open interface p1 (tap) of br0",
        ])
        let plan = texts(old, state(bridge("br0", [mtu])), open)
        #expect(plan.contains("adjust interface p1 of br0"))
        #expect(!plan.contains { $0.hasPrefix("close") })
    }

    @Test("A requested number moves both the interface and who holds it")
    func requestedNumber() {
        let old = state(bridge("br0", [TestRows.port("p1"), TestRows.port("p2")]))
        let new = state(bridge("br0", [TestRows.port("p1"), TestRows.port("p2", request: 1)]))
        #expect(
            texts(old, new, ["br0": ["p1": 1, "p2": 2]]).prefix(4) == [
                "close interface p1 of br0", "close interface p2 of br0",
                "open interface p2 (system) of br0 as 1", "open interface p1 (system) of br0",
            ])
    }

    @Test("Who asked for a number keeps it")
    func contestedNumber() {
        let old = state(
            bridge("br0", [TestRows.port("p1", request: 1), TestRows.port("p2")]))
        let new = state(
            bridge("br0", [TestRows.port("p1", request: 1), TestRows.port("p2", request: 1)]))
        let plan = texts(old, new, ["br0": ["p1": 1, "p2": 2]])
        #expect(!plan.contains { $0.hasPrefix("close") })
    }

    @Test("A bridge of another datapath type is made anew")
    func datapathType() {
        let old = state(bridge("br0", [TestRows.port("p1")]))
        var other = bridge("br0", [TestRows.port("p1")])
        other.datapathType = "netdev"
        #expect(
            texts(old, state(other), ["br0": ["p1": 1]]).prefix(3) == [
                "remove bridge br0", "add bridge br0 (netdev)",
                "open interface p1 (system) of br0",
            ])
    }

    @Test("A bridge that is gone is removed")
    func removal() {
        let old = state(bridge("br0", [TestRows.port("p1")]))
        #expect(texts(old, DesiredState(), ["br0": ["p1": 1]]) == ["remove bridge br0"])
    }
}
