// Dials an active stream name. Everything on the control loop.

import Glibc
import NIOCore
import NIOPosix
import NIOSSL

/// What to know beyond the name when dialling or listening.
public struct StreamOptions: Sendable {
    /// The files for `ssl:` and `pssl:`; without them those methods are refused.
    public var tls: TLSFiles?
    /// How long dialling may take, the TLS handshake included.
    public var timeoutMilliseconds: Int64
    /// The DSCP mark of what we send; nil leaves it be.
    public var dscp: UInt8?

    public init(tls: TLSFiles? = nil, timeoutMilliseconds: Int64 = 10_000, dscp: UInt8? = nil) {
        self.tls = tls
        self.timeoutMilliseconds = timeoutMilliseconds
        self.dscp = dscp
    }
}

/// One attempt to open a stream.
///
/// **Owner** the control loop.
public final class StreamConnector {
    private let endpoint: StreamEndpoint
    private let loop: ControlLoop
    private let options: StreamOptions
    private var completion: ((Result<StreamConnection, StreamError>) -> Void)?
    private var channel: (any Channel)?
    private var timer: ControlTimer?

    /// Starts to dial. `completion` comes on the loop, never before this call has returned, and
    /// not at all after `cancel`. The connector stays alive by itself until then.
    @discardableResult
    public static func connect(
        to endpoint: StreamEndpoint, on loop: ControlLoop, options: StreamOptions = StreamOptions(),
        completion: @escaping (Result<StreamConnection, StreamError>) -> Void
    ) -> StreamConnector {
        let connector = StreamConnector(endpoint, loop, options, completion)
        loop.deferred { connector.start() }
        connector.timer = loop.schedule(afterMilliseconds: options.timeoutMilliseconds) {
            connector.finish(.failure(StreamError(code: ETIMEDOUT)))
        }
        return connector
    }

    /// Gives the attempt up.
    public func cancel() {
        completion = nil
        finish(.failure(StreamError(code: ECANCELED)))
    }

    private init(
        _ endpoint: StreamEndpoint, _ loop: ControlLoop, _ options: StreamOptions,
        _ completion: @escaping (Result<StreamConnection, StreamError>) -> Void
    ) {
        self.endpoint = endpoint
        self.loop = loop
        self.options = options
        self.completion = completion
    }

    private func start() {
        guard completion != nil else { return }
        do {
            try open().assumeIsolated().whenComplete { result in
                switch result {
                case .success(let channel): self.connected(channel)
                case .failure(let error): self.finish(.failure(StreamError(anyError: error)))
                }
            }
        } catch {
            finish(.failure(StreamError(anyError: error)))
        }
    }

    private func open() throws -> EventLoopFuture<any Channel> {
        let bootstrap = ClientBootstrap(group: loop.eventLoop)
            .connectTimeout(.milliseconds(max(1, options.timeoutMilliseconds)))
            .channelOption(.autoRead, value: false)
        switch endpoint.kind {
        case .unix(let path):
            return bootstrap.withConnectedSocket(try UnixSocket.connect(to: path))
        case .tcp(let target): return dial(target, bootstrap)
        case .ssl(let target):
            // Found out before dialling: a half-configured switch should not knock.
            guard let tls = options.tls else {
                throw StreamError(
                    code: ENOPROTOOPT, message: "Private key must be configured to use SSL")
            }
            _ = try tls.mustBootstrap ? tls.bootstrapContext() : tls.clientContext()
            return dial(target, bootstrap)
        }
    }

    private func dial(
        _ target: InternetTarget, _ bootstrap: ClientBootstrap
    ) -> EventLoopFuture<any Channel> {
        var bootstrap = bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1)
        if let dscp = options.dscp {
            let isIPv6 = target.address?.family == AF_INET6
            let option = ChannelOptions.Types.SocketOption(
                level: isIPv6 ? Int(IPPROTO_IPV6) : Int(IPPROTO_IP),
                name: isIPv6 ? IPV6_TCLASS : IP_TOS)
            bootstrap = bootstrap.channelOption(option, value: Int(dscp & 63) << 2)
        }
        if let address = target.address {
            return bootstrap.connect(to: SocketAddress(address))
        }
        return bootstrap.connect(host: target.host ?? "", port: Int(target.port))
    }

    private func connected(_ channel: any Channel) {
        guard completion != nil else { return channel.close(promise: nil) }
        self.channel = channel
        let connection = StreamConnection(name: endpoint.name, loop: loop, channel: channel)
        do {
            let bootstrapper = try addTLS(to: channel)
            let handler = StreamHandler(
                connection: connection, awaitsTLS: endpoint.isTLS,
                onReady: { [weak connection] result in
                    if let bootstrapper, case .success = result {
                        connection?.close()
                        self.finish(.failure(bootstrapper.learn()))
                    } else {
                        self.finish(result)
                    }
                })
            try channel.pipeline.syncOperations.addHandler(handler)
            connection.setAutoRead(true)
        } catch {
            channel.close(promise: nil)
            finish(.failure(StreamError(anyError: error)))
        }
    }

    /// Puts TLS below the stream; returns a bootstrapper where the CA has yet to be learnt.
    private func addTLS(to channel: any Channel) throws -> CABootstrapper? {
        guard case .ssl(let target) = endpoint.kind, let tls = options.tls else { return nil }
        // Server name indication must not be an address (RFC 6066, section 3).
        let serverName = target.address == nil ? target.host : nil
        guard tls.mustBootstrap else {
            let handler = try NIOSSLClientHandler(
                context: tls.clientContext(), serverHostname: serverName)
            try channel.pipeline.syncOperations.addHandler(handler)
            return nil
        }
        let bootstrapper = CABootstrapper(path: tls.caCertificate, loop: loop)
        let handler = try NIOSSLClientHandler(
            context: tls.bootstrapContext(), serverHostname: serverName,
            customVerificationCallback: bootstrapper.callback)
        try channel.pipeline.syncOperations.addHandler(handler)
        return bootstrapper
    }

    private func finish(_ result: Result<StreamConnection, StreamError>) {
        timer?.cancel()
        timer = nil
        let completion = completion
        self.completion = nil
        if case .failure = result { channel?.close(promise: nil) }
        channel = nil
        completion?(result)
    }
}

extension SocketAddress {
    /// NIO's form of a numeric address.
    init(_ address: InternetAddress) {
        switch address.storage {
        case .ipv4(let ipv4): self.init(ipv4)
        case .ipv6(let ipv6): self.init(ipv6)
        }
    }
}
