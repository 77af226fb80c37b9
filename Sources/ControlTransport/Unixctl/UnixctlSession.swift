// One client of the control socket: bytes in, JSON-RPC requests one at a time, replies out. On the
// control loop.

import OVSDB

/// **Owner** the control loop; kept by its server.
final class UnixctlSession {
    private let connection: StreamConnection
    private weak var server: UnixctlServer?
    private var framer = JSONFramer(
        limits: JSONLimits(depthMax: 8, bytesMax: UnixctlSession.requestBytesMax))
    private var isBusy = false

    /// The longest request; ovs-appctl's arguments come from a command line.
    private static let requestBytesMax = 4 << 20

    init(connection: StreamConnection, server: UnixctlServer) {
        self.connection = connection
        self.server = server
        connection.onBytes = { [weak self] bytes in
            // A server that was dropped without `close` serves no more.
            guard let self else { return connection.close() }
            self.framer.append(bytes)
            self.proceed()
        }
        connection.onDrained = { [weak self] in self?.proceed() }
        connection.onClose = { [weak self] _ in self?.end() }
    }

    func close() {
        connection.close()
    }

    /// Takes the next request, unless one is under way or its answer not yet sent. The client
    /// waits meanwhile: no more bytes are read.
    private func proceed() {
        while !isBusy, connection.pendingBytes == 0, connection.isOpen {
            do {
                guard let value = try framer.next() else { break }
                try handle(JSONRPCMessage(value))
            } catch {
                return fail("received bad JSON-RPC message: \(error)")
            }
        }
        connection.isReading = !isBusy && connection.pendingBytes == 0
    }

    private func handle(_ message: JSONRPCMessage) throws {
        switch message {
        case .request(let method, let params, let id): request(method, params, id: id)
        case .notification: fail("received unexpected notification message")
        case .reply: fail("received unexpected reply message")
        case .error: fail("received unexpected error message")
        }
    }

    private func request(_ method: String, _ params: [JSONValue], id: JSONValue) {
        UnixctlServer.log.dbg("received request \(method)\(JSONValue.array(params)), id=\(id)")
        isBusy = true
        let reply = UnixctlReply { [weak self] outcome in self?.answer(outcome, id: id) }
        let arguments = params.compactMap(\.stringValue)
        guard arguments.count == params.count else {
            return reply.error("\"\(method)\" command has non-string argument")
        }
        server?.invoke(method, arguments, reply)
    }

    private func answer(_ outcome: UnixctlReply.Outcome, id: JSONValue) {
        guard connection.isOpen else { return }
        let message: JSONRPCMessage
        switch outcome {
        case .success(let text): message = .reply(result: .string(Self.lines(text)), id: id)
        case .failure(let text): message = .error(error: .string(Self.lines(text)), id: id)
        }
        UnixctlServer.log.dbg("replying with \(outcome), id=\(id)")
        connection.write(message.serialised())
        isBusy = false
    }

    /// The text with a newline at its end, unless it is empty.
    private static func lines(_ text: String) -> String {
        text.isEmpty || text.hasSuffix("\n") ? text : text + "\n"
    }

    private func fail(_ reason: String) {
        UnixctlServer.log.warn("\(connection.name): \(reason)", limit: UnixctlServer.rateLimit)
        connection.close()
        end()
    }

    private func end() { server?.ended(self) }
}
