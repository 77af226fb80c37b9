// Timers, foreign descriptors and the clock of the loop.

import Foundation
import Testing

@testable import ControlTransport

@Suite struct ControlLoopTests {
    private let fixture = LoopFixture()

    @Test("timers fire in the order of their deadlines, equal ones as they were made")
    func queueOrder() {
        var queue = TimerQueue()
        var fired: [Int] = []
        var random = SystemRandomNumberGenerator()
        let deadlines = (0..<500).map { _ in Int64.random(in: 0..<50, using: &random) }
        var timers: [ControlTimer] = []
        for (index, deadline) in deadlines.enumerated() {
            let timer = ControlTimer(
                deadlineMilliseconds: deadline, periodMilliseconds: nil
            ) { fired.append(index) }
            timers.append(timer)
            queue.add(timer)
        }
        for index in stride(from: 0, to: 500, by: 3) { timers[index].cancel() }
        while let body = queue.takeDue(nowMilliseconds: 40) { body() }
        let expected = deadlines.enumerated()
            .filter { $0.offset % 3 != 0 && $0.element <= 40 }
            .sorted { ($0.element, $0.offset) < ($1.element, $1.offset) }.map(\.offset)
        #expect(fired == expected)
        #expect(queue.nextDeadlineMilliseconds() ?? 99 > 40)
    }

    @Test("one-shot, repeating and cancelled timers")
    func timers() throws {
        let log = Held<[String]>([])
        let fixture = fixture
        try fixture.on {
            let loop = fixture.loop
            loop.schedule(afterMilliseconds: 30) { log.value.append("once") }
            loop.schedule(afterMilliseconds: 10) { log.value.append("never") }.cancel()
            let repeating = Held<ControlTimer?>(nil)
            repeating.value = loop.repeating(everyMilliseconds: 5) {
                log.value.append("tick")
                if log.value.filter({ $0 == "tick" }).count == 3 { repeating.value?.cancel() }
            }
        }
        try fixture.eventually { log.value.contains("once") }
        #expect(try fixture.on { log.value } == ["tick", "tick", "tick", "once"])
    }

    @Test("who asks is told of the clock before timers fire for it")
    func clockChanges() throws {
        let log = Held<[String]>([])
        let fixture = fixture
        try fixture.on {
            fixture.loop.whenClockChanges { stopped, warp in
                log.value.append("\(stopped == nil ? "runs" : "stands") \(warp)")
            }
            fixture.loop.schedule(afterMilliseconds: 30_000) { log.value.append("timer") }
            fixture.loop.warpTime(byMilliseconds: 1)
            fixture.loop.stopTime()
            fixture.loop.warpTime(byMilliseconds: 40_000)
        }
        #expect(try fixture.on { log.value } == ["runs 1", "stands 1", "stands 40001", "timer"])
    }

    @Test("with the clock stopped only warping fires timers")
    func warp() throws {
        let fired = Held(0)
        let fixture = fixture
        try fixture.on {
            fixture.loop.stopTime()
            fixture.loop.schedule(afterMilliseconds: 10) { fired.value += 1 }
            _ = fixture.loop.schedule(afterMilliseconds: 60_000) { fired.value += 1 }
        }
        usleep(60_000)
        #expect(try fixture.on { fired.value } == 0)
        try fixture.on { _ = fixture.loop.schedule(afterMilliseconds: 0) { fired.value = -1 } }
        try fixture.eventually("what is due at once fires all the same") { fired.value == -1 }
        try fixture.on { fired.value = 0 }
        try fixture.on { fixture.loop.warpTime(byMilliseconds: 10) }
        #expect(try fixture.on { fired.value } == 1)
        try fixture.on { fixture.loop.warpTime(byMilliseconds: 59_990) }
        #expect(try fixture.on { fired.value } == 2)
    }

    @Test("a foreign descriptor wakes the loop each time, until the watch is cancelled")
    func watch() throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        let (reader, writer) = (ends[0], ends[1])
        let received = Held<[UInt8]>([])
        let watch = Held<DescriptorWatch?>(nil)
        let fixture = fixture
        try fixture.on {
            watch.value = fixture.loop.watch(fileDescriptor: reader) {
                var byte: UInt8 = 0
                if read(reader, &byte, 1) == 1 { received.value.append(byte) }
            }
        }
        for byte in UInt8(0)..<20 {
            var byte = byte
            #expect(write(writer, &byte, 1) == 1)
        }
        try fixture.eventually { received.value == Array(0..<20) }
        try fixture.on { watch.value?.cancel() }
        var byte: UInt8 = 99
        #expect(write(writer, &byte, 1) == 1)
        usleep(50_000)
        #expect(try fixture.on { received.value.count } == 20)
        close(reader)
        close(writer)
    }

    @Test("stop ends the wait of the main thread with its status")
    func stop() throws {
        let loop = fixture.loop
        loop.run { loop.stop(status: 3) }
        #expect(loop.runUntilStopped() == 3)
    }
}

@Suite struct ChildProcessTests {
    private let fixture = LoopFixture()

    @Test("a child's ending and output are seen; what cannot be started is an error")
    func endings() throws {
        let file = fixture.directory + "/out"
        let child = try ChildProcess.start("/bin/sh", ["-c", "echo hi; exit 3"], outputFile: file)
        #expect(child.wait().exitStatus == 3)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "hi\n")
        let sleeper = try ChildProcess.start("/bin/sleep", ["60"])
        #expect(sleeper.poll() == nil)
        sleeper.send(SIGTERM)
        let ending = sleeper.wait()
        #expect(ending.exitStatus == nil && ending.description == "killed (Terminated)")
        #expect(throws: StreamError.self) { try ChildProcess.start("/no/such/program", []) }
    }
}

@Suite struct LoopCallbackTests {
    private let fixture = LoopFixture()

    @Test("other threads reach the loop's own objects through a callback")
    func post() throws {
        final class Counter { var count = 0 }
        let seen = Held(0)
        let fixture = fixture
        let callback = Held<LoopCallback?>(nil)
        try fixture.on {
            let counter = Counter()
            callback.value = fixture.loop.callback {
                counter.count += 1
                seen.value = counter.count
            }
        }
        for _ in 0..<5 { callback.value?.post() }
        try fixture.eventually { seen.value == 5 }
    }
}
