// Cuts the byte stream of a connection into messages. Holds at most one incomplete message (64
// KiB) beside what it was just fed.

/// Why a byte stream is not OpenFlow; the connection cannot go on.
public enum MessageFramerError: Error, Hashable, Sendable {
    /// A version of zero.
    case badVersion
    /// A length below that of a header.
    case badLength(UInt16)
}

/// Collects bytes and yields whole messages.
///
/// **Owner**: one connection.
public struct MessageFramer: Sendable {
    private var buffer: [UInt8] = []
    private var consumed = 0

    public init() {}

    /// Bytes that wait for the rest of their message.
    public var pendingByteCount: Int { buffer.count - consumed }

    /// Adds received bytes. Call `next()` until it returns nil before feeding more.
    public mutating func feed<Bytes: Collection>(_ bytes: Bytes) where Bytes.Element == UInt8 {
        if consumed > 0 {
            buffer.removeSubrange(..<consumed)
            consumed = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next whole message, or nil until more bytes come.
    ///
    /// **Errors**: the stream is not OpenFlow; every later call throws again.
    public mutating func next() throws(MessageFramerError) -> [UInt8]? {
        guard pendingByteCount >= MessageHeader.byteCount else { return nil }
        guard buffer[consumed] != 0 else { throw .badVersion }
        let length = UInt16(buffer[consumed + 2]) << 8 | UInt16(buffer[consumed + 3])
        guard Int(length) >= MessageHeader.byteCount else { throw .badLength(length) }
        guard pendingByteCount >= Int(length) else { return nil }
        let end = consumed + Int(length)
        let frame = Array(buffer[consumed..<end])
        consumed = end
        if consumed == buffer.count {
            buffer.removeAll(keepingCapacity: consumed <= 1 << 16)
            consumed = 0
        }
        return frame
    }
}
