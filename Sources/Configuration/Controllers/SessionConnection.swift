// Joins an OpenFlow session to its stream: bytes both ways, back-pressure, the end. The control
// loop.

import Ofproto

/// One connected OpenFlow peer.
final class SessionConnection {
    let session: OpenFlowSession
    let stream: any ByteStream
    /// The connection has ended, whoever ended it.
    var onEnd: (() -> Void)?
    /// Copies of what goes in (true) and out, while somebody snoops.
    var onTraffic: ((_ isInput: Bool, [UInt8]) -> Void)?

    init(_ session: OpenFlowSession, over stream: any ByteStream) {
        self.session = session
        self.stream = stream
        session.send = { [weak self] bytes in
            self?.onTraffic?(false, bytes)
            self?.stream.write(bytes)
        }
        session.pendingByteCount = { [weak stream] in stream?.pendingBytes ?? 0 }
        session.onClose = { [weak self] _ in
            self?.stream.close()
            self?.ended()
        }
        stream.onBytes = { [weak self] bytes in
            guard let self else { return }
            self.onTraffic?(true, bytes)
            self.session.receive(bytes)
            self.stream.isReading = self.session.wantsInput
        }
        stream.onDrained = { [weak self] in
            guard let self else { return }
            self.session.drained()
            self.stream.isReading = self.session.wantsInput
        }
        stream.whenClosed { [weak self] _ in self?.ended() }
        session.start()
    }

    func close() {
        stream.close()
        ended()
    }

    private func ended() {
        session.close()
        let onEnd = onEnd
        self.onEnd = nil
        onEnd?()
    }
}
