// Keeps an OVSDB session alive over a stream that is dialled again whenever it ends, and gives its
// events to the owner. All the protocol is in `OVSDBSession`; here are only the stream and the
// clock.

import OVSDB

/// The connection to the configuration database.
///
/// **Owner**: the control loop.
public final class DatabaseClient {
    /// What happened, in order.
    public var onEvent: ((SessionEvent) -> Void)?
    public private(set) var session: OVSDBSession

    private let host: any ControlHost
    private let stream: any DialedStream
    private var connection: (any ByteStream)?
    private var ticker: (any HostTimer)?
    private var isFlushDue = false

    public init(host: any ControlHost, stream: any DialedStream, settings: SessionSettings) {
        self.host = host
        self.stream = stream
        session = OVSDBSession(settings)
    }

    public func start() {
        stream.start(
            onConnected: { [weak self] in self?.connected($0) },
            onDisconnected: { [weak self] in self?.disconnected() }, onProbe: {})
        ticker = host.repeating(everyMilliseconds: 1000) { [weak self] in
            guard let self else { return }
            self.deliver(self.session.tick(nowMilliseconds: self.host.nowMilliseconds))
            self.flush()
        }
    }

    public func stop() {
        ticker?.cancel()
        ticker = nil
        flush()
        stream.stop()
        connection = nil
    }

    /// Submits a transaction; nil when there is no one to take it now.
    public func transact(_ transaction: TransactionBuilder) -> TransactionID? {
        do throws(TransactionRefusal) {
            let id = try session.transact(transaction)
            flush()
            return id
        } catch {
            return nil
        }
    }

    private func connected(_ connection: any ByteStream) {
        self.connection = connection
        connection.onBytes = { [weak self] bytes in
            guard let self else { return }
            let events = self.session.feed(bytes)
            self.deliver(events)
            self.flush()
        }
        session.connected()
        flush()
    }

    private func disconnected() {
        guard connection != nil else { return }
        connection = nil
        deliver(session.disconnected())
    }

    private func deliver(_ events: [SessionEvent]) {
        var failure: SessionFailure?
        for event in events {
            if case .mustClose(let reason) = event { failure = reason }
            onEvent?(event)
        }
        guard let failure else { return }
        host.log(.err, "ovsdb_cs", "\(failure)")
        stream.reconnect()
        disconnected()
    }

    private func flush() {
        guard session.hasOutput else { return }
        let bytes = session.takeOutput()
        connection?.write(bytes)
    }
}
