// Groups through a whole engine: which bucket a flow takes, that it keeps it, that a dead bucket
// moves only its own flows, and that weights are kept in the long run.

import Flow
import TestSupport
import Testing

@testable import Pipeline

@Suite struct GroupTests {
    private final class World {
        let rig: EngineRig
        let ports: Int
        private(set) var group: UnsafeMutablePointer<Group>

        init(_ kind: GroupKind, weights: [UInt16], watches: Bool) throws {
            ports = weights.count + 1
            rig = try EngineRig(ports: ports)
            let buckets = UnsafeMutablePointer<GroupBucket>.allocate(capacity: weights.count)
            for (index, weight) in weights.enumerated() {
                let list = UnsafeMutablePointer<Instruction>.allocate(capacity: 1)
                // Port 1 is where packets come from.
                list.initialize(to: Act.output(UInt32(index + 2)))
                var bucket = GroupBucket(instructions: list, instructionCount: 1)
                bucket.weight = weight
                bucket.bucketID = UInt32(index)
                if watches { bucket.watchPort = UInt32(index + 2) }
                (buckets + index).initialize(to: bucket)
            }
            group = UnsafeMutablePointer<Group>.allocate(capacity: 1)
            group.initialize(
                to: Group(id: 7, kind: kind, buckets: buckets, bucketCount: weights.count))
            let groups = UnsafeMutablePointer<UnsafeMutablePointer<Group>>.allocate(capacity: 1)
            groups.initialize(to: group)
            let list = UnsafeMutablePointer<GroupList>.allocate(capacity: 1)
            list.initialize(to: GroupList(count: 1, groups: groups))
            rig.pipeline.pointee.bridges[0]?.pointee.groups = list
            rig.add(priority: 1, FlowMatch(), [Instruction(.group, c: 7)])
        }

        func setDown(_ down: Set<Int>) {
            rig.setPorts(flags: (1...ports).map { down.contains($0) ? PortFlag.notLive : 0 })
        }

        /// The ports that flow number `flow` leaves by.
        func send(_ flow: Int) -> [UInt32] {
            rig.send(
                Frames.udp(
                    from: [10, 0, UInt8(flow >> 8), UInt8(flow & 255)], 1000, to: [10, 9, 0, 1],
                    53), port: 1
            ).map(\.port)
        }
    }

    @Test func allCopiesToEveryBucket() throws {
        let world = try World(.all, weights: [1, 1, 1], watches: false)
        #expect(world.send(1) == [2, 3, 4])
        #expect(world.send(1) == [2, 3, 4])
    }

    @Test func indirectHasOneBucket() throws {
        let world = try World(.indirect, weights: [1], watches: false)
        #expect(world.send(1) == [2])
    }

    @Test func fastFailoverTakesTheFirstThatLives() throws {
        let world = try World(.fastFailover, weights: [1, 1, 1], watches: true)
        #expect(world.send(1) == [2])
        world.setDown([2])
        #expect(world.send(1) == [3])
        world.setDown([2, 3])
        #expect(world.send(1) == [4])
        world.setDown([2, 3, 4])
        #expect(world.send(1).isEmpty)
        world.setDown([])
        #expect(world.send(1) == [2])
    }

    @Test func selectKeepsAFlowWhereItIs() throws {
        let world = try World(.select, weights: [10, 10, 10, 10], watches: true)
        let before = (0..<400).map { world.send($0) }
        #expect(before.allSatisfy { $0.count == 1 })
        #expect((0..<400).map { world.send($0) } == before)
        world.setDown([3])
        let after = (0..<400).map { world.send($0) }
        for flow in 0..<400 {
            if before[flow] == [3] {
                #expect(after[flow].count == 1 && after[flow] != [3])
            } else {
                #expect(after[flow] == before[flow])
            }
        }
        world.setDown([])
        #expect((0..<400).map { world.send($0) } == before)
    }

    /// No flow goes to a bucket of no weight, and a heavier bucket gets more.
    @Test func selectKeepsWeights() throws {
        let world = try World(.select, weights: [0, 10, 40], watches: false)
        var counts: [UInt32: Int] = [:]
        for flow in 0..<1500 {
            for port in world.send(flow) { counts[port, default: 0] += 1 }
        }
        #expect(counts[2] == nil)
        let light = counts[3, default: 0]
        let heavy = counts[4, default: 0]
        #expect(light + heavy == 1500 && light > 50 && heavy > 2 * light)
    }

    @Test func aGroupThatIsNotThereDrops() throws {
        let rig = try EngineRig()
        rig.add(priority: 1, FlowMatch(), [Instruction(.group, c: 9)])
        let frame = Frames.udp(from: [10, 0, 0, 1], 1, to: [10, 0, 0, 2], 53)
        #expect(rig.send(frame, port: 1).isEmpty)
        #expect(rig.counters.drops[Int(DropReason.groupNoBucket.rawValue)] == 1)
    }

    @Test func listsAreSearchedByNumber() {
        var random = SeededRandom(3)
        for size in 0..<40 {
            let ids = Set((0..<size).map { _ in UInt32(random.below(100)) }).sorted()
            let groups = UnsafeMutablePointer<UnsafeMutablePointer<Group>>.allocate(capacity: 41)
            for (index, id) in ids.enumerated() {
                let group = UnsafeMutablePointer<Group>.allocate(capacity: 1)
                let buckets = UnsafeMutablePointer<GroupBucket>.allocate(capacity: 1)
                group.initialize(
                    to: Group(id: id, kind: .all, buckets: buckets, bucketCount: 0))
                (groups + index).initialize(to: group)
            }
            let list = GroupList(count: ids.count, groups: groups)
            for id in 0..<101 as Range<UInt32> {
                #expect(list.find(id)?.pointee.id == (ids.contains(id) ? id : nil))
            }
        }
    }
}
