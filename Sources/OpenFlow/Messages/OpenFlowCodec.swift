// The one door between bytes and messages: `decode` a frame, `encode` a message. What each body
// looks like is in the files named after the message families; the headers are handled here.

import Flow

/// Reads and writes OpenFlow messages of all versions.
///
/// **Source**: OpenFlow 1.0 to 1.5 and the Nicira and ONF extensions of Open vSwitch 3.1.
public enum OpenFlowCodec {
    /// Decodes one whole message as a switch receives it.
    ///
    /// Requests of every version, and the few symmetric messages and replies that a switch may be
    /// sent, become values; other messages are refused as bad types.
    ///
    /// **Errors**: the OpenFlow error to answer with; see `ErrorMessage.init(_:offending:)`.
    /// **Cost**: O(bytes); what is allocated is bounded by the frame's 64 KiB.
    public static func decode(
        frame: [UInt8], context: CodecContext
    ) throws(OpenFlowError) -> (xid: UInt32, message: Message) {
        guard let header = MessageHeader(frame), Int(header.length) == frame.count else {
            throw OpenFlowError(.ofpbrcBadLen, "frame length")
        }
        if header.type > 3, header.version != context.version.rawValue {
            throw OpenFlowError(.ofpbrcBadVersion, "version \(header.version)")
        }
        let key = try MessageKey(reading: frame)
        let row = try WireFormat.row(of: key)
        try row.check(bodyByteCount: frame.count - key.headerByteCount)
        var reader = ByteReader(frame)
        try reader.skip(key.headerByteCount)
        let message = try decodeBody(row.format, &reader, header: header, context: context)
        return (header.xid, message)
    }

    /// Encodes `message` as frames: several where a multipart reply is long, none where the
    /// connection's version has no such message.
    public static func frames(
        of message: Message, xid: UInt32, context: CodecContext
    ) -> [[UInt8]] {
        let builder = FrameBuilder(xid: xid, context: context)
        return encodeConnection(message, builder) ?? encodeChange(message, builder)
            ?? encodeEvent(message, builder) ?? encodeExtension(message, builder)
            ?? encodeMultipart(message, builder) ?? []
    }

    /// Encodes `message`; where it takes several frames, one after the other.
    public static func encode(
        _ message: Message, xid: UInt32, context: CodecContext
    ) -> [UInt8] {
        let frames = frames(of: message, xid: xid, context: context)
        return frames.count == 1 ? frames[0] : Array(frames.joined())
    }

    /// Whether `frame` is a multipart request that another of the same transaction continues
    /// (OpenFlow 1.3 and later).
    public static func hasMoreToCome(_ frame: [UInt8]) -> Bool {
        guard let header = MessageHeader(frame), header.version >= OpenFlowVersion.v1_3.rawValue,
            header.type == MessageKey.statTypes(version: header.version).request,
            frame.count > MessageKey.statFlagsOffset + 1
        else { return false }
        return frame[MessageKey.statFlagsOffset + 1] & 1 == 1
    }

    private static func decodeBody(
        _ format: WireFormat, _ reader: inout ByteReader, header: MessageHeader,
        context: CodecContext
    ) throws(OpenFlowError) -> Message {
        if let message = try decodeConnection(format, &reader, header, context) { return message }
        if let message = try decodeChange(format, &reader, header, context) { return message }
        if let message = try decodeExtension(format, &reader, header, context) { return message }
        if let message = try decodeMultipart(format, &reader, context) { return message }
        throw OpenFlowError(.ofpbrcBadType, "\(format) is not for a switch")
    }
}
