// The text of a whole trace: for each section the flow, what was done, the final flow, what was
// looked at and the datapath's actions. Pure.

import Flow
import FlowText
import Ofproto
import Pipeline

/// Prints a trace.
struct TraceText {
    let usesNames: Bool
    /// Names of datapath ports.
    let portNames: NameMap

    func text(_ sections: [TraceSection]) -> String {
        sections.map(text).joined()
    }

    private func text(_ section: TraceSection) -> String {
        let ofproto = section.bridge.ofproto
        let context = usesNames ? ofproto.namedTextContext : ofproto.textContext
        var text = section.number == 0 ? "" : heading(section)
        let initial = flow(section.initialKey, section, context)
        let final = flow(section.finalKey, section, context)
        text += "Flow: \(initial)\n"
        text += TraceNode.text([section.root])
        text += "\nFinal flow: \(initial == final ? "unchanged" : final)\n"
        text += "Megaflow: \(megaflow(section, context))\n"
        return text + "Datapath actions: \(actions(section))"
    }

    private func heading(_ section: TraceSection) -> String {
        let rule = String(repeating: "=", count: 79)
        var text = "\n\n\(rule)\nrecirc(\(recirculation(section))) - resume conntrack with "
        if section.isStateGiven {
            text += "ct_state=\(ConntrackStateText.text(section.conntrackState))"
        } else {
            text += "default ct_state=trk|new (use --ct-next to customize)"
        }
        return text + "\n\(rule)\n\n"
    }

    private func recirculation(_ section: TraceSection) -> String {
        section.number == 0 ? "0" : "0x" + String(section.number, radix: 16)
    }

    private func flow(
        _ key: FlowKey, _ section: TraceSection, _ context: FlowTextContext
    ) -> String {
        let text = FlowKeyPrinter.text(key, context: context)
        guard section.number != 0 else { return text }
        return "recirc_id=\(recirculation(section))," + withEthernet(text)
    }

    /// Puts `eth` where OVS has it: behind what is known of the connection.
    private func withEthernet(_ text: String) -> String {
        var parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let place = parts.firstIndex { !$0.hasPrefix("ct_") && !$0.hasPrefix("pkt_mark") }
        parts.insert("eth", at: place ?? parts.count)
        return parts.filter { !$0.isEmpty }.joined(separator: ",")
    }

    /// The bits that decided, with the values they had.
    private func megaflow(_ section: TraceSection, _ context: FlowTextContext) -> String {
        var match = FlowMatch()
        let key = section.initialKey
        func add(_ offset: Int, _ count: Int, mask: UInt64) {
            let location = FieldLocation(
                offset: offset, byteCount: count, shift: 0, bitCount: count * 8)
            let value: UInt64 =
                switch count {
                case 1: UInt64(key.load8(offset))
                case 2: UInt64(key.load16(offset))
                case 4: UInt64(key.load32(offset))
                default: key.load64(offset)
                }
            match.setBits(location, value: value & mask, mask: mask)
        }
        for (word, mask) in section.matched where word * 8 >= FlowLayout.tunnelID {
            add(word * 8, 8, mask: UInt64(bigEndian: mask))
        }
        add(FlowLayout.inPort, 4, mask: 0xffff_ffff)
        add(FlowLayout.ethType, 2, mask: 0xffff)
        let type = key.load16(FlowLayout.ethType)
        if type == 0x0800 || type == 0x86dd { add(FlowLayout.ipFragment, 1, mask: 3) }
        let text = MatchPrinter.text(
            match, priority: MatchPrinter.defaultPriority, context: context)
        return "recirc_id=\(recirculation(section))," + withEthernet(text)
    }

    private func actions(_ section: TraceSection) -> String {
        let printer = OperationText(names: usesNames ? portNames : NameMap())
        guard !section.recirculations.isEmpty else {
            return printer.text(Self.unwrapped(section.operations))
        }
        var parts: [String] = []
        var start = 0
        for (position, number) in section.recirculations {
            let piece = Array(section.operations[start..<position])
            if !piece.isEmpty { parts.append(printer.text(piece)) }
            parts.append("recirc(0x\(String(number, radix: 16)))")
            start = position
        }
        let rest = section.operations[start...].filter { $0.code != .drop }
        let tail = Self.unwrapped(Array(rest))
        if !tail.isEmpty { parts.append(printer.text(tail)) }
        return parts.joined(separator: ",")
    }

    /// Without the copy that a forked pipeline works on, whose ends may be in two sections.
    private static func unwrapped(_ operations: [DatapathOperation]) -> [DatapathOperation] {
        var depth = 0
        var result = operations
        if result.first?.code == .clone {
            for (place, operation) in result.enumerated() {
                if operation.code == .clone { depth += 1 }
                if operation.code == .cloneEnd { depth -= 1 }
                if depth == 0 {
                    if place == result.count - 1 { result = Array(result[1..<place]) }
                    break
                }
            }
        }
        depth = 0
        return result.filter { operation in
            if operation.code == .clone { depth += 1 }
            guard operation.code == .cloneEnd else { return true }
            depth -= 1
            return depth >= 0
        }
    }
}
