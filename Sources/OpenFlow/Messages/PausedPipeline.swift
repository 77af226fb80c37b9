// What a switch shows of a packet that waits for NXT_RESUME: the properties of a continuation. Only
// the first matters on the way back; the rest tells whoever looks at it what is still to come.

import Flow

/// The state of a paused packet.
public struct PausedPipeline: Hashable, Sendable {
    /// Sixteen bytes that only the switch can make, and that name the packet.
    public var token: [UInt8]
    /// Whether the packet has been through the connection tracker.
    public var isTracked = false
    /// Of the rule that is to go on.
    public var table: UInt8 = 0
    public var cookie: UInt64 = 0
    /// What is left of its actions.
    public var actions: [Action] = []
    public var datapathPort: UInt32 = 0
    public init(token: [UInt8]) { self.token = token }

    /// The token in the bytes of a continuation that a controller sent back; nil if there is none.
    public static func token(in continuation: [UInt8]) -> [UInt8]? {
        let head = 4
        guard continuation.count >= head + tokenByteCount,
            continuation.starts(with: [0x80, 0x00, 0x00, UInt8(head + tokenByteCount)])
        else { return nil }
        return Array(continuation[head..<head + tokenByteCount])
    }

    public static let tokenByteCount = 16

    private enum Kind {
        static let bridge: UInt16 = 0x8000
        static let isTracked: UInt16 = 0x8003
        static let table: UInt16 = 0x8004
        static let cookie: UInt16 = 0x8005
        static let actions: UInt16 = 0x8006
        static let datapathPort: UInt16 = 0x8008
    }

    func write(to writer: inout ByteWriter, _ context: CodecContext) {
        writer.property(Kind.bridge) { $0.put(token) }
        if isTracked { writer.property(Kind.isTracked) { _ in } }
        if !actions.isEmpty {
            if table != 0 { writer.property(Kind.table, u8: table) }
            if cookie != 0 { writer.property(Kind.cookie, u64: cookie) }
            writer.property(Kind.actions, isNested: true) { $0.actions(actions, context) }
        }
        writer.property(Kind.datapathPort, u32: datapathPort)
    }
}
