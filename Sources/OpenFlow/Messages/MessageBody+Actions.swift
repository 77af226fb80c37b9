// Lists of actions and instructions in messages, for the connection's version.

import Flow

extension ByteReader {
    /// Exactly `byteCount` bytes of actions.
    mutating func actions(
        byteCount: Int, _ context: CodecContext
    ) throws(OpenFlowError) -> [Action] {
        try context.actionCodec.decodeActions(&self, byteCount: byteCount)
    }

    /// Exactly `byteCount` bytes of instructions, or of actions in OpenFlow 1.0.
    mutating func instructions(
        byteCount: Int, _ context: CodecContext
    ) throws(OpenFlowError) -> [Action] {
        try context.actionCodec.decodeInstructions(&self, byteCount: byteCount)
    }
}

extension ByteWriter {
    /// `match`: of the flow whose actions they are.
    mutating func actions(
        _ actions: [Action], match: FlowMatch? = nil, _ context: CodecContext
    ) {
        context.actionCodec.encodeActions(actions, match: match, into: &self)
    }

    /// `match`: of the flow whose instructions they are.
    mutating func instructions(
        _ actions: [Action], match: FlowMatch? = nil, _ context: CodecContext
    ) {
        context.actionCodec.encodeInstructions(actions, match: match, into: &self)
    }
}

extension CodecContext {
    var actionCodec: ActionCodec {
        ActionCodec(version: version, tunnelOptions: tunnelOptions)
    }
}
