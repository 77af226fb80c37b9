// A connected byte stream over a UNIX socket, TCP or TLS. Made by `StreamConnector` (we dialled) or
// `StreamListener` (we were dialled). Everything on the control loop.

import NIOCore

/// A connected stream.
///
/// Set `onBytes` and `onClose` where the connection is handed over: no byte comes before that call
/// has returned. What is written during one turn of the loop is sent together at its end.
///
/// **Owner** the control loop. An open connection stays alive by itself.
public final class StreamConnection {
    /// The name in the log: the target we dialled, or `tcp:ADDRESS:PORT`, `unix#N` of who dialled
    /// us.
    public let name: String
    /// The loop it lives on.
    public let loop: ControlLoop
    /// Bytes have come, in order.
    public var onBytes: (([UInt8]) -> Void)?
    /// The connection is gone: the peer ended it, or it failed. Comes once, and never after
    /// `close`.
    public var onClose: ((StreamError) -> Void)?
    /// `pendingBytes` has fallen to zero.
    public var onDrained: (() -> Void)?
    /// The bytes written that the kernel has not taken yet. A polite sender waits while it is high.
    public private(set) var pendingBytes = 0
    /// Whether bytes can be written.
    public private(set) var isOpen = true
    /// More than this many bytes pending ends the connection, since its peer has stopped reading.
    public var pendingBytesMax = 256 << 20
    /// The bytes received and sent so far.
    public private(set) var receivedBytes: UInt64 = 0
    public private(set) var sentBytes: UInt64 = 0

    /// For `ReconnectingStream`: bytes have come; the connection has ended, by an error or `close`.
    var onActivity: (() -> Void)?
    var onEnd: ((StreamError?) -> Void)?

    private let channel: any Channel
    private var outgoing: ByteBuffer
    private var flushIsDue = false

    init(name: String, loop: ControlLoop, channel: any Channel) {
        self.name = name
        self.loop = loop
        self.channel = channel
        outgoing = channel.allocator.buffer(capacity: 0)
    }

    /// Whether bytes are taken from the peer; turn it off to let a sender wait.
    public var isReading = true {
        didSet {
            guard isReading != oldValue, isOpen else { return }
            setAutoRead(isReading)
        }
    }

    /// Queues `bytes`; ignored once the connection is closed.
    public func write(_ bytes: [UInt8]) {
        guard isOpen, !bytes.isEmpty else { return }
        pendingBytes += bytes.count
        guard pendingBytes <= pendingBytesMax else {
            // In the next turn, so that `onClose` does not come out of a write.
            loop.deferred { self.fail(StreamError(code: StreamError.outOfBuffers)) }
            return
        }
        outgoing.writeBytes(bytes)
        guard !flushIsDue else { return }
        flushIsDue = true
        loop.deferred { self.flush() }
    }

    /// Sends what is queued as far as the kernel takes it at once, and closes. `onClose` does not
    /// come.
    public func close() {
        guard isOpen else { return }
        flush()
        isOpen = false
        let onEnd = onEnd
        release()
        channel.close(promise: nil)
        onEnd?(nil)
    }

    private func flush() {
        flushIsDue = false
        let count = outgoing.readableBytes
        guard isOpen, count > 0 else { return }
        let buffer = outgoing
        outgoing = channel.allocator.buffer(capacity: 0)
        let promise = channel.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenSuccess { [weak self] in self?.sent(count) }
        channel.writeAndFlush(buffer, promise: promise)
    }

    private func sent(_ count: Int) {
        sentBytes &+= UInt64(count)
        pendingBytes -= count
        if pendingBytes == 0, isOpen { onDrained?() }
    }

    private func release() {
        onBytes = nil
        onClose = nil
        onDrained = nil
        onActivity = nil
        onEnd = nil
    }

    // MARK: Called by the channel's handler

    func received(_ buffer: ByteBuffer) {
        guard isOpen else { return }
        receivedBytes &+= UInt64(buffer.readableBytes)
        onActivity?()
        onBytes?([UInt8](buffer.readableBytesView))
    }

    /// The connection has ended from outside.
    func fail(_ error: StreamError) {
        guard isOpen else { return }
        isOpen = false
        let (onClose, onEnd) = (onClose, onEnd)
        release()
        channel.close(promise: nil)
        onClose?(error)
        onEnd?(error)
    }

    func setAutoRead(_ on: Bool) {
        try? channel.syncOptions?.setOption(.autoRead, value: on)
        if on { channel.read() }
    }
}

extension StreamError {
    /// ENOBUFS: too much was waiting to be sent.
    static let outOfBuffers: Int32 = 105
}
