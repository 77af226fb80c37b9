// The datapath's flow syntax: `recirc_id(0),in_port(1),eth(src=...),eth_type(0x0800),ipv4(...)`,
// which `dpctl/dump-flows` prints and `ofproto/trace` and `netdev-dummy/receive` read.

import Flow

/// A flow key in datapath syntax.
///
/// **Source**: ovs-dpctl(8), dump-flows and add-flow.
public enum DatapathFlowText {
    /// How much of the metadata to show.
    public enum Detail: Sendable {
        /// What is not zero.
        case present
        /// Everything, as with `-m`.
        case all
    }

    /// What a text in datapath syntax says beside the key.
    public struct Extras: Hashable, Sendable {
        public var recirculationID: UInt32 = 0
        public init() {}
    }

    /// Prints a key, all of whose headers are known exactly.
    ///
    /// - Parameters:
    ///   - inPort: the datapath's port number; nil leaves the port out.
    ///   - portNames: names of datapath ports.
    ///   - options: which tunnel options there are.
    ///   - isNarrow: what is behind the Ethertype is not known, and left out.
    public static func text(
        _ key: FlowKey, inPort: UInt32?, recirculationID: UInt32 = 0, detail: Detail = .present,
        portNames: NameMap = NameMap(), options: TunnelOptionTable? = nil, isNarrow: Bool = false
    ) -> String {
        var writer = DatapathFlowWriter(
            key, detail: detail, options: options, isNarrow: isNarrow)
        writer.metadata(recirculationID: recirculationID)
        if let inPort { writer.put("in_port", portNames.name(of: inPort) ?? String(inPort)) }
        writer.headers()
        return writer.text
    }

    /// `packets:5, bytes:490, used:0.400s, flags:SP.`, as it follows the key in a dump.
    ///
    /// - Parameter usedMilliseconds: time since the last packet; nil for never.
    public static func statistics(
        packets: UInt64, bytes: UInt64, usedMilliseconds: UInt64?, tcpFlags: UInt16 = 0
    ) -> String {
        var text = "packets:\(packets), bytes:\(bytes), used:"
        if let used = usedMilliseconds {
            let thousandths = String(used % 1000)
            text += "\(used / 1000)."
            text += String(repeating: "0", count: 3 - thousandths.utf8.count) + thousandths + "s"
        } else {
            text += "never"
        }
        if tcpFlags != 0 { text += ", flags:" + self.tcpFlags(tcpFlags) }
        return text
    }

    /// TCP flags as letters: `SF.`; `none` where there are none.
    public static func tcpFlags(_ flags: UInt16) -> String {
        guard flags != 0 else { return "none" }
        let letters: [(UInt16, String)] = [
            (0x02, "S"), (0x01, "F"), (0x08, "P"), (0x04, "R"), (0x20, "U"), (0x10, "."),
            (0x40, "E"), (0x80, "C"), (0x100, "N"), (0x200, "[200]"), (0x400, "[400]"),
            (0x800, "[800]"),
        ]
        return letters.filter { flags & $0.0 != 0 }.map { $0.1 }.joined()
    }

    /// Reads a key. `in_port` is stored as written: the datapath's number, 0xffffffff where the
    /// text has none; the caller makes an OpenFlow port of it.
    ///
    /// - Parameter portNames: names that `in_port()` may use.
    ///
    /// **Errors**: `syntax error at …` with the text from there on.
    @discardableResult
    public static func parse(
        _ text: String, into key: FlowKey, portNames: NameMap = NameMap(),
        options: TunnelOptionTable? = nil
    ) throws(FlowTextError) -> Extras {
        try FlowTextError.checkLength(text)
        key.clear()
        key.store32(0xffff_ffff, at: FlowLayout.inPort)
        var reader = DatapathFlowReader(text, key, portNames, options)
        return try reader.read()
    }
}
