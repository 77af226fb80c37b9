// The connection tracker with its helpers: a sequence of packets made from the input, some built
// with right headers and a chosen payload, some raw. At the end, when every timeout has passed,
// nothing may be left.

import Bounded
import Flow
import PacketBuffer
import Wire

@testable import Conntrack

private struct ConntrackFixture: @unchecked Sendable {
    let table = ConntrackTable(capacity: 48, isShared: false, secret: secret, now: 1_000_000)
    let key = FlowKey.allocate()
    let verdict = UnsafeMutablePointer<ConntrackVerdict>.allocate(capacity: 1)
    let request = UnsafeMutablePointer<ConntrackRequest>.allocate(capacity: 1)
    let now = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)
    static let secret = HashSecret(11, 22, 33, 44)
    static let shared = ConntrackFixture()
    init() { now.initialize(to: 1_000_000) }
}

func fuzzConntrack(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let fixture = ConntrackFixture.shared
    guard let table = fixture.table else { return 0 }
    var input = InputReader(data, count)
    var packets = 0
    while !input.isAtEnd && packets < 40 {
        packets += 1
        step(&input, fixture, table)
        let pause = input.byte()
        if pause & 0x80 != 0 {
            fixture.now.pointee += UInt64(pause & 0x7f) * 1000
            _ = table.expire(now: fixture.now.pointee, budget: 8)
        }
    }
    // Past every timeout there is.
    fixture.now.pointee += 90 * 86_400_000
    for _ in 0..<64 where table.state.pointee.index.count > 0 {
        fixture.now.pointee += 1000
        _ = table.expire(now: fixture.now.pointee, budget: 1024)
    }
    precondition(table.state.pointee.index.count == 0, "connections that never expire")
    precondition(table.state.pointee.slots.usedCount == 0, "slots that never come back")
    precondition(table.state.pointee.halfOpenCount == 0, "half-open connections are miscounted")
    _ = table.flush()
    precondition(table.state.pointee.expectations.count == 0, "expectations outlive a flush")
    return 0
}

private func step(
    _ input: inout InputReader, _ fixture: ConntrackFixture, _ table: ConntrackTable
) {
    let shape = input.byte()
    let frame = shape & 3 == 3 ? rawFrame(&input) : builtFrame(shape, &input)
    let exact = ExactPacket(frame, room: Int(input.byte() & 31))
    defer { exact.free() }
    let packet = exact.packet
    let options = input.byte()
    if options & 1 == 0 { packet.metadata.pointee.flags = .checksumValid }
    fixture.key.clear()
    guard
        let layout = FlowExtractor.extract(
            packet.data, length: packet.length, vlanLimit: 1, into: fixture.key),
        layout.l3 != 0
    else { return }
    packet.l3Offset = Int(layout.l3)
    packet.l4Offset = Int(layout.l4)
    fixture.verdict.initialize(to: ConntrackVerdict())
    for _ in 0..<(options & 2 == 0 ? 1 : 2) {
        fixture.request.initialize(to: request(&input))
        table.execute(
            fixture.request, key: fixture.key, packet: packet, now: fixture.now.pointee,
            verdict: fixture.verdict)
        precondition(packet.length <= packet.capacity, "the packet grew beyond its buffer")
        fixture.verdict.pointee.write(to: fixture.key)
    }
    // What a record's hit does later with the same connection.
    let verdict = fixture.verdict.pointee
    guard verdict.connection != ConntrackVerdict.noConnection, layout.hasL4 else { return }
    var facts = ConntrackPacketFacts()
    if fixture.key.load8(FlowLayout.ipProtocol) == IPProtocol.tcp,
        let tcp = TCPHeader(
            packet.data + Int(layout.l4), available: packet.length - Int(layout.l4))
    {
        facts = ConntrackPacketFacts(tcp, payloadLength: 1)
    }
    let holds = table.touch(
        verdict.connection, generation: verdict.generation, isReply: verdict.isReply,
        facts: facts, now: fixture.now.pointee)
    if holds {
        _ = table.natRewrite(
            verdict.connection, isReply: verdict.isReply, packet: packet,
            isIPv6: fixture.key.load16(FlowLayout.ethType) == EtherType.ipv6)
    }
}

private func request(_ input: inout InputReader) -> ConntrackRequest {
    var request = ConntrackRequest()
    let bits = input.byte()
    request.zone = UInt16(bits & 1)
    request.commit = bits & 2 != 0
    request.force = bits & 0x0c == 0x0c
    request.helper = ConntrackHelper(rawValue: bits >> 4 & 3) ?? .none
    request.hasNAT = bits & 0x40 != 0
    guard bits & 0x80 != 0 else { return request }
    request.hasNAT = true
    request.nat.action = [1, 3, 4, 12][input.below(4)]
    request.nat.minAddress =
        bits & 4 == 0
        ? ConntrackAddress(ipv4: 0x0a00_0000 | UInt32(input.byte()))
        : ConntrackAddress(high: 0xfd00_0000_0000_0000, low: UInt64(input.byte()))
    request.nat.maxAddress = request.nat.minAddress
    request.nat.minPort = input.word()
    request.nat.maxPort = request.nat.minPort &+ UInt16(input.byte())
    return request
}

/// Whatever bytes come, behind an Ethernet header of IPv4 or IPv6.
private func rawFrame(_ input: inout InputReader) -> [UInt8] {
    let isIPv6 = input.byte() & 1 == 1
    let length = Int(input.byte())
    return ethernet(isIPv6) + input.bytes(length)
}

private func ethernet(_ isIPv6: Bool) -> [UInt8] {
    [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1] + (isIPv6 ? [0x86, 0xdd] : [8, 0])
}

/// A packet with right lengths between few hosts and ports, so that conversations come about.
private func builtFrame(_ shape: UInt8, _ input: inout InputReader) -> [UInt8] {
    let isIPv6 = shape & 4 != 0
    let isReply = shape & 8 != 0
    let ports: [UInt16] = [21, 69, 80, 1024, 20, 5000]
    let pair = (ports[input.below(6)], ports[input.below(6)])
    let (source, destination) = isReply ? (pair.1, pair.0) : pair
    var transport = [
        UInt8(source >> 8), UInt8(source & 255), UInt8(destination >> 8), UInt8(destination & 255),
    ]
    let number: UInt8
    switch shape & 3 {
    case 0:
        number = IPProtocol.tcp
        for _ in 0..<2 {
            let value = 1000 &+ UInt32(input.word() & 0x3ff)
            transport += [
                UInt8(value >> 24), UInt8(value >> 16 & 255), UInt8(value >> 8 & 255),
                UInt8(value & 255),
            ]
        }
        transport += [0x50, input.byte() & 0x3f, 0xff, 0xff, 0, 0, 0, 0]
        transport += input.bytes(Int(input.byte() & 0x7f))
    case 1:
        number = IPProtocol.udp
        let payload = input.bytes(Int(input.byte() & 0x7f))
        transport += [0, UInt8(8 + payload.count), 0, 0] + payload
    default:
        number = isIPv6 ? IPProtocol.icmpv6 : IPProtocol.icmp
        transport = [input.byte(), input.byte(), 0, 0, 0, 7, 0, 1]
        transport += input.bytes(Int(input.byte() & 0x7f))
    }
    let hosts: [UInt8] = isReply ? [2, 1] : [1, 2]
    let length = transport.count
    if isIPv6 {
        let prefix: [UInt8] = [0xfd] + [UInt8](repeating: 0, count: 14)
        return ethernet(true) + [0x60, 0, 0, 0, 0, UInt8(length), number, 64] + prefix + [hosts[0]]
            + prefix + [hosts[1]] + transport
    }
    return ethernet(false) + [0x45, 0, 0, UInt8(20 + length), 0, 1, 0, 0, 64, number, 0, 0]
        + [10, 0, 0, hosts[0], 10, 0, 0, hosts[1]] + transport
}
