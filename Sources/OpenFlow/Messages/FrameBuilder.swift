// Puts headers before bodies, fills in lengths, and splits multipart replies over frames of at most
// 64 KiB.

/// Makes the frames of one message.
struct FrameBuilder {
    let xid: UInt32
    let context: CodecContext

    var version: OpenFlowVersion { context.version }

    /// The most bytes a frame may have.
    static let frameBytesMax = 65535

    /// One frame whose body `body` writes; none where the version lacks the format or the message
    /// would be too long.
    func single(
        _ format: WireFormat, _ body: (inout ByteWriter) -> Void = { _ in }
    ) -> [[UInt8]] {
        guard let key = format.key(version: version) else { return [] }
        var writer = ByteWriter()
        key.write(xid: xid, into: &writer)
        body(&writer)
        guard writer.count <= FrameBuilder.frameBytesMax else { return [] }
        writer.patchLength(at: 2, from: 0)
        return [writer.bytes]
    }

    /// Frames that hold `entries`, each written whole by `write` into one of them. An entry that
    /// no frame could hold is left out.
    func multipart<Entries: Sequence>(
        _ format: WireFormat, _ entries: Entries,
        _ write: (Entries.Element, inout ByteWriter) -> Void
    ) -> [[UInt8]] {
        guard let key = format.key(version: version) else { return [] }
        var header = ByteWriter()
        key.write(xid: xid, into: &header)
        var frames: [[UInt8]] = []
        var writer = header
        for entry in entries {
            let start = writer.count
            write(entry, &writer)
            guard writer.count > FrameBuilder.frameBytesMax else { continue }
            let moved = writer.bytes[start...]
            let fits = header.count + moved.count <= FrameBuilder.frameBytesMax
            var next = header
            if fits { next.put(moved) }
            writer.truncate(to: start)
            guard fits else { continue }
            frames.append(FrameBuilder.finish(writer, hasMore: true))
            writer = next
        }
        frames.append(FrameBuilder.finish(writer, hasMore: false))
        return frames
    }

    private static func finish(_ frame: ByteWriter, hasMore: Bool) -> [UInt8] {
        var frame = frame
        frame.patchLength(at: 2, from: 0)
        if hasMore { frame.patch16(1, at: MessageKey.statFlagsOffset) }
        return frame.bytes
    }
}
