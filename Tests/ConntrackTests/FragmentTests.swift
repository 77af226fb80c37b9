// Fragments: held, put together in any order, judged as one, let go as they came.

import PacketBuffer
import Testing
import Wire

@testable import Conntrack

@Suite struct FragmentTests {
    /// Cuts an IP packet into fragments of at most `size` payload bytes.
    static func cut(_ packet: [UInt8], size: Int, id: UInt16 = 7) -> [[UInt8]] {
        let isIPv6 = packet[0] >> 4 == 6
        let headerBytes = isIPv6 ? 40 : 20
        let payload = Array(packet[headerBytes...])
        var parts: [[UInt8]] = []
        var at = 0
        while at < payload.count {
            let end = min(at + size, payload.count)
            let isLast = end == payload.count
            var part = Array(packet[0..<headerBytes])
            if isIPv6 {
                let field = UInt16(at) | (isLast ? 0 : 1)
                part += [part[6], 0, UInt8(field >> 8), UInt8(field & 255), 0, 0]
                part += [UInt8(id >> 8), UInt8(id & 255)]
                part[6] = IPProtocol.fragment
                let length = 8 + end - at
                part[4] = UInt8(length >> 8)
                part[5] = UInt8(length & 255)
            }
            part += payload[at..<end]
            if !isIPv6 {
                part.withUnsafeMutableBytes {
                    guard let base = $0.baseAddress else { return }
                    let header = IPv4Header(unchecked: base)
                    header.totalLength = 20 + end - at
                    header.identification = id
                    header.fragmentField = UInt16(at / 8) | (isLast ? 0 : IPv4Header.moreFragments)
                }
            }
            parts.append(part)
            at = end
        }
        return parts
    }

    func submit(_ bench: Bench, _ table: FragmentTable, _ bytes: [UInt8], zone: UInt16 = 0)
        throws -> (FragmentOutcome, FragmentAssembly?)
    {
        let packet = try bench.make(bytes)
        var assembly: FragmentAssembly?
        let type = bytes[0] >> 4 == 6 ? EtherType.ipv6 : EtherType.ipv4
        let outcome = table.submit(
            packet, etherType: type, zone: zone, context: 0, now: bench.now, assembly: &assembly)
        if outcome == .invalid || outcome == .notFragment { bench.pool.free(packet) }
        return (outcome, assembly)
    }

    /// In every order of three fragments the datagram is judged once, NATed, and the fragments
    /// follow.
    @Test(arguments: [false, true], [[0, 1, 2], [2, 1, 0], [1, 0, 2], [2, 0, 1]])
    func wholeDatagram(isIPv6: Bool, order: [Int]) throws {
        let bench = try Bench()
        let table = try #require(FragmentTable(pool: bench.pool, isShared: false))
        defer { table.deallocate() }
        let a = isIPv6 ? client6 : client
        let b = isIPv6 ? server6 : server
        let n = isIPv6 ? Host(99, isIPv6: true) : Host(0x0909_0909)
        let sketch = Sketch.udp(a, 1000, b, 2000, (0..<3000).map { UInt8($0 & 255) })
        let parts = FragmentTests.cut(sketch.bytes(), size: 1400)
        #expect(parts.count == 3)
        for place in order.dropLast() {
            #expect(try submit(bench, table, parts[place]).0 == .held)
        }
        #expect(table.count == 2)
        let (outcome, found) = try submit(bench, table, parts[order[2]])
        #expect(outcome == .complete)
        var assembly = try #require(found)
        let whole = UnsafeRawBufferPointer(
            start: assembly.packet.data + 14, count: assembly.packet.length - 14)
        #expect(
            whole.dropFirst(isIPv6 ? 40 : 20).elementsEqual(
                sketch.bytes().dropFirst(isIPv6 ? 40 : 20)))
        bench.packet = assembly.packet
        bench.fillKey(sketch)
        #expect(bench.again(NATTests.nat(NATAction.source, n)) == 0x61)
        #expect(bench.isSound)
        let wanted = Array(
            UnsafeRawBufferPointer(
                start: assembly.packet.data + 14, count: assembly.packet.length - 14))
        bench.packet = nil
        var again: [[UInt8]] = []
        while let packet = table.nextFragment(&assembly) {
            again.append(
                Array(
                    UnsafeRawBufferPointer(
                        start: packet.data + 14, count: packet.length - 14)))
            bench.pool.free(packet)
        }
        #expect(
            again
                == FragmentTests.cut(wanted, size: 1400).map { part in
                    // Only identification and flags differ from what the cut would set.
                    part
                })
        #expect(table.count == 0)
        #expect(table.counters(isIPv6: isIPv6).completed == 3)
        #expect(table.nextFragment(&assembly) == nil)
    }

    @Test(arguments: [false, true])
    func refused(isIPv6: Bool) throws {
        let bench = try Bench()
        let table = try #require(FragmentTable(pool: bench.pool))
        defer { table.deallocate() }
        let sketch = Sketch.udp(
            isIPv6 ? client6 : client, 1, isIPv6 ? server6 : server, 2,
            [UInt8](repeating: 5, count: 3000))
        let parts = FragmentTests.cut(sketch.bytes(), size: 1400)
        #expect(try submit(bench, table, sketch.bytes()).0 == .notFragment)
        #expect(try submit(bench, table, parts[0]).0 == .held)
        // The same again, and one that lies across it.
        #expect(try submit(bench, table, parts[0]).0 == .invalid)
        #expect(table.counters(isIPv6: isIPv6).overlapping == 1)
        let small = FragmentTests.cut(sketch.bytes(), size: 800)
        #expect(try submit(bench, table, small[1]).0 == .invalid)
        #expect(table.counters(isIPv6: isIPv6).tooSmall == 1)
        #expect(table.setMinSize(400, isIPv6: isIPv6))
        #expect(!table.setMinSize(399, isIPv6: isIPv6))
        #expect(try submit(bench, table, small[1]).0 == .invalid)
        #expect(table.counters(isIPv6: isIPv6).overlapping == 2)
        // Other zones and datagrams are other lists.
        #expect(try submit(bench, table, parts[0], zone: 1).0 == .held)
        #expect(table.count == 2)
        table.setMaxFragments(2)
        #expect(try submit(bench, table, parts[1]).0 == .invalid)
        table.setMaxFragments(1000)
        table.setEnabled(false, isIPv6: isIPv6)
        #expect(try submit(bench, table, parts[1]).0 == .invalid)
        table.setEnabled(true, isIPv6: isIPv6)
        // Fragments themselves are invalid to the tracker.
        if let packet = bench.packet { bench.pool.free(packet) }
        bench.packet = try bench.make(parts[0])
        bench.fillKey(sketch)
        #expect(bench.again(Bench.request()) == invalid)
        // Nothing stays.
        #expect(table.takeExpired(now: bench.now + 15_000) == nil)
        var expired = 0
        while let packet = table.takeExpired(now: bench.now + 15_001) {
            bench.pool.free(packet)
            expired += 1
        }
        #expect(expired == 2 && table.count == 0)
    }

    /// A datagram that would be longer than IP allows is refused, and a wrong last fragment too.
    @Test func impossible() throws {
        let bench = try Bench()
        let table = try #require(FragmentTable(pool: bench.pool))
        defer { table.deallocate() }
        var bytes = Sketch.udp(client, 1, server, 2, [UInt8](repeating: 5, count: 1392)).bytes()
        func placed(_ field: UInt16) -> [UInt8] {
            bytes.withUnsafeMutableBytes {
                if let base = $0.baseAddress {
                    IPv4Header(unchecked: base).fragmentField = field
                }
            }
            return bytes
        }
        #expect(try submit(bench, table, placed(0x1fff)).0 == .invalid)
        #expect(try submit(bench, table, placed(100)).0 == .held)
        #expect(try submit(bench, table, placed(300)).0 == .invalid)
        #expect(try submit(bench, table, placed(0x2000 | 500)).0 == .invalid)
        #expect(table.count == 1)
    }

    /// Random fragments of random datagrams never lose a packet or leave one behind.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func nothingLeaks(seed: UInt64) throws {
        let bench = try Bench()
        let table = try #require(FragmentTable(pool: bench.pool))
        table.setMinSize(400, isIPv6: false)
        table.setMaxFragments(50)
        let free = bench.pool.available(.standard)
        var random = seed &* 77 | 1
        func next(_ bound: Int) -> Int {
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            return Int(random >> 33) % bound
        }
        let whole = (0..<8).map {
            Sketch.udp(
                client, UInt16($0 + 1), server, 9, [UInt8](repeating: UInt8($0), count: 2500))
        }
        var completed = 0
        for _ in 0..<3000 {
            let id = next(8)
            let parts = FragmentTests.cut(
                whole[id].bytes(), size: next(4) == 0 ? 800 : 1000, id: UInt16(id))
            let (outcome, found) = try submit(bench, table, parts[next(parts.count)])
            if outcome == .complete, var assembly = found {
                completed += 1
                #expect(assembly.packet.length == 14 + whole[id].bytes().count)
                while let packet = table.nextFragment(&assembly) { bench.pool.free(packet) }
            }
            bench.now += UInt64(next(200))
            if next(20) == 0 {
                while let packet = table.takeExpired(now: bench.now) { bench.pool.free(packet) }
            }
        }
        #expect(completed > 50)
        table.deallocate()
        #expect(bench.pool.available(.standard) == free)
    }
}
