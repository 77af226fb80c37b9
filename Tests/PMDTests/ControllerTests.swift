// Poll threads as the controller drives them: held, made and ended while packets come, on dummy
// ports and without rules, so that every packet is counted as judged and dropped.

import CIntrinsics
import Dpif
import Glibc
import Testing

@testable import PMD

@Suite(.serialized) struct ControllerTests {
    private func controller() throws -> DatapathController {
        var settings = DatapathSettings()
        settings.connectionCapacity = 1024
        settings.standardBuffers = 4096
        settings.jumboBuffers = 8
        settings.engine.recordCapacity = 4096
        settings.engine.pathCapacity = 256
        return try #require(DatapathController(settings))
    }

    private func addDummies(_ controller: DatapathController, _ count: Int) throws {
        for number in 0..<count {
            _ = try controller.openPort(PortRequest(name: "d\(number)", type: .dummy))
        }
    }

    private func masks() -> [[Int]] {
        let usable = (0..<64).filter { vd_cpu_is_usable(Int32($0)) }
        return usable.count < 2
            ? [[usable[0]], []] : [[usable[0], usable[1]], [usable[1]], [], [usable[0]]]
    }

    /// Packets that some port has received.
    private func received(_ controller: DatapathController) -> UInt64 {
        controller.ports.keys.reduce(0) { $0 + controller.portStatistics($1).rxPackets }
    }

    @Test("What ports share has its limits from the start, and they follow what is allowed")
    func budgets() throws {
        var settings = DatapathSettings()
        settings.connectionCapacity = 1 << 20
        settings.connectionLimit = 800_000
        settings.standardBuffers = 64
        settings.engine.recordCapacity = 4096
        let controller = try #require(DatapathController(settings))
        controller.start()
        defer { controller.shutdown() }
        #expect(controller.conntrack.state.pointee.halfOpenLimit == 400_000)
        let port = try controller.openPort(PortRequest(name: "d", type: .dummy)).datapathPort
        controller.setBudget(PortBudget(), ofPort: port)
        var usage = controller.usage(ofPort: port)
        #expect(usage.connections.limit == 700_000 && usage.halfOpenConnections.limit == 100_000)
        #expect(usage.records.limit == 3584 && usage.packetIns.limit == 10_000)
        #expect(usage.newFlows.limit == 0)
        // A small table means what it says.
        controller.connectionLimit = 1000
        #expect(controller.conntrack.state.pointee.halfOpenLimit == 0)
        var budget = PortBudget()
        budget.halfOpenConnections = 7
        controller.setBudget(budget, ofPort: port)
        usage = controller.usage(ofPort: port)
        #expect(usage.connections.limit == 0 && usage.halfOpenConnections.limit == 7)
    }

    @Test("No thread moves while it is held, however soon it is held again")
    func holding() throws {
        let controller = try controller()
        try addDummies(controller, 2)
        var settings = PollingSettings()
        settings.cpus = masks()[0]
        controller.setPolling(settings)
        controller.start()
        defer { controller.shutdown() }
        let frame = [UInt8](repeating: 2, count: 64)
        for turn in 0..<20_000 {
            if turn % 8 == 0 { _ = controller.receiveOnDummy("d\(turn / 8 % 2)", frame: frame) }
            let moved = controller.withThreadsHeld { () -> Bool in
                let before = controller.active.map { controller.threads[$0].shared.pointee.turns }
                for _ in 0..<50 { vd_pause() }
                if turn % 64 == 0 { sched_yield() }
                let after = controller.active.map { controller.threads[$0].shared.pointee.turns }
                return before != after
            }
            #expect(!moved)
            if moved { break }
        }
    }

    @Test("Threads come and go, and every packet is received")
    func changes() throws {
        let controller = try controller()
        try addDummies(controller, 4)
        controller.start()
        defer { controller.shutdown() }
        let frame = [UInt8](repeating: 2, count: 64)
        var sent: UInt64 = 0
        for turn in 0..<200 {
            var settings = PollingSettings()
            settings.cpus = masks()[turn % masks().count]
            controller.setPolling(settings)
            #expect(controller.active.count == max(settings.cpus.count, 1))
            #expect(controller.conntrack.isShared == (settings.cpus.count > 1))
            for port in 0..<4 {
                if controller.receiveOnDummy("d\(port)", frame: frame) { sent += 1 }
            }
        }
        for _ in 0..<500 where received(controller) < sent { usleep(10_000) }
        #expect(received(controller) == sent)
        #expect(sent == 800)
        let polled = controller.threadStatistics().flatMap(\.queues).reduce(0) { $0 + $1.packets }
        #expect(polled == sent)
    }

    @Test("A command beside a single thread has the tables' locks for its time only")
    func sharing() throws {
        let controller = try controller()
        controller.start()
        defer { controller.shutdown() }
        #expect(!controller.conntrack.isShared)
        #expect(controller.sharingTables { controller.conntrack.isShared })
        #expect(!controller.conntrack.isShared)
        #expect(controller.dumpConnections(zone: nil, limit: 10).isEmpty)
    }

    @Test("An idle thread sleeps, and ends at once when told to")
    func sleeping() throws {
        let controller = try controller()
        try addDummies(controller, 1)
        controller.start()
        usleep(300_000)
        let thread = controller.threads[0].shared.pointee
        #expect(thread.sleeps > 0)
        #expect(thread.sleepCycles > thread.idleCycles)
        let began = controller.nowMilliseconds
        controller.shutdown()
        #expect(controller.nowMilliseconds - began < 60)
    }
}
