// The framer yields whole messages however the stream is cut, and refuses what is not OpenFlow.

import Testing

@testable import OpenFlow

@Suite struct MessageFramerTests {
    private static let echo: [UInt8] = [4, 2, 0, 10, 0, 0, 0, 7, 0xaa, 0xbb]
    private static let hello: [UInt8] = [6, 0, 0, 8, 0, 0, 0, 1]

    @Test func yieldsMessagesOfAnyCut() throws {
        let stream = Self.echo + Self.hello + Self.echo
        for size in 1...stream.count {
            var framer = MessageFramer()
            var frames: [[UInt8]] = []
            var rest = stream[...]
            while !rest.isEmpty {
                framer.feed(rest.prefix(size))
                rest = rest.dropFirst(size)
                while let frame = try framer.next() { frames.append(frame) }
            }
            #expect(frames == [Self.echo, Self.hello, Self.echo])
            #expect(framer.pendingByteCount == 0)
        }
    }

    @Test func waitsForTheLongestMessage() throws {
        var framer = MessageFramer()
        framer.feed([4, 2, 0xff, 0xff, 0, 0, 0, 0])
        #expect(try framer.next() == nil)
        framer.feed([UInt8](repeating: 1, count: 65535 - 8))
        #expect(try framer.next()?.count == 65535)
        #expect(try framer.next() == nil)
    }

    @Test func refusesALengthBelowTheHeader() {
        var framer = MessageFramer()
        framer.feed([4, 2, 0, 7, 0, 0, 0, 0])
        #expect(throws: MessageFramerError.badLength(7)) { try framer.next() }
        #expect(throws: MessageFramerError.badLength(7)) { try framer.next() }
    }

    @Test func refusesVersionZero() {
        var framer = MessageFramer()
        framer.feed([0, 0, 0, 8, 0, 0, 0, 0])
        #expect(throws: MessageFramerError.badVersion) { try framer.next() }
    }
}
