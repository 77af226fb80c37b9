// Seeded mutations of good packets through the whole tracker. Every packet lies in memory of its
// exact size, so that a sanitizer sees any step beyond it; without one the test shows that nothing
// traps and that lengths stay within the buffer.

import Flow
import PacketBuffer
import Testing
import Wire

@testable import Conntrack

@Suite struct FuzzTests {
    /// A packet in a block of its own, with `room` bytes behind it.
    private func make(_ ip: [UInt8], room: Int) -> PacketBuffer {
        let header = UnsafeMutableRawPointer.allocate(byteCount: 192, alignment: 64)
        header.initializeMemory(as: UInt8.self, repeating: 0, count: 192)
        let length = 14 + ip.count
        let data = UnsafeMutableRawPointer.allocate(byteCount: length + room, alignment: 1)
        data.initializeMemory(as: UInt8.self, repeating: 0, count: length + room)
        header.storeBytes(of: data, as: UnsafeMutableRawPointer.self)
        let packet = PacketBuffer(header: header)
        packet.metadata.initialize(to: PacketMetadata(capacity: UInt32(length + room)))
        packet.setLength(length)
        ip.withUnsafeBytes {
            if let base = $0.baseAddress { (data + 14).copyMemory(from: base, byteCount: ip.count) }
        }
        packet.l3Offset = 14
        return packet
    }

    private func free(_ packet: PacketBuffer) {
        packet.buffer.deallocate()
        packet.header.deallocate()
    }

    private var seeds: [Sketch] {
        let texts = [
            "PORT 10,0,0,1,4,210\r\n", "EPRT |1|10.0.0.1|5000|\r\n", "EPRT |2|fd00::1|5000|\r\n",
            "227 Entering Passive Mode (10,0,0,2,8,1).\r\n",
            "229 Entering Extended Passive Mode (|||6000|)\r\n", "x",
        ]
        var all: [Sketch] = []
        for (a, b) in [(client, server), (client6, server6)] {
            all.append(.tcp(a, 1024, b, 21, syn, seq: 99, options: [3, 3, 7, 1]))
            all.append(.tcp(b, 21, a, 1024, syn | ack, seq: 499, ack: 100, options: [3, 3, 7, 1]))
            for text in texts {
                all.append(.tcp(a, 1024, b, 21, ack | psh, seq: 100, ack: 500, text))
                all.append(.tcp(b, 21, a, 1024, ack | psh, seq: 500, ack: 100, text))
            }
            all.append(.udp(a, 3000, b, 69))
            all.append(.udp(b, 53, a, 3000))
            all.append(.icmp(a, b, type: a.isIPv6 ? 128 : 8))
            for inner in [Sketch.udp(a, 3000, b, 69), .tcp(a, 1024, b, 21, syn, seq: 99)] {
                all.append(.icmp(b, a, type: a.isIPv6 ? 1 : 3, inner.bytes()))
            }
            var sctp = Sketch(from: a, to: b, number: IPProtocol.sctp)
            sctp.payload = [4, 0, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 20, 0, 0, 0, 9]
            sctp.payload += [UInt8](repeating: 0, count: 12)
            all.append(sctp)
        }
        return all
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func mutated(seed: UInt64) throws {
        let bench = try Bench(capacity: 500)
        let fragments = try #require(FragmentTable(pool: bench.pool, isShared: false))
        defer { fragments.deallocate() }
        var random = seed &* 0x9e37_79b9_7f4a_7c15 | 1
        func next(_ bound: Int) -> Int {
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            return Int(random >> 33) % bound
        }
        let seeds = seeds
        for _ in 0..<6000 {
            let sketch = seeds[next(seeds.count)]
            var bytes = sketch.bytes()
            let isTrusted = next(3) != 0
            for _ in 0..<(next(3) == 0 ? 0 : next(4)) {
                bytes[next(bytes.count)] = UInt8(truncatingIfNeeded: next(256))
            }
            if next(6) == 0 { bytes.removeLast(next(bytes.count)) }
            if next(6) == 0 { bytes += [UInt8](repeating: 0x20, count: next(40)) }
            let packet = make(bytes, room: next(3) == 0 ? 0 : next(30))
            if isTrusted { packet.metadata.pointee.flags = .checksumValid }
            if next(8) == 0 {
                packet.metadata.pointee.flags = .needsChecksum
                packet.checksumStart = 14 + (sketch.from.isIPv6 ? 40 : 20)
            }
            bench.fillKey(sketch)
            bench.verdict = ConntrackVerdict()
            bench.packet = packet
            for _ in 0..<(1 + next(2)) {
                var request = Bench.request(zone: UInt16(next(2)), commit: next(2) == 0)
                request.force = next(20) == 0
                request.helper = ConntrackHelper(rawValue: UInt8(next(3))) ?? .none
                request.hasNAT = next(2) == 0
                if next(2) == 0 {
                    request.nat.action = [1, 3, 4, 12][next(4)]
                    request.nat.minAddress =
                        Host(UInt32(next(9)), isIPv6: sketch.from.isIPv6).address
                    request.nat.maxAddress = request.nat.minAddress
                    request.nat.minPort = UInt16(truncatingIfNeeded: next(65_536))
                    request.nat.maxPort = UInt16(truncatingIfNeeded: next(65_536))
                }
                bench.again(request)
                #expect(packet.length <= packet.capacity)
            }
            bench.packet = nil
            let type = bench.key.load16(FlowLayout.ethType)
            var assembly: FragmentAssembly?
            // Held fragments are the table's, so these come from the pool.
            if bytes.count > 20, let held = try? bench.make(bytes) {
                let outcome = fragments.submit(
                    held, etherType: type, zone: 0, context: 0, now: bench.now,
                    assembly: &assembly)
                switch outcome {
                case .held: break
                case .complete:
                    while let part = assembly.flatMap({ _ in nextPart(fragments, &assembly) }) {
                        bench.pool.free(part)
                    }
                case .invalid, .notFragment: bench.pool.free(held)
                }
            }
            free(packet)
            bench.now += UInt64(next(50))
            bench.table.expire(now: bench.now, budget: 4)
            while let old = fragments.takeExpired(now: bench.now) { bench.pool.free(old) }
        }
        #expect(bench.table.counters.created > 100)
        bench.table.flush()
        #expect(bench.table.state.pointee.index.count == 0)
        #expect(bench.table.state.pointee.expectations.count == 0)
    }

    private func nextPart(
        _ table: FragmentTable, _ assembly: inout FragmentAssembly?
    ) -> PacketBuffer? {
        guard var whole = assembly else { return nil }
        let part = table.nextFragment(&whole)
        assembly = whole
        return part
    }
}
