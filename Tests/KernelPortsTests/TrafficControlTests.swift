// The kernel's shaping: its messages byte by byte, and what tc(8) shows of it.

import Testing

@testable import KernelPorts

@Suite(.serialized) struct TrafficControlTests {
    private func hierarchy(_ classes: [UInt16: UInt64]) -> TokenHierarchy {
        TokenHierarchy(
            bytesPerSecond: 12_500_000, mtu: 1500,
            classes: classes.mapValues {
                TokenHierarchy.Class(
                    bytesPerSecondMin: 1500, bytesPerSecondMax: $0, burstBytes: 25_000,
                    priority: 7)
            })
    }

    @Test("A class's message has the kernel's layout")
    func bytes() {
        let wanted = hierarchy([0: 250_000])
        let body = wanted.classBody(
            index: 5, handle: TokenHierarchy.handle(ofClass: 0), parent: TokenHierarchy.rootClass,
            wanted.classes[0] ?? wanted.whole)
        let expected: [UInt8] =
            [0, 0, 0, 0, 5, 0, 0, 0, 1, 0, 1, 0, 0xfe, 0xff, 1, 0, 0, 0, 0, 0]  // tcmsg
            + [8, 0, 1, 0, 0x68, 0x74, 0x62, 0]  // kind: htb
            + [52, 0, 2, 0, 48, 0, 1, 0]  // options, parameters
            + [0, 1, 0, 0, 0, 0, 0, 0, 0xdc, 5, 0, 0]  // 1,500 bytes a second
            + [0, 1, 0, 0, 0, 0, 0, 0, 0x90, 0xd0, 3, 0]  // 250,000
            + [0x9a, 0xa4, 0x85, 0x0f]  // 25,000 bytes at the first: 260,416,666 ticks
            + [0x84, 0xd7, 0x17, 0]  // at the second: 1,562,500
            + [0xdc, 5, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0]  // quantum, level, priority
        #expect(body == expected)
        #expect(TokenHierarchy.ticks(bytes: 25_000, bytesPerSecond: 250_000) == 1_562_500)
        #expect(TokenHierarchy.ticks(bytes: .max, bytesPerSecond: 1) == .max)
        #expect(TokenHierarchy.ticks(bytes: 1, bytesPerSecond: 0) == .max)
    }

    @Test("Shaping is made, changed in place and removed; another's is left alone")
    func kernel() throws {
        let space = try TestNamespace("tc")
        try space.run("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1")
        try space.inside { try TrafficControl.shape(device: "v0", hierarchy([0: 250_000])) }
        var shown = try space.run("tc", "class", "show", "dev", "v0")
        #expect(shown.contains("class htb 1:fffe root rate 100Mbit ceil 100Mbit"))
        #expect(shown.contains("class htb 1:1 parent 1:fffe prio 7 rate 12Kbit ceil 2Mbit"))
        try space.inside {
            try TrafficControl.shape(device: "v0", hierarchy([0: 500_000, 4: 125_000]))
        }
        shown = try space.run("tc", "class", "show", "dev", "v0")
        #expect(shown.contains("class htb 1:1 parent 1:fffe prio 7 rate 12Kbit ceil 4Mbit"))
        #expect(shown.contains("class htb 1:5 parent 1:fffe prio 7 rate 12Kbit ceil 1Mbit"))
        try space.inside { try TrafficControl.shape(device: "v0", hierarchy([0: 500_000])) }
        #expect(try !space.run("tc", "class", "show", "dev", "v0").contains("1:5"))
        try space.inside { try TrafficControl.unshape(device: "v0") }
        #expect(try !space.run("tc", "qdisc", "show", "dev", "v0").contains("htb"))
        try space.run("tc", "qdisc", "add", "dev", "v0", "root", "handle", "1:", "htb")
        try space.inside { try TrafficControl.unshape(device: "v0") }
        #expect(try space.run("tc", "qdisc", "show", "dev", "v0").contains("htb"))
        #expect(throws: KernelPortError.noDevice) {
            try space.inside { try TrafficControl.unshape(device: "v9") }
        }
    }

    @Test("Rates beyond 32 bits are given in 64")
    func largeRates() throws {
        let space = try TestNamespace("tc")
        try space.run("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1")
        var wanted = hierarchy([0: 12_500_000_000])
        wanted.bytesPerSecond = 12_500_000_000
        try space.inside { try TrafficControl.shape(device: "v0", wanted) }
        #expect(try space.run("tc", "class", "show", "dev", "v0").contains("ceil 100Gbit"))
    }
}
