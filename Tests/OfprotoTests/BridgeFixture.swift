// A bridge on a fake datapath, with short ways to say a flow-mod and to see what became of it.

import Flow
import OpenFlow
import Pipeline

@testable import Ofproto

struct BridgeFixture {
    let datapath = FakeDatapath()
    let bridges: BridgeSet
    let bridge: OfprotoBridge

    init(_ change: (inout BridgeSettings) -> Void = { _ in }) {
        bridges = BridgeSet(control: datapath)
        var settings = BridgeSettings(name: "br0")
        settings.failMode = .secure
        settings.datapathID = 0x1234
        change(&settings)
        guard let bridge = bridges.addBridge(settings) else { fatalError("no bridge") }
        self.bridge = bridge
    }

    /// Applies a flow-mod and puts it into force.
    func apply(_ mod: FlowMod) throws {
        defer { bridge.commitChange() }
        try bridge.apply(mod, requester: nil)
    }

    /// The rules as short text, sorted: table, priority, number of match words, ports put out to.
    var rules: [String] {
        bridge.allRules(includingHidden: false).map { rule in
            let ports = rule.actions.map { action -> String in
                if case .output(let port, _) = action { return "\(port)" }
                return "?"
            }
            return "\(rule.table)/\(rule.priority)/\(matchText(rule.match))>"
                + ports.joined(separator: ",")
        }
    }

    func session(_ version: OpenFlowVersion, isPrimary: Bool = true) -> SessionProbe {
        let probe = SessionProbe(
            bridge.openSession(name: "test", isPrimary: isPrimary), version: version)
        probe.session.start()
        probe.receive(.hello(HelloMessage(versions: [version])), xid: 0)
        probe.clear()
        return probe
    }
}

/// The IPv4 destination of a match, or `*`.
func matchText(_ match: FlowMatch) -> String {
    let bits = match.bits(of: .ipv4Destination)
    if bits.mask == 0 { return match.isCatchAll ? "*" : "ip" }
    return String(bits.value, radix: 16) + "/" + String(bits.mask.nonzeroBitCount)
}

/// A match on IPv4 packets to `address` with a prefix of `bits`.
func ipMatch(_ address: UInt32, bits: Int = 32) -> FlowMatch {
    var match = FlowMatch()
    match.set(.ethType, to: 0x0800)
    let mask: UInt64 = bits == 0 ? 0 : UInt64(UInt32.max << UInt32(32 - bits))
    if mask != 0 {
        match.setBits(
            Field.ipv4Destination.info.location, value: UInt64(address) & mask, mask: mask)
    }
    return match
}

func flowMod(
    _ command: FlowModCommand, table: UInt8 = 0, priority: UInt16 = 10,
    match: FlowMatch = FlowMatch(), output port: UInt32? = 1, cookie: UInt64 = 0
) -> FlowMod {
    var mod = FlowMod(command)
    mod.tableID = table
    mod.priority = priority
    mod.match = match
    mod.newCookie = cookie
    if let port { mod.actions = [.output(port: port, maxLength: 0)] }
    return mod
}

/// A session whose peer is the test.
final class SessionProbe {
    let session: OpenFlowSession
    let context: CodecContext
    private(set) var bytes: [UInt8] = []
    private(set) var closeReason: String?
    var pendingByteCount = 0

    init(_ session: OpenFlowSession, version: OpenFlowVersion) {
        self.session = session
        context = CodecContext(version: version, flowFormat: .nxm)
        session.send = { [unowned self] in bytes += $0 }
        session.pendingByteCount = { [unowned self] in pendingByteCount }
        session.onClose = { [unowned self] in closeReason = $0 }
    }

    func receive(_ message: Message, xid: UInt32) {
        session.receive(OpenFlowCodec.encode(message, xid: xid, context: context))
    }

    func clear() { bytes = [] }

    /// The messages sent since the last `clear`: type, transaction id and body.
    var frames: [(type: UInt8, xid: UInt32, bytes: [UInt8])] {
        var framer = MessageFramer()
        framer.feed(bytes)
        var list: [(type: UInt8, xid: UInt32, bytes: [UInt8])] = []
        while let frame = try? framer.next() {
            guard let header = MessageHeader(frame) else { break }
            list.append((header.type, header.xid, frame))
        }
        return list
    }

    /// Error type and code of the first error sent.
    var error: (type: UInt16, code: UInt16, data: [UInt8])? {
        guard let frame = frames.first(where: { $0.type == 1 })?.bytes, frame.count >= 12 else {
            return nil
        }
        return (
            UInt16(frame[8]) << 8 | UInt16(frame[9]), UInt16(frame[10]) << 8 | UInt16(frame[11]),
            Array(frame[12...])
        )
    }
}
