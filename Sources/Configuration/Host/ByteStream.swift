// Streams of bytes as the control room uses them, whoever made them. All of it on the control loop.

/// An open connection.
public protocol ByteStream: AnyObject {
    /// The name in the log.
    var name: String { get }
    var isOpen: Bool { get }
    var onBytes: (([UInt8]) -> Void)? { get set }
    /// All that was written has been taken by the kernel.
    var onDrained: (() -> Void)? { get set }
    /// Bytes written that the kernel has not taken.
    var pendingBytes: Int { get }
    /// Whether bytes are taken from the peer.
    var isReading: Bool { get set }
    func write(_ bytes: [UInt8])
    /// Ends the connection; `whenClosed` is not called.
    func close()
    /// Calls `body` once when the peer or an error ends the connection.
    func whenClosed(_ body: @escaping (_ reason: String) -> Void)
}

/// A stream that is dialled again whenever it ends.
public protocol DialedStream: AnyObject {
    /// The pairs of `Controller.status`.
    var statusPairs: [String: String] { get }
    var isConnected: Bool { get }
    /// The longest wait between attempts.
    var backoffMillisecondsMax: Int64 { get set }
    /// Silence before the peer is probed; nil never.
    var probeMilliseconds: Int64? { get set }
    func start(
        onConnected: @escaping (any ByteStream) -> Void, onDisconnected: @escaping () -> Void,
        onProbe: @escaping () -> Void)
    func stop()
    /// Drops the connection and dials again.
    func reconnect()
}

/// A socket that is listened on.
public protocol HostListener: AnyObject {
    func close()
}
