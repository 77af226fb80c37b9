// Flow records as dumps show them, in the syntax of ovs-dpctl(8). Pure.

import Dpif
import Flow
import FlowText

/// Prints flow records.
struct RecordText {
    struct Style {
        var isVerbose = false
        /// Nil: as `isVerbose`.
        var showsNames: Bool?
        /// Only records whose key matches.
        var filter: FlowMatch?
        var usesNames: Bool { showsNames ?? isVerbose }
    }

    let style: Style
    /// Datapath ports by name.
    var names = NameMap()
    /// The meaning of tunnel options, by the datapath port packets come in on.
    var options: [UInt32: TunnelOptionTable] = [:]

    init(style: Style) { self.style = style }

    /// The line of one record; nil if its port is not wanted.
    func line(_ record: RecordInfo, where isWanted: (UInt32) -> Bool) -> String? {
        guard record.key.count == FlowLayout.byteCount else { return nil }
        let key = FlowKey.allocate()
        defer { key.deallocate() }
        record.key.withUnsafeBytes {
            if let source = $0.baseAddress {
                key.base.copyMemory(from: source, byteCount: FlowLayout.byteCount)
            }
        }
        let port = key.load32(FlowLayout.inPort)
        guard isWanted(port), style.filter?.holds(for: key) ?? true else { return nil }
        let shown = style.usesNames ? names : NameMap()
        var text = style.isVerbose ? "ufid:\(RecordText.identifier(of: record.key)), " : ""
        text += DatapathFlowText.text(
            key, inPort: port, detail: style.isVerbose ? .all : .present, portNames: shown,
            options: options[port], isNarrow: record.isNarrow)
        text += ", "
        text += DatapathFlowText.statistics(
            packets: record.packets, bytes: record.bytes,
            usedMilliseconds: record.usedMilliseconds, tcpFlags: record.tcpFlags)
        if style.isVerbose { text += ", dp:ovs" }
        return text + ", actions:" + OperationText(names: shown).text(record.operations)
    }

    /// A name that stays with the key: 128 bits of hash in the form of a UUID.
    private static func identifier(of key: [UInt8]) -> String {
        var words: (UInt64, UInt64) = (0xcbf2_9ce4_8422_2325, 0x8422_2325_cbf2_9ce4)
        for byte in key {
            words.0 = (words.0 ^ UInt64(byte)) &* 0x100_0000_01b3
            words.1 = (words.1 &+ UInt64(byte)) &* 0x9e37_79b9_7f4a_7c15 ^ words.1 >> 29
        }
        let digits = EthernetText.hex(words.0, digits: 16) + EthernetText.hex(words.1, digits: 16)
        var text = ""
        for (place, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(place) { text += "-" }
            text.append(digit)
        }
        return text
    }
}

extension FlowMatch {
    /// Whether a packet with this key matches.
    func holds(for key: FlowKey) -> Bool {
        words.allSatisfy { (key.word(Int($0.index)) ^ $0.value) & $0.mask == 0 }
    }
}
