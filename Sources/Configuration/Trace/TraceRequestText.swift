// The arguments of ofproto/trace and ofproto/trace-packet-out.

import Flow
import FlowText
import Pipeline

/// What to trace.
final class TraceArguments {
    let key = FlowKey.allocate()
    var bridge: BridgeRuntime?
    /// Of the packet, where there is one.
    var frameLength = 0
    /// Presumed results of successive `ct()` calls.
    var conntrackStates: [UInt32] = []
    var usesNames = false

    deinit { key.deallocate() }
}

extension VirtualSwitch {
    /// Reads the arguments of a trace.
    func readTrace(_ words: [String]) throws(CommandFailure) -> TraceArguments {
        let arguments = TraceArguments()
        var operands: [String] = []
        var generates = false
        var payload = PacketComposer.Payload.counting(64)
        var rest = words[...]
        while let word = rest.popFirst() {
            switch word {
            case "-generate", "--generate": generates = true
            case "-consistent", "--consistent": break
            case "-names", "--names": arguments.usesNames = true
            case "--l7", "--l7-len", "--ct-next":
                guard let value = rest.popFirst() else {
                    throw CommandFailure("Missing argument for option \(word)")
                }
                try takeOption(word, value, &payload, arguments)
            case _ where word.hasPrefix("-"): throw CommandFailure("\(word): unknown option")
            default:
                guard operands.count < 3 else { throw CommandFailure("too many arguments") }
                operands.append(word)
            }
        }
        var frame: [UInt8]?
        if !generates, operands.count > 1 {
            if let bytes = HexText.bytes(operands[operands.count - 1]), bytes.count >= 14 {
                frame = bytes
                operands.removeLast()
            } else if operands.count > 2 {
                throw CommandFailure("Trailing garbage in packet data")
            }
        }
        guard (1...2).contains(operands.count) else { throw CommandFailure("Syntax error") }
        try readFlow(operands, into: arguments)
        if generates { frame = PacketComposer.packet(arguments.key, payload: payload) }
        if let frame { take(frame, isParsed: !generates, arguments) }
        return arguments
    }

    private func takeOption(
        _ option: String, _ value: String, _ payload: inout PacketComposer.Payload,
        _ arguments: TraceArguments
    ) throws(CommandFailure) {
        switch option {
        case "--l7":
            guard let bytes = HexText.bytes(value) else {
                throw CommandFailure("Trailing garbage in packet data")
            }
            payload = .bytes(bytes)
        case "--l7-len":
            let count = CInteger.leading(value)
            guard count <= 64000 else { throw CommandFailure("\(value): too much L7 data") }
            payload = .counting(Int(max(count, 0)))
        default: arguments.conntrackStates.append(try ConntrackStateText.parse(value))
        }
    }

    private func readFlow(
        _ operands: [String], into arguments: TraceArguments
    ) throws(CommandFailure) {
        let text = operands[operands.count - 1]
        let isDatapath = operands.count == 1 || type(ofDatapath: operands[0]) != nil
        var names = NameMap()
        for bridge in bridges.values {
            for interface in bridge.interfaces.values {
                if let port = interface.datapathPort { names.insert(interface.name, number: port) }
            }
        }
        guard let failure = parseDatapathFlow(text, arguments, names) else {
            guard isDatapath, !bridges.isEmpty else {
                throw CommandFailure("Cannot find the datapath")
            }
            return try findIngress(arguments)
        }
        guard operands.count == 2 else {
            throw CommandFailure("\(failure.message) (or the bridge name was omitted)")
        }
        let bridge = try bridge(operands[0], orFail: "\(operands[0]): unknown bridge")
        arguments.bridge = bridge
        do throws(FlowTextError) {
            try FlowKeyParser.parse(
                text, into: arguments.key, context: bridge.ofproto.namedTextContext)
        } catch {
            throw CommandFailure("Bad openflow flow syntax: \(error.message)")
        }
    }

    /// Reads a flow in datapath syntax; the error where it is not one.
    private func parseDatapathFlow(
        _ text: String, _ arguments: TraceArguments, _ names: NameMap
    ) -> FlowTextError? {
        do throws(FlowTextError) {
            try DatapathFlowText.parse(text, into: arguments.key, portNames: names)
            return nil
        } catch {
            return error
        }
    }

    /// The bridge that a datapath port belongs to.
    private func findIngress(_ arguments: TraceArguments) throws(CommandFailure) {
        let port = arguments.key.load32(FlowLayout.inPort)
        for bridge in orderedBridges {
            guard let interface = bridge.interface(withDatapathPort: port) else { continue }
            arguments.bridge = bridge
            arguments.key.store32(interface.number, at: FlowLayout.inPort)
            return
        }
        throw CommandFailure("no OpenFlow port for datapath port \(port)")
    }

    /// Reads the headers from a packet; metadata stay those of the flow.
    private func take(_ frame: [UInt8], isParsed: Bool, _ arguments: TraceArguments) {
        arguments.frameLength = frame.count
        guard isParsed else { return }
        let key = FlowKey.allocate()
        defer { key.deallocate() }
        key.base.copyMemory(from: arguments.key.base, byteCount: FlowLayout.ethDestination)
        frame.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            _ = FlowExtractor.extract(
                base, length: bytes.count, vlanLimit: Int(vlanLimit), into: key)
        }
        arguments.key.copy(from: key)
    }
}

/// ct_state as `--ct-next` takes it: `trk,est` or `0x21`.
enum ConntrackStateText {
    static let names = ["new", "est", "rel", "rpl", "inv", "trk", "snat", "dnat"]

    static func parse(_ text: String) throws(CommandFailure) -> UInt32 {
        var state: UInt32 = 0
        for part in text.split(whereSeparator: { ",|+ ".contains($0) }) {
            if part.hasPrefix("0x"), let value = UInt32(part.dropFirst(2), radix: 16) {
                state |= value
            } else if let bit = names.firstIndex(of: String(part)) {
                state |= 1 << UInt32(bit)
            } else {
                throw CommandFailure("\(part): unknown connection tracking state flag")
            }
        }
        if state != 0 && state & 0x20 == 0 {
            throw CommandFailure("invalid connection state: CS_TRACKED bit is not set")
        }
        if state & 0x10 != 0 && state & ~0x30 != 0 {
            throw CommandFailure("invalid connection state: when CS_INVALID bit is set, only "
                + "CS_TRACKED bit can be set")
        }
        if state & 1 != 0 && state & 2 != 0 {
            throw CommandFailure(
                "invalid connection state: CS_NEW and CS_ESTABLISHED can't be set together")
        }
        if state & 1 != 0 && state & 8 != 0 {
            throw CommandFailure(
                "invalid connection state: CS_NEW and CS_REPLY_DIR can't be set together")
        }
        return state
    }

    static func text(_ state: UInt32) -> String {
        let set = names.enumerated().filter { state >> UInt32($0.offset) & 1 == 1 }.map(\.element)
        return set.isEmpty ? "0" : set.joined(separator: "|")
    }
}
