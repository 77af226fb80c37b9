// Accepts streams on a passive name. Everything on the control loop.

import Glibc
import NIOCore
import NIOPosix
import NIOSSL

/// A listening socket.
///
/// **Owner** the control loop. Stays open until `close`.
public final class StreamListener {
    private static let log = VLog.module("stream")
    private static let rateLimit = VLogRateLimit(perMinute: 5, burst: 5)

    /// The name as it was given.
    public let name: String
    /// The TCP port, which the kernel chose if 0 was asked; 0 for a UNIX socket.
    public let port: UInt16
    /// More connections than this at once are turned away.
    public var connectionsMax = 1024
    /// The connections open now.
    public private(set) var connectionCount = 0

    private let loop: ControlLoop
    private let path: String?
    private let tls: NIOSSLContext?
    private let onAccept: (StreamConnection) -> Void
    private var channel: (any Channel)?
    private var isClosed = false
    private var unnamedPeers = 0
    /// How long a peer may take for the TLS handshake.
    private static let handshakeMilliseconds: Int64 = 10_000

    /// Starts to listen; `onAccept` comes for each connection once it is ready (with TLS:
    /// verified). A UNIX socket's file gets `mode` and is removed at `close`.
    ///
    /// **Errors** the address is taken, the path too long, TLS not configured; in OVS's words.
    public static func listen(
        on endpoint: ListenEndpoint, loop: ControlLoop, options: StreamOptions = StreamOptions(),
        mode: UInt32 = 0o770, onAccept: @escaping (StreamConnection) -> Void
    ) throws(StreamError) -> StreamListener {
        var path: String?
        var port: UInt16 = 0
        var tls: NIOSSLContext?
        let fd: Int32
        switch endpoint.kind {
        case .unix(let file):
            path = file
            fd = try UnixSocket.listen(at: file, mode: mode_t(mode))
        case .tcp(let target):
            (fd, port) = try Self.bind(target, endpoint, options)
        case .ssl(let target):
            guard let files = options.tls else {
                throw StreamError(
                    code: ENOPROTOOPT, message: "Private key must be configured to use SSL")
            }
            tls = try files.serverContext()
            (fd, port) = try Self.bind(target, endpoint, options)
        }
        let listener = StreamListener(
            name: endpoint.name, port: port, loop: loop, path: path, tls: tls, onAccept: onAccept)
        listener.start(fd)
        return listener
    }

    /// Stops listening; connections already accepted stay.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        if let path { ExitFiles.removeNow(path) }
        channel?.close(promise: nil)
        channel = nil
    }

    private init(
        name: String, port: UInt16, loop: ControlLoop, path: String?, tls: NIOSSLContext?,
        onAccept: @escaping (StreamConnection) -> Void
    ) {
        self.name = name
        self.port = port
        self.loop = loop
        self.path = path
        self.tls = tls
        self.onAccept = onAccept
    }

    private static func bind(
        _ target: InternetTarget, _ endpoint: ListenEndpoint, _ options: StreamOptions
    ) throws(StreamError) -> (fd: Int32, port: UInt16) {
        guard let address = target.address else { throw StreamError(code: EAFNOSUPPORT) }
        return try TCPSocket.listen(at: address, name: endpoint.name, dscp: options.dscp)
    }

    private func start(_ fd: Int32) {
        let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
        let isTCP = path == nil
        var bootstrap = ServerBootstrap(group: loop.eventLoop)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try bound.value.accept(channel) }
            }
        if isTCP { bootstrap = bootstrap.childChannelOption(.tcpOption(.tcp_nodelay), value: 1) }
        bootstrap.withBoundSocket(fd).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel) where self.isClosed: channel.close(promise: nil)
            case .success(let channel): self.channel = channel
            case .failure(let error):
                Self.log.err("\(self.name): listening failed: \(StreamError(anyError: error))")
            }
        }
    }

    private func accept(_ channel: any Channel) throws {
        guard !isClosed, connectionCount < connectionsMax else {
            Self.log.warn(
                "\(name): turned a connection away: \(connectionCount) are open",
                limit: Self.rateLimit)
            throw StreamError(code: ECONNREFUSED)
        }
        connectionCount += 1
        let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
        channel.closeFuture.whenComplete { _ in bound.value.connectionCount -= 1 }
        let connection = StreamConnection(name: peerName(channel), loop: loop, channel: channel)
        if let tls {
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
        }
        let timer = tls.map { _ in
            loop.schedule(afterMilliseconds: Self.handshakeMilliseconds) {
                channel.close(promise: nil)
            }
        }
        let handler = StreamHandler(connection: connection, awaitsTLS: tls != nil) { result in
            timer?.cancel()
            switch result {
            case .success(let connection): self.onAccept(connection)
            case .failure(let error):
                Self.log.warn("\(connection.name): \(error)", limit: Self.rateLimit)
            }
        }
        try channel.pipeline.syncOperations.addHandler(handler)
    }

    private func peerName(_ channel: any Channel) -> String {
        guard path == nil, let peer = channel.remoteAddress, let ip = peer.ipAddress else {
            defer { unnamedPeers += 1 }
            return "unix#\(unnamedPeers)"
        }
        let host = ip.contains(":") ? "[\(ip)]" : ip
        return "\(tls == nil ? "tcp" : "ssl"):\(host):\(peer.port ?? 0)"
    }
}
