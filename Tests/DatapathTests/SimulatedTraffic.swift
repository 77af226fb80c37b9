// Hosts and conversations of the simulation: TCP that opens, talks and closes, UDP questions and
// answers, echoes and fragments, over a network that loses, repeats and reorders. A server answers
// to the addresses that it sees, so translation is part of the conversation.

import TestSupport

/// Hosts by number: an address, and the port they are on for good.
enum SimulatedHost {
    static func bytes(_ number: Int) -> [UInt8] { [10, 0, 0, UInt8(1 + number)] }
    static func address(_ number: Int) -> UInt32 { 0x0a00_0001 + UInt32(number) }
    static func port(_ number: Int, ports: Int) -> UInt32 { UInt32(1 + number % ports) }
}

/// A frame on its way into the switch.
struct SimulatedFrame {
    var bytes: [UInt8]
    var port: UInt32
    /// The conversation to tell what came out, and whether it went towards the server.
    var conversation: Int?
    var isForward = true
    /// The port has found the checksums right.
    var isVouched = true
}

/// A TCP or UDP conversation between two hosts.
struct Conversation {
    let client: Int
    let server: Int
    let clientPort: UInt16
    let serverPort: UInt16
    let isTCP: Bool
    let isIPv6: Bool
    private var step = 0
    private var clientSequence: UInt32
    private var serverSequence: UInt32 = 90_000
    private let exchanges: Int
    /// Where the server sends its answers: what it saw as the sender.
    private var seen: (address: [UInt8], port: UInt16)

    init(_ random: inout SeededRandom) {
        client = random.below(6)
        server = (client + 1 + random.below(5)) % 6
        clientPort = UInt16(2000 + random.below(40))
        isTCP = random.chance(70)
        isIPv6 = random.chance(25)
        serverPort = isTCP ? random.pick([80, 443]) : 53
        clientSequence = UInt32(truncatingIfNeeded: random.next())
        exchanges = 1 + random.below(12)
        seen = (SimulatedHost.bytes(client), clientPort)
    }

    /// Notes what the server would see of a frame that reached its port.
    mutating func observe(_ sent: [(port: UInt32, frame: [UInt8])], ports: Int) {
        let port = SimulatedHost.port(server, ports: ports)
        for (at, frame) in sent where at == port && frame.count >= 38 {
            guard frame[12] == 8, frame[13] == 0, frame[14] == 0x45,
                Array(frame[30..<34]) == SimulatedHost.bytes(server)
            else { continue }
            seen = (Array(frame[26..<30]), UInt16(frame[34]) << 8 | UInt16(frame[35]))
        }
    }

    /// The next frame, or nil when all was said.
    mutating func next(ports: Int) -> SimulatedFrame? {
        defer { step += 1 }
        guard var frame = isTCP ? nextTCP(ports) : nextUDP(ports) else { return nil }
        if isIPv6 { frame.bytes = Frames.ipv6Twin(of: frame.bytes) }
        return frame
    }

    private mutating func nextUDP(_ ports: Int) -> SimulatedFrame? {
        guard step < exchanges * 2 else { return nil }
        let data = [UInt8](repeating: UInt8(step), count: 1 + step * 7 % 24)
        return step % 2 == 0
            ? forward(ports, Frames.udp(
                from: SimulatedHost.bytes(client), clientPort, to: SimulatedHost.bytes(server),
                serverPort, macs: macs(isForward: true), data: data))
            : backward(ports, Frames.udp(
                from: SimulatedHost.bytes(server), serverPort, to: seen.address, seen.port,
                macs: macs(isForward: false), data: data))
    }

    private mutating func nextTCP(_ ports: Int) -> SimulatedFrame? {
        switch step {
        case 0: return segment(true, 0x02, ports, consumes: 1)
        case 1: return segment(false, 0x12, ports, consumes: 1)
        case 2: return segment(true, 0x10, ports)
        case 3..<(3 + exchanges * 2):
            let data = [UInt8](repeating: UInt8(step), count: 1 + step * 5 % 14)
            return segment(step % 2 == 1, 0x18, ports, data: data)
        case 3 + exchanges * 2: return segment(true, 0x11, ports, consumes: 1)
        case 4 + exchanges * 2: return segment(false, 0x11, ports, consumes: 1)
        case 5 + exchanges * 2: return segment(true, 0x10, ports)
        case 6 + exchanges * 2 where exchanges % 3 == 0: return segment(false, 0x04, ports)
        default: return nil
        }
    }

    private mutating func segment(
        _ isForward: Bool, _ flags: UInt8, _ ports: Int, consumes: UInt32 = 0, data: [UInt8] = []
    ) -> SimulatedFrame {
        let sequence = isForward ? clientSequence : serverSequence
        let acknowledged = flags == 2 ? 0 : isForward ? serverSequence : clientSequence
        let advance = consumes + UInt32(data.count)
        if isForward { clientSequence &+= advance } else { serverSequence &+= advance }
        return isForward
            ? forward(ports, Frames.tcp(
                from: SimulatedHost.bytes(client), clientPort, to: SimulatedHost.bytes(server),
                serverPort, flags: flags, sequence: sequence, acknowledgement: acknowledged,
                macs: macs(isForward: true), data: data))
            : backward(ports, Frames.tcp(
                from: SimulatedHost.bytes(server), serverPort, to: seen.address, seen.port,
                flags: flags, sequence: sequence, acknowledgement: acknowledged,
                macs: macs(isForward: false), data: data))
    }

    private func macs(isForward: Bool) -> (UInt8, UInt8) {
        isForward
            ? (UInt8(server + 1), UInt8(client + 1)) : (UInt8(client + 1), UInt8(server + 1))
    }
    private func forward(_ ports: Int, _ bytes: [UInt8]) -> SimulatedFrame {
        SimulatedFrame(bytes: bytes, port: SimulatedHost.port(client, ports: ports))
    }
    private func backward(_ ports: Int, _ bytes: [UInt8]) -> SimulatedFrame {
        SimulatedFrame(
            bytes: bytes, port: SimulatedHost.port(server, ports: ports), isForward: false)
    }
}

/// Frames beside conversations.
enum StrayFrames {
    static func make(_ random: inout SeededRandom, ports: Int) -> [SimulatedFrame] {
        let from = random.below(6)
        let to = (from + 1 + random.below(5)) % 6
        let port = SimulatedHost.port(from, ports: ports)
        let macs = (UInt8(to + 1), UInt8(from + 1))
        let source = SimulatedHost.bytes(from)
        let target = SimulatedHost.bytes(to)
        func frames(_ list: [[UInt8]]) -> [SimulatedFrame] {
            list.map { SimulatedFrame(bytes: $0, port: port) }
        }
        switch random.below(7) {
        case 6:
            // An error about a packet that may or may not have been.
            let quoted = Frames.udp(
                from: target, UInt16(2000 + random.below(40)), to: source, 53, macs: macs)
            let message: [UInt8] = [3, UInt8(random.below(4)), 0, 0, 0, 0, 0, 0]
            return frames([
                Frames.ethernet(macs.0, macs.1, type: 0x0800)
                    + Frames.ipv4(
                        from: source, to: target, proto: 1,
                        payload: message + Array(quoted[14...]))
            ])
        case 0:
            let echo = Frames.echo(
                from: source, to: target, isReply: random.chance(50), id: UInt16(random.below(4)))
            return frames([Frames.ethernet(macs.0, macs.1, type: 0x0800) + echo])
        case 1:
            let whole = Frames.udp(
                from: source, 7000, to: target, 53, macs: macs,
                data: [UInt8](repeating: 9, count: 1500))
            var parts = Frames.fragments(of: whole, lengths: [1400, 200])
            if random.chance(50) { parts.reverse() }
            if random.chance(20) { parts.removeLast() }
            return frames(parts)
        case 2:
            // A stranger's segment in the middle of nothing.
            return frames([
                Frames.tcp(
                    from: source, UInt16(2000 + random.below(40)), to: target, 80, flags: 0x10,
                    sequence: UInt32(truncatingIfNeeded: random.next()), macs: macs)
            ])
        case 3:
            return frames([
                [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, macs.1, 0x08, 0x06]
                    + [0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, macs.1] + source
                    + [0, 0, 0, 0, 0, 0] + target
            ])
        case 4:
            var bytes = Frames.udp(from: source, 1, to: target, 53, macs: macs)
            bytes[random.below(bytes.count)] ^= UInt8(1 << random.below(8))
            // The sender's address stays, so that nobody moves.
            bytes.replaceSubrange(6..<12, with: [2, 0, 0, 0, 0, macs.1])
            return frames([bytes])
        default:
            var bytes = Frames.udp(from: source, 4000, to: target, 53, macs: macs)
            bytes.insert(contentsOf: [0x81, 0, 0, UInt8(random.below(3))], at: 12)
            return frames([bytes])
        }
    }
}
