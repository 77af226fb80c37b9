// What rows of Interface, QoS and Queue limit.

import Dpif
import OVSDB
import Testing

@testable import Configuration

@Suite struct RateLimitTests {
    private func interface(_ columns: [String: Datum]) -> RateLimit {
        RateLimit(InterfaceRow(uuid: TestRows.uuid("i"), row: Row(columns: columns)))
    }

    private func shaping(
        _ type: String, _ config: [String: String], _ queues: [UInt32: [String: String]] = [:]
    ) -> EgressShaping? {
        let row = QoSRow(
            uuid: TestRows.uuid("q"),
            row: Row(columns: ["type": .string(type), "other_config": .map(config)]))
        return EgressShaping(
            row,
            queues.mapValues {
                QueueRow(
                    uuid: TestRows.uuid("queue"), row: Row(columns: ["other_config": .map($0)]))
            })
    }

    @Test("Policing in kilobits and thousands of packets, with the default bursts")
    func policing() {
        #expect(interface([:]).isNone)
        let given = interface([
            "ingress_policing_rate": .integer(2000), "ingress_policing_burst": .integer(200),
        ])
        #expect(given.bytesPerSecond == 250_000 && given.burstBytes == 25_000)
        #expect(given.packetsPerSecond == 0)
        #expect(interface(["ingress_policing_rate": .integer(8)]).burstBytes == 1_000_000)
        let packets = interface(["ingress_policing_kpkts_rate": .integer(3)])
        #expect(packets.packetsPerSecond == 3000 && packets.burstPackets == 16_000)
        #expect(packets.bytesPerSecond == 0 && !packets.isNone)
        // A burst without a rate limits nothing.
        #expect(interface(["ingress_policing_burst": .integer(5)]).isNone)
        #expect(interface(["ingress_policing_rate": .integer(-5)]).isNone)
    }

    @Test("linux-htb with its queues, in bytes; what it leaves open stays open")
    func hierarchy() throws {
        let made = shaping(
            "linux-htb", ["max-rate": "10000000000"],
            [
                0: ["max-rate": "2000000", "burst": "200000"],
                7: ["min-rate": "800", "priority": "3"], 65_533: [:],
            ])
        guard case .hierarchy(let hierarchy) = made else {
            Issue.record("\(String(describing: made))")
            return
        }
        #expect(hierarchy.bytesPerSecond == 1_250_000_000)
        #expect(Set(hierarchy.classes.keys) == [0, 7])
        let first = try #require(hierarchy.classes[0])
        #expect(first.bytesPerSecondMax == 250_000 && first.burstBytes == 25_000)
        let second = try #require(hierarchy.classes[7])
        #expect(second.bytesPerSecondMin == 100 && second.bytesPerSecondMax == nil)
        #expect(second.priority == 3)
        #expect(
            shaping("linux-htb", [:])
                == .hierarchy(EgressShaping.Hierarchy(bytesPerSecond: nil, classes: [:])))
    }

    @Test("egress-policer is in bytes already; other types are not had")
    func policer() {
        var limit = RateLimit()
        limit.bytesPerSecond = 46_000_000
        limit.burstBytes = 2048
        #expect(
            shaping("egress-policer", ["cir": "46000000", "cbs": "2048"]) == .policer(limit))
        #expect(shaping("linux-sfq", [:]) == nil)
        #expect(shaping("linux-noop", [:]) == nil)
    }

    @Test("A changed policing adjusts the interface, a changed QoS configures the ports")
    func plan() {
        var port = TestRows.port("eth0")
        let before = port
        port.interfaces[0].policing.bytesPerSecond = 1
        #expect(port.interfaces != before.interfaces)
        port = before
        port.shaping = .policer(RateLimit())
        #expect(port != before)
    }
}
