// The forwarding database against a dictionary, and its generations: whatever changes the answer of
// a lookup changes the generation of its bucket, or records would go on with the old answer.

import CIntrinsics
import Foundation
import TestSupport
import Testing

@testable import Pipeline

@Suite struct ForwardingDatabaseTests {
    private struct Place: Hashable {
        var address: UInt64
        var vlan: UInt16
    }

    private func make(limit: UInt32) -> UnsafeMutablePointer<ForwardingDatabase> {
        let table = UnsafeMutablePointer<ForwardingDatabase>.allocate(capacity: 1)
        table.initialize(to: ForwardingDatabase(limit: limit, agingSeconds: 300, secret: 99))
        return table
    }

    @Test("A dictionary says the same", arguments: 0..<8)
    func model(seed: Int) {
        var random = SeededRandom(UInt64(seed))
        let table = make(limit: 4096)
        defer {
            table.pointee.deallocate()
            table.deallocate()
        }
        var model: [Place: (port: UInt32, used: UInt32, fixed: Bool)] = [:]
        for second in 0..<3000 as Range<UInt32> {
            let place = Place(
                address: 0x0200_0000_0000 | UInt64(random.below(150)),
                vlan: UInt16(random.below(3)))
            let bucket = table.bucket(place.address, vlan: place.vlan)
            switch random.below(20) {
            case 0:
                let port = UInt32(random.below(4))
                let removed = table.remove { $0.port == port && $0.lastUsed >> 31 == 0 }
                let doomed = model.filter { $0.value.port == port && !$0.value.fixed }
                #expect(removed == doomed.count)
                for key in doomed.keys { model[key] = nil }
            case 1:
                let port = UInt32(random.below(4))
                table.learn(
                    place.address, vlan: place.vlan, bucket: bucket, port: port,
                    nowSeconds: second, isStatic: true)
                model[place] = (port, second, true)
            default:
                let port = UInt32(random.below(4))
                table.learn(
                    place.address, vlan: place.vlan, bucket: bucket, port: port,
                    nowSeconds: second)
                if model[place]?.fixed != true { model[place] = (port, second, false) }
            }
            let probe = Place(
                address: 0x0200_0000_0000 | UInt64(random.below(150)),
                vlan: UInt16(random.below(3)))
            let found = table.lookup(
                probe.address, vlan: probe.vlan,
                bucket: table.bucket(probe.address, vlan: probe.vlan))
            #expect(found == model[probe]?.port)
        }
        let dump = table.dump()
        #expect(dump.count == model.count && Int(table.pointee.count) == model.count)
        for entry in dump {
            let expected = model[Place(address: entry.address, vlan: entry.vlan)]
            #expect(expected?.port == entry.port && expected?.fixed == entry.fixed)
            #expect(expected?.used == entry.used)
        }
    }

    @Test("A changed answer has a changed generation", arguments: 0..<4)
    func generations(seed: Int) {
        var random = SeededRandom(UInt64(50 + seed))
        // So small that addresses push each other out.
        let table = make(limit: 40)
        defer {
            table.pointee.deallocate()
            table.deallocate()
        }
        let addresses = (0..<90).map { 0x0200_0000_0000 | UInt64($0) }
        let buckets = addresses.map { table.bucket($0, vlan: 7) }
        func answers() -> [UInt32?] {
            zip(addresses, buckets).map { table.lookup($0, vlan: 7, bucket: $1) }
        }
        func generations() -> [UInt32] { buckets.map { table.pointee.generations[Int($0)] } }
        for second in 0..<1500 as Range<UInt32> {
            let before = (answers(), generations())
            let index = random.below(addresses.count)
            let claimed: Bool
            if random.chance(5) {
                let port = UInt32(random.below(3))
                claimed = table.remove { $0.port == port } > 0
            } else {
                claimed = table.learn(
                    addresses[index], vlan: 7, bucket: buckets[index],
                    port: UInt32(random.below(3)), nowSeconds: second)
            }
            let after = (answers(), generations())
            for position in addresses.indices where before.0[position] != after.0[position] {
                #expect(before.1[position] != after.1[position])
                #expect(claimed)
            }
            #expect(table.pointee.count <= 40)
        }
    }

    /// What reader and writer of one bucket share.
    private struct Shared: @unchecked Sendable {
        let table: UnsafeMutablePointer<ForwardingDatabase>
        let addresses: [UInt64]
        let bucket: UInt32
        /// Stop, wrong answers, answers, readers done.
        let words: UnsafeMutablePointer<UInt64>
    }

    /// An entry that gives way to another address while it is read never lends it its port.
    @Test func aReaderNeverSeesAnotherAddressesPort() {
        let table = make(limit: 8)
        let bucket = table.bucket(1, vlan: 0)
        let addresses = (1...UInt64(20_000)).filter { table.bucket($0, vlan: 0) == bucket }
        let words = UnsafeMutablePointer<UInt64>.allocate(capacity: 4)
        words.initialize(repeating: 0, count: 4)
        let shared = Shared(
            table: table, addresses: Array(addresses.prefix(24)), bucket: bucket, words: words)
        Thread.detachNewThread {
            while vd_load_acquire64(shared.words) == 0 {
                for address in shared.addresses {
                    let port = shared.table.lookup(address, vlan: 0, bucket: shared.bucket)
                    guard let port else { continue }
                    _ = vd_fetch_add64(shared.words + 2, 1)
                    if UInt64(port) != address { _ = vd_fetch_add64(shared.words + 1, 1) }
                }
            }
            vd_store_release64(shared.words + 3, 1)
        }
        var second: UInt32 = 0
        for _ in 0..<15_000 {
            for address in shared.addresses {
                second &+= 1
                table.learn(
                    address, vlan: 0, bucket: bucket, port: UInt32(address),
                    nowSeconds: second & 0x7fff_ffff)
            }
        }
        vd_store_release64(words, 1)
        while vd_load_acquire64(words + 3) == 0 { usleep(100) }
        #expect(words[2] > 0)
        #expect(words[1] == 0)
    }
}
