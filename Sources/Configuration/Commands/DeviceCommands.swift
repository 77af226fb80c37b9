// Commands about devices: qos/*, netdev-dummy/*.

import Dpif
import Flow
import FlowText

extension VirtualSwitch {
    var deviceCommands: [CommandDefinition] {
        let quality = [
            CommandDefinition("qos/show", "interface", 1...1) {
                [unowned self] arguments throws(CommandFailure) in
                let (interface, bridge) = try interface(arguments[0])
                return showQuality(interface, bridge)
            },
            CommandDefinition("qos/show-types", "interface", 1...1) {
                [unowned self] arguments throws(CommandFailure) in
                let (interface, _) = try interface(arguments[0])
                return "No QoS types supported for interface: \(interface.name)\n"
            },
        ]
        return options.allowsDummy ? quality + dummyCommands : quality
    }

    /// Queues are listed; no traffic is shaped by them yet.
    private func showQuality(_ interface: OpenInterface, _ bridge: BridgeRuntime) -> String {
        let port = bridge.desired.ports.first { port in
            port.interfaces.contains { $0.name == interface.name }
        }
        guard let port, let quality = snapshot.qos(of: port.row), !quality.type.isEmpty else {
            return "QoS not configured on \(interface.name)\n"
        }
        var text = "QoS: \(interface.name) \(quality.type)\n"
        for (key, value) in quality.otherConfig.sorted(by: { $0.key < $1.key }) {
            text += "\(key): \(value)\n"
        }
        for (number, queue) in snapshot.queues(of: quality).sorted(by: { $0.key < $1.key }) {
            text += number == 0 ? "\nDefault:\n" : "\nQueue \(number):\n"
            for (key, value) in queue.otherConfig.sorted(by: { $0.key < $1.key }) {
                text += "  \(key): \(value)\n"
            }
            text += "  tx_packets: 0\n  tx_bytes: 0\n  tx_errors: 0\n"
        }
        return text
    }

    // MARK: Dummies

    private var dummyCommands: [CommandDefinition] {
        [
            CommandDefinition(
                "netdev-dummy/receive", "name [--qid queue_id] packet|flow [--len packet_len]",
                2...Int.max
            ) { [unowned self] arguments throws(CommandFailure) in
                try receive(arguments)
            },
            CommandDefinition("netdev-dummy/set-admin-state", "[netdev] up|down", 1...2) {
                [unowned self] arguments throws(CommandFailure) in
                try setAdminState(arguments)
            },
            CommandDefinition("netdev-dummy/conn-state", "[netdev]", 0...1) {
                [unowned self] arguments throws(CommandFailure) in
                guard let name = arguments.first else { return "" }
                _ = try dummy(name)
                return "\(name): unknown\n"
            },
            CommandDefinition("netdev-dummy/ip4addr", "[netdev] ipaddr/mask-prefix-len", 2...2) {
                [unowned self] arguments throws(CommandFailure) in
                _ = try dummy(arguments[0])
                return "OK"
            },
            CommandDefinition("netdev-dummy/ip6addr", "[netdev] ip6addr", 2...2) {
                [unowned self] arguments throws(CommandFailure) in
                _ = try dummy(arguments[0])
                return "OK"
            },
        ]
    }

    private func dummy(
        _ name: String, orFail words: String = "Unknown Dummy Interface"
    ) throws(CommandFailure) -> (OpenInterface, BridgeRuntime) {
        let (interface, bridge) = try interface(name, orFail: words)
        guard interface.info.type == .dummy, !interface.isPatch else { throw CommandFailure(words) }
        return (interface, bridge)
    }

    private func setAdminState(_ arguments: [String]) throws(CommandFailure) -> String {
        let isUp: Bool
        switch arguments.last?.lowercased() {
        case "up": isUp = true
        case "down": isUp = false
        default: throw CommandFailure("Invalid Admin State")
        }
        if arguments.count > 1 {
            let (interface, _) = try dummy(arguments[0])
            if let port = interface.datapathPort { datapath.setPortUp(port, isUp) }
        } else {
            for interface in orderedBridges.flatMap(\.ordered) where interface.info.type == .dummy {
                if let port = interface.datapathPort { datapath.setPortUp(port, isUp) }
            }
        }
        refreshDevices()
        reportStatus()
        return "OK"
    }

    private func receive(_ arguments: [String]) throws(CommandFailure) -> String {
        let (interface, bridge) = try dummy(arguments[0], orFail: "no such dummy netdev")
        var words = Array(arguments.dropFirst())
        if words.first == "--qid" {
            guard words.count > 2, Int(words[1]) ?? -1 >= 0 else {
                throw CommandFailure("Invalid rx queue id.")
            }
            words.removeFirst(2)
        }
        while let word = words.first {
            words.removeFirst()
            var length: Int?
            if words.first == "--len" {
                guard words.count > 1, let value = Int(words[1]), value > 0 else {
                    throw CommandFailure("invalid packet length")
                }
                length = value
                words.removeFirst(2)
            }
            let frame = try frame(word, length: length, interface, bridge)
            guard inspection?.receiveOnDummy(interface.name, frame: frame) ?? false else {
                throw CommandFailure("no such dummy netdev")
            }
        }
        return ""
    }

    /// A packet's bytes from hexadecimal digits, or made up from a flow.
    private func frame(
        _ text: String, length: Int?, _ interface: OpenInterface, _ bridge: BridgeRuntime
    ) throws(CommandFailure) -> [UInt8] {
        if let bytes = HexText.bytes(text), bytes.count >= 14 { return bytes }
        let key = FlowKey.allocate()
        defer { key.deallocate() }
        do throws(FlowTextError) {
            try DatapathFlowText.parse(text, into: key)
        } catch let first {
            do throws(FlowTextError) {
                try FlowKeyParser.parse(text, into: key, context: bridge.ofproto.namedTextContext)
            } catch {
                throw CommandFailure(first.message)
            }
        }
        guard let length else { return PacketComposer.packet(key) }
        guard let frame = PacketComposer.packet(key, byteCount: length) else {
            throw CommandFailure("packet length is too small")
        }
        return frame
    }
}

/// Bytes as hexadecimal digits.
enum HexText {
    /// The bytes of an even number of digits, spaces between them ignored; nil for anything else.
    static func bytes(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var high: UInt8?
        for character in text where character != " " {
            guard let digit = character.hexDigitValue else { return nil }
            if let first = high {
                bytes.append(first << 4 | UInt8(digit))
                high = nil
            } else {
                high = UInt8(digit)
            }
        }
        return high == nil && !bytes.isEmpty ? bytes : nil
    }
}
