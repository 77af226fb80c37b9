// The ovs-ofctl syntax: any text through every parser; what is accepted prints to a text that means
// the same.

import Flow
import FlowText
import OpenFlow

func fuzzFlowText(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var input = InputReader(data, count)
    let kind = input.below(5)
    let text = String(decoding: input.bytes(4096), as: UTF8.self)
    switch kind {
    case 0, 1:
        guard let once = normal(text) else { return 0 }
        let again = normal(once.replacing("table:", with: "table="))
        precondition(again == once, "printed \(once), read back as \(again ?? "nothing")")
    case 2:
        _ = try? FlowParser.match(text)
        _ = try? FlowParser.actions(text)
        _ = try? FlowParser.instructions(text)
    case 3:
        let key = FlowKey.allocate()
        defer { key.deallocate() }
        if (try? FlowKeyParser.parse(text, into: key)) != nil {
            _ = FlowKeyPrinter.text(key)
            _ = PacketComposer.packet(key)
        }
    default:
        let key = FlowKey.allocate()
        defer { key.deallocate() }
        guard let extras = try? DatapathFlowText.parse(text, into: key) else { return 0 }
        _ = PacketComposer.packet(key, byteCount: 100)
        func printed(_ recirculation: UInt32) -> String {
            DatapathFlowText.text(
                key, inPort: key.load32(FlowLayout.inPort), recirculationID: recirculation,
                detail: .all)
        }
        let once = printed(extras.recirculationID)
        guard let more = try? DatapathFlowText.parse(once, into: key) else {
            preconditionFailure("what was printed is not read: \(once)")
        }
        precondition(printed(more.recirculationID) == once, "from \(once)")
    }
    return 0
}

private func normal(_ text: String) -> String? {
    guard let flow = try? FlowParser.flow(text) else { return nil }
    let context = FlowTextContext(tunnelOptions: flow.tunnelOptions)
    var result = flow.table != 255 ? "table:\(flow.table) " : ""
    let match = MatchPrinter.text(flow.match, priority: flow.priority, context: context)
    if !match.isEmpty { result += match + " " }
    return result + "actions=" + ActionPrinter.text(flow.actions, context: context)
}
