// Those who listen in on a bridge's controllers (`ovs-ofctl snoop`). They get a copy of every
// message both ways; one that reads too slowly loses messages rather than hold anybody up.

import Ofproto
import OpenFlow

/// The snoopers of a bridge.
final class SnooperSet {
    private let bridge: OfprotoBridge
    private var streams: [ObjectIdentifier: any ByteStream] = [:]
    /// Output that a snooper may have waiting before it loses messages.
    private static let pendingBytesMax = 1 << 20

    init(bridge: OfprotoBridge) { self.bridge = bridge }

    func add(_ stream: any ByteStream) {
        let identifier = ObjectIdentifier(stream)
        streams[identifier] = stream
        stream.onBytes = { _ in }
        stream.whenClosed { [weak self] _ in self?.streams[identifier] = nil }
        let versions = bridge.settings.protocols
        let spoken = versions.isEmpty ? OpenFlowVersion.allCases : versions
        let hello = HelloMessage(versions: spoken)
        let context = CodecContext(version: spoken.max() ?? .v1_0)
        stream.write(OpenFlowCodec.encode(.hello(hello), xid: 0, context: context))
    }

    /// Copies what `connection` sends and gets from now on.
    func follow(_ connection: SessionConnection) {
        var framer = MessageFramer()
        connection.onTraffic = { [weak self] isInput, bytes in
            guard let self else { return }
            // Messages sent are whole already; those that come are put together first.
            guard isInput else { return self.copy(bytes) }
            framer.feed(bytes)
            while let frame = try? framer.next() { self.copy(frame) }
        }
    }

    func close() {
        for stream in Array(streams.values) { stream.close() }
        streams = [:]
    }

    private func copy(_ bytes: [UInt8]) {
        for stream in streams.values where stream.pendingBytes < Self.pendingBytesMax {
            stream.write(bytes)
        }
    }
}
