// Fragments: pieces of any size and order of a few datagrams, and raw ones. What was put together
// is let go as it came; when their time has passed, no packet and no list may be left.

import Bounded
import PacketBuffer
import Wire

@testable import Conntrack

private struct FragmentFixture: @unchecked Sendable {
    let pool: PacketPool?
    let table: FragmentTable?
    static let shared = FragmentFixture()
    init() {
        pool = PacketPool(standardCapacity: 256, jumboCapacity: 4)
        table = pool.flatMap {
            FragmentTable(pool: $0, isShared: false, secret: HashSecret(1, 2, 3, 4))
        }
        table?.setMinSize(400, isIPv6: false)
        table?.setMinSize(400, isIPv6: true)
    }
}

func fuzzFragments(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let pool = FragmentFixture.shared.pool, let table = FragmentFixture.shared.table else {
        return 0
    }
    var input = InputReader(data, count)
    var now: UInt64 = 1_000_000
    let standard = pool.available(.standard)
    let jumbo = pool.available(.jumbo)
    var pieces = 0
    while !input.isAtEnd && pieces < 60 {
        pieces += 1
        let kind = input.byte()
        let frame = kind & 7 == 7 ? raw(&input) : piece(kind, &input)
        guard let packet = pool.allocate(length: frame.count) else { continue }
        _ = frame.withUnsafeBytes { bytes in
            bytes.baseAddress.map { packet.assign($0, count: bytes.count) }
        }
        packet.l3Offset = 14
        var assembly: FragmentAssembly?
        let outcome = table.submit(
            packet, etherType: kind & 8 == 0 ? EtherType.ipv4 : EtherType.ipv6,
            zone: UInt16(kind >> 7), context: 0, now: now, assembly: &assembly)
        switch outcome {
        case .held: break
        case .complete:
            guard var whole = assembly else { preconditionFailure("complete without a whole") }
            var given = 0
            while let part = table.nextFragment(&whole) {
                given += 1
                pool.free(part)
            }
            precondition(given > 0, "a datagram of no fragments")
        case .invalid, .notFragment: pool.free(packet)
        }
        if kind & 0x40 != 0 {
            now += 4_000
            while let old = table.takeExpired(now: now) { pool.free(old) }
        }
    }
    now += 1_000_000
    while let old = table.takeExpired(now: now) { pool.free(old) }
    precondition(table.count == 0, "fragments are left")
    precondition(table.state.pointee.listSlots.usedCount == 0, "lists are left")
    precondition(
        pool.available(.standard) == standard && pool.available(.jumbo) == jumbo,
        "packets are left")
    return 0
}

private func raw(_ input: inout InputReader) -> [UInt8] {
    let length = Int(input.byte())
    return [UInt8](repeating: 2, count: 12) + [8, 0] + input.bytes(length)
}

/// A fragment with a right header: its place and size in units of eight bytes.
private func piece(_ kind: UInt8, _ input: inout InputReader) -> [UInt8] {
    let isIPv6 = kind & 8 != 0
    let start = Int(input.word() & 0x1fff)
    let size = Int(input.byte()) * 6
    let hasMore = kind & 0x10 != 0
    let identification = kind & 3
    let ethernet = [UInt8](repeating: 2, count: 12) + (isIPv6 ? [0x86, 0xdd] : [8, 0])
    let body = [UInt8](repeating: kind, count: size)
    if isIPv6 {
        let field = UInt16(truncatingIfNeeded: start * 8) | (hasMore ? 1 : 0)
        let hasOptions = kind & 0x20 != 0
        let options: [UInt8] = hasOptions ? [44, 0, 1, 4, 0, 0, 0, 0] : []
        let length = options.count + 8 + size
        var header: [UInt8] = [0x60, 0, 0, 0, UInt8(length >> 8), UInt8(length & 255)]
        header += [hasOptions ? 60 : 44, 64] + [UInt8](repeating: 0xfd, count: 32)
        let fragment: [UInt8] = [
            17, 0, UInt8(field >> 8), UInt8(field & 255), 0, 0, 0, identification,
        ]
        return ethernet + header + options + fragment + body
    }
    let words = kind & 0x20 != 0 ? 7 : 5
    let length = words * 4 + size
    let field = UInt16(start) | (hasMore ? 0x2000 : 0)
    var header: [UInt8] = [
        0x40 | UInt8(words), 0, UInt8(length >> 8), UInt8(length & 255), 0, identification,
        UInt8(field >> 8), UInt8(field & 255), 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
    ]
    header += [UInt8](repeating: 1, count: words * 4 - 20)
    let sum = header.withUnsafeMutableBytes { bytes in
        bytes.baseAddress.map { InternetChecksum.checksum($0, count: bytes.count) } ?? 0
    }
    header[10] = UInt8(sum >> 8)
    header[11] = UInt8(sum & 255)
    return ethernet + header + body
}
