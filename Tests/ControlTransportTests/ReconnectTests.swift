// When a lost stream is dialled again, and what its status says meanwhile.

import Foundation
import Testing

@testable import ControlTransport

@Suite struct ReconnectMachineTests {
    private let refused = StreamError(code: ECONNREFUSED)

    @Test("failures wait 1, 2, 4 and then always 8 seconds")
    func backoff() {
        var machine = ReconnectMachine()
        machine.enable(now: 0)
        var now: Int64 = 0
        var waits: [Int64] = []
        for _ in 0..<6 {
            #expect(machine.poll(now: now) == .connect)
            machine.connecting(now: now)
            machine.disconnected(refused, now: now)
            waits.append(machine.backoffMilliseconds)
            #expect(machine.poll(now: now + machine.backoffMilliseconds - 1) == .none)
            now += machine.backoffMilliseconds
        }
        #expect(waits == [1000, 2000, 4000, 8000, 8000, 8000])
        #expect(machine.state == .backoff && machine.lastError == refused)
    }

    @Test("a connection that held long enough starts over at one second")
    func recovery() {
        var machine = ReconnectMachine()
        machine.enable(now: 0)
        for now in [Int64(0), 1000, 3000] {
            machine.connecting(now: now)
            machine.disconnected(refused, now: now)
        }
        #expect(machine.backoffMilliseconds == 4000)
        machine.connecting(now: 7000)
        machine.connected(now: 7000)
        machine.disconnected(refused, now: 60_000)
        #expect(machine.backoffMilliseconds == 1000)
        #expect(machine.lastConnectedMilliseconds == 7000)
        #expect(machine.lastDisconnectedMilliseconds == 60_000)
    }

    @Test("an attempt times out after the backoff, at least a second")
    func attemptTimeout() {
        var machine = ReconnectMachine()
        machine.enable(now: 0)
        machine.connecting(now: 0)
        #expect(machine.poll(now: 999) == .none)
        #expect(machine.poll(now: 1000) == .timeOut)
        machine.disconnected(refused, now: 1000, timedOut: true)
        #expect(machine.backoffMilliseconds == 1000)
        machine.connecting(now: 2000)
        machine.disconnected(refused, now: 3000, timedOut: true)
        #expect(machine.backoffMilliseconds == 2000)
    }

    @Test("a silent peer is probed, then given up; an answer saves it")
    func probes() {
        var machine = ReconnectMachine()
        machine.probeMilliseconds = 5000
        machine.enable(now: 0)
        machine.connecting(now: 0)
        machine.connected(now: 10)
        machine.activity(now: 2000)
        #expect(machine.poll(now: 6999) == .none)
        #expect(machine.poll(now: 7000) == .probe)
        #expect(machine.state == .idle)
        machine.activity(now: 8000)
        #expect(machine.state == .active)
        #expect(machine.poll(now: 13_000) == .probe)
        #expect(machine.poll(now: 17_999) == .none)
        #expect(machine.poll(now: 18_000) == .timeOut)
    }

    @Test("a lower maximum shortens the wait under way")
    func lowerMaximum() {
        var machine = ReconnectMachine()
        machine.enable(now: 0)
        for _ in 0..<5 {
            machine.connecting(now: 0)
            machine.disconnected(refused, now: 0)
        }
        machine.backoffMillisecondsMax = 1000
        #expect(machine.poll(now: 1000) == .connect)
    }
}

@Suite struct ReconnectingStreamTests {
    private let fixture = LoopFixture()

    @Test("dials until the peer is there, again when it goes, and tells its status")
    func comesAndGoes() throws {
        let fixture = fixture
        let log = VLog(program: "probe")
        log.setLevel(.off)
        let path = fixture.directory + "/peer"
        let stream = Held<ReconnectingStream?>(nil)
        let listener = Held<StreamListener?>(nil)
        let accepted = Held<[StreamConnection]>([])
        let events = Held<[String]>([])
        try fixture.on {
            // Seconds pass only as we let them.
            fixture.loop.stopTime()
            let made = ReconnectingStream(
                name: "peer", endpoints: [StreamEndpoint(unixPath: path)], loop: fixture.loop,
                log: log.module("test"))
            made.onConnected = { _ in events.value.append("up") }
            made.onDisconnected = { events.value.append("down: \($0.codeText)") }
            made.start()
            stream.value = made
        }
        try fixture.eventually { stream.value?.status.lastError == "No such file or directory" }
        try fixture.on {
            #expect(stream.value?.status.state == .backoff)
            listener.value = try StreamListener.listen(
                on: ListenEndpoint(unixPath: path), loop: fixture.loop
            ) { accepted.value.append($0) }
            fixture.loop.warpTime(byMilliseconds: 1000)
        }
        try fixture.eventually { events.value == ["up"] && accepted.value.count == 1 }
        try fixture.on {
            #expect(stream.value?.status.pairs["state"] == "ACTIVE")
            fixture.loop.warpTime(byMilliseconds: 3000)
            #expect(stream.value?.status.secondsSinceConnect == 3)
            accepted.value[0].close()
        }
        try fixture.eventually { events.value.last == "down: End of file" }
        try fixture.on {
            fixture.loop.warpTime(byMilliseconds: 1000)
        }
        try fixture.eventually { events.value.count == 3 && accepted.value.count == 2 }
        try fixture.on {
            #expect(stream.value?.status.secondsSinceDisconnect == 1)
            stream.value?.stop()
            #expect(stream.value?.status.state == .void)
            fixture.loop.warpTime(byMilliseconds: 60_000)
        }
        usleep(50_000)
        #expect(try fixture.on { events.value } == ["up", "down: End of file", "up"])
    }

    @Test("an unanswered probe ends the connection with a time-out")
    func probes() throws {
        let fixture = fixture
        let log = VLog(program: "probe")
        log.setLevel(.off)
        let path = fixture.directory + "/mute"
        let kept = Held<[AnyObject]>([])
        let events = Held<[String]>([])
        try fixture.on {
            fixture.loop.stopTime()
            kept.value.append(
                try StreamListener.listen(on: ListenEndpoint(unixPath: path), loop: fixture.loop) {
                    _ in
                })
            let stream = ReconnectingStream(
                name: "mute", endpoints: [StreamEndpoint(unixPath: path)], loop: fixture.loop,
                log: log.module("test"))
            stream.probeMilliseconds = 5000
            stream.onConnected = { _ in events.value.append("up") }
            stream.onProbe = { events.value.append("probe") }
            stream.onDisconnected = { events.value.append($0.codeText) }
            stream.start()
            kept.value.append(stream)
        }
        try fixture.eventually { events.value == ["up"] }
        try fixture.on {
            fixture.loop.warpTime(byMilliseconds: 5000)
            #expect(events.value == ["up", "probe"])
            fixture.loop.warpTime(byMilliseconds: 5000)
            #expect(events.value == ["up", "probe", "Connection timed out"])
        }
    }
}
