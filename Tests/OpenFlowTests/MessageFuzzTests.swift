// No bytes make the decoder trap or answer with nonsense; what it accepts it can encode.

import TestSupport
import Testing

@testable import OpenFlow

@Suite struct MessageFuzzTests {
    /// Decodes, and if that succeeds encodes again.
    private func exercise(_ frame: [UInt8], _ context: CodecContext) {
        guard
            let (xid, message) = try? OpenFlowCodec.decode(frame: frame, context: context)
        else { return }
        for frame in OpenFlowCodec.frames(of: message, xid: xid, context: context) {
            let header = MessageHeader(frame)
            #expect(header.map { Int($0.length) } == frame.count)
        }
        _ = OpenFlowCodec.hasMoreToCome(frame)
    }

    @Test func survivesMutatedRequests() throws {
        var random = SeededRandom(0x5eed_0001)
        for original in MessageCaptures.frames() {
            let context = try MessageCaptures.context(for: original)
            for _ in 0..<40 {
                var frame = original
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    let index = Int.random(in: 8..<max(frame.count, 9), using: &random)
                    guard index < frame.count else { continue }
                    frame[index] =
                        Bool.random(using: &random)
                        ? [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &random) ?? 0
                        : UInt8.random(in: 0...255, using: &random)
                }
                exercise(frame, context)
            }
        }
    }

    @Test func survivesCutRequests() throws {
        for original in MessageCaptures.frames() {
            let context = try MessageCaptures.context(for: original)
            for count in stride(from: 8, to: original.count, by: 4) {
                var frame = Array(original.prefix(count))
                frame[2] = UInt8(count >> 8)
                frame[3] = UInt8(count & 0xff)
                exercise(frame, context)
            }
        }
    }

    @Test func survivesNoise() {
        var random = SeededRandom(0x5eed_0002)
        for version in OpenFlowVersion.allCases {
            let context = CodecContext(version: version)
            for _ in 0..<4000 {
                let count = Int.random(in: 8...160, using: &random)
                var frame = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
                frame[0] = version.rawValue
                frame[1] = UInt8.random(in: 0...35, using: &random)
                frame[2] = 0
                frame[3] = UInt8(count)
                if frame[1] == 4, count >= 16 {
                    frame.replaceSubrange(8..<12, with: [0, 0, 0x23, 0x20])
                    frame.replaceSubrange(
                        12..<16, with: [0, 0, 0, UInt8.random(in: 8...34, using: &random)])
                } else if frame[1] >= 16 && frame[1] <= 19, count >= 16 {
                    frame[8] = 0
                    frame[9] = UInt8.random(in: 0...17, using: &random)
                }
                exercise(frame, context)
            }
        }
    }
}
