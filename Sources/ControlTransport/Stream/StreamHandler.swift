// The last handler of a stream's NIO channel: bytes and the end of the connection go to the
// `StreamConnection`, and the moment it is ready (connected, or TLS verified) to whoever waits for
// it.

import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS

/// **Owner** the control loop.
final class StreamHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private var connection: StreamConnection?
    private let awaitsTLS: Bool
    private var onReady: ((Result<StreamConnection, StreamError>) -> Void)?
    private var error: StreamError?

    /// `onReady` is called once, with the connection or the reason why there is none.
    init(
        connection: StreamConnection, awaitsTLS: Bool,
        onReady: @escaping (Result<StreamConnection, StreamError>) -> Void
    ) {
        self.connection = connection
        self.awaitsTLS = awaitsTLS
        self.onReady = onReady
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive, !awaitsTLS { ready() }
    }

    func channelActive(context: ChannelHandlerContext) {
        if !awaitsTLS { ready() }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent { ready() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connection?.received(unwrapInboundIn(data))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // An unclean end of TLS by the peer is an end like any other.
        if let tls = error as? NIOSSLError, tls == .uncleanShutdown {
            self.error = StreamError(code: StreamError.endOfFile)
        } else {
            self.error = StreamError(anyError: error)
        }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    private func ready() {
        guard let connection, let onReady else { return }
        self.onReady = nil
        onReady(.success(connection))
    }

    private func end() {
        guard let connection else { return }
        self.connection = nil
        let reason = error ?? StreamError(code: StreamError.endOfFile)
        if let onReady {
            self.onReady = nil
            onReady(.failure(reason))
        } else {
            connection.fail(reason)
        }
    }
}

extension StreamError {
    /// What an error of NIO's amounts to.
    init(anyError error: any Error) {
        switch error {
        case let error as StreamError: self = error
        case let error as IOError: self.init(code: error.errnoCode)
        case let error as NIOConnectionError:
            if let first = error.connectionErrors.first {
                self.init(anyError: first.error)
            } else {
                self.init(code: ENOENT, message: "\(error.host): name resolution failed")
            }
        case let error as ChannelError:
            switch error {
            case .connectTimeout: self.init(code: ETIMEDOUT)
            case .eof, .inputClosed, .alreadyClosed, .ioOnClosedChannel:
                self.init(code: StreamError.endOfFile)
            default: self.init(code: EIO, message: "\(error)")
            }
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
            self.init(code: EPROTO, message: Self.shortened("\(error)"))
        default: self.init(code: EIO, message: "\(error)")
        }
    }
}

extension StreamError {
    /// The reason alone out of a TLS library's message, which also names places in its source.
    static func shortened(_ text: String) -> String {
        let mark = "OPENSSL_internal:"
        var reasons: [Substring] = []
        var rest = text[...]
        while let found = rest.firstRange(of: mark) {
            rest = rest[found.upperBound...]
            reasons.append(rest.prefix { $0 != " " && $0 != "]" && $0 != ")" })
        }
        guard !reasons.isEmpty else { return "SSL: \(text)" }
        let words = reasons.joined(separator: ", ").lowercased()
        return "SSL: " + String(words.map { $0 == "_" ? " " : $0 })
    }
}
