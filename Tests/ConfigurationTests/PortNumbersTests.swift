// OpenFlow numbers are given as OVS gives them.

import Testing

@testable import Configuration

@Suite struct PortNumbersTests {
    @Test("Numbers ascend, and one that was given back rests for an hour")
    func ascending() {
        var numbers = PortNumbers()
        #expect(numbers.allocate(wanted: nil, nowMilliseconds: 0) == 1)
        #expect(numbers.allocate(wanted: nil, nowMilliseconds: 0) == 2)
        numbers.release(1, nowMilliseconds: 0)
        #expect(numbers.allocate(wanted: nil, nowMilliseconds: 1) == 3)
    }

    @Test("A wanted number is had if it is free, else the next one")
    func wanted() {
        var numbers = PortNumbers()
        #expect(numbers.allocate(wanted: 9, nowMilliseconds: 0) == 9)
        #expect(numbers.allocate(wanted: 9, nowMilliseconds: 0) == 1)
        numbers.release(9, nowMilliseconds: 0)
        #expect(numbers.allocate(wanted: 9, nowMilliseconds: 0) == 9)
        #expect(numbers.allocate(wanted: 0xff00, nowMilliseconds: 0) == 2)
    }

    @Test("When all are used or resting, the one that rested longest comes back after an hour")
    func exhaustion() {
        var numbers = PortNumbers()
        for _ in 1..<0xff00 { _ = numbers.allocate(wanted: nil, nowMilliseconds: 0) }
        #expect(numbers.allocate(wanted: nil, nowMilliseconds: 0) == nil)
        numbers.release(100, nowMilliseconds: 5)
        numbers.release(50, nowMilliseconds: 3)
        #expect(numbers.allocate(wanted: nil, nowMilliseconds: 10) == nil)
        #expect(numbers.allocate(wanted: nil, nowMilliseconds: 3_600_010) == 50)
        #expect(numbers.allocate(wanted: nil, nowMilliseconds: 3_600_010) == 100)
    }
}
