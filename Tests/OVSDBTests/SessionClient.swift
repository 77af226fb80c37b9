// Drives an `OVSDBSession` over a blocking unix socket, for tests against a real server. Waiting
// has a bound of several seconds, after which the test fails.

import Glibc

@testable import OVSDB

/// A session with its socket.
final class SessionClient {
    var session: OVSDBSession
    /// Everything that was told and not taken yet.
    var events: [SessionEvent] = []
    /// Everything that the server sent on this connection.
    private(set) var received: [UInt8] = []
    private var descriptor: Int32 = -1

    init(_ settings: SessionSettings) { session = OVSDBSession(settings) }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    func connect(to path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw DatabaseServer.Failure(what: "connect to \(path)") }
        received = []
        session.connected()
    }

    func disconnect() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
        events += session.disconnected()
    }

    /// Talks until the condition holds; whether it did in time.
    func run(until isDone: (SessionClient) -> Bool) -> Bool {
        for _ in 0..<1000 {
            flush()
            if isDone(self) { return true }
            guard descriptor >= 0 else { return false }
            receive(withinMilliseconds: 10)
        }
        return false
    }

    /// Submits and waits for the outcome.
    func transact(_ transaction: TransactionBuilder) throws -> TransactionOutcome {
        let id = try session.transact(transaction)
        var outcome: TransactionOutcome?
        _ = run { client in
            for case .completed(id, let found) in client.events { outcome = found }
            return outcome != nil
        }
        guard let outcome else { throw DatabaseServer.Failure(what: "no reply") }
        return outcome
    }

    private func flush() {
        var bytes = session.takeOutput()[...]
        while !bytes.isEmpty {
            let sent = bytes.withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { return disconnect() }
            bytes = bytes.dropFirst(sent)
        }
    }

    private func receive(withinMilliseconds timeout: Int32) {
        var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&poller, 1, timeout) > 0 else { return }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return disconnect() }
        received += buffer[..<count]
        events += session.feed(buffer[..<count])
    }
}
