// Sessions with literal bytes: greeting, errors, roles, packets and flow monitors.

import Dpif
import Flow
import OpenFlow
import Pipeline
import TestSupport
import Testing

@testable import Ofproto

@Suite struct SessionTests {
    private func open(_ fixture: BridgeFixture, isPrimary: Bool = true) -> SessionProbe {
        let session = fixture.bridge.openSession(name: "test", isPrimary: isPrimary)
        return SessionProbe(session, version: .v1_0)
    }

    @Test("The greeting offers all versions, and the highest common one is spoken")
    func hello() {
        let fixture = BridgeFixture()
        let probe = open(fixture)
        probe.session.start()
        #expect(probe.bytes == [6, 0, 0, 8, 0, 0, 0, 1])
        // A hello of OpenFlow 1.3 without a bitmap, in two pieces.
        probe.session.receive([4, 0, 0, 8, 0])
        #expect(!probe.session.isNegotiated)
        probe.session.receive([0, 0, 9])
        #expect(probe.session.version == .v1_3)
        probe.clear()
        probe.session.receive([4, 2, 0, 12, 0, 0, 0, 7, 1, 2, 3, 4])  // Echo request.
        #expect(probe.bytes == [4, 3, 0, 12, 0, 0, 0, 7, 1, 2, 3, 4])
        probe.clear()
        probe.session.receive([4, 20, 0, 8, 0, 0, 0, 8])  // Barrier request.
        #expect(probe.bytes == [4, 21, 0, 8, 0, 0, 0, 8])
    }

    @Test("Without a common version the session says so and ends")
    func noCommonVersion() {
        let fixture = BridgeFixture { $0.protocols = [.v1_3] }
        let probe = open(fixture)
        probe.session.start()
        #expect(probe.bytes.prefix(1) == [4])
        probe.clear()
        probe.session.receive([1, 0, 0, 8, 0, 0, 0, 1])
        #expect(probe.error?.type == 0 && probe.error?.code == 0)
        #expect(probe.closeReason != nil && fixture.bridge.sessions.isEmpty)
    }

    @Test("Anything but hello first ends the session; so do bytes that are no OpenFlow")
    func badStart() {
        let fixture = BridgeFixture()
        let first = open(fixture)
        first.session.receive([4, 20, 0, 8, 0, 0, 0, 8])
        #expect(first.closeReason != nil)
        let second = open(fixture)
        second.session.receive([4, 0, 0, 3, 0, 0, 0, 8])
        #expect(second.closeReason != nil && fixture.bridge.sessions.isEmpty)
    }

    @Test("An error carries the whole message it is about")
    func errors() throws {
        let fixture = BridgeFixture()
        let probe = fixture.session(.v1_0)
        let message: [UInt8] = [1, 99, 0, 8, 0, 0, 0, 5]
        probe.session.receive(message)
        #expect(probe.bytes == [1, 1, 0, 20, 0, 0, 0, 5, 0, 1, 0, 1] + message)
        probe.clear()
        var mod = flowMod(.add)
        mod.actions = [.group(1)]
        let other = fixture.session(.v1_3)
        let frame = OpenFlowCodec.encode(.flowMod(mod), xid: 9, context: other.context)
        other.session.receive(frame)
        let error = try #require(other.error)
        #expect(error.type == 2 && error.code == 9 && error.data == frame)
    }

    @Test("Flow-mods that arrive together share one version; the barrier comes after it")
    func batch() {
        let fixture = BridgeFixture()
        let probe = fixture.session(.v1_3)
        let before = fixture.datapath.pipeline.currentVersion
        var bytes: [UInt8] = []
        for host in 0..<100 as Range<UInt32> {
            bytes += OpenFlowCodec.encode(
                .flowMod(flowMod(.add, match: ipMatch(host))), xid: host, context: probe.context)
        }
        bytes += [4, 20, 0, 8, 0, 0, 1, 0]
        probe.session.receive(bytes)
        #expect(fixture.datapath.pipeline.currentVersion == before + 1)
        #expect(probe.frames.map(\.type) == [21] && fixture.rules.count == 100)
    }

    @Test("Of two primaries the older becomes secondary, and may only look; stale ids are refused")
    func roles() {
        let fixture = BridgeFixture()
        let first = fixture.session(.v1_3)
        let second = fixture.session(.v1_3)
        first.receive(.roleRequest(RoleRequest(role: .primary, generationID: 5)), xid: 1)
        second.receive(.roleRequest(RoleRequest(role: .primary, generationID: 6)), xid: 2)
        #expect(first.session.role == .secondary && second.session.role == .primary)
        first.clear()
        first.receive(.flowMod(flowMod(.add)), xid: 3)
        #expect(first.error?.type == 1 && first.error?.code == 10)  // OFPBRC_IS_SECONDARY
        first.clear()
        first.receive(.roleRequest(RoleRequest(role: .primary, generationID: 4)), xid: 4)
        #expect(first.error?.type == 11 && first.error?.code == 0)  // OFPRRFC_STALE
    }

    private func packetIn(_ change: (inout PacketInEvent) -> Void = { _ in }) -> DatapathEvent {
        var event = PacketInEvent()
        event.frame = Array(0..<60)
        event.key = [UInt8](repeating: 0, count: FlowLayout.byteCount)
        event.key[FlowLayout.inPort + 3] = 3
        change(&event)
        return .packetIn(event)
    }

    @Test("An OpenFlow 1.0 packet-in, byte for byte")
    func packetInBytes() {
        let fixture = BridgeFixture()
        let probe = fixture.session(.v1_0)
        fixture.bridges.handle(packetIn())
        #expect(
            probe.bytes == [
                1, 10, 0, 78, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 60, 0, 3, 1, 0,
            ] + Array(0..<60))
    }

    @Test("Packets go to the controller they are for, which wants them and keeps up")
    func packetInChoice() {
        let fixture = BridgeFixture()
        let primary = fixture.session(.v1_3)
        let service = fixture.session(.v1_3, isPrimary: false)
        let other = fixture.session(.v1_3)
        other.receive(.setControllerID(9), xid: 1)
        other.clear()
        fixture.bridges.handle(packetIn())
        #expect(primary.frames.map(\.type) == [10])
        #expect(service.frames.isEmpty && other.frames.isEmpty)
        fixture.bridges.handle(packetIn { $0.controllerID = 9 })
        #expect(primary.frames.count == 1 && other.frames.count == 1)
        primary.pendingByteCount = 1
        for _ in 0..<200 { fixture.bridges.handle(packetIn()) }
        #expect(primary.frames.count == 100)
        primary.clear()
        fixture.bridges.handle(packetIn { $0.reason = 2 })
        #expect(primary.frames.isEmpty)
    }

    @Test("Over the rate packets wait, port by port, and the oldest are dropped")
    func rateLimit() {
        var limiter = PacketInLimiter(rate: 100, burst: 2)
        let admitted = [1, 1, 1, 2, 2].enumerated().map { index, port in
            limiter.admit(PacketIn(packet: [UInt8(index)]), port: UInt32(port), now: 0)
        }
        #expect(admitted == [true, true, false, false, false])
        #expect(limiter.queuedCount == 2 && limiter.droppedCount == 1)
        let released = [5, 10, 20].map { limiter.release(now: $0).count }
        #expect(released == [0, 1, 1] && limiter.queuedCount == 0)
    }

    @Test("A paused packet goes on with its continuation, once, and only with a true one")
    func resume() throws {
        let fixture = BridgeFixture()
        let probe = fixture.session(.v1_3)
        probe.receive(.setPacketInFormat(.nicira2), xid: 1)
        probe.clear()
        fixture.datapath.resumable = [77]
        let event = packetIn {
            $0.isPaused = true
            $0.continuation = 77
            $0.userdata = [9, 9]
            $0.key[FlowLayout.reg + 3] = 5
        }
        fixture.bridges.handle(event)
        let sent = try #require(probe.frames.first?.bytes)
        // NXT_PACKET_IN2 (30) becomes NXT_RESUME (28) with the same properties.
        var back = sent
        #expect(Array(back[12..<16]) == [0, 0, 0, 30])
        back[15] = 28
        probe.clear()
        probe.session.receive(back)
        #expect(probe.error == nil)
        let resumed = try #require(fixture.datapath.resumed.first)
        #expect(resumed.handle == 77 && resumed.frame == Array(0..<60))
        #expect(resumed.key[FlowLayout.reg + 3] == 5)
        #expect(resumed.key[FlowLayout.inPort + 3] == 3)
        probe.session.receive(back)
        #expect(probe.error != nil)
    }

    @Test("A port's change is told once, and not where the version cannot show it")
    func portStatus() {
        let fixture = BridgeFixture()
        let old = fixture.session(.v1_0)
        let new = fixture.session(.v1_3)
        fixture.bridge.addPort(OfprotoPort(name: "p1", number: 1, kind: .device))
        #expect(old.frames.map(\.type) == [12] && new.frames.map(\.type) == [12])
        old.clear()
        new.clear()
        fixture.bridge.modifyPort(1) { $0.isLive = false }
        #expect(old.frames.isEmpty && new.frames.count == 1)
        fixture.bridge.modifyPort(1) { $0.isLive = false }
        #expect(new.frames.count == 1)
        fixture.bridge.removePort(1)
        #expect(old.frames.count == 1 && new.frames.count == 2)
    }

    @Test("A removed flow is told to those who want it, with its counts")
    func flowRemoved() throws {
        let fixture = BridgeFixture()
        let probe = fixture.session(.v1_3)
        var mod = flowMod(.add, cookie: 7)
        mod.flags = .sendFlowRemoved
        mod.idleTimeout = 10
        try fixture.apply(mod)
        fixture.datapath.nowMilliseconds += 11_000
        fixture.bridges.tick()
        #expect(fixture.rules.isEmpty)
        let frame = try #require(probe.frames.first?.bytes)
        #expect(frame[1] == 11 && frame[15] == 7 && frame[18] == 0)
    }

    /// OFPMP_FLOW_MONITOR of OpenFlow 1.4 for monitor 1 of all flows of all tables.
    private func monitorRequest(flags: UInt8, command: UInt8 = 0) -> [UInt8] {
        [5, 18, 0, 40, 0, 0, 0, 5, 0, 16, 0, 0, 0, 0, 0, 0]
            + [0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, flags, 255, command]
            + [0, 1, 0, 4, 0, 0, 0, 0]
    }

    @Test("A monitor tells others' changes in full and its own by transaction id")
    func monitor() throws {
        let fixture = BridgeFixture()
        let watcher = fixture.session(.v1_4)
        let other = fixture.session(.v1_4)
        try fixture.apply(flowMod(.add))
        watcher.session.receive(monitorRequest(flags: 0x0f))
        #expect(watcher.frames.map(\.xid) == [5])
        #expect(watcher.bytes.count > 16)
        watcher.clear()
        other.receive(.flowMod(flowMod(.add, table: 1)), xid: 6)
        let full = try #require(watcher.frames.first?.bytes)
        #expect(full[19] == 1)  // OFPFME_ADDED
        watcher.clear()
        watcher.receive(.flowMod(flowMod(.add, table: 2)), xid: 0x0102_0304)
        let short = try #require(watcher.frames.first?.bytes)
        #expect(Array(short[16...]) == [0, 8, 0, 4, 1, 2, 3, 4])
        watcher.clear()
        watcher.session.receive(monitorRequest(flags: 0, command: 2))
        watcher.clear()
        other.receive(.flowMod(flowMod(.add, table: 3)), xid: 8)
        #expect(watcher.frames.isEmpty)
    }

    @Test("A monitor that does not keep up is paused, and then told what it missed")
    func pausedMonitor() {
        let fixture = BridgeFixture()
        let watcher = fixture.session(.v1_4)
        let other = fixture.session(.v1_4)
        watcher.session.receive(monitorRequest(flags: 0x0e))
        watcher.pendingByteCount = 200_000
        other.receive(.flowMod(flowMod(.add, table: 1)), xid: 6)
        #expect(watcher.session.monitorPausedAt != 0)
        watcher.clear()
        other.receive(.flowMod(flowMod(.add, table: 2)), xid: 7)
        #expect(watcher.frames.isEmpty)
        watcher.pendingByteCount = 0
        watcher.session.drained()
        #expect(watcher.session.monitorPausedAt == 0)
        // The flow of table 2, then the news that updates flow again.
        let news = watcher.bytes
        #expect(news.count > 40 && Array(news.suffix(8)) == [0, 8, 0, 6, 0, 0, 0, 0])
    }

    @Test("Random bytes and random messages never bring a session down")
    func noise() {
        let fixture = BridgeFixture()
        for seed in 0..<40 {
            var numbers = SeededRandom(UInt64(seed))
            let probe = fixture.session(OpenFlowVersion.allCases[seed % 6])
            for _ in 0..<80 where !probe.session.isClosed {
                let count = Int.random(in: 8...120, using: &numbers)
                var frame = (0..<count).map { _ in
                    Int.random(in: 0..<3, using: &numbers) == 0
                        ? UInt8.random(in: 0...255, using: &numbers) : 0
                }
                frame[0] = UInt8(seed % 6 + 1)
                frame[1] = UInt8.random(in: 0...36, using: &numbers)
                frame[2] = 0
                frame[3] = UInt8(count)
                probe.session.receive(frame)
            }
            probe.session.close()
        }
        #expect(fixture.bridge.sessions.isEmpty)
    }
}
