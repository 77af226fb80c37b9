// The transport's types in the roles that the control room knows them by.

import Configuration
import ControlTransport

extension ControlTimer: HostTimer {}

extension StreamListener: HostListener {}

extension StreamConnection: ByteStream {
    public func whenClosed(_ body: @escaping (String) -> Void) {
        onClose = { body($0.message) }
    }
}

extension ReconnectingStream: DialedStream {
    public var statusPairs: [String: String] { status.pairs }
    public var isConnected: Bool { status.isConnected }

    public func start(
        onConnected: @escaping (any ByteStream) -> Void, onDisconnected: @escaping () -> Void,
        onProbe: @escaping () -> Void
    ) {
        self.onConnected = { onConnected($0) }
        self.onDisconnected = { _ in onDisconnected() }
        self.onProbe = onProbe
        start()
    }
}
