// The hand-written kernel structures.

import Testing

@testable import KernelPorts

@Suite struct SocketMessageTests {
    @Test("A socket message has the offsets of struct mmsghdr")
    func layout() {
        #expect(MemoryLayout<SocketMessage>.stride == 64)
        #expect(MemoryLayout<SocketMessage>.offset(of: \.vectors) == 16)
        #expect(MemoryLayout<SocketMessage>.offset(of: \.vectorCount) == 24)
        #expect(MemoryLayout<SocketMessage>.offset(of: \.control) == 32)
        #expect(MemoryLayout<SocketMessage>.offset(of: \.controlBytes) == 40)
        #expect(MemoryLayout<SocketMessage>.offset(of: \.flags) == 48)
        #expect(MemoryLayout<SocketMessage>.offset(of: \.length) == 56)
    }

    @Test("Netlink messages that lie about their length end the walk and trap nowhere")
    func netlinkLengths() {
        var state: UInt64 = 0x5eed
        for _ in 0..<20_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            var bytes = [UInt8](repeating: 0, count: Int(state >> 57))
            for index in bytes.indices {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes[index] = UInt8(truncatingIfNeeded: state >> 40) & (index % 4 < 2 ? 0x3f : 0)
            }
            if bytes.count > 4 { bytes[4] = 16 }
            for message in NetlinkMessage.parse(bytes[...]) { _ = LinkInfo(message) }
            _ = NetlinkMessage.attributes(bytes[...])
        }
    }
}
