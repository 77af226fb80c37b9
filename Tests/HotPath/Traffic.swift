// The packets of the hot path's allocation test and the rules they meet: records that hold, new
// connections, NAT, TCP from SYN to FIN, fragments, packet-ins, learning and flooding, rewrites.
// Everything is made once; a round allocates nothing of its own.

import Conntrack
import Flow
import PacketBuffer
import Pipeline
import TestSupport

/// What happened, in numbers.
struct TrafficSummary {
    var packets: UInt64
    var hits: UInt64
    var judged: UInt64
    var created: UInt64
    var expired: UInt64
    var fragments: UInt64
    var events: UInt64
    var sent: UInt64

    var text: String {
        "\(packets) packets: \(hits) by record, \(judged) judged, \(created) connections, "
            + "\(expired) of them expired, \(fragments) fragments let go, \(events) events, "
            + "\(sent) sent"
    }
    /// Each kind of packet has occurred.
    var isComplete: Bool {
        hits > packets / 10 && judged > packets / 10 && created > packets / 100 && expired > 0
            && fragments > packets / 100 && events > 0 && sent > packets / 4
    }
}

/// A frame in raw memory with the port it arrives on.
struct Template {
    var bytes: UnsafeMutableRawPointer
    var count: Int
    var port: UInt32

    init(_ frame: [UInt8], port: UInt32) {
        bytes = .allocate(byteCount: frame.count, alignment: 8)
        bytes.copyMemory(from: frame, byteCount: frame.count)
        count = frame.count
        self.port = port
    }
}

/// An engine, its rules, and a generator of packets.
final class Traffic {
    private let rig: EngineRig
    private let batch = PacketBatch.allocate()
    private var random: UInt64 = 88_172_645_463_325_252
    private var sent: UInt64 = 0
    private var events: UInt64 = 0
    private var fresh: UInt16 = 1024
    private let request, answer, outgoing, returning, controller, flooded, rewritten: Template
    private let conversation: UnsafeMutablePointer<Template>
    private let firstFragment, lastFragment: Template
    private static let conversationLength = 8

    init() throws(RigError) {
        rig = try EngineRig(connections: 32_768, records: 65_536)
        guard let fragments = FragmentTable(pool: rig.pool, isShared: false) else {
            throw RigError()
        }
        rig.engine.state.pointee.fragments = fragments
        let inside: [UInt8] = [10, 0, 0, 1]
        let outside: [UInt8] = [192, 168, 0, 1]
        func udp(_ from: [UInt8], _ source: UInt16, _ to: [UInt8], _ port: UInt16) -> [UInt8] {
            // A zero UDP checksum lets the ports be changed in place.
            var frame = Frames.udp(from: from, source, to: to, port)
            frame[40] = 0
            frame[41] = 0
            return frame
        }
        request = Template(udp(inside, 1, outside, 53), port: 1)
        answer = Template(udp(outside, 53, inside, 1), port: 2)
        outgoing = Template(udp([10, 0, 1, 1], 1, outside, 53), port: 3)
        returning = Template(udp(outside, 53, [172, 16, 0, 1], 1), port: 4)
        controller = Template(udp(inside, 1, [10, 9, 9, 9], 9), port: 1)
        flooded = Template(udp(inside, 1, [10, 8, 8, 8], 8), port: 1)
        rewritten = Template(udp(inside, 1, [10, 7, 7, 7], 7), port: 1)
        func tcp(_ isReply: Bool, _ flags: UInt8, _ sequence: UInt32, _ acknowledged: UInt32)
            -> Template
        {
            Template(
                Frames.tcp(
                    from: isReply ? outside : inside, isReply ? 80 : 1,
                    to: isReply ? inside : outside, isReply ? 1 : 80, flags: flags,
                    sequence: sequence, acknowledgement: acknowledged), port: isReply ? 2 : 1)
        }
        conversation = .allocate(capacity: Traffic.conversationLength)
        let steps = [
            tcp(false, 2, 99, 0), tcp(true, 0x12, 499, 100), tcp(false, 0x10, 100, 500),
            tcp(true, 0x10, 500, 100), tcp(false, 0x11, 100, 500), tcp(true, 0x11, 500, 101),
            tcp(false, 0x10, 101, 501), tcp(false, 4, 101, 501),
        ]
        for (index, step) in steps.enumerated() { (conversation + index).initialize(to: step) }
        let datagram = Frames.fragments(
            of: Frames.udp(
                from: inside, 5000, to: outside, 53, data: [UInt8](repeating: 7, count: 1500)),
            lengths: [1400, 160])
        firstFragment = Template(datagram[0], port: 1)
        lastFragment = Template(datagram[1], port: 1)
        addRules()
    }

    private static func match(_ fill: (inout FlowMatch) -> Void) -> FlowMatch {
        var match = FlowMatch()
        match.set(.ethType, to: 0x0800)
        fill(&match)
        return match
    }

    private static func state(_ bits: UInt64, port: UInt64) -> FlowMatch {
        match {
            let value = FieldValue(bits, byteCount: 4)
            $0.set(.ctState, value: value, mask: value)
            $0.set(.inPort, to: port)
        }
    }

    private func addRules() {
        let track = Act.ct(zone: 1, table: 1)
        rig.add(priority: 100, Traffic.match { _ in }, [track.0], blocks: [track.1])
        let out = Act.ct(zone: 2, table: 2, commit: true, sourceNAT: 0xac10_0001)
        rig.add(
            priority: 200, Traffic.match { $0.set(.inPort, to: 3) }, [out.0], blocks: [out.1])
        let back = Act.ct(zone: 2, table: 2, nat: true)
        rig.add(
            priority: 200, Traffic.match { $0.set(.inPort, to: 4) }, [back.0], blocks: [back.1])
        rig.add(table: 2, priority: 1, Traffic.match { $0.set(.inPort, to: 3) }, [Act.output(4)])
        rig.add(table: 2, priority: 1, Traffic.match { $0.set(.inPort, to: 4) }, [Act.output(3)])
        let commit = Act.ct(zone: 1, commit: true)
        rig.add(
            table: 1, priority: 200, Traffic.state(0x21, port: 1), [commit.0, Act.output(2)],
            blocks: [commit.1])
        rig.add(table: 1, priority: 300, Traffic.state(0x22, port: 1), [Act.output(2)])
        rig.add(table: 1, priority: 300, Traffic.state(0x22, port: 2), [Act.output(1)])
        func to(_ address: UInt64) -> FlowMatch {
            Traffic.match { $0.set(.ipv4Destination, to: address) }
        }
        rig.add(
            priority: 300, to(0x0a09_0909),
            [Instruction(.output, b: 128, c: ReservedOpenFlowPort.controller)])
        rig.add(priority: 300, to(0x0a08_0808), [Act.output(ReservedOpenFlowPort.normal)])
        rig.add(
            priority: 300, to(0x0a07_0707),
            [
                Instruction(.pushVLAN, b: 0x8100), Instruction(.setVLANVID, b: 7),
                Act.output(2), Instruction(.stripVLAN), Instruction(.decrementTTL),
                Act.output(3),
            ])
    }

    private func next() -> UInt64 {
        random ^= random << 13
        random ^= random >> 7
        random ^= random << 17
        return random
    }

    /// Runs `rounds` batches, with the sweeps that a poll thread makes between them.
    func run(rounds: Int) {
        for round in 0..<rounds {
            fill(round)
            rig.now &+= 5
            rig.engine.process(batch, now: rig.now)
            discardSent()
            while rig.engine.state.pointee.events.consume({ _ in }) { events &+= 1 }
            if round % 8 == 0 {
                _ = rig.engine.sweep(now: rig.now, budget: 256)
                _ = rig.engine.state.pointee.conntrack.expire(now: rig.now, budget: 512)
                rig.engine.expireFragments(now: rig.now)
                rig.engine.flushCounters()
            }
        }
    }

    /// A batch: half of it belongs to connections that are known, the rest to everything else.
    private func fill(_ round: Int) {
        let kind = round % 8
        if kind == 7 {
            for step in 0..<24 {
                push(conversation[step % Self.conversationLength], fresh &+ UInt16(step / 8))
            }
            fresh &+= 3
            for _ in 0..<4 {
                push(firstFragment, nil)
                push(lastFragment, nil)
            }
            return
        }
        for position in 0..<32 {
            let known = UInt16(1024 &+ Int(next() % 512))
            let isReply = next() & 1 == 1
            switch position {
            case 0..<16: push(isReply ? answer : request, known)
            case 16..<20: push(isReply ? returning : outgoing, known)
            case 20..<24:
                fresh &+= 1
                push(request, fresh)
            case 24..<26:
                fresh &+= 1
                push(outgoing, fresh)
            case 26: push(controller, known)
            case 27..<29: push(flooded, known)
            case 29..<31: push(rewritten, known)
            default: push(answer, fresh &+ 9)
            }
        }
    }

    /// Adds a packet to the batch; `port` is the one that is the client's.
    private func push(_ template: Template, _ port: UInt16?) {
        guard let packet = rig.pool.allocate(length: template.count) else { return }
        _ = packet.assign(template.bytes, count: template.count)
        if let port {
            let offset = template.port == 2 || template.port == 4 ? 36 : 34
            packet.data.storeBytes(of: port.bigEndian, toByteOffset: offset, as: UInt16.self)
        }
        packet.metadata.pointee.inPort = template.port
        packet.metadata.pointee.flags = .checksumValid
        batch.append(packet)
    }

    private func discardSent() {
        let outbox = rig.engine.state.pointee.outbox
        for position in 0..<outbox.dirtyCount.pointee {
            let port = Int(outbox.dirty[position])
            guard let row = outbox.rows[port] else { continue }
            for index in 0..<Int(outbox.counts[port]) { rig.pool.free(row[index]) }
            sent &+= UInt64(outbox.counts[port])
            outbox.counts[port] = 0
        }
        outbox.dirtyCount.pointee = 0
    }

    var summary: TrafficSummary {
        let conntrack = rig.engine.state.pointee.conntrack.state.pointee.counters
        return TrafficSummary(
            packets: rig.counters.packets, hits: rig.counters.recordHits,
            judged: rig.counters.packets &- rig.counters.recordHits, created: conntrack.created,
            expired: conntrack.expired,
            fragments: rig.engine.state.pointee.fragments?.counters(isIPv6: false).completed ?? 0,
            events: events, sent: sent)
    }
}
