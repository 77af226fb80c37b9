// What ovs-ofctl sends is understood in every version, and encodes to the same bytes again.

import Flow
import Testing

@testable import OpenFlow

@Suite struct MessageRequestTests {
    /// Frames that may be written in another way: options of a tunnel have the width that the
    /// bridge's table gives them, which ovs-ofctl does not know; and the padding of the properties
    /// of `controller(...)` may count to their length or not.
    private static func mayDiffer(_ frame: [UInt8]) -> Bool {
        let text = MessageCaptures.text(frame)
        return text.contains("000151") || text.contains("000023200025")
    }

    @Test func decodesEveryCapturedRequest() throws {
        for frame in MessageCaptures.frames() {
            let context = try MessageCaptures.context(for: frame)
            do {
                let (xid, _) = try OpenFlowCodec.decode(frame: frame, context: context)
                #expect(xid == frame[4..<8].reduce(0) { $0 << 8 | UInt32($1) })
            } catch {
                Issue.record("\(error): \(MessageCaptures.text(frame))")
            }
        }
    }

    @Test func encodesWhatItDecodedToTheSameMeaning() throws {
        for frame in MessageCaptures.frames() {
            let context = try MessageCaptures.context(for: frame)
            let (xid, message) = try OpenFlowCodec.decode(frame: frame, context: context)
            if case .multipartRequest(.flowMonitor) = message { continue }
            let encoded = OpenFlowCodec.encode(message, xid: xid, context: context)
            let again = try OpenFlowCodec.decode(frame: encoded, context: context)
            #expect(again.message == message, "\(MessageCaptures.text(frame))")
        }
    }

    @Test func encodesWhatItDecodedToTheSameBytes() throws {
        var compared = 0
        for frame in MessageCaptures.frames() where !Self.mayDiffer(frame) {
            let context = try MessageCaptures.context(for: frame)
            let (xid, message) = try OpenFlowCodec.decode(frame: frame, context: context)
            if case .multipartRequest(.flowMonitor) = message { continue }
            let encoded = OpenFlowCodec.encode(message, xid: xid, context: context)
            #expect(MessageCaptures.text(encoded) == MessageCaptures.text(frame))
            compared += 1
        }
        #expect(compared > 400)
    }

    @Test func readsAFlowModOfOpenFlow13() throws {
        let frame = try #require(
            MessageCaptures.frames().first { frame in
                frame[0] == 4 && frame[1] == 14 && frame[25] == 0 && frame[24] == 0
            })
        let context = try MessageCaptures.context(for: frame)
        let (_, message) = try OpenFlowCodec.decode(frame: frame, context: context)
        guard case .flowMod(let change) = message else {
            Issue.record("not a flow-mod")
            return
        }
        #expect(change.command == .add)
        #expect(change.newCookie == 0x1234 && change.cookieMask == 0)
        #expect(change.priority == 10)
        #expect(change.idleTimeout == 5 && change.hardTimeout == 60)
        #expect(change.flags == [.sendFlowRemoved])
        #expect(change.match.exact(.inPort) == 1)
        #expect(change.match.exact(.tcpDestination) == 80)
        #expect(change.match.exact(.ipProtocol) == 6)
        #expect(change.actions == [.output(port: 2, maxLength: 0)])
    }

    @Test func readsTheTableOfANiciraFlowMod() throws {
        let frames = MessageCaptures.frames().filter { frame in
            frame[0] == 1 && frame[1] == 4 && frame[15] == 13 && frame[24] == 2
        }
        let frame = try #require(frames.first)
        var context = try MessageCaptures.context(for: frame)
        context.flowModTableID = true
        guard
            case .flowMod(let change) = try OpenFlowCodec.decode(
                frame: frame, context: context
            ).message
        else {
            Issue.record("not a flow-mod")
            return
        }
        #expect(change.tableID == 2)
        // Without the extension the high byte makes the command an unknown one.
        context.flowModTableID = false
        #expect(throws: OpenFlowError(.ofpfmfcBadCommand)) {
            try OpenFlowCodec.decode(frame: frame, context: context)
        }
    }

    @Test func readsAHelloBitmap() throws {
        let context = CodecContext(version: .v1_5)
        let hello = HelloMessage(versions: [.v1_0, .v1_3, .v1_5])
        let frame = OpenFlowCodec.encode(.hello(hello), xid: 1, context: context)
        #expect(frame == [6, 0, 0, 16, 0, 0, 0, 1, 0, 1, 0, 8, 0, 0, 0, 0x52])
        #expect(
            try OpenFlowCodec.decode(frame: frame, context: context).message == .hello(hello))
        let own = HelloMessage(versions: [.v1_0, .v1_1, .v1_2, .v1_3])
        #expect(hello.negotiate(with: own) == .v1_3)
        let plain = OpenFlowCodec.encode(.hello(own), xid: 1, context: context)
        #expect(plain == [4, 0, 0, 8, 0, 0, 0, 1])
        #expect(try OpenFlowCodec.decode(frame: plain, context: context).message == .hello(own))
        // A version of the future speaks all those before it.
        let future: [UInt8] = [9, 0, 0, 8, 0, 0, 0, 1]
        guard
            case .hello(let other) = try OpenFlowCodec.decode(
                frame: future, context: context
            ).message
        else {
            Issue.record("not a hello")
            return
        }
        #expect(other.negotiate(with: own) == .v1_3)
    }

    @Test func setsTableFeaturesBack() throws {
        var table = TableFeatures(tableID: 3)
        table.name = "ingress"
        table.metadataMatch = .max
        table.metadataWrite = .max
        table.maxEntries = 1000
        table.rules.instructions = .all
        table.rules.nextTables = [4, 5, 250]
        table.rules.write.actions = OpenFlowCodec.standardActions(.v1_3)
        table.rules.apply.actions = OpenFlowCodec.standardActions(.v1_3)
        table.rules.apply.setFields = [.metadata, .reg0, .ethSource]
        table.missRule = table.rules
        table.missRule.nextTables = []
        table.match = [.metadata, .inPort, .reg0, .ethSource, .tcpFlags]
        table.maskable = [.metadata, .reg0]
        table.wildcards = [.metadata, .inPort, .reg0]
        let context = CodecContext(version: .v1_3)
        let message = Message.multipartRequest(.tableFeatures([table]))
        let frame = OpenFlowCodec.encode(message, xid: 5, context: context)
        #expect(try OpenFlowCodec.decode(frame: frame, context: context).message == message)
    }
}
