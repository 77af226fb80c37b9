// Parses one packet's headers in match syntax, as `ofproto/trace BRIDGE FLOW` and packet composers
// take them: `in_port=1,tcp,nw_src=10.0.0.1,tp_dst=80`. What is not given is zero.

import Flow
import OpenFlow

/// Reads a flow key from match syntax.
///
/// **Source**: ovs-vswitchd(8), ofproto/trace; ovs-fields(7).
public enum FlowKeyParser {
    /// Overwrites `key` with the headers that the text gives. A key without a port is from
    /// `OFPP_NONE`.
    ///
    /// **Errors**: unknown fields, fields without their prerequisites, fields given twice,
    /// values that do not fit or have masks.
    public static func parse(
        _ text: String, into key: FlowKey, context: FlowTextContext = FlowTextContext()
    ) throws(FlowTextError) {
        key.clear()
        fill(key, with: try match(text, context))
        if key.load32(FlowLayout.inPort) == 0 {
            key.store32(ReservedPort.any, at: FlowLayout.inPort)
        }
        if key.load16(FlowLayout.vlanTCI) != 0 {
            key.store16(EthType.vlan, at: FlowLayout.vlanTPID)
        }
    }

    /// The same as an exact match, where that is more useful.
    public static func match(
        _ text: String, context: FlowTextContext = FlowTextContext()
    ) throws(FlowTextError) -> FlowMatch {
        try match(text, context)
    }

    /// Copies the values of a match into a key.
    static func fill(_ key: FlowKey, with match: FlowMatch) {
        let bytes = MatchBytes(match)
        for (offset, byte) in bytes.value.enumerated() where byte != 0 {
            key.store8(byte, at: offset)
        }
    }

    private static func match(
        _ text: String, _ context: FlowTextContext
    ) throws(FlowTextError) -> FlowMatch {
        try FlowTextError.checkLength(text)
        var parser = MatchParser(context)
        var reader = KeyValueReader(text)
        while let pair = reader.next() {
            if let (_, proto) = ProtocolName.parse(pair.key) {
                let headers = FieldContext(parser.result)
                guard headers.ethType == 0 else {
                    throw FlowTextError("\(text): Ethernet type set multiple times")
                }
                guard proto == 0 || headers.ipProtocol == 0 else {
                    throw FlowTextError("\(text): network protocol set multiple times")
                }
                _ = try parser.take(pair)
                continue
            }
            try setField(pair, in: text, &parser, context)
        }
        return parser.result
    }

    private static func setField(
        _ pair: KeyValue, in text: String, _ parser: inout MatchParser, _ context: FlowTextContext
    ) throws(FlowTextError) {
        guard let field = FieldNames.field(pair.key) else {
            throw FlowTextError("\(text): unknown field \(pair.key)")
        }
        guard FieldContext(parser.result).meets(field.info.prerequisite) else {
            throw FlowTextError("\(text): prerequisites not met for setting \(pair.key)")
        }
        guard !parser.isSet(field) else {
            throw FlowTextError("\(text): field \(pair.key) set multiple times")
        }
        let value: FieldValue
        do throws(FlowTextError) {
            value = try FieldText.parseExact(field, pair.value, context)
        } catch {
            throw FlowTextError("\(text): bad value for \(pair.key) (\(error.message))")
        }
        let ones = FieldValue(bytes: [UInt8](repeating: 0xff, count: value.bytes.count))
        try parser.set(field, value, ones)
    }
}

extension MatchParser {
    /// Whether a field has a value other than zero, or an option is there at all.
    func isSet(_ field: Field) -> Bool {
        if let index = field.tunnelMetadataIndex {
            return result.getBits(TunnelOptionTable.presence(ofIndex: index)).value != 0
        }
        return !result.get(field).value.isZero
    }
}
