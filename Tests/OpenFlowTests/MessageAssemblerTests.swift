// Requests in several parts are held until they are whole, within limits.

import Testing

@testable import OpenFlow

@Suite struct MessageAssemblerTests {
    /// A part of a request of OpenFlow 1.3, of `byteCount` bytes.
    private func part(_ xid: UInt8, more: Bool, stat: UInt8 = 12, byteCount: Int = 16) -> [UInt8] {
        var frame: [UInt8] = [4, 18, UInt8(byteCount >> 8), UInt8(byteCount & 0xff), 0, 0, 0, xid]
        frame += [0, stat, 0, more ? 1 : 0, 0, 0, 0, 0]
        frame += [UInt8](repeating: 0, count: byteCount - frame.count)
        return frame
    }

    @Test func passesWholeMessagesOn() throws {
        var assembler = MultipartAssembler()
        let echo: [UInt8] = [4, 2, 0, 8, 0, 0, 0, 1]
        #expect(try assembler.add(echo, nowMilliseconds: 0) == [echo])
        let whole = part(1, more: false)
        #expect(try assembler.add(whole, nowMilliseconds: 0) == [whole])
        #expect(assembler.isEmpty)
    }

    @Test func holdsPartsBack() throws {
        var assembler = MultipartAssembler()
        #expect(try assembler.add(part(1, more: true), nowMilliseconds: 0).isEmpty)
        #expect(try assembler.add(part(2, more: true), nowMilliseconds: 0).isEmpty)
        let all = try assembler.add(part(1, more: false), nowMilliseconds: 500)
        #expect(all == [part(1, more: true), part(1, more: false)])
        #expect(assembler.deadlineMilliseconds == 1000)
    }

    @Test func forgetsWhatDoesNotContinue() throws {
        var assembler = MultipartAssembler()
        _ = try assembler.add(part(1, more: true), nowMilliseconds: 0)
        #expect(assembler.expire(nowMilliseconds: 999).isEmpty)
        #expect(assembler.expire(nowMilliseconds: 1000) == [part(1, more: true)])
        #expect(assembler.isEmpty)
    }

    @Test func refusesAnotherKind() throws {
        var assembler = MultipartAssembler()
        _ = try assembler.add(part(1, more: true), nowMilliseconds: 0)
        #expect(throws: OpenFlowError(.ofpbrcBadStat)) {
            try assembler.add(part(1, more: false, stat: 1), nowMilliseconds: 0)
        }
        #expect(assembler.isEmpty)
    }

    @Test func isBounded() throws {
        var assembler = MultipartAssembler()
        var refused = false
        for _ in 0..<70 where !refused {
            do {
                _ = try assembler.add(
                    part(1, more: true, byteCount: 65528), nowMilliseconds: 0)
            } catch {
                #expect(error == OpenFlowError(.ofpbrcMultipartBufferOverflow))
                refused = true
            }
        }
        #expect(refused && assembler.isEmpty)
        for xid in 0..<UInt8(MultipartAssembler.requestsMax) {
            _ = try assembler.add(part(xid, more: true), nowMilliseconds: 0)
        }
        #expect(throws: OpenFlowError(.ofpbrcMultipartBufferOverflow)) {
            try assembler.add(part(99, more: true), nowMilliseconds: 0)
        }
    }
}
