// Whatever bytes come, parsers end with a value or an error, within their bounds; and what they
// accept prints to a text that means the same.

import Flow
import OpenFlow
import TestSupport
import Testing

@testable import FlowText

@Suite struct FuzzTests {
    /// Damaged flows never crash, and accepted ones are fixed points of printing.
    @Test(arguments: 0..<8)
    func damagedFlows(round: Int) throws {
        var generator = FlowTextGenerator(seed: UInt64(9000 + round))
        for _ in 0..<150 {
            let (match, profile) = generator.match()
            let good = "\(match) actions=\(generator.actions(profile))\(generator.instructions())"
            var text = good
            for _ in 0..<generator.random.below(4) {
                text = Damage.apply(to: text, &generator.random)
            }
            guard let once = try? OracleFlowTests.normal(text) else { continue }
            let again = OracleFlowTests.normalOrError(once.replacing("table:", with: "table="))
            #expect(again == once, "from \(text)")
        }
    }

    /// Arbitrary bytes, in every parser.
    @Test(arguments: 0..<8)
    func randomBytes(round: Int) {
        var random = SeededRandom(UInt64(7000 + round))
        let words = [
            "actions=", "ct(", "learn(", "clone(", "nat(src=", "load:", "->", "reg0[", "..", "]",
            "tcp", "ipv4(src=", "encap(", "eth_type(", "vlan(vid=", "tunnel(", "geneve({class=",
            "ct_state(+trk", "mpls(label=", "0x", "/", "tun_metadata0=", "\u{0}", "é", "\"", "\\u",
            "bundle(eth_src,0,hrw,ofport,members:", "multipath(eth_src,1,hrw,", "note:", "note:1.",
        ]
        for _ in 0..<300 {
            var bytes: [UInt8] = []
            for _ in 0..<random.below(24) {
                if random.chance(60) {
                    bytes += Array(random.pick(words).utf8)
                } else {
                    bytes.append(UInt8(random.below(256)))
                }
            }
            parseEverything(String(decoding: bytes, as: UTF8.self))
        }
    }

    /// Damaged datapath flows never crash, and accepted ones are fixed points of printing.
    @Test(arguments: 0..<4)
    func damagedDatapathFlows(round: Int) throws {
        var generator = FlowKeyGenerator(seed: UInt64(6000 + round))
        let key = FlowKey.allocate()
        defer { key.deallocate() }
        for _ in 0..<150 {
            try FlowKeyParser.parse(generator.flow(metadata: true), into: key)
            let good = DatapathFlowText.text(key, inPort: 1, detail: .all)
            let text = Damage.apply(to: good, &generator.fields.random)
            guard let extras = try? DatapathFlowText.parse(text, into: key) else { continue }
            _ = PacketComposer.packet(key)
            let port = key.load32(FlowLayout.inPort)
            let once = DatapathFlowText.text(
                key, inPort: port, recirculationID: extras.recirculationID, detail: .all)
            let more = try DatapathFlowText.parse(once, into: key)
            let twice = DatapathFlowText.text(
                key, inPort: port, recirculationID: more.recirculationID, detail: .all)
            #expect(twice == once, "from \(text)")
        }
    }

    /// Length and nesting have bounds.
    @Test func bounds() {
        let long = String(repeating: "1,", count: 40000)
        #expect(throws: FlowTextError("input too big")) { try FlowParser.actions(long) }
        #expect(throws: FlowTextError("input too big")) { try FlowParser.match(long) }
        let deep = String(repeating: "clone(", count: 5000)
        #expect(throws: FlowTextError("Action nested too deeply")) {
            try FlowParser.actions(deep)
        }
        let nested = String(repeating: "clone(", count: 99) + String(repeating: ")", count: 99)
        #expect((try? FlowParser.actions(nested)) != nil)
        let encapsulated = String(repeating: "encap(", count: 9000)
        let key = FlowKey.allocate()
        defer { key.deallocate() }
        #expect(throws: FlowTextError.self) {
            try DatapathFlowText.parse(encapsulated, into: key)
        }
    }

    private func parseEverything(_ text: String) {
        let key = FlowKey.allocate()
        defer { key.deallocate() }
        _ = try? FlowParser.flow(text)
        _ = try? FlowParser.flow(text, command: nil)
        _ = try? FlowParser.flow("actions=" + text)
        _ = try? FlowParser.match(text)
        _ = try? FlowParser.actions(text)
        _ = try? FlowParser.instructions(text)
        if (try? FlowKeyParser.parse(text, into: key)) != nil {
            _ = FlowKeyPrinter.text(key)
            _ = PacketComposer.packet(key)
        }
        if (try? DatapathFlowText.parse(text, into: key)) != nil {
            _ = DatapathFlowText.text(key, inPort: nil, detail: .all)
            _ = FlowKeyPrinter.text(key)
            _ = PacketComposer.packet(key, byteCount: 100)
        }
    }
}
