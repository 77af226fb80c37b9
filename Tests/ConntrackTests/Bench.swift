// A table, a pool and a clock for the tests of this module, and packets built by hand.

import Flow
import PacketBuffer
import Testing
import Wire

@testable import Bounded
@testable import Conntrack

/// An address of either family, written short: v4 as a number, v6 as its last number under fd00::.
struct Host: Equatable {
    var isIPv6 = false
    var number: UInt32
    init(_ number: UInt32, isIPv6: Bool = false) {
        self.number = number
        self.isIPv6 = isIPv6
    }
    var address: ConntrackAddress {
        isIPv6
            ? ConntrackAddress(high: 0xfd00_0000_0000_0000, low: UInt64(number))
            : ConntrackAddress(ipv4: number)
    }
}

/// One packet to build.
struct Sketch {
    var from: Host
    var to: Host
    var number: UInt8
    var sourcePort: UInt16 = 0
    var destinationPort: UInt16 = 0
    var flags: UInt16 = 0
    var sequence: UInt32 = 0
    var acknowledgement: UInt32 = 0
    var window: UInt16 = 65_535
    var options: [UInt8] = []
    /// What is behind the transport header; for ICMP and SCTP, behind the IP header.
    var payload: [UInt8] = []
    var breaksChecksum = false
    var isPartial = false

    static func tcp(
        _ from: Host, _ sourcePort: UInt16, _ to: Host, _ destinationPort: UInt16, _ flags: UInt16,
        seq: UInt32 = 0, ack: UInt32 = 0, window: UInt16 = 65_535, _ payload: String = "",
        options: [UInt8] = []
    ) -> Sketch {
        var sketch = Sketch(from: from, to: to, number: IPProtocol.tcp)
        sketch.sourcePort = sourcePort
        sketch.destinationPort = destinationPort
        sketch.flags = flags
        sketch.sequence = seq
        sketch.acknowledgement = ack
        sketch.window = window
        sketch.options = options
        sketch.payload = Array(payload.utf8)
        return sketch
    }

    static func udp(
        _ from: Host, _ sourcePort: UInt16, _ to: Host, _ destinationPort: UInt16,
        _ payload: [UInt8] = [1, 2, 3]
    ) -> Sketch {
        var sketch = Sketch(from: from, to: to, number: IPProtocol.udp)
        sketch.sourcePort = sourcePort
        sketch.destinationPort = destinationPort
        sketch.payload = payload
        return sketch
    }

    static func icmp(
        _ from: Host, _ to: Host, type: UInt8, code: UInt8 = 0, rest: UInt32 = 0x0007_0001,
        _ payload: [UInt8] = []
    ) -> Sketch {
        var sketch = Sketch(
            from: from, to: to, number: from.isIPv6 ? IPProtocol.icmpv6 : IPProtocol.icmp)
        sketch.payload =
            [
                type, code, 0, 0, UInt8(rest >> 24), UInt8(rest >> 16 & 255),
                UInt8(rest >> 8 & 255), UInt8(rest & 255),
            ] + payload
        return sketch
    }

    /// The bytes from the IP header on, checksums and all.
    func bytes() -> [UInt8] {
        var transport: [UInt8]
        switch number {
        case IPProtocol.tcp: transport = [UInt8](repeating: 0, count: 20) + options + payload
        case IPProtocol.udp: transport = [UInt8](repeating: 0, count: 8) + payload
        default: transport = payload
        }
        let headerBytes = from.isIPv6 ? 40 : 20
        var packet = [UInt8](repeating: 0, count: headerBytes) + transport
        let length = transport.count
        packet.withUnsafeMutableBytes { raw in
            guard let ip = raw.baseAddress else { return }
            writeIP(ip, length: length)
            writeTransport(ip, ip + headerBytes, length: length)
        }
        return packet
    }

    private func writeIP(_ ip: UnsafeMutableRawPointer, length: Int) {
        if from.isIPv6 {
            let addresses = [
                from.address.word0, from.address.word1, to.address.word0, to.address.word1,
            ]
            addresses.withUnsafeBytes {
                guard let base = $0.baseAddress else { return }
                IPv6Header.write(
                    to: ip, source: base, destination: base + 16, nextHeader: number,
                    payloadLength: length)
            }
        } else {
            IPv4Header.write(
                to: ip, source: from.number, destination: to.number, protocolNumber: number,
                totalLength: 20 + length)
        }
    }

    private func writeTransport(
        _ ip: UnsafeMutableRawPointer, _ transport: UnsafeMutableRawPointer, length: Int
    ) {
        let isIPv6 = from.isIPv6
        func checksum() -> UInt16 {
            isPartial
                ? TransportChecksum.partial(
                    ip: ip, isIPv6: isIPv6, protocol: number, length: length)
                : TransportChecksum.compute(
                    transport, length: length, ip: ip, isIPv6: isIPv6, protocol: number)
        }
        let broken: UInt16 = breaksChecksum ? 0x5555 : 0
        switch number {
        case IPProtocol.tcp:
            let header = TCPHeader.write(
                to: transport, sourcePort: sourcePort, destinationPort: destinationPort,
                sequence: sequence, acknowledgement: acknowledgement, flags: flags,
                window: window, headerBytes: 20 + options.count)
            header.checksum = checksum() ^ broken
        case IPProtocol.udp:
            let header = UDPHeader.write(
                to: transport, sourcePort: sourcePort, destinationPort: destinationPort,
                length: length)
            let sum = checksum()
            header.checksum = (sum == 0 ? 0xffff : sum) ^ broken
        case IPProtocol.icmpv6 where isIPv6:
            transport.setNetwork16(checksum() ^ broken, at: 2)
        case IPProtocol.icmp:
            transport.setNetwork16(
                InternetChecksum.checksum(transport, count: length) ^ broken, at: 2)
        case IPProtocol.sctp where length >= 12:
            SCTPHeader(transport, available: length)?.checksum = CRC32C.sctp(
                transport, count: length)
        default:
            break
        }
    }
}

/// A table under test with its own clock.
final class Bench {
    let table: ConntrackTable
    let pool: PacketPool
    let key = FlowKey.allocate()
    var now: UInt64 = 1_000_000
    var verdict = ConntrackVerdict()
    var packet: PacketBuffer?

    init(capacity: Int = 4096, isShared: Bool = false) throws {
        table = try #require(
            ConntrackTable(
                capacity: capacity, isShared: isShared,
                secret: HashSecret(
                    0x9e37_79b9_7f4a_7c15, 0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb,
                    0xd6e8_feb8_6659_fd93),
                now: 1_000_000))
        pool = try #require(PacketPool(standardCapacity: 1024, jumboCapacity: 4))
    }

    deinit {
        if let packet { pool.free(packet) }
        key.deallocate()
        table.deallocate()
        pool.destroy()
    }

    static func request(
        zone: UInt16 = 0, commit: Bool = false,
        _ change: (inout ConntrackRequest) -> Void = { _ in
        }
    ) -> ConntrackRequest {
        var request = ConntrackRequest()
        request.zone = zone
        request.commit = commit
        change(&request)
        return request
    }

    /// Puts IP bytes into a frame of the pool and fills the key.
    func make(_ ip: [UInt8]) throws -> PacketBuffer {
        let packet = try #require(pool.allocate(length: 14 + ip.count))
        let data = try #require(packet.append(14 + ip.count))
        let isIPv6 = ip[0] >> 4 == 6
        let type = isIPv6 ? EtherType.ipv6 : EtherType.ipv4
        EthernetHeader.write(to: data, destination: 2, source: 1, type: type)
        ip.withUnsafeBytes {
            if let base = $0.baseAddress { (data + 14).copyMemory(from: base, byteCount: ip.count) }
        }
        packet.l3Offset = 14
        return packet
    }

    func fillKey(_ sketch: Sketch) {
        key.clear()
        let isIPv6 = sketch.from.isIPv6
        key.store16(isIPv6 ? EtherType.ipv6 : EtherType.ipv4, at: FlowLayout.ethType)
        key.store8(sketch.number, at: FlowLayout.ipProtocol)
        key.store16(sketch.sourcePort, at: FlowLayout.l4Source)
        key.store16(sketch.destinationPort, at: FlowLayout.l4Destination)
        if isIPv6 {
            sketch.from.address.storeIPv6(to: key.base + FlowLayout.ipv6Source)
            sketch.to.address.storeIPv6(to: key.base + FlowLayout.ipv6Destination)
        } else {
            key.store32(sketch.from.number, at: FlowLayout.ipv4Source)
            key.store32(sketch.to.number, at: FlowLayout.ipv4Destination)
        }
    }

    /// Runs one fresh packet; returns its ct_state.
    @discardableResult
    func run(_ sketch: Sketch, _ request: ConntrackRequest = Bench.request(commit: true)) throws
        -> UInt8
    {
        if let packet { pool.free(packet) }
        let packet = try make(sketch.bytes())
        self.packet = packet
        if sketch.isPartial {
            packet.metadata.pointee.flags = .needsChecksum
            packet.checksumStart = 14 + (sketch.from.isIPv6 ? 40 : 20)
            packet.metadata.pointee.checksumOffset = sketch.number == IPProtocol.tcp ? 16 : 6
        }
        fillKey(sketch)
        verdict = ConntrackVerdict()
        return again(request)
    }

    /// Runs the same packet through another action.
    @discardableResult
    func again(_ request: ConntrackRequest) -> UInt8 {
        guard let packet else { return 0 }
        withUnsafePointer(to: request) { request in
            withUnsafeMutablePointer(to: &verdict) {
                table.execute(request, key: key, packet: packet, now: now, verdict: $0)
            }
        }
        return verdict.state
    }

    /// What the packet looks like now.
    var ip: UnsafeMutableRawPointer { (packet?.data ?? key.base) + 14 }
    var isIPv6: Bool { ip.network8(at: 0) >> 4 == 6 }
    var transport: UnsafeMutableRawPointer { ip + (isIPv6 ? 40 : 20) }
    var source: ConntrackAddress {
        isIPv6 ? ConntrackAddress(ipv6: ip + 8) : ConntrackAddress(ipv4: ip.network32(at: 12))
    }
    var destination: ConntrackAddress {
        isIPv6 ? ConntrackAddress(ipv6: ip + 24) : ConntrackAddress(ipv4: ip.network32(at: 16))
    }
    var payloadText: String {
        guard let packet else { return "" }
        let header = TCPHeader(unchecked: transport).headerBytes
        let start = (isIPv6 ? 54 : 34) + header
        return String(
            decoding: UnsafeRawBufferPointer(
                start: packet.data + start, count: packet.length - start), as: UTF8.self)
    }
    /// All checksums of the packet are right.
    var isSound: Bool {
        guard let packet else { return false }
        let isIPv6 = isIPv6
        if !isIPv6 && !IPv4Header(unchecked: ip).isChecksumValid { return false }
        let number = isIPv6 ? ip.network8(at: 6) : ip.network8(at: 9)
        let length = packet.length - 14 - (isIPv6 ? 40 : 20)
        switch number {
        case IPProtocol.icmp: return InternetChecksum.checksum(transport, count: length) == 0
        case IPProtocol.tcp, IPProtocol.udp, IPProtocol.icmpv6:
            return TransportChecksum.isValid(
                transport, length: length, ip: ip, isIPv6: isIPv6, protocol: number)
        case IPProtocol.sctp:
            return SCTPHeader(unchecked: transport).isChecksumValid(length: length)
        default: return true
        }
    }

    func entries() -> [ConntrackEntry] {
        var cursor: UInt32 = 0
        var entries: [ConntrackEntry] = []
        while table.dump(cursor: &cursor, now: now, limit: 100, { entries.append($0) }) {}
        return entries
    }
}

// ct_state values as ovs-ofctl would match them.
let new: UInt8 = 0x21
let est: UInt8 = 0x22
let estReply: UInt8 = 0x2a
let invalid: UInt8 = 0x30
let syn = TCPFlags.syn
let ack = TCPFlags.ack
let fin = TCPFlags.fin
let rst = TCPFlags.rst
let psh = TCPFlags.psh
let client = Host(0x0a00_0001)
let server = Host(0x0a00_0002)
let client6 = Host(1, isIPv6: true)
let server6 = Host(2, isIPv6: true)
