// What other_config of an interface says of the port's budget, and what its status tells.

import Dpif
import OVSDB
import Testing

@testable import Configuration

@Suite struct PortBudgetTests {
    private func budget(_ config: [String: String]) -> PortBudget {
        PortBudget(
            InterfaceRow(
                uuid: TestRows.uuid("i"), row: Row(columns: ["other_config": .map(config)])))
    }

    @Test("What is missing or no number is left to the datapath, and zero is no limit")
    func keys() {
        #expect(budget([:]) == PortBudget())
        let given = budget([
            "max-connections": "1000", "max-half-open-connections": "0",
            "max-flow-records": "99999999999", "new-flows-per-second": "fast",
            "packet-ins-per-second": "-5",
        ])
        #expect(given.connections == 1000)
        #expect(given.halfOpenConnections == 0)
        #expect(given.records == UInt32.max)
        #expect(given.newFlowsPerSecond == nil)
        #expect(given.packetInsPerSecond == 0)
    }

    @Test("A port that kept to its budget says nothing of it")
    func status() {
        var usage = PortUsage()
        usage.connections = PortUsage.Share(used: 5, limit: 10)
        #expect(usage.status.isEmpty)
        usage.halfOpenConnections.refused = 3
        usage.packetIns.refused = 1
        #expect(
            usage.status == [
                "max-half-open-connections-refused": "3", "packet-ins-per-second-refused": "1",
            ])
    }
}
