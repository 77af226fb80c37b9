// Actions and instructions on the wire, in every version and with Nicira's extensions. Entry
// points; reading is `ActionDecoder`, writing `ActionEncoder`, the order rules `ActionOrderRules`
// and the rules that need the flow's match `ActionCheck`.

import Flow

/// Reads and writes action lists for one protocol version.
public struct ActionCodec: Sendable {
    public var version: OpenFlowVersion
    public var oxm: OXMCodec

    /// - Parameter tunnelOptions: the bridge's. Without it `tun_metadata<n>` has whatever length
    ///   the message says.
    public init(version: OpenFlowVersion, tunnelOptions: TunnelOptionTable? = nil) {
        self.version = version
        self.oxm = OXMCodec(tunnelOptions: tunnelOptions)
    }

    /// Reads a plain list of actions: a packet-out's or a bucket's.
    ///
    /// **Errors**: OFPBRC_BAD_LEN of the list, else the action's own code: OFPBAC_*, OFPBMC_* of
    /// a field within it, NXBRC_MUST_BE_ZERO, OFPBIC_UNSUP_INST for an instruction.
    public func decodeActions(
        _ reader: inout ByteReader, byteCount: Int
    ) throws(OpenFlowError) -> [Action] {
        var decoder = ActionDecoder(version: version, oxm: oxm)
        let actions = try decoder.decodeList(&reader, byteCount: byteCount)
        try ActionOrderRules.verify(actions, version: version, .actionList, outer: .none)
        return actions
    }

    /// Reads what a flow does: instructions, or in OpenFlow 1.0 actions. The result is in the
    /// order of execution: meter, applied actions, clear, write-actions, metadata, goto.
    ///
    /// **Errors**: OFPBIC_BAD_LEN, UNKNOWN_INST, DUP_INST, BAD_EXPERIMENTER, and the actions' own.
    public func decodeInstructions(
        _ reader: inout ByteReader, byteCount: Int
    ) throws(OpenFlowError) -> [Action] {
        var decoder = ActionDecoder(version: version, oxm: oxm)
        let actions: [Action]
        if version == .v1_0 {
            actions = try decoder.decodeList(&reader, byteCount: byteCount)
        } else {
            actions = try decoder.decodeInstructions(&reader, byteCount: byteCount)
        }
        try ActionOrderRules.verify(actions, version: version, .instructions, outer: .none)
        return actions
    }

    /// Writes a plain list of actions. Instructions among them are left out, but for what OpenFlow
    /// 1.0 expresses with Nicira's actions.
    ///
    /// - Parameter match: the flow's; where a VLAN or port action depends on the packet, it
    ///   decides the form.
    public func encodeActions(
        _ actions: [Action], match: FlowMatch? = nil, into writer: inout ByteWriter
    ) {
        var encoder = ActionEncoder(version: version, oxm: oxm, match: match)
        encoder.encode(actions)
        writer.put(encoder.writer.bytes)
    }

    /// Writes what a flow does: instructions, or in OpenFlow 1.0 actions.
    public func encodeInstructions(
        _ actions: [Action], match: FlowMatch? = nil, into writer: inout ByteWriter
    ) {
        var encoder = ActionEncoder(version: version, oxm: oxm, match: match)
        encoder.encodeInstructions(actions)
        writer.put(encoder.writer.bytes)
    }
}
