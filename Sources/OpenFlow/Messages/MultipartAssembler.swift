// Collects the messages of a multipart request that is sent in several (OpenFlow 1.3 and later),
// so that it is carried out as one. Bounded in bytes, in requests and in time.

/// Holds back the parts of multipart requests until the last has come.
///
/// **Owner**: the session. Time is an argument: nothing here reads a clock.
public struct MultipartAssembler: Sendable {
    private struct Partial: Sendable {
        var format: WireFormat
        var frames: [[UInt8]]
        var byteCount: Int
        var deadlineMilliseconds: Int64
    }

    private var partials: [UInt32: Partial] = [:]

    /// The most bytes that one request may have.
    public static let requestBytesMax = 4 << 20
    /// The most requests that may be incomplete at once.
    public static let requestsMax = 8
    /// How long the next part of a request may take.
    public static let timeoutMilliseconds: Int64 = 1000

    public init() {}

    public var isEmpty: Bool { partials.isEmpty }

    /// Takes a message in. Returns the messages to carry out now, in order: the one given, none
    /// while more are to come, or all of a request.
    ///
    /// **Errors**: OFPBRC_MULTIPART_BUFFER_OVERFLOW beyond the limits, OFPBRC_BAD_STAT where a
    /// part is of another kind than those before; the request is then forgotten.
    public mutating func add(
        _ frame: [UInt8], nowMilliseconds now: Int64
    ) throws(OpenFlowError) -> [[UInt8]] {
        guard let header = MessageHeader(frame) else { throw OpenFlowError(.ofpbrcBadLen) }
        let hasMore = OpenFlowCodec.hasMoreToCome(frame)
        let isRequest =
            header.type == MessageKey.statTypes(version: header.version).request
            && header.version >= OpenFlowVersion.v1_3.rawValue
        guard isRequest, hasMore || partials[header.xid] != nil else { return [frame] }
        let format = try WireFormat.row(of: MessageKey(reading: frame)).format
        if partials[header.xid] == nil, partials.count >= Self.requestsMax {
            throw OpenFlowError(.ofpbrcMultipartBufferOverflow)
        }
        var partial =
            partials.removeValue(forKey: header.xid)
            ?? Partial(format: format, frames: [], byteCount: 0, deadlineMilliseconds: 0)
        guard partial.format == format else { throw OpenFlowError(.ofpbrcBadStat) }
        partial.byteCount += frame.count
        guard partial.byteCount <= Self.requestBytesMax else {
            throw OpenFlowError(.ofpbrcMultipartBufferOverflow)
        }
        partial.frames.append(frame)
        guard hasMore else { return partial.frames }
        partial.deadlineMilliseconds = now + Self.timeoutMilliseconds
        partials[header.xid] = partial
        return []
    }

    /// Forgets requests whose next part did not come in time. Returns the last part of each, to
    /// be answered with OFPBRC_MULTIPART_REQUEST_TIMEOUT.
    public mutating func expire(nowMilliseconds now: Int64) -> [[UInt8]] {
        var offenders: [[UInt8]] = []
        for (xid, partial) in partials where now >= partial.deadlineMilliseconds {
            partials[xid] = nil
            if let last = partial.frames.last { offenders.append(last) }
        }
        return offenders
    }

    /// When `expire` is next due; nil if nothing waits.
    public var deadlineMilliseconds: Int64? {
        partials.values.map(\.deadlineMilliseconds).min()
    }
}
