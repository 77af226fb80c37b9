// One OpenFlow connection to a bridge, without its socket: bytes go in, bytes come out. A "primary"
// session is one of a configured controller, the others are service connections such as that of
// ovs-ofctl. What each message does is in the files named after the concern.

import Flow
import OpenFlow

/// One connection.
///
/// **Owner**: the control loop. The transport sets the closures, calls `start`, then `receive` with
/// what comes, `drained` when all that was sent is gone, and `close` when the peer is gone.
public final class OpenFlowSession {
    public let name: String
    /// Whether it is that of a configured controller.
    public let isPrimary: Bool
    public internal(set) var settings: SessionSettings
    unowned let bridge: OfprotoBridge

    /// Sends bytes to the peer.
    public var send: ([UInt8]) -> Void = { _ in }
    /// Bytes that were sent but have not left yet.
    public var pendingByteCount: () -> Int = { 0 }
    /// The session wants the connection closed, for this reason.
    public var onClose: (String) -> Void = { _ in }

    private var framer = MessageFramer()
    var context: CodecContext
    public internal(set) var isNegotiated = false
    public private(set) var isClosed = false
    private var outbox: [UInt8] = []
    private var isHandling = false

    // What the controller has chosen
    public internal(set) var role = ControllerRole.equal
    var controllerID: UInt16 = 0
    var missSendLength: UInt16
    var asyncConfig: AsyncConfig?

    // Work in progress
    var bundles: [UInt32: OFBundle] = [:]
    var multiparts: [UInt32: MultipartAssembly] = [:]
    var monitors: [UInt32: FlowMonitorRequest] = [:]
    /// The number of the change at which updates were paused; 0 while they flow.
    var monitorPausedAt: UInt64 = 0
    var updates: [FlowUpdate] = []
    var hasSentAbbreviation = false
    var packetInLimiters: [PacketInLimiter]
    var queuedPacketIns = 0
    /// When the peer last sent something.
    public private(set) var lastReceived: UInt64

    init(
        bridge: OfprotoBridge, name: String, isPrimary: Bool, settings: SessionSettings
    ) {
        self.bridge = bridge
        self.name = name
        self.isPrimary = isPrimary
        self.settings = settings
        context = CodecContext(version: bridge.settings.versions.max() ?? .v1_0)
        missSendLength = isPrimary ? 128 : 0
        lastReceived = bridge.now
        packetInLimiters = (0..<2).map { _ in
            PacketInLimiter(rate: settings.rateLimit, burst: settings.burstLimit)
        }
    }

    public var version: OpenFlowVersion? { isNegotiated ? context.version : nil }

    /// Whether the transport should go on reading from the peer.
    public var wantsInput: Bool {
        !isClosed && pendingByteCount() + outbox.count < settings.outputBytesMax
    }

    /// Says hello.
    public func start() {
        let hello = HelloMessage(versions: bridge.settings.versions)
        write(.hello(hello), xid: nextXID())
        flush()
    }

    /// Takes bytes from the peer, in pieces of any size.
    public func receive(_ bytes: [UInt8]) {
        guard !isClosed else { return }
        lastReceived = bridge.now
        framer.feed(bytes)
        handleFrames()
    }

    /// All output has left.
    public func drained() {
        guard !isClosed else { return }
        queuedPacketIns = 0
        resumeMonitors()
        handleFrames()
    }

    /// The connection is gone, or shall go.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        bridge.commitChange()
        bundles = [:]
        monitors = [:]
        bridge.sessions.removeAll { $0 === self }
        bridge.missesMayChange()
    }

    /// Sends an echo request, to which a live peer answers.
    public func probe() {
        guard isNegotiated else { return }
        write(.echoRequest([]), xid: nextXID())
        flush()
    }

    func fail(_ reason: String) {
        guard !isClosed else { return }
        flush()
        close()
        onClose(reason)
    }

    private func handleFrames() {
        guard !isHandling else { return }
        isHandling = true
        defer { isHandling = false }
        do throws(MessageFramerError) {
            while !isClosed, wantsInput, let frame = try framer.next() {
                if isNegotiated { handle(frame) } else { negotiate(frame) }
            }
        } catch {
            bridge.commitChange()
            fail("received bytes that are not OpenFlow (\(error))")
            return
        }
        bridge.commitChange()
        flush()
    }

    // MARK: Output

    /// Queues a message; it is sent when the input at hand has been handled.
    func write(_ message: Message, xid: UInt32) {
        guard !isClosed else { return }
        context.tunnelOptions = bridge.tunnelOptions
        outbox += OpenFlowCodec.encode(message, xid: xid, context: context)
    }

    /// Queues a message that nobody asked for, and sends it soon.
    func tell(_ message: Message) {
        write(message, xid: 0)
        if !isHandling { flush() }
    }

    func write(raw bytes: [UInt8]) {
        guard !isClosed else { return }
        outbox += bytes
        if !isHandling { flush() }
    }

    func fail(_ error: OpenFlowError, frame: [UInt8], xid: UInt32) {
        guard !isClosed else { return }
        let message = ErrorMessage(code: error.code, data: [])
        var bytes = OpenFlowCodec.encode(.error(message), xid: xid, context: context)
        guard bytes.count >= MessageHeader.byteCount else { return }
        bytes += frame.prefix(OpenFlowSession.errorDataBytesMax)
        bytes[2] = UInt8(truncatingIfNeeded: bytes.count >> 8)
        bytes[3] = UInt8(truncatingIfNeeded: bytes.count)
        outbox += bytes
    }

    /// An error carries the whole message it is about, as far as one frame can.
    private static let errorDataBytesMax = 65535 - 64

    func flush() {
        guard !outbox.isEmpty else { return }
        let bytes = outbox
        outbox = []
        send(bytes)
    }

    private var lastXID: UInt32 = 0
    func nextXID() -> UInt32 {
        lastXID &+= 1
        return lastXID
    }

    // MARK: Version

    /// Closes the session if its version is allowed no more.
    func checkVersion() {
        guard isNegotiated, !bridge.settings.versions.contains(context.version) else { return }
        fail("version \(context.version.name) is no longer allowed")
    }

    private func negotiate(_ frame: [UInt8]) {
        let own = HelloMessage(versions: bridge.settings.versions)
        let decoded = try? OpenFlowCodec.decode(frame: frame, context: context)
        guard let decoded, case .hello(let hello) = decoded.message else {
            fail("received another message before hello")
            return
        }
        guard let version = hello.negotiate(with: own) else {
            let text = "no common OpenFlow version"
            write(
                .error(ErrorMessage(code: .ofphfcIncompatible, data: Array(text.utf8))),
                xid: decoded.xid)
            fail(text)
            return
        }
        context.version = version
        isNegotiated = true
        if isPrimary { bridge.leaveFailOpen() }
        bridge.missesMayChange()
    }
}

extension OfprotoBridge {
    /// Opens a session; its transport sets the closures and calls `start`.
    public func openSession(
        name: String, isPrimary: Bool, settings: SessionSettings = SessionSettings()
    ) -> OpenFlowSession {
        let session = OpenFlowSession(
            bridge: self, name: name, isPrimary: isPrimary, settings: settings)
        sessions.append(session)
        return session
    }

    /// Publishes anew where table misses have found or lost a controller that wants them.
    func missesMayChange() {
        guard let configuration else { return }
        if configuration.block.pointee.missToController != wantsMisses { publishConfiguration() }
    }
}
