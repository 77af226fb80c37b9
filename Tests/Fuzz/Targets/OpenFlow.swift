// The OpenFlow decoder: a stream in pieces through the framer, every frame through the decoder, and
// what is accepted through the encoder and back.

import OpenFlow

func fuzzOpenFlow(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var input = InputReader(data, count)
    let options = input.byte()
    guard let version = OpenFlowVersion(rawValue: 1 + options % 6) else { return 0 }
    var context = CodecContext(version: version)
    context.flowModTableID = options & 0x40 != 0
    if options & 0x80 != 0 { context.flowFormat = .nxm }
    try? context.tunnelOptions.add(optionClass: 0xffff, type: 0, byteCount: 4, index: 0)
    try? context.tunnelOptions.add(optionClass: 0xffff, type: 1, byteCount: 16, index: 1)
    var framer = MessageFramer()
    let bytes = input.bytes(1 << 17)
    let cut = bytes.count / 3
    for piece in [bytes[..<cut], bytes[cut...]] {
        framer.feed(piece)
        while let frame = try? framer.next() { exercise(frame, context) }
    }
    return 0
}

private func exercise(_ frame: [UInt8], _ context: CodecContext) {
    _ = OpenFlowCodec.hasMoreToCome(frame)
    guard let (xid, message) = try? OpenFlowCodec.decode(frame: frame, context: context) else {
        return
    }
    let frames = OpenFlowCodec.frames(of: message, xid: xid, context: context)
    for encoded in frames {
        precondition(
            MessageHeader(encoded).map { Int($0.length) } == encoded.count, "a wrong length")
    }
    // What we write we must read, and as the same.
    guard frames.count == 1,
        let again = try? OpenFlowCodec.decode(frame: frames[0], context: context)
    else { return }
    let twice = OpenFlowCodec.frames(of: again.message, xid: again.xid, context: context)
    precondition(twice == frames, "encoding is not a fixed point")
}
